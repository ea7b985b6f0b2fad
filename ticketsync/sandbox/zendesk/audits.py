"""Audits: what each action did to a ticket (reference/zendesk-api §7). Ids in them are strings, tags a list."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import JsonValue

from ticketsync.sandbox.zendesk.account import Account, AccountHere
from ticketsync.sandbox.zendesk.auth import ADMINS_ONLY, AGENTS_ONLY
from ticketsync.sandbox.zendesk.clock import rest_time
from ticketsync.sandbox.zendesk.errors import bad_request
from ticketsync.sandbox.zendesk.models import Audit, Comment, Ticket, Via
from ticketsync.sandbox.zendesk.paging import listed, wants_cursor
from ticketsync.sandbox.zendesk.views import comment_json, via_json

router = APIRouter(prefix="/api/v2")

AUDITED = [
    "subject",
    "requester_id",
    "priority",
    "type",
    "status",
    "assignee_id",
    "group_id",
    "organization_id",
    "brand_id",
    "ticket_form_id",
    "custom_status_id",
    "external_id",
    "problem_id",
    "tags",
]
TOLD_WHEN_EMPTY = frozenset({"priority", "type"})  # of a new ticket, as recorded
OF_A_COMMENT = ("id", "type", "author_id", "body", "html_body", "plain_body", "public", "attachments", "audit_id")


def record_audit(
    account: Account,
    ticket: Ticket,
    *,
    before: Ticket | None,
    actor_id: int,
    comment: Comment | None,
    via: Via | None = None,
) -> Audit:
    """Keep what an action did. `before` None: the ticket was created. `via` None: it came in as the ticket did."""
    store = account.store
    events: list[dict[str, JsonValue]] = []
    if comment is not None:
        shown = comment_json(comment)
        events.append({name: shown[name] for name in OF_A_COMMENT})
    events += [_event(account, name, before, ticket) for name in AUDITED if _to_tell(name, before, ticket)]
    audit = Audit(
        id=comment.audit_id if comment else store.new_object_id(),
        ticket_id=ticket.id,
        author_id=actor_id,
        events=events,
        via=via or ticket.via,
        created_at=ticket.updated_at,
    )
    store.state.audits.setdefault(ticket.id, []).append(audit)
    store.changed()
    return audit


def _to_tell(name: str, before: Ticket | None, after: Ticket) -> bool:
    value = getattr(after, name)
    if before is None:
        return name in TOLD_WHEN_EMPTY or value not in (None, [])
    return bool(getattr(before, name) != value)


def _event(account: Account, name: str, before: Ticket | None, after: Ticket) -> dict[str, JsonValue]:
    event_id, value = account.store.new_object_id(), _worded(getattr(after, name))
    if before is None:
        return {"id": event_id, "type": "Create", "value": value, "field_name": name}
    previous = _worded(getattr(before, name))
    return {"id": event_id, "type": "Change", "value": value, "field_name": name, "previous_value": previous}


def _worded(value: Any) -> JsonValue:
    worded: JsonValue = str(value) if isinstance(value, int) else value
    return worded


def audit_json(audit: Audit) -> dict[str, Any]:
    return {
        "id": audit.id,
        "ticket_id": audit.ticket_id,
        "created_at": rest_time(audit.created_at),
        "author_id": audit.author_id,
        "metadata": {"system": {"client": None, "ip_address": "127.0.0.1"}, "custom": {}},
        "events": audit.events,
        "via": via_json(audit.via),
    }


@router.get("/tickets/{ticket_id}/audits", dependencies=[AGENTS_ONLY])
async def of_ticket(account: AccountHere, request: Request, ticket_id: int) -> dict[str, Any]:
    audits = account.store.state.audits.get(account.store.ticket(ticket_id).id, [])
    return listed(request, "audits", sorted(audits, key=_when), audit_json, key=_when)


@router.get("/ticket_audits", dependencies=[ADMINS_ONLY])
async def of_all(account: AccountHere, request: Request) -> dict[str, Any]:
    """Of the whole account, by cursor only (§6)."""
    if not wants_cursor(request):
        raise bad_request("InvalidPaginationParameter", "page[size] is needed: this list has cursor pages only")
    audits = [audit for of_one in account.store.state.audits.values() for audit in of_one]
    return listed(request, "audits", sorted(audits, key=_when), audit_json, key=_when)


def _when(audit: Audit) -> tuple[float, int]:
    return audit.created_at.timestamp(), audit.id
