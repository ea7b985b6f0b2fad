"""What Teamwork shows of a ticket's task: read, looked for by its marker, and whether people worked on it.

Nothing here writes. A 404 of a task counts only when its project answers 200: otherwise nothing is known of any task.
"""

from typing import Any

from ticketsync.activities.find_task import find_task
from ticketsync.desks import Desk
from ticketsync.settings import TeamworkSettings
from ticketsync.sync.desk import DeskFacts
from ticketsync.sync.labels import each_once
from ticketsync.sync.requests import StepRequest
from ticketsync.sync.step import OWN_LIST, AppliedTask, Field, Standing, StepResult, TaskPriority
from ticketsync.sync.taken import when_seen
from ticketsync.teamwork import Forbidden, NotFound, TeamworkError, UnknownTaskList, has_marker
from ticketsync.teamwork.bodies import plain_tag
from ticketsync.teamwork.models import Task

PRIORITIES: dict[str | None, TaskPriority] = {"low": "low", "medium": "medium", "high": "high"}


class ProjectDoesNotAnswer(Exception):
    """The desk's project itself is not there for us, or may not be read."""

    def __init__(self, project_id: int) -> None:
        super().__init__(f"project {project_id} does not answer: check the site, the project, the key's rights")


async def project_answers(desk: Desk) -> None:
    """Raises ProjectDoesNotAnswer, TeamworkError."""
    project_id = desk.settings.teamwork.project_id
    try:
        await desk.teamwork.project(project_id)
    except (NotFound, Forbidden):
        raise ProjectDoesNotAnswer(project_id) from None


async def must_have_list(desk: Desk, tasklist_id: int | None) -> None:
    """Raises UnknownTaskList for a route to what is no open list of the desk's project, where tasks are looked for.

    Also TeamworkError; nothing was sent then.
    """
    if not tasklist_id:
        return
    try:
        known = await desk.has_list(tasklist_id)
    except TeamworkError as error:
        error.sent = False  # it was only read
        raise
    if not known:
        place = f"list {tasklist_id} of project {desk.settings.teamwork.project_id}"
        raise UnknownTaskList(place, field="tasklist")


async def look_for(desk: Desk, request: StepRequest) -> Task | None:
    """The task with the ticket's marker. Raises ProjectDoesNotAnswer, TeamworkError."""
    try:
        return await find_task(desk, request)
    except NotFound:
        raise ProjectDoesNotAnswer(desk.settings.teamwork.project_id) from None


# --- what is there already


async def inspected(desk: Desk, own_list: int | None, request: StepRequest) -> StepResult:
    """The task as it is, by its id or else by its marker. Raises ProjectDoesNotAnswer, TeamworkError."""
    if request.task.id is None:
        return await _looked_for(desk, own_list, request)
    try:
        task = await desk.teamwork.task(request.task.id)
    except NotFound:
        return await _deleted_by_whom(desk, own_list, request)
    if is_not_ours(request, task):
        return await _looked_for(desk, own_list, request)
    applied = await as_found(desk, own_list, request, task)
    return StepResult(task=applied, answer=f"read task {task.id}: {task.status}", decide_again=True)


async def _looked_for(desk: Desk, own_list: int | None, request: StepRequest) -> StepResult:
    found = await look_for(desk, request)
    if found is not None:
        return await adopted(desk, own_list, request, found)
    return StepResult(task=AppliedTask(), answer="there is no task with its marker", looked=True, decide_again=True)


async def _deleted_by_whom(desk: Desk, own_list: int | None, request: StepRequest) -> StepResult:
    await project_answers(desk)
    found = await look_for(desk, request)
    if found is None:
        gone = when_seen(request.task, "deleted", gone=True)
        return StepResult(task=gone, answer="404: the task is gone", decide_again=True)
    return await adopted(desk, own_list, request, found)


async def adopted(desk: Desk, own_list: int | None, request: StepRequest, task: Task) -> StepResult:
    """The task was there already: what it shows is taken as applied, and put right by the next decision."""
    applied = await as_found(desk, own_list, request, task)
    return StepResult(task=applied, answer=f"found task {task.id} by its marker", decide_again=True)


async def as_found(desk: Desk, own_list: int | None, request: StepRequest, task: Task) -> AppliedTask:
    """What a task shows, as if we had told it so. One deleted by us may be restored; by people, it stays gone."""
    people, wanted = task.assignee_ids, request.step.assignee_id or request.task.assignee_id
    return AppliedTask(
        id=task.id,
        standing="deleted" if task.is_deleted else standing_of(task),
        title=task.name,
        assignee_id=wanted if wanted in people else next(iter(people), None),
        gone=task.is_deleted and task.deleted_by not in (None, await desk.me()),
        tasklist_id=OWN_LIST if task.tasklist_id in (None, own_list) else task.tasklist_id,
        priority=PRIORITIES.get(task.priority, "none"),
        **await _tags_of_ours(desk, request, task),
    )


async def _tags_of_ours(desk: Desk, request: StepRequest, task: Task) -> dict[str, Any]:
    """Which of its tags are ours cannot be seen: where we do not remember it, those of the policy are written anew.

    Where we do, what it shows of ours is ours: people may have taken off the others.
    """
    known = request.task
    if known.id != task.id or known.title is None or "labels" in known.uncertain:
        unsure: tuple[Field, ...] = ("labels",) if desk.settings.policy.task_tags else ()
        return {"tags": known.tags if known.id == task.id else (), "uncertain": unsure}
    ours = each_once((*known.tags, *known.unsure_tags))
    shown = await desk.teamwork.tag_names(task.id) if ours and not task.is_deleted else None
    if shown is None:
        return {"tags": known.tags, "unsure_tags": known.unsure_tags}
    return {"tags": tuple(tag for tag in ours if plain_tag(tag) in shown)}


# --- what people did


async def worked_on(desk: Desk, task_id: int) -> str | None:
    """What people did on the task, if anything; not asked where the policy does not. "By us": by the key's own user."""
    if not desk.settings.policy.protect_worked_tasks:
        return None
    task, me = await desk.teamwork.task(task_id), await desk.me()
    if task.is_deleted:
        raise NotFound(f"GET task {task.id}")
    if task.subtask_ids or task.attachment_count:
        return "it has subtasks" if task.subtask_ids else "it has files"
    if task.created_by not in (None, *await desk.makers()):
        return "a person made it"
    if task.is_completed and task.completed_by not in (None, me):
        return "a person completed it"
    if await desk.teamwork.time_logs(task.id):
        return "time was logged on it"
    comments = await desk.teamwork.comments(task.id)
    return "people commented on it" if any(comment.posted_by != me for comment in comments) else None


async def must_be_ours(desk: Desk, request: StepRequest) -> None:
    """Raises NotFound where a hint leads to somebody else's task, which is not ours to delete. Also TeamworkError."""
    task_id = request.task.id or 0
    if request.task.title is None and is_not_ours(request, await desk.teamwork.task(task_id)):
        raise NotFound(f"GET task {task_id} with the ticket's marker")


# --- in our words


def is_not_ours(request: StepRequest, task: Task) -> bool:
    """Whether a hint led to somebody else's task: of one that we wrote to ourselves the title is known."""
    return request.task.title is None and not has_marker(task.description, request.desk, request.ticket_id)


def own_list_of(desk: Desk, facts: DeskFacts | None) -> int | None:
    """The desk's own task list; None while nobody has found or made it."""
    return known_list(desk.settings.teamwork, facts)


def known_list(teamwork: TeamworkSettings, facts: DeskFacts | None) -> int | None:
    """The list of these settings: one that was found for others may be another project's."""
    if teamwork.tasklist_id is not None:
        return teamwork.tasklist_id
    return facts.tasklist_id if facts is not None and facts.tasklist_of == list_place(teamwork) else None


def list_place(teamwork: TeamworkSettings) -> str:
    """What the desk's own list depends on; also the id of the one workflow that may make a list there."""
    configured = f"-{teamwork.tasklist_id}" if teamwork.tasklist_id is not None else ""
    return f"tasklist-{teamwork.site}-{teamwork.project_id}{configured}"


def standing_of(task: Task) -> Standing:
    return "completed" if task.is_completed else "open"
