"""The sandbox's idea of now."""

import time
from datetime import UTC, datetime, timedelta

NANOSECONDS = 1_000_000_000


class Clock:
    """Real time plus `offset_seconds`, which may be changed while running.

    No two calls of `now_ns` answer the same, so that events never share their nanosecond.
    """

    def __init__(self, offset_seconds: float = 0.0) -> None:
        self._last = 0
        self._first_offset = offset_seconds
        self.offset_seconds = offset_seconds

    def reset(self) -> None:
        """Back to the offset it began with."""
        self.shift_to(self._first_offset)

    def shift_to(self, offset_seconds: float) -> None:
        """Jump to real time plus `offset_seconds`, backwards too."""
        self._last = 0
        self.offset_seconds = offset_seconds

    def now_ns(self) -> int:
        """Nanoseconds since 1970, always more than at the call before."""
        self._last = max(self._last + 1, time.time_ns() + int(self.offset_seconds * NANOSECONDS))
        return self._last

    def exactly(self) -> datetime:
        """Now in UTC, to the microsecond."""
        return datetime.fromtimestamp(self.now_ns() / NANOSECONDS, UTC)

    def now(self) -> datetime:
        """Now in UTC, cut to whole seconds as Zendesk's REST times are."""
        return datetime.fromtimestamp(self.now_ns() // NANOSECONDS, UTC)


def rest_time(moment: datetime) -> str:
    """Whole seconds and `Z`, as REST writes times (reference/zendesk-api §6)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def event_time(nanoseconds: int) -> str:
    """All nine digits, as events write their `time` (reference/zendesk-api §1.3)."""
    seconds, fraction = divmod(nanoseconds, NANOSECONDS)
    whole = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z"
