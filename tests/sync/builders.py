"""Small builders for tests of single rules: one event, one snapshot, one decision."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings

from tests.sync.world import LONG_AGO, PEOPLE
from tests.sync.zendesk import CUSTOMER, START, TICKET
from ticketsync.sync.decide import EarlierLife, decide
from ticketsync.sync.event import READ, ROW, UNREADABLE, Event
from ticketsync.sync.fold import Rules, fold
from ticketsync.sync.people import People
from ticketsync.sync.policy import Policy
from ticketsync.sync.snapshot import TicketSnapshot
from ticketsync.sync.state import Decision, TicketState


def examples(count: int) -> settings:
    """So many random examples, the same in every run."""
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


RULES = Rules(policy=Policy(), linked_at=LONG_AGO)


def at(seconds: float) -> datetime:
    """A moment that many seconds after the start of everything."""
    return START + timedelta(seconds=seconds)


def snapshot(second: float | None = 0, **fields: Any) -> TicketSnapshot:
    """The ticket as it was after a change in that second; None: without a clock."""
    known = {"id": TICKET, "subject": "A", "status": "open", "submitter_id": CUSTOMER, "created_at": START}
    updated_at = None if second is None else at(second).replace(microsecond=0)
    return TicketSnapshot.model_validate({**known, "updated_at": updated_at, **fields})


def event(second: float | None = 0, kind: str = "subject_changed", **fields: Any) -> Event:
    """A webhook about a change at that second (fractions become its `time`); snapshot fields and event fields mixed."""
    own = {name: fields.pop(name) for name in list(fields) if name in Event.model_fields}
    told = {
        "id": f"event {kind} {second} {sorted(fields.items())}",
        "ticket_id": TICKET,
        "kind": kind,
        "received_at": at((second or 0) + 1),
        "snapshot": snapshot(second, **fields),
        "time": "" if second is None else f"{at(second):%Y-%m-%dT%H:%M:%S.%f}000Z",
    }
    return Event.model_validate({**told, **own})


def read(second: float, *, as_of: float, asked: int = 1, **fields: Any) -> Event:
    """The answer of a read made at `as_of`, of a ticket last changed at `second`."""
    told = {"id": f"read {as_of} {asked}", "source": "read", "time": "", "as_of": at(as_of), "asked": asked}
    return event(second, READ, **{**told, **fields})


def row(second: float, *, as_of: float, **fields: Any) -> Event:
    """A row of the export, generated at `as_of`, of a ticket last changed at `second`."""
    told = {"id": f"row {second} {as_of}", "source": "export", "time": "", "as_of": at(as_of)}
    return event(second, ROW, **{**told, **fields})


def listed(deleted_at: float, *, asked: int = 1) -> Event:
    """The answer of a read that found the ticket in the list of deleted tickets."""
    told = {"id": f"listed {deleted_at} {asked}", "source": "read", "snapshot": None, "time": ""}
    return event(deleted_at, "soft_deleted", **told, as_of=at(deleted_at), asked=asked)


def unreadable(asked: int = 1) -> Event:
    return event(0, UNREADABLE, id=f"unreadable {asked}", source="read", snapshot=None, time="", asked=asked)


def hint(kind: str = "hint", **fields: Any) -> Event:
    return event(0, kind, id=f"{kind} without a clock", snapshot=None, time="", **fields)


def fresh(**fields: Any) -> TicketState:
    """A state that knows nothing yet, past its first decision."""
    return TicketState.model_validate({"desk": "acme", "ticket_id": TICKET, "first_decision": False, **fields})


def folded(*events: Event, state: TicketState | None = None, rules: Rules = RULES) -> TicketState:
    return fold(state or fresh(), events, rules)[0]


def codes(*events: Event, state: TicketState | None = None, rules: Rules = RULES) -> list[str]:
    """What the journal says of each event."""
    return [line.code for line in fold(state or fresh(), events, rules)[1]]


def decided(
    state: TicketState,
    *events: Event,
    seconds: float = 100,
    policy: Policy | None = None,
    people: People = PEOPLE,
    earlier: EarlierLife | None = None,
    working_since: datetime | None = None,
) -> tuple[Decision, TicketState]:
    """One decision, and the state after it was put down."""
    rules, now = Rules(policy=policy or Policy(), linked_at=LONG_AGO), at(seconds)
    decision = decide(state, events, rules=rules, people=people, now=now, earlier=earlier, working_since=working_since)
    return decision, state.with_decision(decision).without_commands(len(state.commands))
