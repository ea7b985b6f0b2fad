"""What a desk's own workflow has done: its task list, its directory, its probes, its scan, and word to its tickets."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.service import RPCError, RPCStatusCode

from ticketsync import names
from ticketsync.activities.attempts import Attempts
from ticketsync.activities.failures import fail
from ticketsync.activities.looks import list_place
from ticketsync.activities.matching import match_people, without_person
from ticketsync.desks import Desk
from ticketsync.directory import Directory
from ticketsync.hints import Hints, Position
from ticketsync.sync.desk import (
    CREDENTIALS_REFUSED,
    PROJECT_UNREACHABLE,
    TASKLIST_GONE,
    DeskRequest,
    DirectoryLoaded,
    DirectoryRequest,
    DirectorySummary,
    Nudge,
    NudgeRequest,
    ProbeRequest,
)
from ticketsync.sync.event import DESK_HEALED, Event
from ticketsync.teamwork import errors as teamwork
from ticketsync.teamwork.marker import markers_in
from ticketsync.teamwork.models import Task
from ticketsync.zendesk import errors as zendesk

TASKLIST_NAME = "Zendesk tickets"
UNMATCHED_SHOWN = 50
SIGNAL_TIMEOUT = timedelta(seconds=5)


class DeskActivities:
    def __init__(self, attempts: Attempts, client: Client, directory: Directory, hints: Hints) -> None:
        self._attempts = attempts
        self._client = client
        self._directory = directory
        self._hints = hints

    # --- task list

    @activity.defn(name=names.FIND_TASK_LIST)
    async def find_task_list(self, request: DeskRequest) -> int:
        """The id of the configured task list, else of the list of our name, created when it is missing.

        Raises ApplicationError where the settings here have it in another place than the request.
        """
        async with self._attempts.attempt(request.desk, "teamwork") as (desk, _):
            _must_be_there(request.place, desk)
            configured = desk.settings.teamwork.tasklist_id
            return configured or await _named_list(desk) or await _new_list(desk)

    @activity.defn(name=names.NAME_PROJECT)
    async def name_project(self, request: DeskRequest) -> str:
        """Where the desk's task list is, by the settings here: the id of the one workflow that may create it."""
        return list_place(self._attempts.desk(request.desk).settings.teamwork)

    # --- directory

    @activity.defn(name=names.LOAD_DIRECTORY)
    async def load_directory(self, request: DirectoryRequest) -> DirectoryLoaded:
        """Match agents and people, lay the explicit mappings over, and write the whole as this generation."""
        async with self._attempts.attempt(request.desk, "zendesk", even_paused=True) as (desk, _):
            agents = await desk.zendesk.agents()
        async with self._attempts.attempt(request.desk, "teamwork", even_paused=True) as (desk, _):
            people = await desk.teamwork.project_people(desk.settings.teamwork.project_id)
        matches = match_people(agents, people, request.mappings)
        before = await self._directory.all(request.desk)
        await self._directory.write(request.desk, request.generation, matches)
        await self._directory.put_unmapped(request.desk, len(without_person(agents, matches)))
        unmatched = sorted(agent_id for agent_id, person_id in matches.items() if person_id is None)
        summary = DirectorySummary(
            generation=request.generation,
            made_at=datetime.now(UTC),
            agents=len(matches),
            matched=len(matches) - len(unmatched),
            unmatched=tuple(unmatched[:UNMATCHED_SHOWN]),
        )
        return DirectoryLoaded(summary=summary, changed=_changed(before[1], matches) if before else None)

    @activity.defn(name=names.DIRECTORY_STANDS)
    async def directory_stands(self, request: DirectoryRequest) -> bool:
        """Whether Redis still has the directory of this generation, or a newer one. Raises RedisError without Redis."""
        people = await self._directory.all(request.desk)
        return people is not None and people[0] >= request.generation

    # --- desk-wide troubles

    @activity.defn(name=names.PROBE)
    async def probe(self, request: ProbeRequest) -> str | None:
        """One look at what holds up the desk: the code of what is wrong now, None when all is well."""
        desk = self._attempts.desk(request.desk)
        if request.side == "zendesk":
            return await _zendesk_trouble(desk)
        return await _teamwork_trouble(desk)

    # --- word to the tickets

    @activity.defn(name=names.NUDGE_TICKETS)
    async def nudge_tickets(self, request: NudgeRequest) -> int:
        """Signal all running tickets that this concerns; how many they were."""
        told = 0
        async for workflow_id in self._concerned(request):
            told += await self._tell(workflow_id, request.nudge)
            activity.heartbeat(told)
        return told

    async def _concerned(self, request: NudgeRequest) -> AsyncIterator[str]:
        for condition in _conditions(request.nudge):
            query = f"{names.DESK.name} = '{request.desk}' AND ExecutionStatus = 'Running' AND {condition}"
            async for run in self._client.list_workflows(query):
                yield run.id

    async def _tell(self, workflow_id: str, nudge: Nudge) -> int:
        event = Event(
            id=f"{nudge.kind}-{nudge.due:%Y%m%d%H%M%S%f}",
            ticket_id=int(workflow_id.rpartition("-")[2]),
            kind=nudge.kind,
            source="desk",
            received_at=datetime.now(UTC),
            generation=nudge.generation,
        )
        handle = self._client.get_workflow_handle(workflow_id)
        try:
            await handle.signal(names.ZENDESK_EVENT, event, rpc_timeout=SIGNAL_TIMEOUT)
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:  # one that takes no word must not keep it from all others
                activity.logger.warning("a ticket could not be told", extra={"workflow": workflow_id})
            return 0
        return 1

    # --- hints for all tasks there are

    @activity.defn(name=names.SCAN_PROJECT)
    async def scan_project(self, request: DeskRequest) -> int:
        """Read the project once and write a hint per marker, so that no ticket pages through it; how many were found.

        Does nothing while the mark of an earlier scan stands in Redis, and goes on where an earlier attempt came to: a
        desk at its quota gets few turns at a time. Raises RedisError when Redis is lost on the way.
        """
        project_id = self._attempts.desk(request.desk).settings.teamwork.project_id
        if await self._hints.is_scanned(request.desk, project_id):
            return 0
        async with self._attempts.attempt(request.desk, "teamwork") as (desk, _):
            found = await self._scan(desk, project_id)
        await self._hints.set_scanned(request.desk, project_id)
        return found

    async def _scan(self, desk: Desk, project_id: int) -> int:
        """Where the scan stands is asked of Redis for each page: wiped on the way, it begins anew."""
        found, more = 0, True
        while more:
            position = await self._hints.scanned_to(desk.name, project_id)
            tasks = await desk.teamwork.tasks_page(
                project_id, created_after=position.after, created_by=await desk.makers(), page=position.page
            )
            hints = _hints_in(tasks.tasks, desk.name)
            await self._hints.put(desk.name, hints)
            await self._hints.set_scanned_to(desk.name, project_id, _further(position, tasks.tasks))
            found, more = found + len(hints), tasks.has_more
            activity.heartbeat(found)
        return found


def _must_be_there(place: str | None, desk: Desk) -> None:
    """Of two workers one may have changed its settings before the other."""
    if place not in (None, list_place(desk.settings.teamwork)):
        text = "the settings here have the task list in another place"
        raise ApplicationError(
            text, type="other_settings", non_retryable=True, category=ApplicationErrorCategory.BENIGN
        )


async def _named_list(desk: Desk) -> int | None:
    lists = await desk.teamwork.tasklists(desk.settings.teamwork.project_id)
    return min((tasklist.id for tasklist in lists if tasklist.name == TASKLIST_NAME), default=None)


async def _new_list(desk: Desk) -> int:
    return await desk.teamwork.create_tasklist(desk.settings.teamwork.project_id, TASKLIST_NAME)


def _changed(before: dict[int, int | None], after: dict[int, int | None]) -> tuple[int, ...]:
    missing = object()
    everybody = {**before, **after}
    return tuple(sorted(who for who in everybody if before.get(who, missing) != after.get(who, missing)))


async def _zendesk_trouble(desk: Desk) -> str | None:
    try:
        await desk.zendesk.me()
    except zendesk.Unauthorized:
        return CREDENTIALS_REFUSED["zendesk"]
    except zendesk.ZendeskError as error:
        fail(error)
    return None


async def _teamwork_trouble(desk: Desk) -> str | None:
    project_id, configured = desk.settings.teamwork.project_id, desk.settings.teamwork.tasklist_id
    try:
        await desk.teamwork.project(project_id)
        lists = await desk.teamwork.tasklists(project_id)
    except teamwork.Unauthorized:
        return CREDENTIALS_REFUSED["teamwork"]
    except (teamwork.NotFound, teamwork.Forbidden):
        return PROJECT_UNREACHABLE
    except teamwork.TeamworkError as error:
        fail(error)
    gone = configured is not None and configured not in {tasklist.id for tasklist in lists}
    return TASKLIST_GONE if gone else None


def _conditions(nudge: Nudge) -> list[str]:
    """Visibility conditions, in portions that a query takes."""
    portions = [nudge.assignee_ids[start : start + 50] for start in range(0, len(nudge.assignee_ids), 50)]
    quoted = [", ".join(f"'{who}'" for who in portion) for portion in portions]
    by_person = [f"{names.ASSIGNEE_ID.name} IN ({ids})" for ids in quoted]
    by_reason = [f"{names.REASON.name} = '{reason}'" for reason in nudge.reasons]
    # Of several troubles a ticket shows one: when a desk is well again, all that are held up are told.
    held_up = [f"{names.SYNC_STATE.name} IN ('blocked', 'paused')"] if nudge.kind == DESK_HEALED else []
    return [*by_person, *by_reason, *held_up]


def _further(position: Position, tasks: tuple[Task, ...]) -> Position:
    """The next page: by time of creation, because Teamwork refuses pages beyond 50,000 rows (§2.8).

    From a second before the newest, which may have more tasks than the page showed; page by page only within those.
    """
    newest = max((task.created_at for task in tasks if task.created_at is not None), default=None)
    after = newest - timedelta(seconds=1) if newest is not None else None
    if after is None or (position.after is not None and after <= position.after):
        return position._replace(page=position.page + 1)
    return Position(after)


def _hints_in(tasks: tuple[Task, ...], desk: str) -> dict[int, int]:
    """Ticket → task, of tasks that are not deleted first: the last one put down is the one that stays."""
    marked: dict[int, int] = {}
    for task in sorted(tasks, key=lambda task: (not task.is_deleted, -task.id)):
        marked |= {ticket_id: task.id for name, ticket_id in markers_in(task.description) if name == desk}
    return marked
