"""`ticketsync worker`."""

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

import click
import structlog
import uvloop
from temporalio.client import Client
from temporalio.service import RPCError

from ticketsync import __version__
from ticketsync.cli.flags import SettingsCommand, need_desks
from ticketsync.cli.processes import run_processes
from ticketsync.cli.stopping import stop_on_signals, unless_stopped
from ticketsync.deployments import make_current as route_to
from ticketsync.garbage import collect_rarely
from ticketsync.logs import start_logging
from ticketsync.redis_client import close_redis, connect_redis
from ticketsync.settings import Settings
from ticketsync.settings.watch import SettingsWatch
from ticketsync.temporal import (
    TemporalError,
    TemporalUnreachableError,
    build_runtime,
    connect,
    register_search_attributes,
    wait_for_temporal,
)
from ticketsync.tracing import tracing
from ticketsync.worker import run_worker

SHOWN = (
    "TICKETSYNC_METRICS_ADDRESS",
    "TICKETSYNC_HEALTH_ADDRESS",
    "TICKETSYNC_WORKER_DEPLOYMENT",
    "TICKETSYNC_WORKER_DESKS",
    "TICKETSYNC_WORKER_TICKETS",
    "TICKETSYNC_TRACES_ENDPOINT",
)
LOOK_AFTER_SECONDS = 60.0
REFUSED = "Worker validation failed"

log = structlog.get_logger("ticketsync.worker")


@click.command(cls=SettingsCommand, shown_settings=SHOWN, hands_flags=True)
@click.option(
    "--make-current",
    is_flag=True,
    help="once it polls, make this version the current one of TICKETSYNC_WORKER_DEPLOYMENT",
)
@click.option(
    "--only-make-current",
    is_flag=True,
    help="run no worker: make this version the current one as soon as a worker of it polls, and end",
)
@click.option("--processes", type=click.IntRange(min=1), default=1, show_default=True, help="how many of them, as one")
def worker(
    settings: Settings, flags: dict[str, Any], make_current: bool, only_make_current: bool, processes: int
) -> None:
    """Bring Teamwork in step with the tickets of all desks.

    It waits for Temporal, registers the search attributes where it may (else it says the command), and keeps each
    desk's workflow running. Desks that the config file gets, changes or loses are taken over at once. SIGTERM or
    Ctrl-C: it finishes its activities, 30 s at most, and ends with 0.

    A process makes use of little more than one core. Several serve their metrics and probes on the port that is set
    and on those after it; when one of them ends, all are stopped.
    """
    if (make_current or only_make_current) and settings.worker_deployment is None:
        raise click.UsageError("--make-current needs the deployment's name: set TICKETSYNC_WORKER_DEPLOYMENT")
    start_logging(settings)
    if only_make_current and settings.worker_deployment is not None:
        asyncio.run(_only_route(settings.worker_deployment))
        return
    need_desks(settings)
    if processes > 1:
        run_processes([_command(settings, flags, number, make_current=make_current) for number in range(processes)])
        return
    collect_rarely()
    with tracing(settings.traces_endpoint, "worker"):
        uvloop.run(_work(settings, SettingsWatch(settings, flags), make_current=make_current))


async def _only_route(deployment: str) -> None:
    """Raises TemporalError when no worker of this version polls within a minute."""
    await _route(await wait_for_temporal(connect, log.warning), deployment)


def _command(settings: Settings, flags: dict[str, Any], number: int, *, make_current: bool) -> list[str]:
    """The arguments of one of several; the first is number 0. No flag holds a secret: those name files."""
    own = {"metrics_address": settings.metrics_address, "health_address": settings.health_address}
    flags = flags | {name: _next_port(address, number) for name, address in own.items() if address is not None}
    given = [part for name, value in flags.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    return ["worker", *given, *(["--make-current"] if make_current and number == 0 else [])]


def _next_port(address: str, number: int) -> str:
    host, _, port = address.rpartition(":")
    return f"{host}:{int(port) + number}"


async def _work(settings: Settings, watch: SettingsWatch, *, make_current: bool) -> None:
    stop, takes_work = stop_on_signals(), asyncio.Event()
    async with _answering_probes(settings, takes_work):
        await _work_until(stop, takes_work, settings, watch, make_current=make_current)


def _answering_probes(settings: Settings, takes_work: asyncio.Event) -> AbstractAsyncContextManager[None]:
    if settings.health_address is None:
        return nullcontext()
    from ticketsync.cli.worker_probes import answering_probes  # noqa: PLC0415 - megabytes for those who want probes

    return answering_probes(settings.health_address, takes_work.is_set)


async def _work_until(
    stop: asyncio.Event, takes_work: asyncio.Event, settings: Settings, watch: SettingsWatch, *, make_current: bool
) -> None:
    runtime = build_runtime(settings.metrics_address)
    waiting = wait_for_temporal(lambda: connect(keys=settings.encryption_keys, runtime=runtime), log.warning)
    client = await unless_stopped(waiting, stop)
    if client is None:
        return
    log.info("connected to Temporal", address=client.service_client.config.target_host, namespace=client.namespace)
    await unless_stopped(_register(client), stop)
    deployment = settings.worker_deployment if make_current else None
    async with asyncio.TaskGroup() as group:
        beside = [group.create_task(_keep_registered(client))]
        if deployment is not None:
            beside.append(group.create_task(_route(client, deployment)))
        await _run(settings, client, stop, watch, takes_work)
        for task in beside:
            task.cancel()


async def _run(
    settings: Settings, client: Client, stop: asyncio.Event, watch: SettingsWatch, takes_work: asyncio.Event
) -> None:
    redis = connect_redis(settings.redis)
    try:
        await run_worker(settings, client, redis, stop, watch, takes_work=takes_work)
    except RuntimeError as error:
        # The SDK has no class of its own for a namespace that it may not look at.
        if not str(error).startswith(REFUSED):
            raise
        raise TemporalError(f"the worker cannot start: {str(error).partition(', metadata')[0]}") from None
    finally:
        await close_redis(redis)


async def _route(client: Client, deployment: str) -> None:
    await route_to(client, deployment, __version__)
    log.info("this version is the current one", deployment=deployment, version=__version__)


async def _register(client: Client) -> None:
    """Raises TemporalError for one that has another type; an outage is no reason not to start."""
    try:
        command = await register_search_attributes(client)
    except TemporalUnreachableError as error:
        log.warning("search attributes could not be registered", exc_info=error)
        return
    if command is not None:
        log.warning("this client may not register search attributes: have the command run", command=command)


async def _keep_registered(client: Client) -> None:
    """Without them Temporal refuses every start, and somebody may have removed one."""
    while True:
        await asyncio.sleep(LOOK_AFTER_SECONDS)
        try:
            await _register(client)
        except (TemporalError, RPCError) as error:
            log.warning("search attributes could not be looked after", exc_info=error)
