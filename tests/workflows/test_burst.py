"""Changes that follow each other closely: how many times the task is changed for them, and how long each waits."""

from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise, takewhile

from hypothesis import given
from hypothesis import strategies as st

from tests.support.stack import Stack
from tests.support.tickets import Ticket
from ticketsync.workflows.burst import LONGEST, QUIET, Burst

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
MS = timedelta(milliseconds=1)

Begun = list[tuple[datetime, list[datetime]]]

many_moments = st.lists(st.integers(0, 5_000), min_size=1, max_size=40).map(sorted)


def begun(moments: list[int]) -> Begun:
    """When plans are begun, and of which moments are the changes in each."""
    burst, waiting, all_begun = Burst(), list[datetime](), Begun()

    def begin(now: datetime) -> None:
        burst.begun(now)
        all_begun.append((now, waiting.copy()))
        waiting.clear()

    for moment in (NOON + one * MS for one in moments):
        if waiting and burst.ends is not None and burst.ends <= moment:
            begin(burst.ends)
        waiting.append(moment)
        burst.planned(moment)
        if burst.ends is None or burst.ends <= moment:
            begin(moment)
    if waiting and burst.ends is not None:
        begin(burst.ends)
    return all_begun


@given(many_moments)
def test_each_change_is_done_once_and_within_a_second(moments: list[int]) -> None:
    plans = begun(moments)
    assert [change for _, changes in plans for change in changes] == [NOON + one * MS for one in moments]
    assert all(timedelta(0) <= now - change <= LONGEST for now, changes in plans for change in changes)


@given(many_moments)
def test_one_plan_follows_another_only_after_quiet_or_the_longest_wait(moments: list[int]) -> None:
    for (before, _), (now, changes) in pairwise(begun(moments)):
        assert now >= before + LONGEST or now == changes[-1] + QUIET


@given(st.lists(st.integers(1, QUIET // MS - 1), max_size=20))
def test_changes_without_a_pause_within_a_second_are_done_in_two_plans(gaps: list[int]) -> None:
    changes = takewhile(lambda moment: moment < LONGEST // MS, accumulate(gaps))
    assert len(begun([0, *changes])) <= 2


def test_what_comes_later_than_that_is_done_at_once() -> None:
    assert [now for now, _ in begun([0, 950])] == [NOON, NOON + LONGEST]


def test_the_second_half_of_one_update_waits_for_quiet_only() -> None:
    assert [now for now, _ in begun([0, 10])] == [NOON, NOON + 10 * MS + QUIET]


def test_the_steps_of_one_plan_follow_each_other_without_a_pause() -> None:
    burst = Burst()
    burst.planned(NOON)
    burst.begun(NOON + MS)
    assert burst.ends is None


async def test_many_edits_at_once_cost_two_writes_at_most(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    edits = [ticket.renamed(f"Edit {number}") for number in range(10)]
    await stack.signal(*edits, ticket.changed("tags_changed", tags=("vip",)))
    await stack.settled(ticket.id)
    assert await stack.shows(task_id, name=ticket.snapshot.subject)
    assert 1 <= stack.writes(f"tasks/{task_id}.json") <= 2
