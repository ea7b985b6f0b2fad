"""The page keeps what was measured, and the quick run finds it there."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.__main__ import QUESTIONS
from benchmarks.figures import Answer, Figure, Machine, ratio_of
from benchmarks.guard import complaints, unknown
from benchmarks.page import recorded, write_page
from benchmarks.table import row
from tests.docs.pages import page_of

MACHINE = Machine(
    processor="Some", cores=2, memory_gb=8, system="Linux 6", python="3.11", sdk="1", temporal="1.32", redis="8"
)


def _answer(question: str, *ours: float, name: str = "rate", guarded: bool = True) -> Answer:
    figure = Figure(
        name=f"{question}.{name}",
        what=f"{name} of {question}",
        unit="1/s",
        better="more",
        ours=ours,
        against=tuple(2.0 for _ in ours),
        goals=(ratio_of(0.9),),
        guarded=guarded,
    )
    at = datetime(2026, 1, 15, tzinfo=UTC)
    return Answer(question=question, at=at, seconds=3, load=0.1, machine=MACHINE, figures=(figure,))


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "benchmarks.md"


def test_what_is_written_is_found_again(page: Path) -> None:
    answers = (_answer("intake", 1, 2, 3), _answer("thrift", 4))
    write_page(QUESTIONS, answers, page)
    assert recorded(page) == answers


def test_an_answer_leaves_the_others_on_the_page(page: Path) -> None:
    write_page(QUESTIONS, [_answer("intake", 1), _answer("thrift", 4)], page)
    write_page(QUESTIONS, [_answer("thrift", 5)], page)
    assert recorded(page) == (_answer("intake", 1), _answer("thrift", 5))


def test_the_page_shows_each_figure_and_how_it_was_measured(page: Path) -> None:
    answer = _answer("intake", 1, 2, 3)
    write_page(QUESTIONS, [answer], page)
    shown = page_of(page.read_text())
    assert [[*row(answer.figures[0])]] == [line for table in shown.tables for line in table if "rate" in line[0]]
    assert QUESTIONS[0].title in [title for _, title in shown.headings]
    assert "Python 3.11" in shown.text


def test_without_a_page_nothing_is_recorded(page: Path) -> None:
    assert recorded(page) == ()
    assert unknown([_answer("intake", 1)], ()) == ["intake.rate"]


def test_a_page_without_raw_figures_says_what_to_do(page: Path) -> None:
    page.write_text("# Nothing here\n")
    with pytest.raises(ValueError, match=r"benchmarks.md has no raw figures: remove it, or run"):
        recorded(page)


def test_only_a_guarded_figure_that_is_worse_is_complained_of() -> None:
    now = [_answer("intake", 1.4), _answer("thrift", 1, guarded=False), _answer("whole_way", 1.6)]
    then = [_answer("intake", 2), _answer("thrift", 2, guarded=False), _answer("whole_way", 2)]
    assert list(complaints(now, then)) == ["rate of intake: ratio 0.70, recorded ratio 1.00: more than 25% worse"]
    assert unknown(now, then) == []
