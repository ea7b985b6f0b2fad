"""What `ticketsync check` looks at for each desk: both sides with their credentials, the places, its workflow."""

import asyncio

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.client import Client
from temporalio.service import RPCError

from ticketsync import names
from ticketsync.activities.desk import TASKLIST_NAME
from ticketsync.cli.alert_check import check_alerts
from ticketsync.cli.checks import CheckLine, Outcome, pollers
from ticketsync.cli.people_check import check_people
from ticketsync.cli.template_check import check_templates
from ticketsync.cli.webhook_check import check_webhook
from ticketsync.cli.webhook_desk import INSTALL
from ticketsync.desk_calls import DeskCallError, NotLinkedError, read_desk
from ticketsync.desks import Desk
from ticketsync.reasons import REASONS
from ticketsync.stored_payloads import UndecodableError
from ticketsync.sync.desk import DeskState
from ticketsync.sync.lists import route_of
from ticketsync.teamwork import Forbidden, NotFound, TaskList, TeamworkError
from ticketsync.zendesk import ZendeskError

ACTIVITIES = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY


async def check_desk(desk: Desk, client: Client | None) -> list[CheckLine]:
    """The lines on one desk. Without a Temporal client nothing is said of its workflow."""
    looks = [_zendesk(desk), _teamwork(desk)]
    if client is not None:
        looks += [_workflow(desk, client), _queues(desk, client)]
    looks.append(_alerts(desk, client))
    return [line for group in await asyncio.gather(*looks) for line in group]


async def _alerts(desk: Desk, client: Client | None) -> list[CheckLine]:
    return [await check_alerts(desk.settings, client)]


def _line(desk: Desk, name: str, outcome: Outcome, found: str, to_do: str = "") -> CheckLine:
    return CheckLine(of=desk.name, name=name, outcome=outcome, found=found, next=to_do)


def _failed(desk: Desk, name: str, error: ZendeskError | TeamworkError) -> CheckLine:
    return _line(desk, name, "failed", str(error).removesuffix(f": {error.advice}"), error.advice)


# --- Zendesk


async def _zendesk(desk: Desk) -> list[CheckLine]:
    user = await _zendesk_user(desk)
    webhook = [] if user.outcome == "failed" else [await check_webhook(desk)]
    templates = [] if user.outcome == "failed" else await check_templates(desk)
    return [user, *webhook, _webhook_secret(desk), *templates]


async def _zendesk_user(desk: Desk) -> CheckLine:
    try:
        me = await desk.zendesk.me()
    except ZendeskError as error:
        return _failed(desk, "zendesk", error)
    found = f"{desk.settings.zendesk.base_url} as {me.email or me.id}, {me.role}"
    if not me.is_staff:
        return _line(desk, "zendesk", "failed", found, "use the token of an admin: customers cannot read tickets")
    if me.role != "admin":
        return _line(desk, "zendesk", "warning", found, "use an admin's: others may not see every ticket")
    return _line(desk, "zendesk", "ok", found)


def _webhook_secret(desk: Desk) -> CheckLine:
    count = len(desk.settings.zendesk.webhook_secrets)
    if not count:
        install = INSTALL.format(desk=desk.name)
        to_do = f"run {install}, or set ZENDESK_WEBHOOK_SECRET: until then every delivery is refused"
        return _line(desk, "webhook secret", "warning", "none is set", to_do)
    return _line(desk, "webhook secret", "ok", f"{count} set")


# --- Teamwork


async def _teamwork(desk: Desk) -> list[CheckLine]:
    try:
        me = await desk.teamwork.me()
    except TeamworkError as error:
        return [_failed(desk, "teamwork", error)]
    user = _line(desk, "teamwork", "ok", f"{desk.settings.teamwork.base_url} as {me.email or me.id}")
    project, lists = await asyncio.gather(_project(desk), _task_lists(desk))
    return [user, project, *lists]


async def _project(desk: Desk) -> CheckLine:
    project_id = desk.settings.teamwork.project_id
    try:
        project = await desk.teamwork.project(project_id)
    except (NotFound, Forbidden):
        to_do = "correct TEAMWORK_PROJECT_ID, or add the key's user to the project"
        return _line(desk, "project", "failed", f"{project_id} is not there for this user", to_do)
    except TeamworkError as error:
        return _failed(desk, "project", error)
    return _line(desk, "project", "ok", f"{project_id} {project.name}")


async def _task_lists(desk: Desk) -> list[CheckLine]:
    try:
        lists = await desk.teamwork.tasklists(desk.settings.teamwork.project_id)
    except TeamworkError as error:
        return [_failed(desk, "task list", error)]
    wanted = desk.settings.teamwork.tasklist_id
    own = _named_list(desk, lists) if wanted is None else _configured_list(desk, wanted, lists)
    return [own, *([_routes(desk, lists)] if desk.settings.policy.routes else [])]


def _routes(desk: Desk, lists: list[TaskList]) -> CheckLine:
    """Tickets of a route to nowhere are not held up, so that this is only a warning."""
    routes, known = desk.settings.policy.routes, {one.id for one in lists}
    lost = [text for text in routes if route_of(text).tasklist_id not in known]
    if not lost:
        return _line(desk, "routes", "ok", f"{len(routes)} to open lists of the project")
    what = f"no open list of project {desk.settings.teamwork.project_id}: {', '.join(lost)}"
    return _line(desk, "routes", "warning", what, f'run "ticketsync desks show {desk.name}" to list its task lists')


def _named_list(desk: Desk, lists: list[TaskList]) -> CheckLine:
    found = next((one for one in lists if one.name == TASKLIST_NAME), None)
    if found is None:
        return _line(desk, "task list", "ok", f'there is no list "{TASKLIST_NAME}" yet: the worker makes it')
    return _line(desk, "task list", "ok", f"{found.id} {found.name}")


def _configured_list(desk: Desk, wanted: int, lists: list[TaskList]) -> CheckLine:
    found = next((one for one in lists if one.id == wanted), None)
    if found is not None:
        return _line(desk, "task list", "ok", f"{found.id} {found.name}")
    what = f"TEAMWORK_TASKLIST_ID {wanted} is no open list of project {desk.settings.teamwork.project_id}"
    return _line(desk, "task list", "failed", what, f'run "ticketsync desks show {desk.name}" to list its task lists')


# --- the desk's workflow


async def _workflow(desk: Desk, client: Client) -> list[CheckLine]:
    try:
        view = await read_desk(client, desk.name)
    except NotLinkedError:
        return [_line(desk, "workflow", "failed", "not started yet", "run ticketsync worker with this desk")]
    except DeskCallError as error:
        return [_line(desk, "workflow", "failed", f"Temporal does not answer: {error.code}")]
    except UndecodableError as error:
        return [_line(desk, "workflow", "failed", str(error))]
    if view.state is None:
        return [_line(desk, "workflow", "failed", view.note or "no answer", "run ticketsync worker with this desk")]
    return [_standing(desk, view.state), await check_people(desk, client, view.state)]


async def _queues(desk: Desk, client: Client) -> list[CheckLine]:
    """Workers may be told which desks are theirs: then a desk may be nobody's."""
    queues = names.teamwork_queue(desk.name), names.zendesk_queue(desk.name)
    try:
        polled = await asyncio.gather(*(pollers(client, queue, ACTIVITIES) for queue in queues))
    except RPCError as error:
        return [_line(desk, "queues", "failed", f"cannot be looked at: {error.status.name}")]
    nobodys = [queue for queue, workers in zip(queues, polled, strict=True) if not workers]
    if nobodys:
        to_do = f"run ticketsync worker; where TICKETSYNC_WORKER_DESKS is set, of one worker it must name {desk.name}"
        return [_line(desk, "queues", "failed", f"nobody polls {' and '.join(nobodys)}", to_do)]
    return [_line(desk, "queues", "ok", f"{len(set().union(*polled))} polling")]


def _standing(desk: Desk, state: DeskState) -> CheckLine:
    linked = f"linked {state.linked_at:%Y-%m-%d %H:%M:%SZ}"
    if state.troubles:
        codes = [trouble.code for trouble in state.troubles]
        to_do = "; ".join(REASONS[code].remedy for code in codes if code in REASONS)
        return _line(desk, "workflow", "failed", f"held up by {', '.join(codes)}", f"{to_do}; probed once a minute")
    if state.paused:
        return _line(desk, "workflow", "warning", f"{linked}, paused", f"ticketsync desks resume {desk.name}")
    return _line(desk, "workflow", "ok", linked)
