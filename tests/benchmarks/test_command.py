"""What `python -m benchmarks` is asked for."""

import pytest
from click.testing import CliRunner

from benchmarks.__main__ import LARGE, QUESTIONS, main


@pytest.mark.parametrize("other", [["--quick"], ["--only", "thrift"]])
def test_the_large_question_is_asked_alone(other: list[str]) -> None:
    result = CliRunner().invoke(main, ["--large", *other])
    assert (result.exit_code, "leave out --quick and --only" in result.output) == (2, True)


def test_each_question_has_a_place_of_its_own_on_the_page() -> None:
    questions = QUESTIONS + LARGE
    assert len({one.name for one in questions}) == len({one.title for one in questions}) == len(questions)
