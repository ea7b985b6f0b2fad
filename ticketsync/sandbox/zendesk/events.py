"""What Zendesk tells its webhooks: which events a change makes, and their bodies (reference/zendesk-api §1.2-1.6)."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ticketsync.sandbox.zendesk.clock import Clock, event_time, rest_time
from ticketsync.sandbox.zendesk.ids import new_ulid, new_uuid
from ticketsync.sandbox.zendesk.models import Comment, Ticket, User
from ticketsync.sandbox.zendesk.settings import CustomField

TYPE_PREFIX = "zen:event-type:ticket."
TRIGGER_KIND = "conditional_ticket_events"  # what triggers send, not a kind of event
EVENT_VERSION = "2022-11-06"
TICKET_EVENTS = frozenset(
    """
    agent_assignment_changed attachment_linked_to_comment attachment_redacted_from_comment brand_changed comment_added
    comment_made_private comment_redacted created csat_received csat_requested custom_field_changed
    custom_status_changed description_changed email_ccs_changed external_id_changed followers_changed form_changed
    group_assignment_changed marked_as_spam merged next_sla_breach_changed ola_policy_changed organization_changed
    permanently_deleted priority_changed problem_link_changed requester_changed schedule_changed sla_policy_changed
    soft_deleted status_changed subject_changed submitter_changed tags_changed task_due_at_changed type_changed
    undeleted
    """.split()  # noqa: SIM905 - 37 names read better as text
)
VIA_TYPES = {"web": "web_form", "email": "mail", "api": "web_service"}


@dataclass(frozen=True)
class Happened:
    """One thing that happened to a ticket: the event's name without prefix, and its `event` object without `meta`."""

    name: str
    body: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TicketEvent:
    """One event ready to send: `body` is the JSON text that is signed."""

    id: str
    type: str
    ticket_id: int
    body: str


def ticket_events(
    account_id: int, clock: Clock, ticket: Ticket, actor_id: int, happened: Sequence[Happened]
) -> list[TicketEvent]:
    """The events of one action: all with the snapshot after it, one sequence id, positions from 1."""
    snapshot = _detail(ticket, actor_id)
    sequence = new_ulid()
    events = []
    for position, one in enumerate(happened, start=1):
        event_id, event_type = new_uuid(), TYPE_PREFIX + one.name
        envelope = {
            "account_id": account_id,
            "detail": snapshot,
            "event": one.body | {"meta": {"sequence": {"id": sequence, "position": position}}},
            "id": event_id,
            "subject": f"zen:ticket:{ticket.id}",
            "time": event_time(clock.now_ns()),
            "type": event_type,
            "zendesk_event_version": EVENT_VERSION,
        }
        body = json.dumps(envelope, ensure_ascii=False, separators=(",", ":"))
        events.append(TicketEvent(event_id, event_type, ticket.id, body))
    return events


def _detail(ticket: Ticket, actor_id: int) -> dict[str, Any]:
    return {
        "actor_id": str(actor_id),
        "assignee_id": _link(ticket.assignee_id),
        "brand_id": _link(ticket.brand_id),
        "created_at": rest_time(ticket.created_at),
        "custom_status": _link(ticket.custom_status_id),
        "description": ticket.description,
        "external_id": ticket.external_id,
        "form_id": _link(ticket.ticket_form_id),
        "group_id": _link(ticket.group_id),
        "id": str(ticket.id),
        "is_public": ticket.is_public,
        "organization_id": _link(ticket.organization_id),
        "priority": _upper(ticket.priority),
        "requester_id": str(ticket.requester_id),
        "status": "DELETED" if ticket.ending else _upper(ticket.status),
        "subject": ticket.subject,
        "submitter_id": str(ticket.submitter_id),
        "tags": ticket.tags,
        "type": _upper(ticket.type),
        "updated_at": rest_time(ticket.updated_at),
        "via": {"channel": VIA_TYPES.get(ticket.via.channel, ticket.via.channel)},
    }


def _link(number: int | None) -> str | None:
    return None if number is None else str(number)


def _upper(word: str | None) -> str | None:
    return None if word is None else word.upper()


def _plain(text: str | None) -> str | None:
    return text


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else rest_time(moment)


# field of the ticket, name of the event, how its values are worded
CHANGES: list[tuple[str, str, Callable[[Any], str | None]]] = [
    ("status", "status_changed", _upper),
    ("custom_status_id", "custom_status_changed", _link),
    ("assignee_id", "agent_assignment_changed", _link),
    ("group_id", "group_assignment_changed", _link),
    ("subject", "subject_changed", _plain),
    ("priority", "priority_changed", _upper),
    ("type", "type_changed", _upper),
    ("requester_id", "requester_changed", _link),
    ("organization_id", "organization_changed", _link),
    ("brand_id", "brand_changed", _link),
    ("ticket_form_id", "form_changed", _link),
    ("external_id", "external_id_changed", _plain),
    ("problem_id", "problem_link_changed", _link),
    ("due_at", "task_due_at_changed", _moment),
]
PEOPLE = [("follower_ids", "followers_changed"), ("email_cc_ids", "email_ccs_changed")]


def what_changed(before: Ticket, after: Ticket, fields: Iterable[CustomField]) -> list[Happened]:
    """One entry per field that differs; comments are told by `comment_added`."""
    happened = [_change(before, after, *change) for change in CHANGES if _differs(before, after, change[0])]
    happened += _tags_changed(before, after)
    for name, event in PEOPLE:
        happened += _people_changed(getattr(before, name), getattr(after, name), event)
    return happened + [_field_changed(before, after, one) for one in fields if _field_differs(before, after, one.id)]


def comment_added(comment: Comment, author: User | None) -> Happened:
    """`author` None: the system."""
    is_staff = author is None or author.is_staff
    writer = {"id": str(comment.author_id), "is_staff": is_staff, "name": author.name if author else "Zendesk"}
    return Happened(
        "comment_added",
        {
            "comment": {
                "id": str(comment.id),
                "body": comment.body,
                "html_body": comment.html_body,
                "is_public": comment.public,
                "author": writer,
            }
        },
    )


def _differs(before: Ticket, after: Ticket, name: str) -> bool:
    return bool(getattr(before, name) != getattr(after, name))


def _change(before: Ticket, after: Ticket, name: str, event: str, word: Callable[[Any], str | None]) -> Happened:
    return Happened(event, {"current": word(getattr(after, name)), "previous": word(getattr(before, name))})


def _tags_changed(before: Ticket, after: Ticket) -> list[Happened]:
    added = [tag for tag in after.tags if tag not in before.tags]
    removed = [tag for tag in before.tags if tag not in after.tags]
    return [Happened("tags_changed", {"tags_added": added, "tags_removed": removed})] if added or removed else []


def _people_changed(before: list[int], after: list[int], event: str) -> list[Happened]:
    added = [str(one) for one in after if one not in before]
    removed = [str(one) for one in before if one not in after]
    return [Happened(event, {"users_added": added, "users_removed": removed})] if added or removed else []


def _field_differs(before: Ticket, after: Ticket, field_id: int) -> bool:
    return before.custom_fields.get(field_id) != after.custom_fields.get(field_id)


def _field_changed(before: Ticket, after: Ticket, one: CustomField) -> Happened:
    body = {
        "custom_field": {"id": str(one.id), "title": one.title, "type": one.type},
        "current": {"value": after.custom_fields.get(one.id)},
        "previous": {"value": before.custom_fields.get(one.id)},
    }
    return Happened("custom_field_changed", body)
