"""The steps: one activity each, idempotent, so that an attempt whose answer was lost can simply be made again.

A 404 of a task counts only when its project answers 200 in the same attempt: otherwise the whole desk is unreachable.
"""

from typing import NoReturn

from temporalio import activity

from ticketsync import names
from ticketsync.activities.attempts import Attempts
from ticketsync.activities.between_attempts import nothing_was_sent, say_nothing_sent
from ticketsync.activities.creating import SURELY_NOT_MADE, posted
from ticketsync.activities.failures import hold_up, not_yet
from ticketsync.activities.find_task import look_again_until_surely_not_there
from ticketsync.activities.linking import link_by_hand, unlink_by_hand
from ticketsync.activities.looks import (
    adopted,
    inspected,
    look_for,
    must_be_ours,
    must_have_list,
    own_list_of,
    project_answers,
    standing_of,
    worked_on,
)
from ticketsync.desks import Desk
from ticketsync.hints import Hints
from ticketsync.sync.desk import TASKLIST_GONE, DeskFacts
from ticketsync.sync.requests import StepRequest
from ticketsync.sync.step import AppliedTask, StepResult
from ticketsync.sync.taken import when_back, when_gone, when_kept, when_taken
from ticketsync.teamwork import NotAMember, NotFound, Passing, Refused, TeamworkError, UnknownTaskList
from ticketsync.teamwork.last_write import last_write
from ticketsync.zendesk import Passing as ZendeskPassing

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
            found = await look_for(desk, request) if request.look != "no" else None
            if found is None and request.look == "patiently":
                look_again_until_surely_not_there()
            if found is not None:
                result = await adopted(desk, own_list_of(desk, facts), request, found)
            else:
                result = await self._post(desk, facts, request)
        await self._hints.put(request.desk, {request.ticket_id: result.task.id or 0})
        return result

    async def _post(self, desk: Desk, facts: DeskFacts | None, request: StepRequest) -> StepResult:
        own_list = own_list_of(desk, facts)
        if own_list is None and not request.step.tasklist_id:
            _no_task_list_yet(request)
        try:
            return await posted(desk, own_list, request)
        except (Passing, ZendeskPassing) as error:
            if not getattr(error, "sent", False):
                _say_nothing_sent(request)
            raise
        except SURELY_NOT_MADE as error:
            if own_list is None:
                _no_task_list_yet(request)
            if isinstance(error, NotFound):
                await self._stop_if_task_list_is_gone(desk, own_list)
            raise

    # --- the fields

    @activity.defn(name=NAMES["rename"])
    async def rename(self, request: StepRequest) -> StepResult:
        async with self._attempts.attempt(request.desk, "teamwork") as (desk, _):
            try:
                await desk.teamwork.rename_task(_id(request), request.step.title or "")
            except NotFound:
                return await self._gone(desk, request)
            return _taken(request)

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
            return _taken(request)

    @activity.defn(name=NAMES["move"])
    async def move(self, request: StepRequest) -> StepResult:
        """Into the list of its route, or back into the desk's own."""
        wanted = request.step.tasklist_id
        async with self._attempts.attempt(request.desk, "teamwork") as (desk, facts):
            tasklist_id = wanted or own_list_of(desk, facts)
            if tasklist_id is None:
                _no_task_list_yet(request)
            try:
                await self._move(desk, request, tasklist_id)
            except NotFound:
                return await self._gone(desk, request)
            except (UnknownTaskList, Refused) as error:
                if wanted:
                    raise
                await self._stop_if_task_list_is_gone(desk, tasklist_id)
                raise Refused(error.call, status=error.status, field=error.field) from None
            return _taken(request)

    async def _move(self, desk: Desk, request: StepRequest, tasklist_id: int) -> None:
        try:
            await must_have_list(desk, request.step.tasklist_id)
        except UnknownTaskList:
            await desk.teamwork.must_be_there(_id(request))  # of a task that is gone there is nothing else to say
            raise
        await desk.teamwork.move_task(_id(request), tasklist_id)

    @activity.defn(name=NAMES["update"])
    async def update(self, request: StepRequest) -> StepResult:
        """Priority and tags: those of people stay."""
        step = request.step
        async with self._attempts.attempt(request.desk, "teamwork") as (desk, _):
            try:
                if step.priority is not None:
                    await desk.teamwork.prioritise_task(_id(request), step.priority)
                if step.tags or step.untag:
                    await self._tag(desk, request)
            except NotFound:
                return await self._gone(desk, request)
            return _taken(request)

    async def _tag(self, desk: Desk, request: StepRequest) -> None:
        """Whatever becomes of the tags, a priority that was written before them has landed."""
        try:
            await desk.teamwork.tag_task(_id(request), add=request.step.tags, remove=request.step.untag)
        except TeamworkError as error:
            error.sent = error.sent or request.step.priority is not None
            raise

    @activity.defn(name=NAMES["complete"])
    async def complete(self, request: StepRequest) -> StepResult:
        async with self._attempts.attempt(request.desk, "teamwork") as (desk, _):
            try:
                await desk.teamwork.complete_task(_id(request))
            except NotFound:
                return await self._gone(desk, request)
            return _taken(request)

    @activity.defn(name=NAMES["reopen"])
    async def reopen(self, request: StepRequest) -> StepResult:
        async with self._attempts.attempt(request.desk, "teamwork") as (desk, _):
            try:
                await desk.teamwork.reopen_task(_id(request))
            except NotFound:
                return await self._gone(desk, request)
            return _taken(request)

    # --- the end and back

    @activity.defn(name=NAMES["delete"])
    async def delete(self, request: StepRequest) -> StepResult:
        """Delete to the trash; a task that people worked on is completed instead."""
        async with self._attempts.attempt(request.desk, "teamwork") as (desk, _):
            try:
                await must_be_ours(desk, request)
                worked = await worked_on(desk, _id(request))
                if worked is not None:
                    await desk.teamwork.complete_task(_id(request))
                    answer = f"completed, not deleted: {worked}; {last_write()}"
                    return StepResult(task=when_kept(request.task), answer=answer, decide_again=True)
                await desk.teamwork.delete_task(_id(request))
            except NotFound:
                await project_answers(desk)
                return _taken(request, "404: it was gone already")
            return _taken(request, f"{last_write()}, in the trash for 30 days")

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
            await project_answers(desk)
            answer = "404: not in the trash any more"
            # A create that looked would find it again where lists still show it, and go round in circles.
            return StepResult(task=AppliedTask(), answer=answer, looked=True, decide_again=True)

    async def _back(self, desk: Desk, request: StepRequest) -> StepResult:
        task = await desk.teamwork.task(_id(request))
        if task.is_deleted:
            raise NotFound(f"GET task {task.id}")
        back = when_back(request.task, standing_of(task))
        return StepResult(task=back, answer=f"{last_write()}, restored from the trash", decide_again=True)

    @activity.defn(name=NAMES["inspect"])
    async def inspect(self, request: StepRequest) -> StepResult:
        """Read the task, so that the next decision compares with what it really is; one without an id is looked for."""
        async with self._attempts.attempt(request.desk, "teamwork") as (desk, facts):
            return await inspected(desk, own_list_of(desk, facts), request)

    # --- by hand

    @activity.defn(name=NAMES["link"])
    async def link(self, request: StepRequest) -> StepResult:
        """Make an existing task that of the ticket, and let go the one it had; a task that cannot be it is refused."""
        async with self._attempts.attempt(request.desk, "teamwork") as (desk, facts):
            result = await link_by_hand(desk, own_list_of(desk, facts), request)
        if not result.refused:
            await self._hints.put(request.desk, {request.ticket_id: result.task.id or 0})
        return result

    @activity.defn(name=NAMES["unlink"])
    async def unlink(self, request: StepRequest) -> StepResult:
        """Let the ticket's task go: from then on it is people's own."""
        async with self._attempts.attempt(request.desk, "teamwork") as (desk, _):
            result = await unlink_by_hand(desk, request)
        await self._hints.forget(request.desk, request.ticket_id)
        return result

    # --- what a 404 means

    async def _gone(self, desk: Desk, request: StepRequest) -> StepResult:
        await project_answers(desk)
        task = when_gone(request.task)
        answer = "404: somebody deleted the task" if task.gone else "404: it is deleted"
        return StepResult(task=task, answer=answer, decide_again=True)

    async def _stop_if_task_list_is_gone(self, desk: Desk, tasklist_id: int) -> None:
        """Hold up the whole desk, unless the project shows the list: then only this task does not go there."""
        await project_answers(desk)
        if tasklist_id in await desk.open_lists():
            return
        await self._attempts.tell_trouble(desk.name, "teamwork", TASKLIST_GONE)
        hold_up(TASKLIST_GONE, f"task list {tasklist_id} does not answer: choose another or bring it back")


def _id(request: StepRequest) -> int:
    if request.task.id is None:
        raise ValueError(f"a {request.step.kind} needs a task")
    return request.task.id


def _looking(request: StepRequest) -> StepRequest:
    """An attempt after one that may have landed looks first, as patiently as it can."""
    return request if nothing_was_sent() else request.model_copy(update={"look": "patiently"})


def _say_nothing_sent(request: StepRequest) -> None:
    """Spare the next attempt the look, when neither this one nor one before it can have landed."""
    if request.look == "no":
        say_nothing_sent()


def _no_task_list_yet(request: StepRequest) -> NoReturn:
    _say_nothing_sent(request)
    not_yet("no_task_list_yet", f"desk {request.desk} is still looking for its task list")


def _taken(request: StepRequest, answer: str | None = None) -> StepResult:
    return StepResult(task=when_taken(request.step, request.task), answer=answer or last_write())
