"""Changes of one ticket that follow each other closely: what they want of the task is done together."""

from datetime import datetime, timedelta

QUIET = timedelta(milliseconds=250)
LONGEST = timedelta(milliseconds=950)


class Burst:
    """When a plan may be begun.

    At once, unless the one before was begun less than 0.95 s ago: then as soon as no other has followed for 0.25 s, and
    at the latest when the 0.95 s are over, so that everything is on the task within a second.
    """

    def __init__(self) -> None:
        self._planned_at: datetime | None = None
        self._begun_at: datetime | None = None

    def planned(self, now: datetime) -> None:
        """Something else is wanted of the task."""
        self._planned_at = now

    def begun(self, now: datetime) -> None:
        """It is being done; what else belongs to the same plan follows without a pause."""
        self._planned_at, self._begun_at = None, now

    @property
    def ends(self) -> datetime | None:
        """The moment from which on the plan may be begun; None: at once."""
        if self._planned_at is None or self._begun_at is None:
            return None
        return min(self._begun_at + LONGEST, self._planned_at + QUIET)
