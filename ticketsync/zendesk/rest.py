"""From REST's tickets to events: the answer of a read, and a row of the incremental export."""

import secrets
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from ticketsync.sync.event import HINT, READ, ROW, Event
from ticketsync.sync.snapshot import CUSTOM_FIELDS, TicketSnapshot
from ticketsync.sync.templates import DESCRIPTION_FIELDS, named_custom
from ticketsync.zendesk.fields import Unreadable, clean_text, read_ticket_id
from ticketsync.zendesk.snapshots import read_snapshot

SCRUBBED_SUBJECT = "SCRUBBED"  # what the export shows of a ticket whose text was erased (reference/zendesk-api §8)
CUSTOM_TEXT_HELD = 100  # characters of a custom field: a title has 250
LATEST_SECOND = 253402300799  # the last that a datetime holds


def read_event(
    ticket_id: int,
    ticket: Mapping[str, Any],
    *,
    as_of: datetime | None,
    now: datetime,
    custom: Collection[int] = (),
) -> Event:
    """The `read` event of REST's ticket. `as_of`: when Zendesk answered, by its own clock; `custom`: fields to hold.

    Raises Unreadable, also for an answer about another ticket than the one that was asked for.

    Two reads within one second may differ, so each has an id of its own.
    """
    snapshot = _rest_snapshot(ticket, custom)
    if snapshot.id != ticket_id:
        raise Unreadable("id")
    when = f"{(as_of or now).astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return Event(
        id=f"read-{ticket_id}-{when}-{secrets.token_hex(4)}",
        ticket_id=ticket_id,
        kind=READ,
        source="read",
        received_at=now,
        snapshot=snapshot,
        as_of=as_of,
    )


def texts_of(ticket: Mapping[str, Any]) -> dict[str, str]:
    """REST's ticket in words, by the names that a description's template may use; what is unset is empty."""
    return {name: _in_words(ticket.get(name)) for name in DESCRIPTION_FIELDS} | named_custom(_custom_fields(ticket))


def _custom_fields(ticket: Mapping[str, Any]) -> dict[int, str]:
    """All that the ticket shows, in words (reference/zendesk-api §7): a choice is its tag, a tick true or false."""
    fields = ticket.get("custom_fields")
    known = [one for one in fields if isinstance(one, dict)] if isinstance(fields, list) else []
    return {one["id"]: _in_words(one.get("value")) for one in known if type(one.get("id")) is int}


def _in_words(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str() | int() | float():
            return clean_text(str(value))
        case list():
            return ", ".join(filter(None, map(_in_words, value)))
        case _:
            return ""


def row_event(row: Any, *, now: datetime, custom: Collection[int] = ()) -> Event | None:
    """The `row` event of an export's row; a hint where a part is unreadable, None where even the ticket's id is.

    `custom`: fields to hold.
    """
    if not isinstance(row, dict):
        return None
    generated = _moment(row.get("generated_timestamp"))
    try:
        ticket_id = read_ticket_id(row.get("id"))
    except Unreadable:
        return None
    snapshot, unreadable = _snapshot_or_reason(row, custom)
    return Event(
        id=_row_id(ticket_id, generated, snapshot.updated_at if snapshot else None, now),
        ticket_id=ticket_id,
        kind=ROW if unreadable is None else HINT,
        source="export",
        received_at=now,
        snapshot=snapshot,
        as_of=generated,
        scrubbed=snapshot is not None and _is_scrubbed(row, snapshot),
        hint=unreadable,
    )


def _row_id(ticket_id: int, generated: datetime | None, updated_at: datetime | None, now: datetime) -> str:
    """The same for the same row, however often it is read, so that the second time explains itself."""
    if generated is None and updated_at is None:
        return f"row-{ticket_id}-{now.isoformat()}"
    moments = [f"{moment:%Y%m%dT%H%M%SZ}" for moment in (generated, updated_at) if moment is not None]
    return "-".join(["row", str(ticket_id), *moments])


def _snapshot_or_reason(row: Mapping[str, Any], custom: Collection[int]) -> tuple[TicketSnapshot | None, str | None]:
    try:
        return _rest_snapshot(row, custom), None
    except Unreadable as error:
        return None, f"unreadable_{error.field}"


def _rest_snapshot(ticket: Mapping[str, Any], custom: Collection[int]) -> TicketSnapshot:
    """With these custom fields; one that the ticket does not show is empty: no other answer says more."""
    snapshot = read_snapshot(ticket, custom_status="custom_status_id", form="ticket_form_id")
    if not custom:
        return snapshot
    said = _custom_fields(ticket)
    held = {number: said.get(number, "")[:CUSTOM_TEXT_HELD] for number in sorted(custom)}
    return snapshot.model_copy(update={CUSTOM_FIELDS: held})


def _is_scrubbed(row: Mapping[str, Any], snapshot: TicketSnapshot) -> bool:
    erased = snapshot.status == "deleted" and SCRUBBED_SUBJECT in (row.get("subject"), row.get("raw_subject"))
    return erased or snapshot.status == "scrubbed"


def _moment(timestamp: Any) -> datetime | None:
    if not isinstance(timestamp, int) or isinstance(timestamp, bool) or not 0 < timestamp <= LATEST_SECOND:
        return None
    return datetime.fromtimestamp(timestamp, UTC)
