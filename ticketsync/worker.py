"""The worker: which workflows and activities run, how many at once, and on which queues.

One process runs the workflow queue and, for each desk, a queue for its Teamwork steps and one for its Zendesk reads, so
that a desk whose Teamwork hangs never holds up another. TICKETSYNC_WORKER_DESKS leaves the calls of other desks to
other workers; to decide, any worker takes the tickets of all desks. The numbers stand below with their reasons.
"""

import asyncio
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from redis.asyncio import Redis
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.runtime import Runtime
from temporalio.service import RPCError
from temporalio.worker import PollerBehaviorSimpleMaximum, UnsandboxedWorkflowRunner, Worker, WorkerDeploymentConfig

from ticketsync import __version__, names
from ticketsync.activations import Activations, EndInCalm
from ticketsync.activities.alerts import AlertActivities
from ticketsync.activities.attempts import Attempts
from ticketsync.activities.backfill import BackfillActivities
from ticketsync.activities.board import DeskBoard
from ticketsync.activities.decide import DecideActivities
from ticketsync.activities.desk import DeskActivities
from ticketsync.activities.export import ExportActivities
from ticketsync.activities.following import Following
from ticketsync.activities.pause import pause
from ticketsync.activities.teamwork import StepActivities
from ticketsync.activities.zendesk import ReadActivities
from ticketsync.cancelling import cancel
from ticketsync.desk_calls import want_directory
from ticketsync.desk_care import look_after, look_after_desks
from ticketsync.desks import Desks, open_desks
from ticketsync.directory import Directory
from ticketsync.hints import Hints
from ticketsync.metrics import WorkerMetrics
from ticketsync.metrics.attempts import CountAttempts
from ticketsync.metrics.keep import Gauges
from ticketsync.settings import DeskSettings, Settings
from ticketsync.settings.watch import SettingsWatch
from ticketsync.workflows.alerts import AlertWorkflow
from ticketsync.workflows.backfill import BackfillWorkflow
from ticketsync.workflows.desk import DeskWorkflow
from ticketsync.workflows.task_list import TaskListWorkflow
from ticketsync.workflows.ticket import TicketWorkflow

logger = structlog.get_logger(__name__)

GRACEFUL_SHUTDOWN = timedelta(seconds=30)  # longer than any HTTP call, shorter than an orchestrator's patience
# A poll that is broken off may have been answered just then; that activity would be lost until its time is over. So a
# worker that stops leaves its polls open for a last answer: the SDK's own switch, read from the environment.
LAST_ANSWER = ("TEMPORAL_POLL_SHUTDOWN_INTERRUPT_WAIT_MS", "1000")
# A task for a ticket that this process has in memory waits so long for it, then anyone takes it: the ten seconds that
# are usual are what a ticket loses that has something to do just when its worker stops.
STICKY = timedelta(seconds=2)
SLOTS_PER_DESK = 4  # few, so that a backlog waits in the queue, where priorities act
DESK_POLLERS = 2
ALL_DESKS = ""  # under which name the worker of the workflows runs
Functions = list[Callable[..., Any]]
WORKFLOWS = (TicketWorkflow, DeskWorkflow, TaskListWorkflow, BackfillWorkflow, AlertWorkflow)


@dataclass
class Activities:
    """All activities of a process, with what they share."""

    decide: DecideActivities
    steps: StepActivities
    reads: ReadActivities
    desks: DeskActivities
    export: ExportActivities
    backfill: BackfillActivities
    alerts: AlertActivities

    @property
    def local(self) -> Functions:
        return [self.decide.decide, self.desks.name_project]

    @property
    def teamwork(self) -> Functions:
        steps = self.steps
        fields: Functions = [steps.rename, steps.reassign, steps.move, steps.update, steps.complete, steps.reopen]
        ends: Functions = [steps.create, steps.delete, steps.restore, steps.inspect]
        by_hand: Functions = [steps.link, steps.unlink]
        return [*fields, *ends, *by_hand, *self._of_desk]

    @property
    def zendesk(self) -> Functions:
        alerts: Functions = [self.alerts.look_for_alerts, self.alerts.tell_chat, self.alerts.note_ticket]
        return [self.reads.read, self.export.read_export, self.backfill.bring_in, *alerts, *self._of_desk]

    @property
    def _of_desk(self) -> Functions:
        desks = self.desks
        looks: Functions = [desks.find_task_list, desks.load_directory, desks.directory_stands]
        return [*looks, desks.probe, desks.nudge_tickets, desks.scan_project]


def build_activities(desks: Desks, client: Client, redis: Redis) -> Activities:
    board, directory, hints = DeskBoard(client), Directory(redis), Hints(redis)
    attempts = Attempts(desks, client, board)
    return Activities(
        decide=DecideActivities(desks.settings, client, board, directory, hints),
        steps=StepActivities(attempts, hints),
        reads=ReadActivities(attempts),
        desks=DeskActivities(attempts, client, directory, hints),
        export=ExportActivities(attempts, client, hints),
        backfill=BackfillActivities(attempts, client, hints),
        alerts=AlertActivities(attempts, client, hints),
    )


class Workers:
    """The workers of this process, running: one for the workflows, and for each desk two for its calls.

    Workflow code is the same for all desks; steps and reads have queues of their own, so that a backlog of one desk is
    nobody else's. Desks come and go while the others go on. `settings` say of which desks it makes the calls and how
    many tickets it keeps in memory, and turn worker versioning on, with the package's version as build id.
    """

    def __init__(
        self,
        client: Client,
        activities: Activities,
        settings: Settings,
        metrics: WorkerMetrics,
        takes_work: asyncio.Event | None = None,
    ) -> None:
        self.takes_work = takes_work or asyncio.Event()
        self._metrics = metrics
        self._client = client
        self._activities = activities
        self._only = frozenset(settings.worker_desks)
        self._tickets = settings.worker_tickets
        self._deployment = _deployment_config(settings.worker_deployment)
        self._running: dict[str, dict[Worker, asyncio.Task[None]]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()

    async def run(self, stop: asyncio.Event, desks: Collection[str]) -> None:
        """Run until `stop` is set, or until one of them cannot go on.

        The desks' calls end first, so that the workflows hear how they went, and not from another process.
        """
        self._begin(ALL_DESKS, self._workflows())
        if unknown := sorted(self._only.difference(desks)):
            logger.warning("TICKETSYNC_WORKER_DESKS names desks that the settings do not have", desks=unknown)
        logger.info("worker is running", desks=self.start(desks), version=__version__)
        self.takes_work.set()
        await _first_of(stop, self._ended)
        self.takes_work.clear()
        logger.info("worker finishes its activities", at_most_seconds=GRACEFUL_SHUTDOWN.total_seconds())
        self._ended.set()
        workflows = self._running.pop(ALL_DESKS)
        ends = [self._end_soon(desk) for desk in tuple(self._running)]
        await asyncio.gather(*self._ending, return_exceptions=True)
        await _finish(workflows)
        for end in ends:
            end.result()

    def start(self, desks: Iterable[str]) -> list[str]:
        """Begin with those of these desks that are ours and for which none run yet, unless all end; which they are."""
        ours = [desk for desk in desks if not self._only or desk in self._only]
        new = [desk for desk in ours if desk not in self._running and not self._ended.is_set()]
        for desk in new:
            queues = {
                names.teamwork_queue(desk): self._activities.teamwork,
                names.zendesk_queue(desk): self._activities.zendesk,
            }
            self._begin(desk, *(self._calls(queue, functions) for queue, functions in queues.items()))
        return new

    async def end(self, desk: str) -> None:
        """Have those of a desk finish the activities under way, 30 s at most."""
        if desk in self._running:
            await asyncio.shield(self._end_soon(desk))

    def _begin(self, desk: str, *workers: Worker) -> None:
        self._running[desk] = {worker: asyncio.create_task(worker.run()) for worker in workers}
        for task in self._running[desk].values():
            task.add_done_callback(partial(self._has_ended, desk))

    def _has_ended(self, desk: str, _task: asyncio.Task[None]) -> None:
        if desk in self._running:  # nobody asked it to
            self._ended.set()

    def _end_soon(self, desk: str) -> asyncio.Task[None]:
        ending = asyncio.create_task(_finish(self._running.pop(desk)))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
        return ending

    def _workflows(self) -> Worker:
        activations = Activations()
        return Worker(
            self._client,
            task_queue=names.WORKFLOW_QUEUE,
            workflows=WORKFLOWS,
            workflow_task_executor=activations,
            workflow_runner=UnsandboxedWorkflowRunner(),  # the sandbox costs time and memory; replay tests run in it
            activities=[*self._activities.local, pause],
            interceptors=[EndInCalm(activations)],
            graceful_shutdown_timeout=GRACEFUL_SHUTDOWN,
            max_cached_workflows=self._tickets,
            sticky_queue_schedule_to_start_timeout=STICKY,
            deployment_config=self._deployment,
        )

    def _calls(self, queue: str, functions: Functions) -> Worker:
        return Worker(
            self._client,
            task_queue=queue,
            activities=functions,
            interceptors=[Following(), CountAttempts(self._metrics)],
            max_concurrent_activities=SLOTS_PER_DESK,
            activity_task_poller_behavior=PollerBehaviorSimpleMaximum(DESK_POLLERS),
            graceful_shutdown_timeout=GRACEFUL_SHUTDOWN,
            deployment_config=self._deployment,
        )


def _deployment_config(deployment: str | None) -> WorkerDeploymentConfig | None:
    if deployment is None:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name=deployment, build_id=__version__),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )


async def _finish(running: Mapping[Worker, asyncio.Task[None]]) -> None:
    # Also those that have not begun yet: asked now, they stop as soon as they have.
    await asyncio.gather(*(worker.shutdown() for worker in running))
    await asyncio.gather(*running.values())


async def _first_of(*events: asyncio.Event) -> None:
    waiting = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()


async def run_worker(
    settings: Settings,
    client: Client,
    redis: Redis,
    stop: asyncio.Event,
    watch: SettingsWatch | None = None,
    *,
    takes_work: asyncio.Event | None = None,
) -> None:
    """Run until `stop` is set; then finish the activities under way, 30 s at most.

    The desks are those of the settings, then those that `watch` tells of. `takes_work` is set while work is taken.
    """
    os.environ.setdefault(*LAST_ANSWER)
    async with AsyncExitStack() as cleanup:
        metrics = metrics_of(client)
        desks = await cleanup.enter_async_context(open_desks(settings, redis, count=metrics.call))
        activities = build_activities(desks, client, redis)
        workers = Workers(client, activities, settings, metrics, takes_work)
        besides = [look_after_desks(client, desks.settings), Gauges(client, redis, desks, metrics).keep()]
        if watch is not None:
            besides.append(keep_changing(watch, client, desks, workers))
        for beside in besides:
            cleanup.push_async_callback(cancel, asyncio.create_task(beside))
        await workers.run(stop, desks)


def metrics_of(client: Client) -> WorkerMetrics:
    """A worker's metrics, on the meter of its client's runtime."""
    runtime = client.service_client.config.runtime or Runtime.default()
    return WorkerMetrics(runtime.metric_meter)


async def keep_changing(watch: SettingsWatch, client: Client, desks: Desks, workers: Workers) -> None:
    """Have the desks that the settings have now. Those that go finish their activities first."""
    async for settings in watch.changes():
        try:
            await change_desks(settings.desks, client, desks, workers)
        except Exception:
            logger.exception("the desks could not be changed: the next change of the settings, or a restart, does it")


async def change_desks(wanted: Mapping[str, DeskSettings], client: Client, desks: Desks, workers: Workers) -> None:
    """Begin with new desks at once; what others do goes on, and from now on with their new settings."""
    going = {name: desks.settings[name] for name in desks.keys() - wanted.keys()}
    moved = [name for name, desk in desks.settings.items() if name in wanted and _reaches_others(desk, wanted[name])]
    await desks.change({**going, **wanted})
    for name in workers.start(wanted):
        await look_after(client, wanted[name])
    await asyncio.gather(*(workers.end(name) for name in going))
    await desks.change(wanted)
    for name in moved:  # other people and another list, perhaps
        await look_after(client, wanted[name])
        with suppress(RPCError):
            await want_directory(client, name)


def _reaches_others(before: DeskSettings, after: DeskSettings) -> bool:
    return (before.zendesk, before.teamwork) != (after.zendesk, after.teamwork)
