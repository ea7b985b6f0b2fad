"""Compare the task as it should be with the task as we last told it: the steps, and the reason for each thing not done.

Only a field whose wish has changed since we last wrote it makes a step: what people change in Teamwork by hand stays.
"""

from pydantic import BaseModel

from ticketsync.sync.desired import DesiredTask
from ticketsync.sync.filters import REFUSALS
from ticketsync.sync.labels import without
from ticketsync.sync.state import TicketState
from ticketsync.sync.step import AppliedTask, Step, list_name


class Plan(BaseModel):
    """Steps in their order, and (code, text) for what was considered and not done.

    `restore` or `inspect` come alone: what they find decides the rest.
    """

    steps: tuple[Step, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()


def plan(state: TicketState, wanted: DesiredTask) -> Plan:
    """The steps from the applied task to the wanted one.

    A delete is planned as if its settle window were over.
    """
    if state.task.standing == "none" and may_exist(state) and not _is_to_be_made(state, wanted):
        return Plan(steps=(Step(kind="inspect", reason="a task may exist"),))
    if wanted.standing == "absent":
        return _plan_absent(state.task, wanted)
    if state.task.standing == "none":
        return _plan_first(state, wanted)
    return _plan_there(state, wanted)


def _plan_there(state: TicketState, wanted: DesiredTask) -> Plan:
    if state.inspect:
        return Plan(steps=(Step(kind="inspect", reason="resync"),))
    if state.task.gone:
        return _plan_gone(state, wanted)
    if state.task.standing == "deleted":
        return Plan(steps=(Step(kind="restore", reason=wanted.why),))
    return _plan_fields(state, wanted)


def may_exist(state: TicketState) -> bool:
    """A create may have landed without an answer, or an earlier life of this ticket may have had a task."""
    return state.look != "no" or "standing" in state.task.uncertain


def _is_to_be_made(state: TicketState, wanted: DesiredTask) -> bool:
    """Whether a create follows, which looks for the task itself."""
    return wanted.standing != "absent" and state.wanted_once


def _plan_absent(task: AppliedTask, wanted: DesiredTask) -> Plan:
    if task.standing == "none":
        return Plan(notes=(("no_task", f"{wanted.why}: there is no task, and none is made"),))
    if task.gone:
        return Plan(notes=(("gone_by_hand", "the task was deleted by hand already"),))
    if task.protected:
        return Plan(notes=(("protected", "people worked on the task: it was completed and stays"),))
    if task.standing == "deleted" and "standing" not in task.uncertain:
        return Plan(notes=(("in_step", "the task is deleted"),))
    return Plan(steps=(Step(kind="delete", reason=wanted.why),))


def _plan_first(state: TicketState, wanted: DesiredTask) -> Plan:
    if not state.wanted_once:
        why = wanted.outside or wanted.why
        return Plan(notes=((f"no_task_{why}", _why_no_task(why)),))
    create = Step(
        kind="create",
        reason=wanted.why,
        title=wanted.title,
        assignee_id=_allowed_person(state, wanted),
        tasklist_id=wanted.tasklist_id,
        priority=wanted.priority,
        tags=wanted.tags,
    )
    if wanted.standing == "completed":
        return Plan(steps=(create, Step(kind="complete", reason=wanted.why)), notes=_person_notes(state, wanted))
    return Plan(steps=(create,), notes=_person_notes(state, wanted))


def _why_no_task(why: str) -> str:
    if why in REFUSALS:
        return "the ticket is outside the policy's filter: no task"
    match why:
        case "solved" | "closed":
            return f"first seen {why}, and created before the desk was linked: no task"
        case _:
            return f"first seen already ended ({why}): no task"


def _plan_gone(state: TicketState, wanted: DesiredTask) -> Plan:
    if state.revive:
        return Plan(steps=(Step(kind="restore", reason=wanted.why),))
    text = "the task was deleted by hand and stays gone (resync --recreate brings it back)"
    return Plan(notes=(("gone_by_hand", text),))


def _plan_fields(state: TicketState, wanted: DesiredTask) -> Plan:
    """Reopen first and complete last, so that every change of a field meets an open task where it can."""
    task = state.task
    fields = (_rename(task, wanted), _reassign(state, wanted), _move(task, wanted), _update(task, wanted))
    wants = (_reopen(task, wanted), *fields, _complete(task, wanted))
    steps = tuple(step for step in wants if step is not None)
    notes = _person_notes(state, wanted)
    return Plan(steps=steps, notes=notes if steps else (*notes, ("in_step", "the task is as it should be")))


def _reopen(task: AppliedTask, wanted: DesiredTask) -> Step | None:
    open_already = task.standing == "open" and "standing" not in task.uncertain
    if wanted.standing != "open" or open_already:
        return None
    return Step(kind="reopen", reason=wanted.why)


def _complete(task: AppliedTask, wanted: DesiredTask) -> Step | None:
    completed_already = task.standing == "completed" and "standing" not in task.uncertain
    if wanted.standing != "completed" or completed_already:
        return None
    return Step(kind="complete", reason=wanted.why)


def _rename(task: AppliedTask, wanted: DesiredTask) -> Step | None:
    if task.title == wanted.title and "title" not in task.uncertain:
        return None
    return Step(kind="rename", reason="subject", title=wanted.title, before=task.title)


def _reassign(state: TicketState, wanted: DesiredTask) -> Step | None:
    task = state.task
    person = _allowed_person(state, wanted)
    same = task.assignee_id == person and "assignee" not in task.uncertain
    if wanted.person_unknown or same:
        return None
    before = None if task.assignee_id is None else f"person {task.assignee_id}"
    return Step(kind="reassign", reason=wanted.who, assignee_id=person, before=before)


def _move(task: AppliedTask, wanted: DesiredTask) -> Step | None:
    """To the list of another route; without any routes a task stays where it is."""
    here = task.tasklist_id == wanted.tasklist_id and "list" not in task.uncertain
    if wanted.tasklist_id is None or here:
        return None
    before = list_name(task.tasklist_id)
    return Step(kind="move", reason=wanted.routed_by, tasklist_id=wanted.tasklist_id, before=before)


def _update(task: AppliedTask, wanted: DesiredTask) -> Step | None:
    """Priority and tags of ours as far as they differ, or may; all of them when nothing is known of those there are."""
    found = "labels" in task.uncertain
    unsure = found or task.unsure_priority or task.priority != wanted.priority
    priority = wanted.priority if unsure else None
    tags = without(wanted.tags, () if found else without(task.tags, task.unsure_tags))
    untag = without((*task.tags, *task.unsure_tags, *(wanted.other_tags if found else ())), wanted.tags)
    if priority is None and not tags and not untag:
        return None
    return Step(kind="update", reason="labels", priority=priority, tags=tags, untag=untag)


def _allowed_person(state: TicketState, wanted: DesiredTask) -> int | None:
    """The wanted person; nobody while Teamwork refuses that person for this task."""
    if state.refused is not None and state.refused.user_id == wanted.assignee_id:
        return None
    return wanted.assignee_id


PERSON_NOTES = {
    "no_mapping": "the assignee has no mapping: nobody is assigned",
    "directory_missing": "the directory does not answer: the person follows when it does",
    "agent_unknown": "the directory does not know the assignee yet: the person follows",
}


def _person_notes(state: TicketState, wanted: DesiredTask) -> tuple[tuple[str, str], ...]:
    if state.refused is not None and state.refused.user_id == wanted.assignee_id:
        return (("not_a_member", f"person {wanted.assignee_id} is not a member of the project: nobody is assigned"),)
    text = PERSON_NOTES.get(wanted.who)
    return ((wanted.who, text),) if text is not None else ()
