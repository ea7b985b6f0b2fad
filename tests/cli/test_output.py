"""What commands print can be read by people and by programs, whatever a ticket's text holds."""

from datetime import UTC, datetime

import pytest

from ticketsync.cli.output import print_facts, print_json, print_table, shown

ESCAPE = "\x1b]0;owned\x07\x1b[2Jred"


def test_nothing_printed_can_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("title",), [(ESCAPE,)])
    print_facts({"title": ESCAPE})
    print_json({"title": ESCAPE})
    assert not set(capsys.readouterr().out) & {"\x1b", "\x07"}


def test_markup_of_rich_in_a_ticket_is_only_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("title",), [("[red]help[/red]",)])
    assert "[red]help[/red]" in capsys.readouterr().out


def test_in_a_pipe_a_row_is_one_line_however_long(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("a", "b"), [("x" * 500, "y")])
    assert capsys.readouterr().out.splitlines() == [f"a{' ' * 501}b", f"{'x' * 500}  y"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        ("", ""),
        (0, "0"),
        (True, "true"),
        ([], "-"),
        (["a", "b"], "a, b"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02 03:04:05Z"),
    ],
)
def test_values_as_people_read_them(value: object, text: str) -> None:
    assert shown(value) == text
