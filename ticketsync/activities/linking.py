"""Linking by hand: a task that is there already becomes that of a ticket, or a ticket lets its task go.

A task belongs to a ticket by the marker in its description. So linking writes it, and takes it off the task that the
ticket had before: two tasks with one marker would be two tasks of one ticket. Each write may be made again.
"""

from ticketsync.activities.looks import as_found, look_for, project_answers
from ticketsync.desks import Desk
from ticketsync.sync.requests import StepRequest
from ticketsync.sync.step import AppliedTask, StepResult
from ticketsync.teamwork import (
    Forbidden,
    NotFound,
    Permanent,
    Task,
    Unauthorized,
    Unexpected,
    has_marker,
    marked,
    marker_line,
    markers_in,
    unmarked,
)


class NotLinkableError(Exception):
    """The task cannot be this ticket's; the text says why and what to do, and holds no ticket text."""


async def link_by_hand(desk: Desk, own_list: int | None, request: StepRequest) -> StepResult:
    """The task with the ticket's marker, as it was found. Raises ProjectDoesNotAnswer, TeamworkError."""
    try:
        task = await task_to_link(desk, own_list, request)
        await _mark(desk, request, task)
    except NotLinkableError as error:
        return StepResult(task=request.task, answer=f"refused: {error}", refused=True, decide_again=True)
    former = "" if request.task.id in (None, task.id) else f", {await _let_go(desk, request, request.task.id)}"
    found = await as_found(desk, own_list, request, task)
    return StepResult(task=found, answer=f"the task is the ticket's{former}", decide_again=True)


async def unlink_by_hand(desk: Desk, request: StepRequest) -> StepResult:
    """No task, and the one that was there without the marker. Raises ProjectDoesNotAnswer, TeamworkError."""
    task_id = request.task.id
    if task_id is None:
        found = await look_for(desk, request)
        task_id = found.id if found is not None else None
    answer = await _let_go(desk, request, task_id) if task_id is not None else "there is no task with its marker"
    return StepResult(task=AppliedTask(), answer=answer, looked=True)


# --- whether it can be linked


async def task_to_link(desk: Desk, own_list: int | None, request: StepRequest) -> Task:
    """The task, which may be this ticket's. Raises NotLinkableError, ProjectDoesNotAnswer, TeamworkError."""
    task_id = request.step.task_id or 0
    task = await _there(desk, task_id)
    if task.is_deleted:
        raise NotLinkableError(f"task {task_id} is in Teamwork's trash: restore it first")
    markers = markers_in(task.description)
    if markers and (request.desk, request.ticket_id) not in markers:
        others = ", ".join(f"{name}/{number}" for name, number in sorted(markers))
        raise NotLinkableError(f"task {task_id} is marked as that of ticket {others}: unlink that one first")
    if task.tasklist_id is None or task.tasklist_id != own_list:
        await _must_be_in_the_project(desk, task)
    return task


async def _there(desk: Desk, task_id: int) -> Task:
    try:
        return await desk.teamwork.task(task_id)
    except (NotFound, Forbidden) as error:
        await project_answers(desk)
        raise NotLinkableError(f"Teamwork shows no task {task_id} ({error.code}): is the number right?") from None


async def _must_be_in_the_project(desk: Desk, task: Task) -> None:
    """A task names its list, and that its project (reference/teamwork-api §2.2, §5.4)."""
    project_id = desk.settings.teamwork.project_id
    try:
        tasklist = await desk.teamwork.tasklist(task.tasklist_id or 0)
    except (NotFound, Forbidden):
        await project_answers(desk)
    else:
        if tasklist.project_id is None:
            raise Unexpected(f"GET tasklist {tasklist.id}", status=200, field="projectId")
        if tasklist.project_id == project_id:
            return
    raise NotLinkableError(f"task {task.id} is outside of the desk's project {project_id}: move it there first")


# --- the marker


async def _mark(desk: Desk, request: StepRequest, task: Task) -> None:
    if has_marker(task.description, request.desk, request.ticket_id):
        return
    line = marker_line(request.desk, request.ticket_id, desk.ticket_url(request.ticket_id))
    try:
        await desk.teamwork.describe_task(task.id, marked(task.description, line))
    except Unauthorized:
        raise
    except Permanent as error:
        raise NotLinkableError(f"task {task.id} does not take the marker ({error.code}): {error.advice}") from None


async def _let_go(desk: Desk, request: StepRequest, task_id: int) -> str:
    """Take the marker off, if Teamwork lets us; what came of it, in words."""
    try:
        task = await desk.teamwork.task(task_id)
        if task.is_deleted or not has_marker(task.description, request.desk, request.ticket_id):
            return f"task {task_id} is let go: {'it is in the trash' if task.is_deleted else 'it had no marker'}"
        text = unmarked(task.description, request.desk, request.ticket_id)
        task = await desk.teamwork.describe_task(task_id, text)
    except Unauthorized:
        raise
    except NotFound:
        await project_answers(desk)
        return f"task {task_id} is let go: it is deleted"
    except Permanent as error:
        return _keeps_its_marker(task_id, error.code)
    if has_marker(task.description, request.desk, request.ticket_id):
        return _keeps_its_marker(task_id, Unexpected.code)
    return f"task {task_id} is let go: its marker is taken off"


def _keeps_its_marker(task_id: int, code: str) -> str:
    return f"task {task_id} is let go, but keeps its marker ({code}): take that line off its description by hand"
