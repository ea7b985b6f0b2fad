"""By which rule and which mapping each field of a task is as it should be, in words: for people who ask why."""

from ticketsync.sync.desired import DesiredTask, wanted_agent
from ticketsync.sync.labels import tag_rule
from ticketsync.sync.policy import Policy
from ticketsync.sync.snapshot import TicketSnapshot
from ticketsync.sync.state import TicketState, cut
from ticketsync.sync.step import Field

RULE_BYTES = 160
LET_GO = "somebody unlinked the ticket: it has no task, and makes none"
NO_LABELS = "the policy has no rules for priority and tags"


def rule_words(state: TicketState, wanted: DesiredTask, policy: Policy) -> dict[Field, str]:
    """The rule for each field, at most `RULE_BYTES` of JSON each; of a deleted ticket only the standing has a new one.

    `state` and `wanted` are those of the decision. A ticket that was unlinked has no other rule.
    """
    if state.is_let_go:
        return {"standing": LET_GO}
    standing: dict[Field, str] = {**state.rules, "standing": _standing(state, wanted, policy)}
    if state.lifecycle.deleted or state.snapshot is None:
        return _short(standing)
    return _short(
        {
            **standing,
            "title": f'the title template "{policy.title}"',
            "assignee": _assignee(state, state.snapshot, wanted),
            "list": _list(wanted, policy),
            "labels": _labels(state.snapshot, wanted, policy),
        }
    )


def _short(words: dict[Field, str]) -> dict[Field, str]:
    return {field: cut(text, RULE_BYTES) for field, text in words.items()}


def _assignee(state: TicketState, snapshot: TicketSnapshot, wanted: DesiredTask) -> str:
    agent, person = wanted_agent(state, snapshot), wanted.assignee_id
    match wanted.who:
        case "assignee":
            return f"the assignee, Zendesk agent {agent}, is mapped to Teamwork person {person}"
        case "opener":
            return f"never assigned yet: Zendesk agent {agent}, who opened it, is mapped to Teamwork person {person}"
        case "opener_is_no_agent":
            return f"never assigned yet, and Zendesk user {agent}, who opened it, is no agent"
        case "unassigned":
            return "the ticket is assigned to nobody"
        case "no_mapping":
            return f"Zendesk agent {agent} is mapped to nobody in Teamwork"
        case _:
            return f"it is not known yet who Zendesk user {agent} is in Teamwork"


def _list(wanted: DesiredTask, policy: Policy) -> str:
    if not policy.routes:
        return "the policy has no routes: made in the desk's own list, it stays wherever people move it"
    if wanted.routed_by in policy.routes:
        return f"the route {wanted.routed_by}"
    return f"{wanted.routed_by}: the desk's own list"


def _labels(snapshot: TicketSnapshot, wanted: DesiredTask, policy: Policy) -> str:
    priority = f"priority {wanted.priority}, because the ticket's is {snapshot.priority or 'not set'}"
    tags = [text for text in policy.task_tags if tag_rule(text).fits(snapshot)]
    parts = [priority] if wanted.priority is not None else []
    parts += [f"tags by {', '.join(tags) or 'no rule'}"] if policy.task_tags else []
    return "; ".join(parts) or NO_LABELS


def _standing(state: TicketState, wanted: DesiredTask, policy: Policy) -> str:
    if state.lifecycle.deleted:
        return f"the ticket is deleted in Zendesk ({wanted.why}): so is its task"
    if wanted.outside is not None:
        return f"the policy leaves this ticket out ({wanted.outside}): on_filtered = {policy.on_filtered}"
    match wanted.why:
        case "merged":
            return "the ticket is merged into another: its task is completed"
        case "closed":
            return f"the ticket is closed: on_closed = {policy.on_closed}"
        case _:
            return f"the ticket is {wanted.why}: its task is {wanted.standing}"
