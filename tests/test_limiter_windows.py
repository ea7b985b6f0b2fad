"""Windows: how a rate becomes so many calls in so many seconds, and what is a process's share of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketsync.limiter import Window, window_of


@pytest.mark.parametrize(
    ("calls_per_minute", "window"),
    [
        (120, Window(24, 12)),
        (150, Window(25, 10)),
        (1, Window(1, 60)),
        (25, Window(25, 60)),
        (700, Window(23, 2)),
        (3000, Window(50, 1)),
    ],
)
def test_the_window_of_a_rate(calls_per_minute: int, window: Window) -> None:
    assert window_of(calls_per_minute) == window


@given(st.integers(min_value=1, max_value=10_000))
def test_a_minute_of_whole_windows_keeps_the_rate_and_wastes_little(calls_per_minute: int) -> None:
    window = window_of(calls_per_minute)
    windows = 60 / window.seconds
    assert windows == int(windows)
    assert calls_per_minute - windows < window.calls * windows <= calls_per_minute
    assert window.calls <= 25 or window.seconds == 1


@given(st.integers(min_value=1, max_value=10_000), st.integers(min_value=1, max_value=200))
def test_shares_together_keep_to_the_window(calls_per_minute: int, processes: int) -> None:
    window = window_of(calls_per_minute)
    share = window.share(processes)
    assert share.calls >= 1
    assert share.calls / share.seconds * processes <= window.calls / window.seconds * (1 + 1e-9)


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="calls_per_minute is 0"):
        window_of(0)
