"""The steps: one activity each, idempotent, so that an attempt whose answer was lost can simply be made again.

A 404 of a task counts only when its project answers 200 in the same attempt: otherwise the whole desk is unreachable.
"""

from typing import NoReturn

from temporalio import activity

from ticketsync import names
from ticketsync.activities.attempts import Attempts
from ticketsync.activities.between_attempts import nothing_was_sent, say_nothing_sent
from ticketsync.activities.failures import hold_up, not_yet
from ticketsync.activities.find_task import find_task, look_again_until_surely_not_there
from ticketsync.desks import Desk
from ticketsync.hints import Hints
from ticketsync.sync.desk import PROJECT_UNREACHABLE, TASKLIST_GONE, DeskFacts
from ticketsync.sync.requests import StepRequest
from ticketsync.sync.step import AppliedTask, Standing, StepResult
from ticketsync.teamwork import has_marker, marker_line
from ticketsync.teamwork.errors import Forbidden, NotAMember, NotFound, Passing
from ticketsync.teamwork.models import Task

NAMES = names.STEP_ACTIVITIES


class StepActivities:
    def __init__(self, attempts: Attempts, hints: Hints) -> None:
        self._attempts = attempts
        self._hints = hints

    # --- create

    @activity.defn(name=NAMES["create"])
    async def create(self, request: StepRequest) -> StepResult:
        """Create the task unless it exists. Teamwork must surely have no task with the marker before one is posted."""
        async with self._attempts.attempt(request.desk, "teamwork") as (desk, facts):
            request = _looking(request)
            found = await self._found(desk, request) if request.look != "no" else None
            if found is None and request.look == "patiently":
                look_again_until_surely_not_there()
            result = await self._adopted(desk, request, found) if found else await self._post(desk, facts, request)
        await self._hints.put(request.desk, {request.ticket_id: result.task.id or 0})
        return result

    async def _found(self, desk: Desk, request: StepRequest) -> Task | None:
        try:
            return await find_task(desk, request)
        except NotFound:
            await self._project_is_unreachable(desk)

    async def _post(self, desk: Desk, facts: DeskFacts | None, request: StepRequest) -> StepResult:
        tasklist_id = desk.settings.teamwork.tasklist_id or (facts.tasklist_id if facts else None)
        if tasklist_id is None:
            _say_nothing_sent(request)
            not_yet("no_task_list_yet", f"desk {request.desk} is still looking for its task list")
        try:
            return await self._posted(desk, tasklist_id, request)
        except Passing as error:
            if not error.sent:
                _say_nothing_sent(request)
            raise
        except NotFound:
            await self._task_list_is_gone(desk, tasklist_id)

    async def _posted(self, desk: Desk, tasklist_id: int, request: StepRequest) -> StepResult:
        step, refused = request.step, None
        description = marker_line(request.desk, request.ticket_id, desk.ticket_url(request.ticket_id))
        title, person = step.title or "", step.assignee_id
        try:
            task = await desk.teamwork.create_task(tasklist_id, name=title, description=description, assignee_id=person)
        except NotAMember:  # surely not created: the rest goes on without that person
            refused, person = person, None
            task = await desk.teamwork.create_task(tasklist_id, name=title, description=description, assignee_id=None)
        if person is not None and person not in task.assignee_ids:  # dropped in silence
            refused, person = person, None
        applied = AppliedTask(id=task.id, standing="open", title=title, assignee_id=person)
        return StepResult(
            task=applied,
            answer=_answer_to_create(request, task),
            refused_assignee_id=refused,
            decide_again=refused is not None,
        )

    async def _adopted(self, desk: Desk, request: StepRequest, task: Task) -> StepResult:
        """The task was there already: what it shows is taken as applied, and put right by the next decision."""
        applied = _as_found(task, request.step.assignee_id, me=await desk.me())
        return StepResult(task=applied, answer=f"found task {task.id} by its marker", decide_again=True)

    # --- the fields

    @activity.defn(name=NAMES["rename"])
    async def rename(self, request: StepRequest) -> StepResult:
        async with self._attempts.attempt(request.desk, "teamwork") as (desk, _):
            try:
                await desk.teamwork.rename_task(_id(request), request.step.title or "")
            except NotFound:
                return await self._gone(desk, request)
            return StepResult(task=_with(request.task, "title", title=request.step.title), answer="200")

    @activity.defn(name=NAMES["reassign"])
    async def reassign(self, request: StepRequest) -> StepResult:
        person = request.step.assignee_id
        async with self._attempts.attempt(request.desk, "teamwork") as (desk, _):
            try:
                await desk.teamwork.assign_task(_id(request), person)
            except NotFound:
                return await self._gone(desk, request)
            except NotAMember:
                answer = f"refused: person {person} is not a member of the project"
                return StepResult(task=request.task, answer=answer, refused_assignee_id=person, decide_again=True)
            return StepResult(task=_with(request.task, "assignee", assignee_id=person), answer="200")

    @activity.defn(name=NAMES["complete"])
    async def complete(self, request: StepRequest) -> StepResult:
        async with self._attempts.attempt(request.desk, "teamwork") as (desk, _):
            try:
                await desk.teamwork.complete_task(_id(request))
            except NotFound:
                return await self._gone(desk, request)
            return StepResult(task=_standing(request.task, "completed"), answer="200")

    @activity.defn(name=NAMES["reopen"])
    async def reopen(self, request: StepRequest) -> StepResult:
        async with self._attempts.attempt(request.desk, "teamwork") as (desk, _):
            try:
                await desk.teamwork.reopen_task(_id(request))
            except NotFound:
                return await self._gone(desk, request)
            return StepResult(task=_standing(request.task, "open"), answer="200")

    # --- the end and back

    @activity.defn(name=NAMES["delete"])
    async def delete(self, request: StepRequest) -> StepResult:
        """Delete to the trash; a task that people worked on is completed instead."""
        async with self._attempts.attempt(request.desk, "teamwork") as (desk, _):
            try:
                await self._must_be_ours(desk, request)
                worked = await self._worked_on(desk, request)
                if worked is not None:
                    await desk.teamwork.complete_task(_id(request))
                    kept = _standing(request.task, "completed").model_copy(update={"protected": True})
                    return StepResult(task=kept, answer=f"completed, not deleted: {worked}", decide_again=True)
                await desk.teamwork.delete_task(_id(request))
            except NotFound:
                await self._project_answers(desk)
                return StepResult(task=_standing(request.task, "deleted"), answer="404: it was gone already")
            return StepResult(task=_standing(request.task, "deleted"), answer="200, in the trash for 30 days")

    async def _must_be_ours(self, desk: Desk, request: StepRequest) -> None:
        if request.task.title is None and _is_not_ours(request, await desk.teamwork.task(_id(request))):
            raise NotFound(f"GET task {_id(request)} with the ticket's marker")

    async def _worked_on(self, desk: Desk, request: StepRequest) -> str | None:
        """What people did on the task, if anything. "By us" means by the key's own user."""
        if not desk.settings.policy.protect_worked_tasks:
            return None
        task, me = await desk.teamwork.task(_id(request)), await desk.me()
        if task.is_deleted:
            raise NotFound(f"GET task {task.id}")
        if task.subtask_ids or task.attachment_count:
            return "it has subtasks" if task.subtask_ids else "it has files"
        if task.is_completed and task.completed_by not in (None, me):
            return "a person completed it"
        if await desk.teamwork.time_logs(task.id):
            return "time was logged on it"
        comments = await desk.teamwork.comments(task.id)
        return "people commented on it" if any(comment.posted_by != me for comment in comments) else None

    @activity.defn(name=NAMES["restore"])
    async def restore(self, request: StepRequest) -> StepResult:
        """Bring the task back from the trash; what is not there any more is created again by the next decision."""
        async with self._attempts.attempt(request.desk, "teamwork") as (desk, _):
            try:
                await desk.teamwork.restore_task(_id(request))
            except NotFound:
                return await self._not_in_the_trash(desk, request)
            return await self._back(desk, request)

    async def _not_in_the_trash(self, desk: Desk, request: StepRequest) -> StepResult:
        try:
            return await self._back(desk, request)
        except NotFound:
            await self._project_answers(desk)
            answer = "404: not in the trash any more"
            # A create that looked would find it again where lists still show it, and go round in circles.
            return StepResult(task=AppliedTask(), answer=answer, looked=True, decide_again=True)

    async def _back(self, desk: Desk, request: StepRequest) -> StepResult:
        task = await desk.teamwork.task(_id(request))
        if task.is_deleted:
            raise NotFound(f"GET task {task.id}")
        back = _standing(request.task, _standing_of(task)).model_copy(update={"gone": False, "protected": False})
        return StepResult(task=back, answer="restored from the trash", decide_again=True)

    @activity.defn(name=NAMES["inspect"])
    async def inspect(self, request: StepRequest) -> StepResult:
        """Read the task, so that the next decision compares with what it really is; one without an id is looked for."""
        async with self._attempts.attempt(request.desk, "teamwork") as (desk, _):
            if request.task.id is None:
                return await self._looked_for(desk, request)
            try:
                task = await desk.teamwork.task(_id(request))
            except NotFound:
                return await self._deleted_by_whom(desk, request)
            if _is_not_ours(request, task):
                return await self._looked_for(desk, request)
            applied = _as_found(task, request.task.assignee_id, me=await desk.me())
            return StepResult(task=applied, answer=f"read task {task.id}: {task.status}", decide_again=True)

    async def _looked_for(self, desk: Desk, request: StepRequest) -> StepResult:
        found = await self._found(desk, request)
        if found is not None:
            return await self._adopted(desk, request, found)
        return StepResult(task=AppliedTask(), answer="there is no task with its marker", looked=True, decide_again=True)

    async def _deleted_by_whom(self, desk: Desk, request: StepRequest) -> StepResult:
        await self._project_answers(desk)
        found = await self._found(desk, request)
        if found is None:
            gone = _standing(request.task, "deleted").model_copy(update={"gone": True})
            return StepResult(task=gone, answer="404: the task is gone", decide_again=True)
        return await self._adopted(desk, request, found)

    # --- what a 404 means

    async def _gone(self, desk: Desk, request: StepRequest) -> StepResult:
        await self._project_answers(desk)
        if "standing" in request.task.uncertain:  # a delete of ours may have landed
            deleted = request.task.model_copy(update={"standing": "deleted", "uncertain": ()})
            return StepResult(task=deleted, answer="404: it is deleted", decide_again=True)
        gone = request.task.model_copy(update={"gone": True, "uncertain": ()})
        return StepResult(task=gone, answer="404: somebody deleted the task", decide_again=True)

    async def _project_answers(self, desk: Desk) -> None:
        try:
            await desk.teamwork.project(desk.settings.teamwork.project_id)
        except (NotFound, Forbidden):
            await self._project_is_unreachable(desk)

    async def _project_is_unreachable(self, desk: Desk) -> NoReturn:
        await self._attempts.tell_trouble(desk.name, "teamwork", PROJECT_UNREACHABLE)
        project_id = desk.settings.teamwork.project_id
        hold_up(
            PROJECT_UNREACHABLE, f"project {project_id} does not answer: check the site, the project, the key's rights"
        )

    async def _task_list_is_gone(self, desk: Desk, tasklist_id: int) -> NoReturn:
        await self._project_answers(desk)
        await self._attempts.tell_trouble(desk.name, "teamwork", TASKLIST_GONE)
        hold_up(TASKLIST_GONE, f"task list {tasklist_id} does not answer: choose another or bring it back")


def _id(request: StepRequest) -> int:
    if request.task.id is None:
        raise ValueError(f"a {request.step.kind} needs a task")
    return request.task.id


def _is_not_ours(request: StepRequest, task: Task) -> bool:
    """Whether a hint led to somebody else's task: of one that we wrote to ourselves the title is known."""
    return request.task.title is None and not has_marker(task.description, request.desk, request.ticket_id)


def _answer_to_create(request: StepRequest, task: Task) -> str:
    """Failing for want of the marker would make a second task; the journal says that this one cannot be found by it."""
    marked = has_marker(task.description, request.desk, request.ticket_id)
    return f"201, task {task.id}" if marked else f"201, task {task.id}, but Teamwork did not keep its marker"


def _looking(request: StepRequest) -> StepRequest:
    """An attempt after one that may have landed looks first, as patiently as it can."""
    return request if nothing_was_sent() else request.model_copy(update={"look": "patiently"})


def _say_nothing_sent(request: StepRequest) -> None:
    """Spare the next attempt the look, when neither this one nor one before it can have landed."""
    if request.look == "no":
        say_nothing_sent()


def _with(task: AppliedTask, field: str, **values: str | int | None) -> AppliedTask:
    certain = tuple(name for name in task.uncertain if name != field)
    return task.model_copy(update={**values, "uncertain": certain})


def _standing(task: AppliedTask, standing: Standing) -> AppliedTask:
    return _with(task, "standing", standing=standing)


def _standing_of(task: Task) -> Standing:
    return "completed" if task.is_completed else "open"


def _as_found(task: Task, wanted_person: int | None, *, me: int) -> AppliedTask:
    """What a task shows, as if we had told it so. One deleted by us may be restored; by people, it stays gone."""
    people = task.assignee_ids
    person = wanted_person if wanted_person in people else next(iter(people), None)
    return AppliedTask(
        id=task.id,
        standing="deleted" if task.is_deleted else _standing_of(task),
        title=task.name,
        assignee_id=person,
        gone=task.is_deleted and task.deleted_by not in (None, me),
    )
