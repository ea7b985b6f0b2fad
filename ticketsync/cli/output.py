"""What commands print: tables for people, plain columns for pipes, JSON for programs; what went wrong to stderr."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click
from pydantic import TypeAdapter
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ticketsync.logs import masked
from ticketsync.reasons import Reason

NO_WRAP = 100_000
NOTHING = "-"
ANSWER = TypeAdapter[Any](Any)


class Failed(click.ClickException):
    """Ends the command with one message and this exit code: 1 failed, 2 wrong use or wrong settings.

    Whatever the message repeats of what others said, it has no password of an address and no secret of the settings.
    """

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(masked(message))
        self.exit_code = exit_code  # type: ignore[misc]  # click reads it from the instance


def say(line: str) -> None:
    click.echo(_clean(line))


def note(line: str) -> None:
    """Something beside the answer: on stderr, so that it is never taken for a part of it."""
    click.echo(_clean(line), err=True)


def print_json(answer: Any) -> None:
    """Times are ISO 8601, those of UTC with Z."""
    click.echo(ANSWER.dump_json(answer, indent=2))


def print_table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Columns under their heads; on a terminal within its width, else unwrapped and without frame or colour."""
    pretty = sys.stdout.isatty()
    table = Table(box=box.SIMPLE_HEAD if pretty else None, pad_edge=False, show_edge=False)
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*(Text(shown(cell)) for cell in row))
    _print(table, pretty=pretty)


def print_rows(rows: Iterable[Sequence[object]], *, bold_names: bool = False) -> None:
    """Columns without heads; the first is never wrapped."""
    pretty = sys.stdout.isatty()
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold" if pretty and bold_names else "", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(shown(cell)) for cell in row))
    _print(table, pretty=pretty)


def print_reasons(reasons: Mapping[str, Reason]) -> None:
    """One line per code, after an empty one: what it means, and what to do."""
    if reasons:
        say("")
    for code, reason in reasons.items():
        say(f"{code}: {reason.meaning}; {reason.remedy or 'nothing to do'}")


def print_facts(facts: Mapping[str, object]) -> None:
    """One line per fact, its name before it; facts that are None are left out."""
    print_rows([(name, value) for name, value in facts.items() if value is not None], bold_names=True)


def _print(table: Table, *, pretty: bool) -> None:
    console = Console() if pretty else Console(width=NO_WRAP, color_system=None)
    with console.capture() as capture:
        console.print(table)
    lines = (line.rstrip() for line in capture.get().splitlines())
    click.echo("\n".join(lines))


def shown(value: object) -> str:
    """A value as people read it, `-` for None; nothing in it can steer a terminal."""
    match value:
        case None:
            return NOTHING
        case bool():
            return str(value).lower()
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
        case list() | tuple():
            return ", ".join(shown(item) for item in value) or NOTHING
        case _:
            return _clean(str(value))


def _clean(text: str) -> str:
    return "".join(char if char.isprintable() or char == "\n" else " " for char in text)
