"""`ticketsync worker`."""

import asyncio
from typing import Any

import click
import structlog
import uvloop
from temporalio.client import Client
from temporalio.service import RPCError

from ticketsync import __version__
from ticketsync.cli.flags import SettingsCommand, need_desks
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
from ticketsync.worker import run_worker

SHOWN = ("TICKETSYNC_METRICS_ADDRESS", "TICKETSYNC_WORKER_DEPLOYMENT")
LOOK_AFTER_SECONDS = 60.0
REFUSED = "Worker validation failed"

log = structlog.get_logger("ticketsync.worker")


@click.command(cls=SettingsCommand, shown_settings=SHOWN, hands_flags=True)
@click.option(
    "--make-current",
    is_flag=True,
    help="once it polls, make this version the current one of TICKETSYNC_WORKER_DEPLOYMENT",
)
def worker(settings: Settings, flags: dict[str, Any], make_current: bool) -> None:
    """Bring Teamwork in step with the tickets of all desks.

    It waits for Temporal, registers the search attributes where it may (else it says the command), and keeps each
    desk's workflow running. Desks that the config file gets, changes or loses are taken over at once. SIGTERM or
    Ctrl-C: it finishes its activities, 30 s at most, and ends with 0.
    """
    need_desks(settings)
    if make_current and settings.worker_deployment is None:
        raise click.UsageError("--make-current needs the deployment's name: set TICKETSYNC_WORKER_DEPLOYMENT")
    start_logging(settings)
    collect_rarely()
    uvloop.run(_work(settings, SettingsWatch(settings, flags), make_current=make_current))


async def _work(settings: Settings, watch: SettingsWatch, *, make_current: bool) -> None:
    stop, runtime = stop_on_signals(), build_runtime(settings.metrics_address)
    waiting = wait_for_temporal(lambda: connect(runtime=runtime), log.warning)
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
        await _run(settings, client, stop, watch)
        for task in beside:
            task.cancel()


async def _run(settings: Settings, client: Client, stop: asyncio.Event, watch: SettingsWatch) -> None:
    redis = connect_redis(settings.redis)
    try:
        await run_worker(settings, client, redis, stop, watch)
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
