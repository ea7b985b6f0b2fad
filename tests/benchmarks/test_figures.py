"""The arithmetic of the benchmarks: medians of pairs, goals, and what counts as worse."""

import pytest

from benchmarks.figures import Figure, Goal, at_most, percentile, ratio_of
from benchmarks.plan import PAIRS, Plan


def _figure(*ours: float, against: tuple[float, ...] = (), goals: tuple[Goal, ...] = (), **more: str) -> Figure:
    return Figure.model_validate(
        {"name": "a.b", "what": "a", "unit": "ms", "better": "less", **more}
        | {"ours": ours, "against": against, "goals": goals}
    )


def test_a_ratio_is_the_median_of_the_pairs_ratios_not_that_of_the_medians() -> None:
    assert _figure(1, 2, 30, against=(2, 1, 10)).ratio == 2


def test_what_cannot_be_divided_by_gives_no_ratio() -> None:
    assert _figure(1, 2).ratio is None
    assert _figure(1, 2, against=(0, 1)).ratio is None


@pytest.mark.parametrize(("better", "met"), [("less", [True, True, False]), ("more", [False, True, True])])
def test_a_goal_is_met_up_to_its_limit(better: str, met: list[bool]) -> None:
    assert [_figure(value, goals=(at_most(2),), better=better).is_met for value in (1, 2, 3)] == met
    assert [_figure(v, against=(1,), goals=(ratio_of(2),), better=better).is_met for v in (1, 2, 3)] == met


def test_all_goals_must_be_met() -> None:
    assert _figure(3, against=(3,), goals=(ratio_of(1.5), at_most(2))).is_met is False
    assert _figure(3).is_met is None


def test_a_goal_of_a_ratio_that_there_is_not_is_missed() -> None:
    assert _figure(3, goals=(ratio_of(1.5),)).is_met is False


@pytest.mark.parametrize(("better", "good", "bad"), [("less", 1.25, 1.26), ("more", 0.75, 0.74)])
def test_worse_is_worse_by_more_than_a_quarter(better: str, good: float, bad: float) -> None:
    recorded = _figure(1, against=(1,), better=better)
    assert not _figure(good, against=(1,), better=better).is_worse_than(recorded)
    assert _figure(bad, against=(1,), better=better).is_worse_than(recorded)


def test_a_slower_machine_is_not_worse_when_both_sides_are_slower() -> None:
    assert not _figure(30, against=(20,)).is_worse_than(_figure(3, against=(2,)))


def test_a_count_that_was_none_is_worse_by_any() -> None:
    assert _figure(1).is_worse_than(_figure(0))
    assert not _figure(0).is_worse_than(_figure(0))


def test_percentiles_of_few_and_of_many() -> None:
    assert percentile([7], 95) == 7
    assert percentile(range(101), 95) == pytest.approx(95)


async def test_sides_take_turns_and_the_first_round_only_warms_up() -> None:
    told: list[str] = []

    async def side(name: str) -> str:
        told.append(name)
        return f"{name}{len(told)}"

    rows = await Plan(quick=True, say=told.append).pairs(lambda: side("a"), lambda: side("b"))
    assert told == ["a", "b", "b", "a"] * (1 + PAIRS // 2)
    assert len(rows) == PAIRS
    assert all(a.startswith("a") and b.startswith("b") for a, b in rows)
