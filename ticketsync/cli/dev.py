"""`ticketsync dev`."""

import asyncio
import os
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
import uvloop
from rich.console import Console

from ticketsync.cli.flags import given_flags
from ticketsync.cli.output import Failed
from ticketsync.cli.stopping import stop_on_signals, unless_stopped
from ticketsync.demo.day import play
from ticketsync.demo.ports import Ports
from ticketsync.demo.progress import Progress
from ticketsync.demo.report import Report, report_on
from ticketsync.demo.stack import LOOPBACK, CannotStartError, DevStack, Wanted, running_stack
from ticketsync.demo.world import opened_world
from ticketsync.settings import DEFAULT_DESK, setting_names

NO_WRAP = 10_000
SHOWN_STORY = "undeleted"
LOGGING = frozenset({"TICKETSYNC_LOG_LEVEL", "TICKETSYNC_LOG_FORMAT"})
NOT_OURS = frozenset({"TICKETSYNC_CONFIG", "TICKETSYNC_HOST", "TICKETSYNC_PORT", "TICKETSYNC_WORKER_DEPLOYMENT"})
PORT = click.IntRange(0, 65535)
FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option("--demo", is_flag=True, help="play a support day and show what became of each ticket")
@click.option("--state", type=FOLDER, help="folder that keeps everything: a stopped dev goes on where it was")
@click.option("--host", envvar="TICKETSYNC_HOST", default=LOOPBACK, show_default=True, help="where the server listens")
@click.option("--port", "server", type=PORT, envvar="TICKETSYNC_PORT", help="the server's [default: 8080]")
@click.option("--temporal-port", "temporal", type=PORT, help="Temporal's [default: 7233], its UI's is 1000 higher")
@click.option("--redis-port", "redis", type=PORT, help="Redis' [default: 6379]")
@click.option("--zendesk-port", "zendesk", type=PORT, help="the sandbox Zendesk's [default: 8090]")
@click.option("--teamwork-port", "teamwork", type=PORT, help="the sandbox Teamwork's [default: 8091]")
@click.pass_context
def dev(ctx: click.Context, /, *, demo: bool, state: Path | None, host: str, **ports: int | None) -> None:
    """The whole service in one process, with a sandbox Zendesk and a sandbox Teamwork.

    Starts Temporal with its UI, Redis, both sandboxes, server and worker on loopback, and stays up until Ctrl-C. A port
    that is taken is answered with the next free one. With --demo, and no terminal to stay up for, it checks what came
    of the day and ends with 0 or 1. Without --demo the desk's rules (TICKETSYNC_ON_CLOSED and the like) can be set.
    """
    given = _given(ctx)
    wanted = Wanted(
        host=host,
        ports=Ports.preferred({name: port for name, port in ports.items() if port is not None}, state),
        folder=state,
        variables={} if demo else {name: value for name, value in given.items() if name not in LOGGING},
        logging={"TICKETSYNC_LOG_LEVEL": "warning"} | {name: given[name] for name in LOGGING & given.keys()},
    )
    # Whether this is a terminal must not depend on FORCE_COLOR and its like: it decides whether we ever end.
    on_terminal = sys.stdout.isatty()
    console = Console(force_terminal=on_terminal, width=None if on_terminal else NO_WRAP)
    try:
        ctx.exit(uvloop.run(_until_stopped(wanted, Progress(console), console, demo=demo)))
    except CannotStartError as error:
        raise Failed(str(error)) from None


def _given(ctx: click.Context) -> dict[str, str]:
    """Our own settings from environment and flags, by variable: how to reach the other parts is up to the stack."""
    flags = given_flags(ctx)
    given: dict[str, str] = {}
    for setting in setting_names():
        if setting.env.startswith("TICKETSYNC_") and setting.env not in NOT_OURS and not setting.secret:
            value = flags.get(setting.flag.removeprefix("--").replace("-", "_"), os.environ.get(setting.env))
            given |= {} if value is None else {setting.env: value}
    return given


async def _until_stopped(wanted: Wanted, progress: Progress, console: Console, *, demo: bool) -> int:
    """The exit code: 1 only when a demo without a terminal finds something wrong."""
    code = await unless_stopped(_run(wanted, progress, console, demo=demo), stop_on_signals())
    return code or 0


async def _run(wanted: Wanted, progress: Progress, console: Console, *, demo: bool) -> int:
    async with running_stack(wanted, progress) as stack:
        try:
            return await _use(stack, progress, console, demo=demo)
        except asyncio.CancelledError:
            progress.say("stopping: what is under way is finished first, 30 s at most …")
            raise


async def _use(stack: DevStack, progress: Progress, console: Console, *, demo: bool) -> int:
    report = await _play(stack, progress) if demo else None
    if report is not None:
        _show(report, progress, console)
        if not progress.on_terminal:
            return 1 if report.wrong else 0
    _say_where(stack, report, progress)
    await asyncio.wait({stack.worker})  # not awaited itself: it must be asked to stop, never be cancelled
    raise CannotStartError("the worker ended by itself: see the log above")


async def _play(stack: DevStack, progress: Progress) -> Report:
    since = datetime.now(UTC)
    async with opened_world(stack) as world:
        day = await play(world, progress)
        return await report_on(day, since, stack.settings.desk(DEFAULT_DESK).policy.settle_window)


def _show(report: Report, progress: Progress, console: Console) -> None:
    progress.say("")
    report.print(console)
    progress.say("")
    for line in report.summary:
        progress.say(line)
    for line in report.wrong:
        progress.say(f"WRONG: {line}")
    if not report.wrong:
        progress.say(f"All {len(report.lines)} tickets and their tasks are as they must be.")


def _say_where(stack: DevStack, report: Report | None, progress: Progress) -> None:
    lines = [
        "",
        "Look at",
        f"  Temporal UI         {stack.temporal.ui_url}/namespaces/{stack.temporal.namespace}/workflows",
        *_one_history(stack, report),
        f"  server              {stack.server_url}/healthz",
        f"  sandbox Zendesk     {stack.zendesk_url}  user {stack.account.email}, token {stack.account.api_token}",
        f"  sandbox Teamwork    {stack.teamwork_url}  key {stack.site.api_key}, project {stack.site.project_id}",
        "",
        "Try: a ticket comes in, and it becomes a task",
        *_try(stack),
        "",
        "From another shell, with these lines, every other command reaches it, e.g. ticketsync tickets list",
        *(f"  export {name}={shlex.quote(value)}" for name, value in stack.environment.items()),
        "",
        "Ctrl-C stops it.",
    ]
    for line in lines:
        progress.say(line)


def _one_history(stack: DevStack, report: Report | None) -> list[str]:
    shown = next((line for line in report.lines if line.story == SHOWN_STORY), None) if report else None
    return [f"  one ticket's story  {stack.history_url(shown.ticket_id)}  ({shown.story})"] if shown else []


def _try(stack: DevStack) -> list[str]:
    zendesk = f"-u {stack.account.email}/token:{stack.account.api_token}"
    ticket = '{"ticket": {"subject": "Printer on fire", "comment": {"body": "Help!"}}}'
    as_json = "-H 'Content-Type: application/json'"
    return [
        f"  curl {zendesk} {stack.zendesk_url}/api/v2/tickets.json {as_json} -d '{ticket}'",
        f"  curl -u {stack.site.api_key}:x {stack.teamwork_url}/projects/api/v3/tasks.json",
    ]
