"""A new release under traffic: it takes over what sleeps, and its rules count from the next event on."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import ticketsync
from tests.storms.conftest import Asked
from tests.storms.life import RULES, Life
from tests.storms.programs import Program
from tests.storms.verdict import comes_true
from tests.storms.world import World, running_world
from tests.support.wait import eventually
from tests.workflows.recorded import replayer, runs_of
from ticketsync import __version__, names
from ticketsync.deployments import current_build
from ticketsync.embedded import Say
from ticketsync.settings import DEFAULT_DESK

NEXT_VERSION = "99.0.0"
NEXT_RULE = """
_title_until_then = title
def title(snapshot, policy):
    return f"[next] {_title_until_then(snapshot, policy)}"
"""
NEXT_RULES = replace(RULES, title="[next] {subject}")
DEPLOYMENT = "storm"
VERSIONED = {"TICKETSYNC_WORKER_DEPLOYMENT": DEPLOYMENT}
QUICK = {
    "TICKETSYNC_SETTLE_WINDOW": "1s",
    "TICKETSYNC_BLOCKED_RETRY": "10s",
    "TICKETSYNC_TEAMWORK_CALLS_PER_MINUTE": "3000",
}
IDLE, BUSY = 12, 8
BETWEEN = 12  # changes while both are there, and again when one of them has gone
ON_THEIR_WAY = 10
NEVER = 10**9
SETTLES_WITHIN = 120.0


@dataclass
class Release:
    """A worker that takes over, and the version that is the current one from then on (without: None)."""

    worker: Program
    version: str | None = None


async def test_an_unversioned_release_takes_over_every_ticket(tmp_path: Path, say: Say, storm: Asked) -> None:
    async with running_world(tmp_path, say, workers=1, variables=QUICK, seed=storm.seed) as world:
        idle, busy = await _in_step(world, storm)
        async with _started_later(world, tmp_path, "next", _next_release(tmp_path)) as newer:
            await _hand_over(world, world.workers[0], Release(newer), busy, storm)
            await _next_rules_count_from_the_next_event_on(world, idle, busy, storm)


async def test_a_versioned_release_takes_over_every_ticket(tmp_path: Path, say: Say, storm: Asked) -> None:
    """First from a worker without a version, then from one version to the next; and what is recorded replays."""
    variables = VERSIONED | _next_release(tmp_path)
    async with (
        running_world(tmp_path, say, workers=1, variables=QUICK, seed=storm.seed) as world,
        _started_later(world, tmp_path, "versioned", VERSIONED) as older,
        _started_later(world, tmp_path, "next", variables) as newer,
    ):
        idle, busy = await _in_step(world, storm)
        await _hand_over(world, world.workers[0], Release(older, __version__), busy, storm)
        await _each_changes(idle[: IDLE // 2])
        await comes_true(world, [*idle, *busy], deadline=SETTLES_WITHIN, seed=storm.seed)
        await _hand_over(world, older, Release(newer, NEXT_VERSION), busy, storm)
        await _next_rules_count_from_the_next_event_on(world, idle, busy, storm)
        await _all_replay(world, [*idle, *busy])


# --- releases


def _next_release(folder: Path) -> dict[str, str]:
    """The environment in which `ticketsync` is the release after this one: a copy in which one rule has changed."""
    copy = folder / "next" / "ticketsync"
    shutil.copytree(Path(ticketsync.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for file, lines in (("__init__.py", f'__version__ = "{NEXT_VERSION}"\n'), ("sync/desired.py", NEXT_RULE)):
        with (copy / file).open("a") as code:
            code.write(lines)
    return {"PYTHONPATH": str(copy.parent), "PYTHONSAFEPATH": "1"}  # safe: not the one in the current folder


@asynccontextmanager
async def _started_later(world: World, folder: Path, name: str, environ: Mapping[str, str]) -> AsyncIterator[Program]:
    """A worker that may be started, and does not outlive the block."""
    options = ("--make-current",) if VERSIONED.items() <= environ.items() else ()
    log = folder / f"worker-{name}.log"
    worker = Program(
        name, "worker", *options, environ=world.environ | dict(environ), log=log, ready="worker is running"
    )
    try:
        yield worker
    finally:
        await worker.kill()


async def _hand_over(world: World, older: Program, newer: Release, busy: Sequence[Life], storm: Asked) -> None:
    """Under traffic: the newer one comes, both are there for a while, the older one is stopped, it goes on."""
    async with _traffic(world, busy, storm) as more:
        await newer.worker.start()
        if newer.version is not None:
            await eventually(lambda: _is_current(world, newer.version), what=f"{newer.version} is current")
        await more(BETWEEN)
        await older.stop()
        await more(BETWEEN)


async def _is_current(world: World, version: str | None) -> bool:
    return await current_build(world.client, DEPLOYMENT) == version


# --- traffic


async def _in_step(world: World, storm: Asked) -> tuple[list[Life], list[Life]]:
    """Tickets that will sleep, and some that will not, all of them with their task."""
    random = Random(storm.seed)  # noqa: S311 - to repeat
    lives = [Life(world, random, ends_from=NEVER) for _ in range(IDLE + BUSY)]
    for life in lives:
        await life.begin()
    await comes_true(world, lives, deadline=SETTLES_WITHIN, seed=storm.seed)
    return lives[:IDLE], lives[IDLE:]


@asynccontextmanager
async def _traffic(world: World, busy: Sequence[Life], storm: Asked) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """These tickets change, one after the other, as fast as Zendesk tells of it. Given is how to wait for so many."""
    made: list[str] = []
    enough = asyncio.Event()

    async def flow() -> None:
        random = Random(storm.seed)  # noqa: S311 - to repeat
        while not enough.is_set():
            await eventually(lambda: world.undelivered < ON_THEIR_WAY, 120, what="deliveries go out")
            await random.choice(busy).go_on()
            made.append("change")

    async def more(number: int) -> None:
        until = len(made) + number
        await eventually(lambda: len(made) >= until or flowing.done(), deadline=120, what=f"{number} more changes")

    flowing = asyncio.create_task(flow())
    try:
        yield more
    finally:
        enough.set()  # not cancelled: a change that Zendesk has made has to be put down too
        await flowing


async def _each_changes(lives: Sequence[Life]) -> None:
    """One more event for each of these, of whatever it may be."""
    for number, life in enumerate(lives):
        if life.now.gone:
            await life.happens("undeleted")
        await life.happens("renamed", f"Change {len(life.changes)} of ticket {number}")


# --- what holds afterwards


async def _next_rules_count_from_the_next_event_on(
    world: World, idle: Sequence[Life], busy: Sequence[Life], storm: Asked
) -> None:
    """Not earlier, and for all: for those that slept all the while, for the others, and for new ones."""
    tasks = world.tasks()
    assert [task.name for life in idle for task in tasks[life.id] if task.name.startswith("[next]")] == []
    new = Life(world, Random(storm.seed), ends_from=NEVER)  # noqa: S311 - to repeat
    await new.begin()
    lives = [*idle, *busy, new]
    await _each_changes(lives)
    for life in lives:
        life.rules = NEXT_RULES
    await comes_true(world, lives, deadline=SETTLES_WITHIN, seed=storm.seed)
    assert {life.id: len(world.tasks()[life.id]) for life in lives} == {life.id: 1 for life in lives}
    assert [one for one in world.zendesk.deliveries.log if one.state != "success"] == []


async def _all_replay(world: World, lives: Sequence[Life]) -> None:
    """Histories that several versions have written in turn, by the code of this one."""
    ids = [names.ticket_workflow_id(DEFAULT_DESK, life.id) for life in lives]
    for workflow_id in (*ids, names.desk_workflow_id(DEFAULT_DESK)):
        for history in await runs_of(world.client, world.client.get_workflow_handle(workflow_id)):
            await replayer().replay_workflow(history)
