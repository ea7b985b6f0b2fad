"""Since when the oldest news of a ticket waits to be on its task: what the delay of steps is measured from."""

from collections.abc import Sequence
from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from ticketsync.sync.event import Event

LIVE = frozenset({"webhook", "trigger", "export"})  # people wait for these; a backfill takes its time


class Heard:
    """`since` is None while nothing waits: what a settle window or a blocked step holds back has a measure of its own.

    Of this run only: a delay over continue-as-new is not measured.
    """

    def __init__(self) -> None:
        self.since: datetime | None = None

    def take(self, events: Sequence[Event]) -> None:
        moments = [event.received_at for event in events if event.source in LIVE]
        known = [self.since] if self.since is not None else []
        self.since = min([*known, *moments], default=None)

    def go_on(self, *, waits: bool) -> None:
        """Forget it, unless something is under way for it."""
        self.since = self.since if waits else None
