"""Posting a ticket's task: everything in one call, and without what Teamwork does not take of it.

One bad field is one bad field. A person who is refused is left out and named. When the call is refused for another
reason and asked for a list, a priority or tags, it is made once more without them: they then follow as steps of their
own, and the one that is bad blocks itself alone. If that is refused too, what is left is the description's text: a task
that has its marker alone is better than none. A list of another project counts as refused before anything is sent:
Teamwork would take the task, but it is looked for in the desk's project, and so would be made twice.
"""

from ticketsync.activities.describing import marked_description, text_above_the_marker
from ticketsync.activities.looks import PRIORITIES, must_have_list
from ticketsync.desks import Desk
from ticketsync.sync.requests import StepRequest
from ticketsync.sync.step import OWN_LIST, AppliedTask, Step, StepResult, list_name
from ticketsync.sync.taken import when_made
from ticketsync.teamwork import Forbidden, NotAMember, NotFound, Refused, UnknownTaskList, has_marker
from ticketsync.teamwork.last_write import last_write
from ticketsync.teamwork.models import Task

SURELY_NOT_MADE = (NotFound, Forbidden, Refused, UnknownTaskList)


async def posted(desk: Desk, own_list: int | None, request: StepRequest) -> StepResult:
    """Make the task; `own_list` is the desk's, if it is known.

    Raises TeamworkError (one of SURELY_NOT_MADE: also not in the desk's own list), and ZendeskError before any call.
    """
    text = await text_above_the_marker(desk, request.ticket_id)
    try:
        return await _with_or_without_more(desk, own_list, request, text)
    except Refused as error:
        if not text:
            raise
        without = f"without the description's text ({error.code})"
    made = await _with_or_without_more(desk, own_list, request, "")
    return made.model_copy(update={"answer": f"{made.answer}, {without}"})


async def _with_or_without_more(desk: Desk, own_list: int | None, request: StepRequest, text: str) -> StepResult:
    step, description = request.step, marked_description(desk, request.ticket_id, text)
    try:
        await must_have_list(desk, step.tasklist_id)
        return await _with_or_without_the_person(desk, step.tasklist_id or own_list, step, description, request)
    except SURELY_NOT_MADE as error:
        if own_list is None or not _asks_for_more(step):
            raise
        without = _what_is_left_out(step, error.code)
    plain = step.model_copy(update={"tasklist_id": OWN_LIST, "priority": None, "tags": ()})
    made = await _with_or_without_the_person(desk, own_list, plain, description, request)
    return made.model_copy(update={"answer": f"{made.answer}, {without}", "decide_again": True})


def _asks_for_more(step: Step) -> bool:
    """More than a name, a description and a person in the desk's own list."""
    return bool(step.tasklist_id or step.tags) or step.priority not in (None, "none")


def _what_is_left_out(step: Step, code: str) -> str:
    wanted = [*([list_name(step.tasklist_id)] if step.tasklist_id else []), *(["labels"] if step.labels else [])]
    return f"at first without {' and '.join(wanted)} ({code})"


async def _with_or_without_the_person(
    desk: Desk, tasklist_id: int | None, step: Step, description: str, request: StepRequest
) -> StepResult:
    refused, person = None, step.assignee_id
    try:
        task = await _post(desk, tasklist_id, step, description, person)
    except NotAMember:  # surely not created: the rest goes on without that person
        refused, person = person, None
        task = await _post(desk, tasklist_id, step, description, None)
    if person is not None and person not in task.assignee_ids:  # dropped in silence
        refused, person = person, None
    applied = _applied(task, step, person)
    as_asked = refused is None and (applied.priority, applied.tags) == (step.priority or "none", step.tags)
    return StepResult(
        task=applied, answer=_answer(request, task), refused_assignee_id=refused, decide_again=not as_asked
    )


async def _post(desk: Desk, tasklist_id: int | None, step: Step, description: str, person: int | None) -> Task:
    if tasklist_id is None:
        raise ValueError("a create needs a task list")
    return await desk.teamwork.create_task(
        tasklist_id,
        name=step.title or "",
        description=description,
        assignee_id=person,
        priority=step.priority or "none",
        tags=step.tags,
    )


def _applied(task: Task, step: Step, person: int | None) -> AppliedTask:
    """What was dropped without a word counts as not told: a step of its own tells it again."""
    taken = {"priority": PRIORITIES.get(task.priority, "none"), "assignee_id": person}
    tags = step.tags if len(task.tag_ids) >= len(step.tags) else ()
    return when_made(step, task.id).model_copy(update={**taken, "tags": tags})


def _answer(request: StepRequest, task: Task) -> str:
    """Failing for want of the marker would make a second task; the journal says that this one cannot be found by it."""
    marked = has_marker(task.description, request.desk, request.ticket_id)
    made = f"{last_write()}, task {task.id}"
    return made if marked else f"{made}, but Teamwork did not keep its marker"
