"""What a drain is measured by."""

import pytest

from benchmarks.outage import Drained, Live
from benchmarks.recovery import allowed

DRAINED = Drained(
    started=100,
    began=(101.5, 102, 104),
    live=(Live(answered=102, began=102.25), Live(answered=103, began=105)),
)


def test_a_drain_counts_from_the_first_call_to_the_last_for_a_stored_event() -> None:
    assert (DRAINED.first_call, DRAINED.seconds) == (1.5, 2.5)


def test_live_events_take_of_the_quota_while_it_is_drained() -> None:
    assert DRAINED.calls == 4


def test_a_live_event_waits_from_its_answer_to_its_call() -> None:
    assert DRAINED.delays_ms == [250, 2000]


@pytest.mark.parametrize(("calls", "seconds"), [(1, 0), (30, 0), (31, 1), (60, 1), (2_000, 66)])
def test_the_quotas_first_window_costs_no_time(calls: int, seconds: float) -> None:
    assert allowed(calls, calls_per_minute=1_800) == seconds
