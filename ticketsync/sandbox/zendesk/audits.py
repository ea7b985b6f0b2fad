"""The audit that a create or update answers with (reference/zendesk-api §7): ids are strings, tags a list."""

from typing import Any

from ticketsync.sandbox.zendesk.clock import rest_time
from ticketsync.sandbox.zendesk.models import Comment, Ticket
from ticketsync.sandbox.zendesk.store import Store
from ticketsync.sandbox.zendesk.views import comment_json, via_json

AUDITED = [
    "subject",
    "status",
    "priority",
    "type",
    "requester_id",
    "assignee_id",
    "group_id",
    "organization_id",
    "brand_id",
    "ticket_form_id",
    "external_id",
    "problem_id",
    "tags",
]


def audit(
    store: Store, ticket: Ticket, *, before: Ticket | None, actor_id: int, comment: Comment | None
) -> dict[str, Any]:
    """`before` None: the ticket was created."""
    events = [_event(store, name, before, ticket) for name in AUDITED if _to_tell(name, before, ticket)]
    if comment is not None:
        events.insert(0, {**comment_json(comment), "id": store.new_object_id()})
    return {
        "id": comment.audit_id if comment else store.new_object_id(),
        "ticket_id": ticket.id,
        "created_at": rest_time(ticket.updated_at),
        "author_id": actor_id,
        "metadata": {"system": {"client": None, "ip_address": "127.0.0.1"}, "custom": {}},
        "events": events,
        "via": via_json(ticket.via),
    }


def _to_tell(name: str, before: Ticket | None, after: Ticket) -> bool:
    value = getattr(after, name)
    return value not in (None, []) if before is None else getattr(before, name) != value


def _event(store: Store, name: str, before: Ticket | None, after: Ticket) -> dict[str, Any]:
    event = {"id": store.new_object_id(), "field_name": name, "value": _worded(getattr(after, name))}
    if before is None:
        return event | {"type": "Create"}
    return event | {"type": "Change", "previous_value": _worded(getattr(before, name))}


def _worded(value: object) -> object:
    return str(value) if isinstance(value, int) else value
