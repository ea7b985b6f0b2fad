"""What a ticket's task should be, from its snapshot, the desk's policy and its people: the design's table in code."""

import unicodedata
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ticketsync.sync.event import Event
from ticketsync.sync.fold import CLOSED_STATUSES, GONE_STATUSES
from ticketsync.sync.kept import knows_enough
from ticketsync.sync.labels import all_tags, priority_wanted, tags_wanted, without
from ticketsync.sync.lists import list_wanted
from ticketsync.sync.people import People
from ticketsync.sync.policy import Policy
from ticketsync.sync.snapshot import TicketSnapshot
from ticketsync.sync.state import TicketState
from ticketsync.sync.step import TaskPriority
from ticketsync.sync.templates import OUR_NAMES, TITLE_FIELDS, filled_in, named_custom

TITLE_LENGTH = 250

Wanted = Literal["open", "completed", "absent"]


class DesiredTask(BaseModel):
    """The task as it should be. `why` names the rule for its standing, `who` the rule for its person.

    `outside` is the filter's reason when the ticket is outside it, also where the policy keeps its task in step.
    `person_unknown` says that the directory could not answer: the person stays as it is for now. `tasklist_id` and
    `priority` are None where the policy wants nothing of them; `other_tags` are the policy's that are not wanted.
    """

    model_config = ConfigDict(frozen=True)

    standing: Wanted
    why: str
    title: str = ""
    assignee_id: int | None = None
    who: str = ""
    person_unknown: bool = False
    outside: str | None = None
    tasklist_id: int | None = None
    routed_by: str = ""
    priority: TaskPriority | None = None
    tags: tuple[str, ...] = ()
    other_tags: tuple[str, ...] = ()


def desired_task(state: TicketState, policy: Policy, people: People) -> DesiredTask | None:
    """The task this ticket should have; None while too little is known of the ticket to tell."""
    if state.lifecycle.deleted:
        return DesiredTask(standing="absent", why=state.lifecycle.how or "deleted")
    snapshot = state.snapshot
    if snapshot is None or not knows_enough(state, policy):
        return None
    outside = policy.refuses(snapshot)
    standing, why = _standing(state, snapshot, policy, outside)
    assignee_id, who = wanted_person(state, snapshot, people)
    tasklist_id, routed_by = list_wanted(snapshot, policy.routes)
    tags = tags_wanted(snapshot, policy.task_tags)
    return DesiredTask(
        standing=standing,
        why=why,
        title=title(snapshot, policy),
        assignee_id=assignee_id,
        who=who,
        person_unknown=who in UNKNOWN_PERSON,
        outside=outside,
        tasklist_id=tasklist_id,
        routed_by=routed_by,
        priority=priority_wanted(snapshot, policy.task_priorities),
        tags=tags,
        other_tags=without(all_tags(policy.task_tags), tags),
    )


def _standing(state: TicketState, snapshot: TicketSnapshot, policy: Policy, outside: str | None) -> tuple[Wanted, str]:
    if outside is not None and policy.on_filtered != "keep":
        return ("completed" if policy.on_filtered == "complete" else "absent"), outside
    if state.lifecycle.merged:
        return "completed", "merged"
    if snapshot.status in CLOSED_STATUSES:
        return _closed(state, policy), "closed"
    if snapshot.status == "solved":
        return "completed", "solved"
    return "open", snapshot.status or "open"


def _closed(state: TicketState, policy: Policy) -> Wanted:
    """`keep` leaves what the status before made of the task; a ticket first seen closed had been solved."""
    match policy.on_closed:
        case "delete":
            return "absent"
        case "complete":
            return "completed"
        case "keep":
            return "completed" if state.status_before_close in (None, "solved") else "open"


def is_ended(state: TicketState) -> bool:
    """Whether Zendesk will hardly say more of this ticket: deleted, merged or closed."""
    if state.lifecycle.deleted or state.lifecycle.merged:
        return True
    return state.snapshot is not None and state.snapshot.status in CLOSED_STATUSES | GONE_STATUSES


# --- person

UNKNOWN_PERSON = frozenset({"directory_missing", "agent_unknown"})


def wanted_person(state: TicketState, snapshot: TicketSnapshot, people: People) -> tuple[int | None, str]:
    """The Teamwork person for this ticket, None for nobody, and the rule that says so."""
    wanted = wanted_agent(state, snapshot)
    if wanted is None:
        return None, "unassigned"
    if not people.stands(state.generation_needed):
        return None, "directory_missing"
    if wanted in people.known:
        return _mapped(people.known[wanted], snapshot)
    if snapshot.assignee_id is None:
        return None, "opener_is_no_agent"
    return None, "no_mapping" if _was_asked_for(state, wanted, people) else "agent_unknown"


def wanted_agent(state: TicketState, snapshot: TicketSnapshot) -> int | None:
    """The Zendesk user whose person the task should have: the assignee, or who opened a ticket never assigned yet."""
    if snapshot.assignee_id is not None:
        return snapshot.assignee_id
    return None if state.was_assigned else snapshot.submitter_id


def agents_named(state: TicketState, events: tuple[Event, ...]) -> set[int]:
    """Everybody who may become the person of this ticket's task by these events."""
    snapshots = (state.snapshot, *(event.snapshot for event in events))
    named = (agent_id for one in snapshots if one is not None for agent_id in (one.assignee_id, one.submitter_id))
    return {agent_id for agent_id in named if agent_id is not None}


def _was_asked_for(state: TicketState, agent_id: int, people: People) -> bool:
    """Whether this directory is newer than one that did not know that agent: then there is no such agent."""
    asked = state.waiting
    if asked is None or asked.agent_id != agent_id or people.generation is None or asked.generation is None:
        return False
    return people.generation > asked.generation


def _mapped(person: int | None, snapshot: TicketSnapshot) -> tuple[int | None, str]:
    if person is None:
        return None, "no_mapping"
    return person, "assignee" if snapshot.assignee_id is not None else "opener"


# --- title


def title(snapshot: TicketSnapshot, policy: Policy) -> str:
    """The task's name: the policy's template, control characters as spaces, cut at 250 with "…", never empty."""
    subject = _one_line(snapshot.subject or "")
    if not subject:
        return f"Ticket #{snapshot.id}"
    values = {name: getattr(snapshot, OUR_NAMES.get(name, name)) for name in TITLE_FIELDS}
    values |= named_custom(snapshot.custom_fields or {})
    text = _one_line(filled_in(policy.title, {**values, "subject": subject})) or f"Ticket #{snapshot.id}"
    return text if len(text) <= TITLE_LENGTH else text[: TITLE_LENGTH - 1].rstrip() + "…"


def _one_line(text: str) -> str:
    controls = ("Cc", "Cs", "Zl", "Zp")
    return "".join(" " if unicodedata.category(character) in controls else character for character in text).strip()
