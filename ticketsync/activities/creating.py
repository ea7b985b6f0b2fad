"""Posting a ticket's task: everything in one call, and without what Teamwork does not take of it.

One bad field is one bad field. A person who is refused is left out and named. When the call is refused for another
reason and asked for a list, a priority or tags, it is made once more without them: they then follow as steps of their
own, and the one that is bad blocks itself alone.
"""

from temporalio import activity

from ticketsync.activities.looks import PRIORITIES
from ticketsync.desks import Desk
from ticketsync.sync.requests import StepRequest
from ticketsync.sync.step import OWN_LIST, AppliedTask, Step, StepResult, list_name
from ticketsync.sync.taken import when_made
from ticketsync.sync.templates import filled_in
from ticketsync.teamwork import Forbidden, NotAMember, NotFound, Refused, has_marker, marker_line
from ticketsync.teamwork.last_write import last_write
from ticketsync.teamwork.marker import without_markers
from ticketsync.teamwork.models import Task
from ticketsync.zendesk import errors as zendesk

LONGEST_DESCRIPTION = 10_000
QUICK_ATTEMPTS = 3  # so often a description waits for Zendesk
SURELY_NOT_MADE = (NotFound, Forbidden, Refused)


async def posted(desk: Desk, own_list: int | None, request: StepRequest) -> StepResult:
    """Make the task; `own_list` is the desk's, if it is known.

    Raises TeamworkError (one of SURELY_NOT_MADE: also not in the desk's own list), and ZendeskError before any call.
    """
    step, description = request.step, await _description(desk, request)
    try:
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


# --- the description


async def _description(desk: Desk, request: StepRequest) -> str:
    """What the policy's template makes of the ticket, and below it the marker."""
    marker = marker_line(request.desk, request.ticket_id, desk.ticket_url(request.ticket_id))
    template = desk.settings.policy.description
    if not template.strip():
        return marker
    text = await _filled_in(desk, template, request.ticket_id)
    return f"{text}\n\n{marker}" if text else marker


async def _filled_in(desk: Desk, template: str, ticket_id: int) -> str:
    """The template for this ticket as it is now. Without Zendesk it is left empty in the end: the task matters more."""
    try:
        values = await desk.zendesk.ticket_texts(ticket_id)
    except zendesk.ZendeskError as error:
        if isinstance(error, zendesk.Passing) and activity.info().attempt < QUICK_ATTEMPTS:
            raise
        return ""
    # A marker in a customer's words would have this task taken for another ticket's.
    text = without_markers(filled_in(template, values)).strip()
    return text if len(text) <= LONGEST_DESCRIPTION else f"{text[: LONGEST_DESCRIPTION - 1].rstrip()}…"
