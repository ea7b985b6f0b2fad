"""Why a ticket's task is as it is: the journal of its workflow, read field by field.

The journal has a line per event, per step that was done, per thing that was not done, and per trouble, in the order in
which they happened; it keeps the last fifty.
"""

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ValidationError

from ticketsync.reasons import Explanation, remedy_of_note
from ticketsync.sync.state import JournalLine, TicketState, Trouble
from ticketsync.sync.step import FIELD_OF, AppliedTask, Field, StepKind, list_name
from ticketsync.tickets import PendingActivity, TicketView

CHANGED_NOTHING = frozenset({"duplicate", "same", "older", "changes_nothing_else"})
SETS_ALL = frozenset({"create", "link", "unlink"})
NOT_ENOUGH = frozenset({"hint", "left_out", "in_doubt"})
COMMANDS = frozenset({"retry", "resync", "link", "unlink"})
TROUBLES = frozenset({"retrying", "blocked", "paused", "unreadable"})
DONE = "_done"
FIELDS: tuple[Field, ...] = ("title", "assignee", "list", "labels", "standing")


class FieldStory(BaseModel):
    """One field of the task: what we last told Teamwork, by which step and rule, after which event.

    `step` (its text ends with Teamwork's answer to which call) and `cause` are None when that was before the journal
    begins, or never; `rule` is the one by which the field is as it should be, with the mapping. `sure` is false while
    it is not known whether the last write landed.
    """

    field: Field
    value: str | None
    sure: bool
    rule: str | None = None
    step: JournalLine | None
    cause: JournalLine | None


class Why(BaseModel):
    """`waiting` says what is still to come; `not_done` and `changed_nothing` have the reason in their text.

    `not_enough` are events that said too little: the ticket was read. `remedies` say what to do about lines of these
    codes.
    """

    fields: list[FieldStory]
    waiting: list[str]
    not_done: list[JournalLine]
    changed_nothing: list[JournalLine]
    not_enough: list[JournalLine]
    troubles: list[JournalLine]
    remedies: dict[str, str]


class WhyOfTicket(Why):
    """What `tickets why --json` prints, and HTTP answers. `pending` are steps and reads that are being tried."""

    desk: str
    ticket_id: int
    explanation: Explanation
    pending: tuple[PendingActivity, ...]


def why_of(view: TicketView) -> WhyOfTicket | None:
    """Everything that is known of why; None when neither a worker nor Temporal tells the ticket's state."""
    state = state_of(view)
    if state is None:
        return None
    of_ticket = {"desk": view.desk, "ticket_id": view.ticket_id}
    return WhyOfTicket(**of_ticket, explanation=view.explanation, pending=view.pending, **dict(explain(state)))


def state_of(view: TicketView) -> TicketState | None:
    """The ticket's state as its workflow told it; None without one, or of one that this version cannot read."""
    try:
        return TicketState.model_validate(view.status) if view.status is not None else None
    except ValidationError:
        return None


def explain(state: TicketState) -> Why:
    """Everything that the journal says on this ticket, sorted."""
    lines = state.journal
    not_done = [line for line in lines if _is_note(line)]
    return Why(
        fields=[_story(state, field) for field in FIELDS],
        waiting=_waiting(state),
        not_done=not_done,
        changed_nothing=[line for line in lines if line.code in CHANGED_NOTHING],
        not_enough=[line for line in lines if line.code in NOT_ENOUGH],
        troubles=[line for line in lines if line.code in TROUBLES],
        remedies=_remedies(not_done),
    )


def _remedies(lines: Iterable[JournalLine]) -> dict[str, str]:
    found = {line.code: remedy_of_note(line.code) for line in lines}
    return {code: remedy for code, remedy in found.items() if remedy}


# --- fields


def _story(state: TicketState, field: Field) -> FieldStory:
    index = next((at for at in reversed(range(len(state.journal))) if _sets(state.journal[at], field)), None)
    return FieldStory(
        field=field,
        value=_value(state, field),
        sure=state.task.is_sure_of(field),
        rule=state.rules.get(field),
        step=state.journal[index] if index is not None else None,
        cause=_cause(_known_then(state.journal[:index], state.journal[index])) if index is not None else None,
    )


def _sets(line: JournalLine, field: Field) -> bool:
    kind = _kind_done(line)
    return kind is not None and (kind in SETS_ALL or FIELD_OF[kind] == field)


def _kind_done(line: JournalLine) -> StepKind | None:
    return next((kind for kind in FIELD_OF if line.code == f"{kind}{DONE}"), None)


def _known_then(before: tuple[JournalLine, ...], step: JournalLine) -> tuple[JournalLine, ...]:
    """Without what came in while the step was under way, if that is known."""
    ends = [place for place, line in enumerate(before, 1) if line.at == step.after]
    return before[: ends[-1]] if ends else before


def _cause(before: tuple[JournalLine, ...]) -> JournalLine | None:
    """The last thing before a step that changed what is wanted."""
    return next((line for line in reversed(before) if _changes_something(line)), None)


def _changes_something(line: JournalLine) -> bool:
    is_news = line.event_id is not None and line.code not in CHANGED_NOTHING | TROUBLES
    return is_news or line.code in COMMANDS


def _is_note(line: JournalLine) -> bool:
    is_event = line.event_id is not None
    return not (is_event or line.code in COMMANDS | TROUBLES | NOT_ENOUGH or _kind_done(line))


def _value(state: TicketState, field: Field) -> str | None:
    task = state.task
    match field:
        case "title":
            return task.title
        case "assignee":
            return str(task.assignee_id) if task.assignee_id is not None else "nobody" if task.id is not None else None
        case "list":
            return list_name(task.tasklist_id) if task.id is not None else None
        case "labels":
            return _labels(task)
        case "standing":
            return _standing(state)


def _labels(task: AppliedTask) -> str | None:
    priority = [f"priority {task.priority}"] if task.priority != "none" else []
    return ", ".join([*priority, *task.tags]) or None


def _standing(state: TicketState) -> str:
    if state.task.gone:
        return "deleted by hand"
    return f"{state.task.standing}, protected" if state.task.protected else state.task.standing


# --- what is still to come


def _waiting(state: TicketState) -> list[str]:
    return [*_troubles(state), *_people(state), *_times(state)]


def _troubles(state: TicketState) -> list[str]:
    return [
        f"{trouble.what} is {trouble.phase} ({trouble.code}) since {_at(trouble.since)}: "
        f"{'; '.join(filter(None, (trouble.answer, _next_try(trouble))))}"
        for trouble in state.troubles
    ]


def _next_try(trouble: Trouble) -> str:
    return f"tried again at {_at(trouble.retry_at)}" if trouble.retry_at else "ticketsync goes on trying"


def _people(state: TicketState) -> list[str]:
    lines = []
    if state.refused is not None:
        what = f"Teamwork does not take person {state.refused.user_id} for this task (not_a_member)"
        lines.append(f"{what}: tried again at {_at(state.refused.retry_at)}")
    if state.waiting is not None:
        what = f"the directory does not say who Zendesk user {state.waiting.agent_id} is"
        lines.append(f"{what}: asked again at {_at(state.waiting.retry_at)}")
    return lines


def _times(state: TicketState) -> list[str]:
    lines = [f"{command.kind}, as an operator asked at {_at(command.at)}" for command in state.commands]
    if state.link_to is not None:
        lines.append(f"task {state.link_to} is to become the ticket's, as an operator asked")
    if state.settle_until is not None:
        lines.append(f"the delete waits until {_at(state.settle_until)}: a merge may still be on its way")
    if state.read is not None:
        lines.append(f"the ticket is to be read from Zendesk ({state.read.reason})")
    if state.end_at is not None:
        lines.append(f"the ticket has ended: its workflow completes at {_at(state.end_at)} when all is in step")
    return lines


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%SZ}"
