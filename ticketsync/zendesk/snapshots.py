"""The snapshot of a ticket, from an event's `detail` or from REST's ticket: the same fields, two of them renamed."""

from collections.abc import Mapping
from typing import Any

from ticketsync.sync.snapshot import OPTIONAL_FIELDS, TicketSnapshot
from ticketsync.zendesk.fields import (
    Unreadable,
    read_channel,
    read_id,
    read_state,
    read_subject,
    read_tags,
    read_ticket_id,
    read_time,
)

# What a task shows must be there: a field that is left out would look like one that is unset.
NEEDED = ("subject", "status", "assignee_id", "updated_at")
OPTIONAL = tuple(sorted(OPTIONAL_FIELDS))


def read_snapshot(
    ticket: Mapping[str, Any], *, custom_status: str = "custom_status", form: str = "form_id"
) -> TicketSnapshot:
    """The ticket at one moment (reference/zendesk-api §1.4, §7); Unreadable names the first field that is so.

    A field that is null is unset. Of one that is not there nothing is known: whether that matters the policy says.
    """
    for field in NEEDED:
        if field not in ticket:
            raise Unreadable(field)
    return TicketSnapshot(
        id=read_ticket_id(ticket.get("id")),
        subject=read_subject(ticket["subject"]),
        status=_status(ticket["status"]),
        custom_status_id=read_id(ticket.get(custom_status), custom_status),
        priority=read_state(ticket.get("priority"), "priority"),
        type=read_state(ticket.get("type"), "type"),
        assignee_id=read_id(ticket["assignee_id"], "assignee_id"),
        submitter_id=read_id(ticket.get("submitter_id"), "submitter_id"),
        requester_id=read_id(ticket.get("requester_id"), "requester_id"),
        group_id=read_id(ticket.get("group_id"), "group_id"),
        organization_id=read_id(ticket.get("organization_id"), "organization_id"),
        brand_id=read_id(ticket.get("brand_id"), "brand_id"),
        form_id=read_id(ticket.get(form), form),
        tags=read_tags(ticket.get("tags")),
        created_at=None if ticket.get("created_at") is None else read_time(ticket["created_at"], "created_at").second,
        updated_at=read_time(ticket["updated_at"], "updated_at").second,
        via=read_channel(ticket.get("via")),
        left_out=tuple(field for field in OPTIONAL if (form if field == "form_id" else field) not in ticket),
    )


def _status(value: Any) -> str:
    status = read_state(value, "status")
    if status is None:
        raise Unreadable("status")
    return status
