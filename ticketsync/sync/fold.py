"""Fold events into what a ticket's workflow remembers, so that neither their order nor their repetition matters.

Three things are remembered, each in its own way:

- the newest *snapshot*, by `Clock`;
- the *lifecycle* (deleted or not), by the moments at which it was said, because it comes from what kind of event it is,
  never from the status that a snapshot shows, and a restore may leave `updated_at` alone;
- *facts that stay true* however late they arrive: merged, was assigned, wanted a task once, permanently deleted.

When two clocks do not tell which came first and the contents differ, the newest by our order is kept for the moment and
a read is wanted: what a read says after that second is over is newer than everything in it.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from ticketsync.sync.event import (
    DELETIONS,
    DESK_HEALED,
    DIRECTORY_CHANGED,
    MERGED,
    PERMANENTLY_DELETED,
    READ,
    ROW,
    UNDELETED,
    UNREADABLE,
    Event,
)
from ticketsync.sync.kept import content, of_use, unsaid, with_what_is_kept
from ticketsync.sync.policy import Policy
from ticketsync.sync.snapshot import Clock, TicketSnapshot, nine_digits
from ticketsync.sync.state import JournalLine, Lifecycle, ReadWanted, TicketState, journal_line

NEWS_OF_THE_DESK = frozenset({DIRECTORY_CHANGED, DESK_HEALED})
LIVE_STATUSES = frozenset({"new", "open", "pending", "hold"})
CLOSED_STATUSES = frozenset({"closed", "archived"})
GONE_STATUSES = frozenset({"deleted", "scrubbed"})

EVENT_ID_SHOWN = 80

# A read or row and an event this far apart tell surely which came first: Zendesk may answer from a copy that lags, and
# stamps its events a little later than they happen.
SURELY_APART = timedelta(seconds=10)

# The export shows a change after a minute, and a row that says what was known is not told (`sync/known.py`). So what
# is heard only now may be older than such a row, although nothing that was told is newer: then the ticket is read.
LATE = timedelta(seconds=45)
ROW_AFTER_CHANGE = timedelta(seconds=3)  # a row is generated at most this long after its change (zendesk-api §8)


class Rules(BaseModel):
    """What folding needs to know of the desk: its policy and the moment of linking (None: not known)."""

    model_config = ConfigDict(frozen=True)

    policy: Policy
    linked_at: datetime | None = None


def fold(
    state: TicketState, events: tuple[Event, ...], rules: Rules
) -> tuple[TicketState, list[JournalLine], list[str]]:
    """The state after these events, a line on each of them, and the hashes of those that were new."""
    clock_before = state.clock
    lines: list[JournalLine] = []
    seen: list[str] = []
    for event in events:
        known = event_hash(event.id) in (*state.seen, *seen)
        if known and event.kind not in NEWS_OF_THE_DESK:
            lines.append(_line(event, "duplicate", "this event was seen before"))
            continue
        seen.append(event_hash(event.id))
        state, line = _fold_one(state, event, rules)
        lines.append(line)
    if state.clock != clock_before:
        state = with_what_is_kept(state, rules.policy)
    return state, lines, seen


def event_hash(event_id: str) -> str:
    """Eight bytes as hex: enough to explain duplicates among the last 200."""
    return hashlib.blake2b(event_id.encode(), digest_size=8).hexdigest()


def _fold_one(state: TicketState, event: Event, rules: Rules) -> tuple[TicketState, JournalLine]:
    if event.kind in NEWS_OF_THE_DESK:
        return _news_of_the_desk(state, event)
    state = _keep_facts(state, event, rules)
    if event.source == "read":
        state = _answered(state, event)
    if event.kind == UNREADABLE:
        return state, _line(event, "unreadable", "Zendesk answers 404 and does not list it as deleted")
    state, lifecycle_code = _fold_lifecycle(state, event)
    state, code = _fold_snapshot(state, event, rules)
    return state, _explain(event, lifecycle_code or code)


def _news_of_the_desk(state: TicketState, event: Event) -> tuple[TicketState, JournalLine]:
    if event.generation is not None:
        needed = max(event.generation, state.generation_needed or 0)
        state = state.model_copy(update={"generation_needed": needed})
    return state, _line(event, event.kind, "the desk asks to decide again")


def _keep_facts(state: TicketState, event: Event, rules: Rules) -> TicketState:
    snapshot = event.snapshot
    merged = event.kind == MERGED or (snapshot is not None and snapshot.was_closed_by_merge)
    assigned = event.previous_assignee_id is not None or (snapshot is not None and snapshot.assignee_id is not None)
    lifecycle = state.lifecycle.model_copy(
        update={
            "merged": state.lifecycle.merged or merged,
            "merged_into": state.lifecycle.merged_into or event.merged_into,
        }
    )
    return state.model_copy(
        update={
            "lifecycle": lifecycle,
            "was_assigned": state.was_assigned or assigned,
            "wanted_once": state.wanted_once or _wants_a_task(event, rules),
        }
    )


def _wants_a_task(event: Event, rules: Rules) -> bool:
    """Whether this snapshot, had it been the only one, would have made a task."""
    if event.snapshot is None or event.scrubbed or event.kind in DELETIONS or event.kind == MERGED:
        return False
    if _says_too_little(event, rules):
        return False
    return makes_a_task(event.snapshot, rules)


def makes_a_task(snapshot: TicketSnapshot, rules: Rules) -> bool:
    """Whether a ticket that first looks like this gets a task."""
    if snapshot.was_closed_by_merge or rules.policy.refuses(snapshot) is not None:
        return False
    if snapshot.status == "solved":
        return _created_since_linked(snapshot, rules)
    if snapshot.status in CLOSED_STATUSES:
        return rules.policy.on_closed != "delete" and _created_since_linked(snapshot, rules)
    return snapshot.status not in GONE_STATUSES


def _created_since_linked(snapshot: TicketSnapshot, rules: Rules) -> bool:
    if snapshot.created_at is None or rules.linked_at is None:
        return True  # not known: a task too many is seen and deleted, a missing one is not seen
    return snapshot.created_at >= rules.linked_at.replace(microsecond=0)


def _answered(state: TicketState, event: Event) -> TicketState:
    """The wishes that a read has met: those made before it was begun."""
    if state.read is None or event.asked < state.read.asked:
        return state
    return state.model_copy(update={"read": None})


# --- lifecycle


class Span(NamedTuple):
    """The moments between which something was true, as text of nine digits."""

    earliest: str
    latest: str


FOREVER = Span("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z")  # nothing comes after it


def _fold_lifecycle(state: TicketState, event: Event) -> tuple[TicketState, str | None]:
    deleted, span, known = _says_deleted(event), _span(event), state.lifecycle
    if deleted is None or span is None:
        return state, None
    changed = deleted != known.deleted
    if changed and _in_doubt(event, span, known):
        return wants_read(state, "clocks_do_not_decide", settled=True, not_before=_not_before(event)), "in_doubt"
    if span.latest < known.earliest if changed else span.latest <= known.latest:
        return state, "older" if changed else None
    if changed and _may_contradict_a_row(state, event):
        state = wants_read(state, "clocks_do_not_decide", settled=True)
    return _with_lifecycle(state, event, span, deleted=deleted), _lifecycle_code(event, changed=changed)


def _may_contradict_a_row(state: TicketState, event: Event) -> bool:
    """A late delete or undelete that another may have followed, before the row of what is known was made."""
    said_at = event.snapshot.updated_at if event.snapshot is not None else None
    if said_at is None or event.kind == PERMANENTLY_DELETED or not _is_late(event):
        return False
    known = max(state.lifecycle.latest, nine_digits(state.clock.updated_at) if state.clock is not None else "")
    return nine_digits(said_at - SURELY_APART) <= known


def _not_before(event: Event) -> datetime | None:
    """When a read after this one can decide; by our own clock too, which may be ahead of Zendesk's."""
    if event.kind != READ or event.as_of is None:
        return None
    return max(event.as_of, event.received_at) + SURELY_APART + timedelta(seconds=1)


def _says_deleted(event: Event) -> bool | None:
    if event.kind in DELETIONS:
        return True
    if event.kind == UNDELETED:
        return False
    if event.kind in (READ, ROW) and event.snapshot is not None:
        return event.scrubbed or event.snapshot.status in GONE_STATUSES
    return None


def _span(event: Event) -> Span | None:
    """When it was true; None where only a read can tell."""
    snapshot = event.snapshot
    if event.kind == PERMANENTLY_DELETED:
        return FOREVER
    if event.hint is not None:
        return None
    if snapshot is None:  # a line of the list of deleted tickets
        return _whole_second(event.as_of) if event.as_of is not None else None
    if snapshot.updated_at is None:
        return None
    if event.kind in (READ, ROW) and event.as_of is not None:
        taken = max(event.as_of, snapshot.updated_at)
        return Span(nine_digits(max(snapshot.updated_at, taken - SURELY_APART)), nine_digits(taken + SURELY_APART))
    return Span(event.time, event.time) if event.time else _whole_second(snapshot.updated_at)


def _whole_second(moment: datetime) -> Span:
    second = nine_digits(moment.replace(microsecond=0))
    return Span(second, second.replace(".000000000Z", ".999999999Z"))


def _in_doubt(event: Event, span: Span, known: Lifecycle) -> bool:
    """Whether the two overlap. The list of deleted tickets is believed: no further read would say more."""
    from_the_list = event.snapshot is None
    return not from_the_list and span.earliest <= known.latest and known.earliest <= span.latest


def _with_lifecycle(state: TicketState, event: Event, span: Span, *, deleted: bool) -> TicketState:
    how = event.kind if event.kind in DELETIONS else "deleted"
    update = {"deleted": deleted, "how": how if deleted else None, "earliest": span.earliest, "latest": span.latest}
    revived = event.kind == UNDELETED or (state.lifecycle.deleted and not deleted)
    lifecycle = state.lifecycle.model_copy(update=update)
    return state.model_copy(update={"lifecycle": lifecycle, "revive": state.revive or revived})


def _lifecycle_code(event: Event, *, changed: bool) -> str | None:
    if not changed:
        return None
    return "deleted" if _says_deleted(event) else "undeleted"


# --- snapshot


def _fold_snapshot(state: TicketState, event: Event, rules: Rules) -> tuple[TicketState, str]:
    if event.snapshot is None and event.as_of is not None and event.hint is None:  # of the list of deleted tickets
        return state, "changes_nothing_else"
    clock = event.clock
    if clock is None or event.snapshot is None:
        return wants_read(state, event.hint or "no_clock"), "hint"
    if event.scrubbed or event.kind in DELETIONS or event.snapshot.status in GONE_STATUSES:
        return state, "changes_nothing_else"
    snapshot = of_use(event.snapshot, rules.policy)
    state = _fold_status_before_close(state, snapshot, clock)
    if _says_too_little(event, rules):
        return wants_read(state, "fields_left_out"), "left_out"
    return _newest(state, snapshot, clock, late=_is_late(event))


def _says_too_little(event: Event, rules: Rules) -> bool:
    """Whether it leaves out a field that the policy uses. What a read leaves out is not there: no other says more."""
    snapshot = event.snapshot
    if snapshot is None or event.kind == READ:
        return False
    may_be_merged = snapshot.status in CLOSED_STATUSES and "tags" in snapshot.left_out
    return may_be_merged or bool(unsaid(snapshot, rules.policy))


def _is_late(event: Event) -> bool:
    updated_at = event.snapshot.updated_at if event.snapshot is not None else None
    if event.source != "webhook" or updated_at is None:
        return False
    return (event.time or nine_digits(updated_at)) < nine_digits(event.received_at - LATE)


def _newest(state: TicketState, snapshot: TicketSnapshot, clock: Clock, *, late: bool) -> tuple[TicketState, str]:
    known, known_clock = state.snapshot, state.clock
    if known is None or known_clock is None:
        return _with_snapshot(state, snapshot, clock), "first"
    differs = content(snapshot) != content(known)
    newer = clock.order > known_clock.order
    contradicts_a_row = late and newer and clock.updated_at == known_clock.updated_at
    in_doubt = differs and (contradicts_a_row or not clock.decides_against(known_clock))
    if newer:
        state = _with_snapshot(state, snapshot, clock)
    if in_doubt:
        return _doubt(state, clock), "in_doubt"
    if newer:
        return state, "applied" if differs else "same"
    return state, "older" if differs else "same"


def _with_snapshot(state: TicketState, snapshot: TicketSnapshot, clock: Clock) -> TicketState:
    read = state.read
    if read is not None and read.doubt is not None and (clock.updated_at > read.doubt or clock.settled):
        read = None
    revived = _is_over(state.snapshot) and snapshot.status in LIVE_STATUSES
    return state.model_copy(
        update={"snapshot": snapshot, "clock": clock, "read": read, "revive": state.revive or revived}
    )


def _is_over(snapshot: TicketSnapshot | None) -> bool:
    return snapshot is not None and (snapshot.status == "solved" or snapshot.status in CLOSED_STATUSES)


def _fold_status_before_close(state: TicketState, snapshot: TicketSnapshot, clock: Clock) -> TicketState:
    known = state.status_before_close_clock
    if snapshot.status in CLOSED_STATUSES or (known is not None and clock.order <= known.order):
        return state
    return state.model_copy(update={"status_before_close": snapshot.status, "status_before_close_clock": clock})


# --- reads


def wants_read(
    state: TicketState,
    reason: str,
    *,
    settled: bool = False,
    doubt: datetime | None = None,
    not_before: datetime | None = None,
) -> TicketState:
    """The state with one more wish to read the ticket; a wish without a doubt stands until a read meets it.

    `settled` asks for a read after the second of the ticket's last change is over; `not_before` for one to wait that
    long, unless another wish cannot.
    """
    asked = state.reads_asked + 1
    if state.read is not None:
        settled = settled or state.read.settled
        doubt = doubt if state.read.doubt is not None else None
        not_before = None
    wanted = ReadWanted(reason=reason, asked=asked, settled=settled, doubt=doubt, not_before=not_before)
    return state.model_copy(update={"read": wanted, "reads_asked": asked})


def _doubt(state: TicketState, clock: Clock) -> TicketState:
    return wants_read(state, "clocks_do_not_decide", settled=True, doubt=clock.updated_at)


# --- explanations

EXPLANATIONS: dict[str, Callable[[Event], str]] = {
    "first": lambda _: "the first that was heard of this ticket",
    "applied": lambda _: "newer than what was known",
    "same": lambda _: "nothing that a task shows has changed",
    "older": lambda _: "older than what is known already",
    "hint": lambda event: f"says too little ({event.hint or 'no clock'}): the ticket is read",
    "left_out": lambda event: f"says nothing of {_fields_left_out(event)}: the ticket is read",
    "in_doubt": lambda _: "its clock does not tell whether it is newer: the ticket is read",
    "deleted": lambda event: f"the ticket was deleted ({event.kind})",
    "undeleted": lambda _: "the ticket is there again",
    "changes_nothing_else": lambda _: "only says that the ticket is gone, which was known",
}


def _fields_left_out(event: Event) -> str:
    """Events never tell custom fields: they are named where nothing else is left out."""
    left_out = event.snapshot.left_out if event.snapshot is not None else ()
    return ", ".join(left_out) or "custom fields"


def _explain(event: Event, code: str) -> JournalLine:
    return _line(event, code, EXPLANATIONS[code](event))


def _line(event: Event, code: str, why: str) -> JournalLine:
    when = event.time or (nine_digits(event.as_of) if event.as_of else "")
    what = f"{event.kind} {when[:19]}".rstrip()
    return journal_line(event.received_at, code, f"{what}: {why}", event.id[:EVENT_ID_SHOWN])
