"""Rate limits: how many calls a window has had, and what to tell the client about it (reference/zendesk-api §9)."""

import math
from dataclasses import dataclass

from ticketsync.sandbox.zendesk.clock import NANOSECONDS, Clock
from ticketsync.sandbox.zendesk.errors import ApiError, limit_exceeded

MINUTE = 60
TICKET_UPDATES_SECONDS = 600


@dataclass
class Window:
    """One limit's running window: `resets` is in whole seconds, at least 1."""

    total: int
    used: int
    resets: int

    @property
    def remaining(self) -> int:
        return max(self.total - self.used, 0)

    @property
    def exceeded(self) -> bool:
        return self.used > self.total

    def header(self) -> str:
        return f"total={self.total}; remaining={self.remaining}; resets={self.resets}"


class Windows:
    """Fixed windows by name; each starts with its first call."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[str, tuple[int, int]] = {}

    def clear(self) -> None:
        self._windows.clear()

    def hit(self, name: str, total: int, seconds: int = MINUTE) -> Window:
        """Count one call."""
        now = self._clock.now_ns()
        started, used = self._windows.get(name, (now, 0))
        if not 0 <= now - started < seconds * NANOSECONDS:
            started, used = now, 0
        self._windows[name] = (started, used + 1)
        return Window(total, used + 1, math.ceil(seconds - (now - started) / NANOSECONDS))

    def require(self, name: str, what: str, total: int, seconds: int = MINUTE) -> Window:
        """Count one call of an endpoint's own limit; ApiError 429 when it is used up."""
        window = self.hit(name, total, seconds)
        if window.exceeded:
            raise _refused(what, window)
        return window


def _refused(what: str, window: Window) -> ApiError:
    return limit_exceeded(what, window.resets)
