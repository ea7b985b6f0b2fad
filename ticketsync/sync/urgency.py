"""How urgent what follows from these events is; `workflows/urgency.py` makes a priority of it.

None: these events do not say, as it was. The answer to a read never says: it is as urgent as what wanted it.
"""

from datetime import datetime, timedelta

from ticketsync.sync.event import Event
from ticketsync.sync.fold import NEWS_OF_THE_DESK
from ticketsync.sync.state import TicketState

WAITED = timedelta(seconds=10)  # longer than a worker takes to begin again


def is_live(state: TicketState, events: tuple[Event, ...], *, asked: bool) -> bool | None:
    """Whether people wait for this: not for ended tickets, and not for decisions that the desk asked for."""
    if state.end_at is not None:
        return False
    said = _without_reads(events)
    if not said and not asked:
        return None
    at_once = any(not command.later for command in state.commands)
    return at_once or any(event.kind not in NEWS_OF_THE_DESK for event in said)


def was_stored(
    state: TicketState, events: tuple[Event, ...], now: datetime, working_since: datetime | None, *, asked: bool
) -> bool | None:
    """Whether all this is of the time before this worker began; what waits for its turn only since then is live."""
    moments = [_happened(event) for event in _without_reads(events)]
    moments += [command.at for command in state.commands if not command.later]
    if not moments and not asked:
        return None
    if not moments or working_since is None:
        return False
    newest = max(moments)
    return newest < working_since and now - newest > WAITED


def is_backfill(events: tuple[Event, ...], *, asked: bool) -> bool | None:
    """Whether all this comes of a backfill."""
    sources = {event.source for event in _without_reads(events)}
    return None if not sources and not asked else not asked and sources == {"backfill"}


def _without_reads(events: tuple[Event, ...]) -> list[Event]:
    return [event for event in events if event.source != "read"]


def _happened(event: Event) -> datetime:
    """A row of the export is received when it is read, long after its change."""
    updated_at = event.snapshot.updated_at if event.snapshot is not None else None
    return min(event.received_at, updated_at) if event.source == "export" and updated_at else event.received_at
