"""What a ticket's task should be in the end, said once more and without looking at how the rules do it.

It is told the true ticket, and what was ever told of it: that is all that the outcome may depend on.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from tests.sync.world import PEOPLE
from tests.sync.zendesk import ZendeskTicket
from ticketsync.sync.event import Event
from ticketsync.sync.policy import Policy
from ticketsync.sync.snapshot import TicketSnapshot

ENDS = ("soft_deleted", "marked_as_spam", "permanently_deleted")


class Expected(NamedTuple):
    standing: str
    title: str
    assignee_id: int | None
    tasklist_id: int
    priority: str
    tags: frozenset[str]


def expected(zendesk: ZendeskTicket, told: Sequence[Event], policy: Policy, linked_at: datetime) -> Expected | None:
    """The one task that people should see, None for none. `told` in the order in which it happened."""
    ticket = zendesk.snapshot
    if zendesk.deleted or not _deserved(ticket, told, policy, linked_at):
        return None
    standing = _standing(zendesk, told, policy)
    if standing is None:
        return None
    title, person = _title(ticket, policy), _person(ticket, told)
    return Expected(standing, title, person, _list(ticket, policy), _priority(ticket, policy), _tags(ticket, policy))


def _deserved(ticket: TicketSnapshot, told: Iterable[Event], policy: Policy, linked_at: datetime) -> bool:
    """Whether it was ever seen whole in a way that on its own makes a task."""
    seen = [event.snapshot for event in told if event.kind not in (*ENDS, "merged") and not _lacks(event, policy)]
    return any(one is not None and _makes_a_task(one, policy, linked_at) for one in (*seen, ticket))


def _lacks(event: Event, policy: Policy) -> bool:
    """Whether its source said nothing of something that matters here."""
    if event.snapshot is None or event.kind == "read":
        return False
    groups = bool(policy.include_groups or policy.exclude_groups or policy.routes)
    priority = bool(policy.exclude_priorities or policy.task_priorities or "{priority}" in policy.title)
    closed = event.snapshot.status == "closed"  # perhaps by a merge: only a tag tells
    tags = closed or bool(policy.include_tags or policy.exclude_tags or policy.routes or policy.task_tags)
    matters = {"group_id": groups, "priority": priority, "tags": tags}
    return any(matters[field] for field in event.snapshot.left_out)


def _makes_a_task(seen: TicketSnapshot, policy: Policy, linked_at: datetime) -> bool:
    if seen.status == "deleted" or "closed_by_merge" in seen.tags or _outside(seen, policy):
        return False
    if seen.status in ("new", "open", "pending", "hold"):
        return True
    assert seen.created_at is not None
    ours = seen.created_at >= linked_at
    return ours if seen.status == "solved" else ours and policy.on_closed in ("complete", "keep")


def _outside(seen: TicketSnapshot, policy: Policy) -> bool:
    if any(tag in seen.tags for tag in policy.exclude_tags):
        return True
    if seen.group_id in policy.exclude_groups or seen.priority in policy.exclude_priorities:
        return True
    included = not policy.include_tags or any(tag in seen.tags for tag in policy.include_tags)
    return not included or bool(policy.include_groups and seen.group_id not in policy.include_groups)


def _standing(zendesk: ZendeskTicket, told: Sequence[Event], policy: Policy) -> str | None:
    ticket = zendesk.snapshot
    if _outside(ticket, policy) and policy.on_filtered == "delete":
        return None
    if zendesk.merged or (_outside(ticket, policy) and policy.on_filtered == "complete"):
        return "completed"
    if ticket.status == "closed" and policy.on_closed == "delete":
        return None
    if ticket.status == "closed" and policy.on_closed == "keep":
        return "completed" if _status_before_the_close(told) in (None, "solved") else "open"
    return "completed" if ticket.status in ("solved", "closed") else "open"


def _status_before_the_close(told: Sequence[Event]) -> str | None:
    statuses = [event.snapshot.status for event in told if event.snapshot is not None and event.kind not in ENDS]
    return next((status for status in reversed(statuses) if status not in ("closed", "deleted")), None)


def _title(ticket: TicketSnapshot, policy: Policy) -> str:
    subject = "".join(max(character, " ") for character in ticket.subject or "").strip()
    if not subject:
        return f"Ticket #{ticket.id}"
    name = policy.title.replace("{subject}", subject).replace("{id}", str(ticket.id))
    name = name.replace("{status}", str(ticket.status)).replace("{priority}", ticket.priority or "").strip()
    return name if len(name) <= 250 else name[:249] + "…"


def _person(ticket: TicketSnapshot, told: Iterable[Event]) -> int | None:
    if ticket.assignee_id is not None:
        return PEOPLE.known[ticket.assignee_id]
    ever = [event.snapshot.assignee_id for event in told if event.snapshot is not None]
    before = [event.previous_assignee_id for event in told]
    if any(agent is not None for agent in (*ever, *before)):
        return None
    return PEOPLE.known.get(ticket.submitter_id or 0)


def _list(ticket: TicketSnapshot, policy: Policy) -> int:
    """0 is the desk's own; each route is tried in its turn."""
    for route in policy.routes:
        by, value, tasklist_id = re.split("[:=]", route)
        if (by == "tag" and value in ticket.tags) or (by == "group" and value == str(ticket.group_id)):
            return int(tasklist_id)
    return 0


def _priority(ticket: TicketSnapshot, policy: Policy) -> str:
    rules = dict(rule.split("=") for rule in policy.task_priorities)
    return str(rules.get(ticket.priority or "", "none"))


def _tags(ticket: TicketSnapshot, policy: Policy) -> frozenset[str]:
    rules = [rule.split("=") if "=" in rule else (rule, rule) for rule in policy.task_tags]
    return frozenset(name for of, name in rules if of == "*" or of in ticket.tags)
