"""Which of the events of a decision the steps go back to, so that a delivery can be followed to the calls it cost."""

from collections.abc import Sequence

from ticketsync.sync.event import Cause, Event
from ticketsync.sync.state import JournalLine

CHANGED_NOTHING = frozenset({"duplicate", "same", "older", "changes_nothing_else"})
# The answer to a read goes back to what asked for it; and what the desk has tried again, to what was tried before.
ON_BEHALF = frozenset({"read", "desk"})


def cause_of(events: Sequence[Event], lines: Sequence[JournalLine], before: Cause | None) -> Cause | None:
    """The cause from now on: of events that had an effect the last; `lines` are the journal's on each of them."""
    told = zip(events, lines, strict=True)
    effective = [event for event, line in told if line.code not in CHANGED_NOTHING]
    own = [event for event in effective if event.source not in ON_BEHALF]
    if own:
        return own[-1].cause
    return before or (effective[-1].cause if effective else None)
