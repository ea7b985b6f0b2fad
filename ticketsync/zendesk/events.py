"""From the body of a webhook to an `Event`: the only place where Zendesk's events are normalised.

Three forms come in: Zendesk's own events, the body of a trigger (`{"ticket_id": …}` and up), and the older form of
`POST /webhook`. Whatever is in them, parsing raises nothing but NotAnEvent. What names a ticket but is unreadable in a
part that matters becomes a *hint*: the ticket is read instead.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ticketsync.sync.event import DELETIONS, HINT, MERGED, Event
from ticketsync.sync.policy import Policy
from ticketsync.sync.snapshot import CLOSED_BY_MERGE, TicketSnapshot, nine_digits
from ticketsync.zendesk.fields import Unreadable, read_id, read_tags, read_ticket_id, read_time
from ticketsync.zendesk.kinds import ASSIGNED, read_type, stored_kinds, why_ignored
from ticketsync.zendesk.snapshots import read_snapshot

Json = Mapping[str, Any]

EVENT_TYPE_PREFIX = "zen:event-type"
LARGEST_POSITION = 10**6
AHEAD = timedelta(minutes=5)  # as far as two clocks may differ
_PLAIN_ID = re.compile(r"[\x21-\x7e]{1,100}")
_RESOURCE = re.compile(r"zen:ticket:(\d{1,19})", re.ASCII)


class NotAnEvent(ValueError):
    """A body that is no event of a ticket. `reason` says why, without repeating any of it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class ParsedDelivery:
    """What a delivery holds: an `event` to store, or the reason (a code) why it is `ignored`.

    `event_type` is the name behind `zen:event-type:`, as `ticket.created`, or `trigger`. `account_id` is the sender's
    account, None when the body does not tell.
    """

    event_type: str
    event: Event | None = None
    ignored: str | None = None
    account_id: int | None = None


def parse_event(
    body: bytes, *, now: datetime, policy: Policy | None = None, invocation_id: str | None = None
) -> ParsedDelivery:
    """Parse a webhook's body, of the event or of the trigger kind.

    `policy` decides which events matter. `invocation_id` is the delivery's header: it stays the same when Zendesk sends
    again, and is all that tells a trigger's duplicates. Raises NotAnEvent.
    """
    content = _json_object(body)
    event_type = content.get("type")
    if isinstance(event_type, str) and event_type.strip().startswith(EVENT_TYPE_PREFIX):
        return _own_event(content, event_type, body, now=now, policy=policy or Policy(), invocation_id=invocation_id)
    if "ticket_id" in content:
        event = _trigger(content, now=now, invocation_id=invocation_id)
        return ParsedDelivery("trigger", event=event, account_id=_account_id(content))
    raise NotAnEvent("neither an event of Zendesk nor an object with a ticket_id")


def parse_older_form(body: bytes, *, now: datetime) -> Event:
    """Parse `{"event_type", "ticket": {"id", "assignee_id", "tags", …}, "merged_into_ticket_id"}`. Raises NotAnEvent.

    It has no clock, so it is always a hint; that the ticket was assigned or merged is kept, because it stays true.
    """
    content = _json_object(body)
    ticket = _object(content.get("ticket"))
    ticket_id = _ticket_id(ticket.get("id"))
    merged_into = _known(content.get("merged_into_ticket_id"))
    return Event(
        id=f"older-{ticket_id}-{now.isoformat()}-{_digest(body)}",
        ticket_id=ticket_id,
        kind=MERGED if merged_into or _says_merged(content, ticket) else HINT,
        received_at=now,
        hint="older_form",
        merged_into=merged_into,
        previous_assignee_id=_known(ticket.get("assignee_id")),
    )


def _says_merged(content: Json, ticket: Json) -> bool:
    event_type = content.get("event_type")
    if isinstance(event_type, str) and event_type.strip().lower().endswith("merged"):
        return True
    try:
        return CLOSED_BY_MERGE in read_tags(ticket.get("tags"))
    except Unreadable:
        return False


def _json_object(body: bytes) -> Json:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise NotAnEvent("not JSON") from None
    if not isinstance(content, dict):
        raise NotAnEvent("not a JSON object")
    return content


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


# --- the trigger kind


def _trigger(content: Json, *, now: datetime, invocation_id: str | None) -> Event:
    ticket_id = _ticket_id(content["ticket_id"])
    delivery = _plain_id(invocation_id)
    return Event(
        id=f"invocation-{delivery}" if delivery else f"trigger-{ticket_id}-{now.isoformat()}",
        ticket_id=ticket_id,
        kind=HINT,
        source="trigger",
        received_at=now,
        hint="trigger",
        invocation_id=delivery,
    )


def _ticket_id(value: Any) -> int:
    try:
        return read_ticket_id(value)
    except Unreadable:
        raise NotAnEvent("the ticket's id is not a number from 1 to 2**63-1") from None


# --- Zendesk's own events


def _own_event(
    content: Json, event_type: str, body: bytes, *, now: datetime, policy: Policy, invocation_id: str | None
) -> ParsedDelivery:
    type_read = read_type(event_type)
    if type_read is None:
        raise NotAnEvent("the event type is unreadable")
    domain, name = type_read
    account_id, type_name = _account_id(content), f"{domain}.{name}"
    ignored = why_ignored(domain, name, stored_kinds(policy))
    if ignored is not None:
        return ParsedDelivery(type_name[:100], ignored=ignored, account_id=account_id)
    event = _stored(content, name, body, now=now, invocation_id=_plain_id(invocation_id))
    return ParsedDelivery(type_name, event=event, account_id=account_id)


def _stored(content: Json, kind: str, body: bytes, *, now: datetime, invocation_id: str | None) -> Event:
    detail, happened = _object(content.get("detail")), _object(content.get("event"))
    ticket_id = _ticket_id_of(content, detail)
    snapshot, time, hint = _snapshot_and_time(content, detail)
    if hint is not None and kind in DELETIONS:
        snapshot, time, hint = _deleted(ticket_id, content, detail, hint)
    if _is_ahead(snapshot, time, now + AHEAD):
        snapshot, time, hint = None, "", "clock"
    return Event(
        id=_event_id(content.get("id"), body),
        ticket_id=ticket_id,
        kind=kind,
        received_at=now,
        snapshot=snapshot,
        time=time,
        position=_position(happened),
        previous_assignee_id=_known(happened.get("previous")) if kind == ASSIGNED else None,
        merged_into=_known(happened.get("target_ticket_id")) if kind == MERGED else None,
        scrubbed=snapshot is not None and snapshot.status == "scrubbed",
        hint=hint,
        invocation_id=invocation_id,
    )


def _ticket_id_of(content: Json, detail: Json) -> int:
    """From the snapshot, else from the envelope's resource name, which is called subject."""
    try:
        return read_ticket_id(detail.get("id"))
    except Unreadable:
        resource = content.get("subject")
        match = _RESOURCE.fullmatch(resource) if isinstance(resource, str) else None
        return _ticket_id(match and match[1])


def _snapshot_and_time(content: Json, detail: Json) -> tuple[TicketSnapshot | None, str, str | None]:
    """The snapshot, the event's time, and the hint that says which part is unreadable, if one is."""
    snapshot = None
    try:
        snapshot = read_snapshot(detail)
        return snapshot, read_time(content.get("time")).nine_digits, None
    except Unreadable as error:
        return snapshot, "", f"unreadable_{error.field}"


def _deleted(ticket_id: int, content: Json, detail: Json, hint: str) -> tuple[TicketSnapshot | None, str, str | None]:
    """A delete is certain by its type: of its snapshot, whose text may be erased, only the moment is needed.

    As a hint it would be read, and a 404 alone never deletes.
    """
    try:
        time = read_time(content.get("time"))
    except Unreadable:
        return None, "", hint
    try:
        updated_at = read_time(detail.get("updated_at")).second
    except Unreadable:
        updated_at = time.second
    return TicketSnapshot(id=ticket_id, status="deleted", updated_at=updated_at), time.nine_digits, None


def _is_ahead(snapshot: TicketSnapshot | None, time: str, latest: datetime) -> bool:
    """Whether it is of a moment still to come: as the newest it would win over all that follows, perhaps for years."""
    moments = (snapshot.updated_at, snapshot.created_at) if snapshot is not None else ()
    return time > nine_digits(latest) or any(moment is not None and moment > latest for moment in moments)


# --- parts that are taken as far as they can be read


def _known(value: Any) -> int | None:
    try:
        return read_id(value, "id")
    except Unreadable:
        return None


def _account_id(content: Json) -> int | None:
    return _known(content.get("account_id"))


def _position(happened: Json) -> int:
    """The event's place among those of one action; 0 when it is not told."""
    sequence = _object(_object(happened.get("meta")).get("sequence"))
    return min(_known(sequence.get("position")) or 0, LARGEST_POSITION)


def _event_id(value: Any, body: bytes) -> str:
    """The id that stays the same when Zendesk sends again; without a usable one, what the body itself is."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return _plain_id(text) or f"body-{_digest(body)}"


def _plain_id(value: Any) -> str | None:
    return value if isinstance(value, str) and _PLAIN_ID.fullmatch(value) else None


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]
