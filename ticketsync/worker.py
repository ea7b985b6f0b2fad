"""The worker: which workflows and activities run, how many at once, and on which queues.

One process runs the workflow queue and, for each desk, a queue for its Teamwork steps and one for its Zendesk reads, so
that a desk whose Teamwork hangs never holds up another. The numbers stand below with their reasons.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from redis.asyncio import Redis
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion, WorkflowIDConflictPolicy
from temporalio.service import RPCError
from temporalio.worker import PollerBehaviorSimpleMaximum, UnsandboxedWorkflowRunner, Worker, WorkerDeploymentConfig

from ticketsync import __version__, names
from ticketsync.activations import Activations, EndInCalm
from ticketsync.activities.attempts import Attempts
from ticketsync.activities.board import DeskBoard
from ticketsync.activities.decide import DecideActivities
from ticketsync.activities.desk import DeskActivities
from ticketsync.activities.export import ExportActivities
from ticketsync.activities.teamwork import StepActivities
from ticketsync.activities.zendesk import ReadActivities
from ticketsync.desks import Desk, open_desks
from ticketsync.directory import Directory
from ticketsync.hints import Hints
from ticketsync.settings import Settings
from ticketsync.sync.desk import FACTS, DeskFacts, DeskState
from ticketsync.workflows.desk import DeskWorkflow
from ticketsync.workflows.task_list import TaskListWorkflow
from ticketsync.workflows.ticket import TicketWorkflow

logger = structlog.get_logger(__name__)

GRACEFUL_SHUTDOWN = timedelta(seconds=30)  # longer than any HTTP call, shorter than an orchestrator's patience
SLOTS_PER_DESK = 4  # few, so that a backlog waits in the queue, where priorities act
DESK_POLLERS = 2
LOOK_AFTER_DESKS = 60.0
DESK_START_TIMEOUT = timedelta(seconds=10)
Functions = list[Callable[..., Any]]
WORKFLOWS = (TicketWorkflow, DeskWorkflow, TaskListWorkflow)


@dataclass
class Activities:
    """All activities of a process, with what they share."""

    decide: DecideActivities
    steps: StepActivities
    reads: ReadActivities
    desks: DeskActivities
    export: ExportActivities

    @property
    def local(self) -> Functions:
        return [self.decide.decide, self.desks.name_project]

    @property
    def teamwork(self) -> Functions:
        steps = self.steps
        fields: Functions = [steps.rename, steps.reassign, steps.move, steps.update, steps.complete, steps.reopen]
        ends: Functions = [steps.create, steps.delete, steps.restore, steps.inspect]
        return [*fields, *ends, *self._of_desk]

    @property
    def zendesk(self) -> Functions:
        return [self.reads.read, self.export.read_export, *self._of_desk]

    @property
    def _of_desk(self) -> Functions:
        desks = self.desks
        looks: Functions = [desks.find_task_list, desks.load_directory, desks.directory_stands]
        return [*looks, desks.probe, desks.nudge_tickets, desks.scan_project]


def build_activities(settings: Settings, desks: dict[str, Desk], client: Client, redis: Redis) -> Activities:
    board, directory, hints = DeskBoard(client), Directory(redis), Hints(redis)
    attempts = Attempts(desks, client, board)
    return Activities(
        decide=DecideActivities(settings.desks, client, board, directory, hints),
        steps=StepActivities(attempts, hints),
        reads=ReadActivities(attempts),
        desks=DeskActivities(attempts, client, directory, hints),
        export=ExportActivities(attempts, client, hints),
    )


def build_workers(client: Client, activities: Activities, desks: Sequence[str], deployment: str | None) -> list[Worker]:
    """One worker for the workflows and, for each desk, two for its calls.

    `deployment` turns worker versioning on, with the package's version as build id. Workflow code is the same for all
    desks; steps and reads have queues of their own, so that a backlog of one desk is nobody else's.
    """
    config = _deployment_config(deployment)
    activations = Activations()
    workflows = Worker(
        client,
        task_queue=names.WORKFLOW_QUEUE,
        workflows=WORKFLOWS,
        workflow_task_executor=activations,
        workflow_runner=UnsandboxedWorkflowRunner(),  # the sandbox costs time and memory; the replay tests run in it
        activities=activities.local,
        no_remote_activities=True,
        interceptors=[EndInCalm(activations)],
        graceful_shutdown_timeout=GRACEFUL_SHUTDOWN,
        deployment_config=config,
    )
    calls = [
        _calls_worker(client, queue, functions, config)
        for desk in desks
        for queue, functions in (
            (names.teamwork_queue(desk), activities.teamwork),
            (names.zendesk_queue(desk), activities.zendesk),
        )
    ]
    return [workflows, *calls]


def _calls_worker(
    client: Client, queue: str, functions: list[Callable[..., Any]], config: WorkerDeploymentConfig | None
) -> Worker:
    return Worker(
        client,
        task_queue=queue,
        activities=functions,
        max_concurrent_activities=SLOTS_PER_DESK,
        activity_task_poller_behavior=PollerBehaviorSimpleMaximum(DESK_POLLERS),
        graceful_shutdown_timeout=GRACEFUL_SHUTDOWN,
        deployment_config=config,
    )


def _deployment_config(deployment: str | None) -> WorkerDeploymentConfig | None:
    if deployment is None:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name=deployment, build_id=__version__),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )


async def run_worker(settings: Settings, client: Client, redis: Redis, stop: asyncio.Event) -> None:
    """Run until `stop` is set; then finish the activities under way, 30 s at most."""
    async with AsyncExitStack() as cleanup:
        desks = await cleanup.enter_async_context(open_desks(settings, redis))
        activities = build_activities(settings, desks, client, redis)
        workers = build_workers(client, activities, tuple(desks), settings.worker_deployment)
        cleanup.push_async_callback(_cancelled, asyncio.create_task(look_after_desks(client, tuple(desks))))
        await _run_until(stop, workers, tuple(desks))


async def _run_until(stop: asyncio.Event, workers: list[Worker], desks: Sequence[str]) -> None:
    """Run all workers side by side; they stop side by side too, or when one of them cannot go on."""
    runs = [asyncio.create_task(worker.run()) for worker in workers]
    stopping = asyncio.create_task(stop.wait())
    logger.info("worker is running", desks=list(desks), version=__version__)
    await asyncio.wait([stopping, *runs], return_when=asyncio.FIRST_COMPLETED)
    logger.info("worker finishes its activities", at_most_seconds=GRACEFUL_SHUTDOWN.total_seconds())
    stopping.cancel()
    # Also those that have not begun yet: asked now, they stop as soon as they have.
    await asyncio.gather(*(worker.shutdown() for worker in workers))
    await asyncio.gather(*runs)


async def look_after_desks(client: Client, desks: Sequence[str]) -> None:
    """Keep a workflow running for each desk: started when missing, looked after every minute."""
    while True:
        for desk in desks:
            try:
                await start_desk(client, desk)
            except RPCError as error:
                logger.warning("the desk's workflow could not be looked after", desk=desk, status=error.status.name)
        await asyncio.sleep(LOOK_AFTER_DESKS)


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


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
