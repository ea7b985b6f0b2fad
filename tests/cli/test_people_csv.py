"""Mappings as CSV: what is written can be read, also after a spreadsheet had it, and what cannot names its line."""

import pytest

from ticketsync.cli.people import UserRow
from ticketsync.cli.people_csv import BadCsv, Line, lines_in, written

ANN = UserRow(
    how="explicit",
    agent_id=8447388090777,
    agent_name='Ann, the "first" Agent\nof Zürich',
    agent_email="ann@acme.example",
    person_id=500002,
    person_name="Ann Archer",
    person_email="ann@acme.example",
)
CLEO = UserRow(
    how="none",
    agent_id=8447388090999,
    agent_name="=HYPERLINK(1)",
    agent_email=None,
    person_id=None,
    person_name=None,
    person_email=None,
)
HEAD = b"agent,person\n"


def read(content: bytes) -> list[Line]:
    problems: list[str] = []
    lines = lines_in(content, problems)
    assert problems == []
    return lines


def problems_of(content: bytes) -> list[str]:
    problems: list[str] = []
    lines_in(content, problems)
    return problems


def test_what_is_written_is_read_again() -> None:
    lines = read(written([ANN, CLEO]).encode())
    assert [line[1:] for line in lines] == [("8447388090777", "500002", "explicit"), ("8447388090999", "", "none")]


def test_a_row_is_named_by_the_line_on_which_it_begins() -> None:
    assert [line.number for line in read(written([ANN, CLEO]).encode())] == [2, 4]


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_a_spreadsheet_runs_no_name_as_a_formula(start: str) -> None:
    text = written([CLEO.model_copy(update={"agent_name": f"{start}1+1", "person_email": f"{start}x@y"})])
    assert f",'{start}1+1," in text
    assert text.endswith(f",'{start}x@y\n")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_whatever_a_spreadsheet_makes_of_separators_line_ends_and_marks(
    delimiter: str, line_end: str, mark: bytes
) -> None:
    rows = ["Agent|Note|PERSON", 'ann@acme.example|"a, b; c"| 500002 ', "", "||", "7||"]
    text = line_end.join(row.replace("|", delimiter) for row in rows)
    assert read(mark + text.encode()) == [Line(2, "ann@acme.example", "500002"), Line(5, "7", "")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "line 1: must name the columns agent and person"),
        (b"ann@acme.example,500002\n", "line 1: must name the columns agent and person"),
        (b"agent,who\n", "line 1: must name the columns agent and person"),
        (HEAD + b"7,8\nZ\xfcrich,8\n", "line 3: is not UTF-8"),
        (HEAD + b'7,8\n7,"8\n9,10\n', "line 3: cannot be read from here on"),
        ("agent,person\n7,8\n".encode("utf-16"), "line 1: is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_says_where_that_begins(content: bytes, says: str) -> None:
    with pytest.raises(BadCsv, match=says):
        lines_in(content, [])


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (b",500002", "line 3: names no agent"),
        (b"8.44739E+12,500002", "line 3: 8.44739E+12 is an id that a spreadsheet has shortened"),
        (b'"8,44739E+12",500002', "line 3: 8,44739E+12 is an id that a spreadsheet has shortened"),
        (b"7,500002,Ann, of Zurich", "line 3: has 4 values under 2 heads: put quotes around commas"),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_the_others_are_read(row: bytes, says: str) -> None:
    (problem,) = problems_of(HEAD + b"7,8\n" + row + b"\n9,10\n")
    assert problem.startswith(says)


def test_all_bad_rows_are_told_at_once() -> None:
    assert len(problems_of(HEAD + b",1\n7,8\n,2\n,3\n")) == 3


def test_a_row_may_lack_its_last_cells() -> None:
    assert read(b"agent,person,how\n7,8\n9\n") == [Line(2, "7", "8"), Line(3, "9", "")]
