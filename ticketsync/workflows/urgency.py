"""How urgent a ticket's calls are: their priority on the desk's queues, as its decisions say."""

from temporalio import workflow
from temporalio.common import Priority

with workflow.unsafe.imports_passed_through():
    from ticketsync import names
    from ticketsync.sync.state import Decision


class Urgency:
    """What has just happened goes before what was stored while no worker was there: after an outage people see their
    own changes at once, not when all of the backlog is done.
    """

    def __init__(self) -> None:
        self._live, self._stored, self._backfill = True, False, False

    def take(self, decision: Decision) -> bool:
        """Whether what was stored has just become live: then its calls that wait are to be begun anew."""
        before = self._rank()
        self._live = self._live if decision.live is None else decision.live
        self._stored = self._stored if decision.stored is None else decision.stored
        self._backfill = self._backfill if decision.backfill is None else decision.backfill
        return before == names.STORED_PRIORITY and self._rank() == names.LIVE_PRIORITY

    @property
    def priority(self) -> Priority:
        return Priority(priority_key=self._rank())

    def _rank(self) -> int:
        if self._backfill:
            return names.BACKFILL_PRIORITY
        if not self._live:
            return names.LATER_PRIORITY
        return names.STORED_PRIORITY if self._stored else names.LIVE_PRIORITY
