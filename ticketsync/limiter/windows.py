"""Moving windows: how many calls in how many seconds, and the calls of this process in one."""

import time
from collections import deque
from dataclasses import dataclass

LARGEST_BURST = 25
WINDOW_SECONDS = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60)  # whole windows in a minute, so any 60 s keep the rate


@dataclass(frozen=True)
class Window:
    """At most `calls` in any `seconds`."""

    calls: int
    seconds: float

    @property
    def kept_for_others(self) -> int:
        """What those who stand behind all others leave free."""
        return self.calls // 3

    @property
    def behind_others(self) -> "Window":
        """What is left to those who stand behind all others, while these call nothing."""
        return Window(self.calls - self.kept_for_others, self.seconds)

    def share(self, processes: int) -> "Window":
        """What each of so many processes may use, so that together they keep to this window."""
        if processes <= self.calls:
            return Window(self.calls // processes, self.seconds)
        return Window(1, self.seconds * processes / self.calls)


def window_of(calls_per_minute: int) -> Window:
    """The longest window that keeps bursts at 25 calls or fewer: 120 a minute are 24 in any 12 s.

    Over 1500 a minute it is one second. Rates that a window does not divide are rounded down.
    """
    if calls_per_minute < 1:
        raise ValueError(f"calls_per_minute is {calls_per_minute}: give at least 1")
    fitting = (s for s in WINDOW_SECONDS if calls_per_minute * s <= LARGEST_BURST * 60)
    seconds = max(fitting, default=WINDOW_SECONDS[0])
    return Window(calls_per_minute * seconds // 60, seconds)


class OwnCalls:
    """When this process made its last calls; the monotonic clock is not moved by anybody."""

    def __init__(self, longest: int) -> None:
        self._at: deque[float] = deque(maxlen=longest)

    def make_room(self, longest: int) -> None:
        """Remember at least so many calls."""
        if longest > (self._at.maxlen or 0):
            self._at = deque(self._at, maxlen=longest)

    def count(self) -> None:
        self._at.append(time.monotonic())

    def wait(self, window: Window) -> float:
        """Seconds until another call fits the window, 0 or less when it does."""
        if len(self._at) < window.calls:
            return 0.0
        return self._at[-window.calls] + window.seconds - time.monotonic()
