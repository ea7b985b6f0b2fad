"""Mappings as CSV: what `users export` writes and `users import` reads, also after a spreadsheet had it.

Read are the columns `agent` and `person`, each an id or an e-mail; `how` says of a row that was exported how it came
about. All other columns are for people. Commas, semicolons and tabs separate, as the first line has it.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ticketsync.cli.people import UserRow

HEADS = ("agent", "person", "how", "agent_name", "agent_email", "person_name", "person_email")
NEEDED = {"agent", "person"}
DELIMITERS = ",;\t"
SHORTENED = re.compile(r"\d+([.,]\d+)?E\+?\d+", re.IGNORECASE)
FORMULA = ("=", "+", "-", "@")


class Line(NamedTuple):
    """One row of the file. `person` is empty where nobody is named yet."""

    number: int
    agent: str
    person: str
    how: str = ""


class BadCsv(Exception):
    """The file as a whole cannot be read. The text says where, and what to do."""


def written(rows: Iterable[UserRow]) -> str:
    """The file's text, with one line per row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADS)
    for row in rows:
        names = (row.agent_name, row.agent_email, row.person_name, row.person_email)
        writer.writerow([row.agent_id, row.person_id or "", row.how, *map(_harmless, names)])
    return text.getvalue()


def lines_in(content: bytes, problems: list[str]) -> list[Line]:
    """The rows that can be read; what is wrong with the others goes to `problems`, each with its line's number.

    Raises BadCsv when there is no telling what the columns are.
    """
    text = _text(content)
    rows = _rows(text, _delimiter(text))
    heads = [head.strip().casefold() for head in next(rows)[1]]
    found = (_line(number, heads, cells, problems) for number, cells in rows if any(cell.strip() for cell in cells))
    return [line for line in found if line is not None]


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadCsv(f"line {line}: is not UTF-8: save the file as CSV in UTF-8") from None


def _delimiter(text: str) -> str:
    head = text.partition("\n")[0]
    for delimiter in DELIMITERS:
        if {cell.strip(' "\r').casefold() for cell in head.split(delimiter)} >= NEEDED:
            return delimiter
    raise BadCsv("line 1: must name the columns agent and person; others may stand beside them")


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line on which it begins: one with a line break in quotes ends on a later one."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            yield number, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadCsv(f"line {number}: cannot be read from here on: {error}") from None


def _line(number: int, heads: list[str], cells: list[str], problems: list[str]) -> Line | None:
    if len(cells) > len(heads) and any(cell.strip() for cell in cells[len(heads) :]):
        problems.append(f"line {number}: has {len(cells)} values under {len(heads)} heads: put quotes around commas")
        return None
    row = dict(zip(heads, (cell.strip() for cell in cells), strict=False))
    line = Line(number, row.get("agent", ""), row.get("person", ""), row.get("how", ""))
    problem = _problem(line)
    if problem is not None:
        problems.append(f"line {number}: {problem}")
    return line if problem is None else None


def _problem(line: Line) -> str | None:
    if not line.agent:
        return "names no agent"
    shortened = next((value for value in (line.agent, line.person) if SHORTENED.fullmatch(value)), None)
    if shortened is not None:
        return f"{shortened} is an id that a spreadsheet has shortened: give all its digits, or the e-mail"
    return None


def _harmless(cell: str | None) -> str:
    """A spreadsheet would run a name that looks like a formula."""
    text = cell or ""
    return f"'{text}" if text.startswith(FORMULA) else text
