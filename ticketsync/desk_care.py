"""What every worker does for desks beside its queues: their workflows are kept running."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import structlog
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError

from ticketsync import names
from ticketsync.activities.looks import list_place
from ticketsync.desk_calls import DeskCallError, DeskRefusedError, command_desk, read_facts
from ticketsync.settings import DeskSettings
from ticketsync.sync.alerts import AlertState
from ticketsync.sync.desk import FACTS, DeskFacts, DeskState

LOOK_AFTER_DESKS = 60.0
DESK_START_TIMEOUT = timedelta(seconds=10)

logger = structlog.get_logger(__name__)


async def look_after_desks(client: Client, desks: Mapping[str, DeskSettings]) -> None:
    """Keep a workflow running for each desk: started when missing, looked after every minute."""
    while True:
        for desk in tuple(desks.values()):
            await look_after(client, desk)
        await asyncio.sleep(LOOK_AFTER_DESKS)


async def look_after(client: Client, desk: DeskSettings) -> None:
    """Have its workflow running, and about the task list of these settings; and one for alerts, if it wants any."""
    try:
        await start_desk(client, desk.name)
        await _have_its_list(client, desk)
        if desk.alerts.on:
            await start_alerts(client, desk.name)
    except RPCError as error:
        logger.warning("the desk's workflow could not be looked after", desk=desk.name, status=error.status.name)
    except DeskCallError as error:
        logger.warning("the desk's workflow could not be looked after", desk=desk.name, status=error.code)


async def _have_its_list(client: Client, desk: DeskSettings) -> None:
    """The list was found for the settings of then: by now they may name another project, or no list any more.

    A desk that is held up could not look for it, and would begin again only after a pause.
    """
    facts, place = await read_facts(client, desk.name), list_place(desk.teamwork)
    if facts is None or facts.paused or facts.teamwork_trouble or facts.tasklist_id is None:
        return
    if facts.tasklist_of == place:
        return
    with suppress(DeskRefusedError):  # another worker was first
        await command_desk(client, desk.name, "place_task_list", place)


async def start_desk(client: Client, desk: str) -> None:
    """Start the desk's workflow unless it runs. A first start is the moment of linking."""
    now = datetime.now(UTC)
    await client.start_workflow(
        names.DESK_WORKFLOW,
        DeskState(desk=desk, linked_at=now),
        id=names.desk_workflow_id(desk),
        task_queue=names.WORKFLOW_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        memo={FACTS: DeskFacts(linked_at=now)},
        static_summary=f"desk {desk}",
        rpc_timeout=DESK_START_TIMEOUT,
    )


async def start_alerts(client: Client, desk: str) -> None:
    """Start what tells people of this desk, unless it runs; it ends by itself when the settings want it no more."""
    await client.start_workflow(
        names.ALERT_WORKFLOW,
        AlertState(desk=desk),
        id=names.alert_workflow_id(desk),
        task_queue=names.WORKFLOW_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary=f"alerts of desk {desk}",
        rpc_timeout=DESK_START_TIMEOUT,
    )
