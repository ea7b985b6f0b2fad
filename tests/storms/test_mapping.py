"""A mapping changes for an agent with many open tickets, and Redis goes in the middle of it: all of them follow, once.

Each ticket is told which directory it needs. While Redis is gone, only the worker that has written that directory knows
it, the other knows the one before; when Redis is back, and empty, none is there: all that have not decided yet wait.
"""

import asyncio
import statistics
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from redis.asyncio import Redis
from temporalio.testing import TimeSkipper

from tests.storms.conftest import Asked
from tests.storms.world import World, running_world
from tests.support.stack import PERSON_ANN, PERSON_BEN
from tests.support.wait import eventually
from ticketsync import names
from ticketsync.desk_calls import command_desk
from ticketsync.embedded import Say
from ticketsync.sandbox.faults import Call, Fault, FaultMatch
from ticketsync.sandbox.zendesk.seed import ANN_ID, BEN_ID
from ticketsync.settings import DEFAULT_DESK
from ticketsync.sync.desk import Mapping
from ticketsync.workflows.desk import NUDGE_AGAIN

UNHURRIED = {"TICKETSYNC_TEAMWORK_CALLS_PER_MINUTE": "6000"}
WRITE_TAKES = 1.0  # seconds, with eight slots of two workers: so that what is decided on waits in the queue
OPEN, LIVE = 500, 6
AT_ONCE = 20
FOLLOW_WITHIN = 90.0


class Served(NamedTuple):
    """How a change of a live ticket got to its task: after so long, and after so many writes of other tickets."""

    seconds: float
    ahead: int


async def test_all_open_tickets_follow_a_changed_mapping_once_and_live_ones_go_first(
    tmp_path: Path, say: Say, storm: Asked
) -> None:
    async with running_world(tmp_path, say, variables=UNHURRIED, seed=storm.seed) as world:
        tickets = await _opened(world, OPEN, ANN_ID)
        live = await _opened(world, LIVE, BEN_ID)
        usual = await _all_change(world, live)
        before = len(_writes(world))
        assert _persons(world, tickets) == {(PERSON_ANN,): len(tickets)}

        async with _slow_writes(world):
            await _half_decide(world, len(tickets))
            waiting = len(tickets) // 2 - len(_writes(world)[before:])
            beside, _ = await asyncio.gather(_all_change(world, live), world.redis.kill())
        say(f"usual {_shown(usual)}; beside {waiting} writes that wait {_shown(beside)}")
        assert statistics.median(one.ahead for one in beside) < waiting / 2, "live ones go first"

        await eventually(partial(_some_wait_or_all_follow, world, tickets), what="some wait for a directory")
        without = await _without_people(world)
        await world.redis.start()
        await eventually(lambda: _all_follow(world, tickets), FOLLOW_WITHIN, what="all follow")
        await _told_once_more(world)
        await eventually(lambda: _in_step(world, [*tickets, *live]), FOLLOW_WITHIN, what="all are in step")
        say(f"{len(tickets)} tickets followed, {without} or more of them had to wait for a directory")
        _each_task_was_written_once(world, [*tickets, *live], _writes(world)[before:])
        assert _persons(world, live) == {(PERSON_BEN,): LIVE}


async def _half_decide(world: World, tickets: int) -> None:
    """Map the agent to another person, and return when half of the tickets have decided what that means."""
    decided = await _decided(world)
    await command_desk(world.client, DEFAULT_DESK, "add_user", Mapping(agent_id=ANN_ID, person_id=PERSON_BEN))

    async def half() -> bool:
        return await _decided(world) >= decided + tickets // 2

    await eventually(half, what="half of them have decided")


async def _decided(world: World) -> int:
    """How many decisions have asked Redis who is who."""
    async with Redis.from_url(world.redis.url) as client:
        return int((await client.info("commandstats"))["cmdstat_hmget"]["calls"])


def _each_task_was_written_once(world: World, tickets: Collection[int], writes: Sequence[Call]) -> None:
    """And there is no other: nothing is doubled, nothing lost."""
    written = Counter((call.path, call.status) for call in writes)
    assert written == {(_path(world, ticket_id), 200): 1 for ticket_id in tickets}
    assert {ticket_id: len(tasks) for ticket_id, tasks in world.tasks().items()} == dict.fromkeys(tickets, 1)
    attempts = {tuple(one.status_code for one in delivery.attempts) for delivery in world.zendesk.deliveries.log}
    assert attempts == {(202,)}


# --- tickets


async def _opened(world: World, number: int, agent_id: int) -> list[int]:
    """So many tickets of this agent, with their tasks."""
    row = {"subject": "Printer on fire", "status": "open", "assignee_id": agent_id, "events": True}
    opened: set[int] = set()
    while len(opened) < number:
        some = {"tickets": [row] * min(AT_ONCE, number - len(opened))}
        opened |= {ticket["id"] for ticket in (await world.change("POST", "/sandbox/tickets", some))["tickets"]}
        await eventually(partial(_have_tasks, world, opened), what="all have tasks")
    return sorted(opened)


def _have_tasks(world: World, tickets: set[int]) -> bool:
    return world.tasks().keys() >= tickets


async def _in_step(world: World, tickets: Collection[int]) -> bool:
    turns = asyncio.Semaphore(AT_ONCE)

    async def is_in_step(ticket_id: int) -> bool:
        async with turns:
            return (await world.status(ticket_id)).get("sync_state") == "in_step"

    return all(await asyncio.gather(*(is_in_step(ticket_id) for ticket_id in tickets)))


async def _some_wait_or_all_follow(world: World, tickets: Collection[int]) -> bool:
    """On a slow machine the other worker reads the new directory too, a minute after the one before: nobody waits."""
    return _all_follow(world, tickets) or bool(await _without_people(world))


def _all_follow(world: World, tickets: Collection[int]) -> bool:
    return _persons(world, tickets) == {(PERSON_BEN,): len(tickets)}


async def _without_people(world: World) -> int:
    """How many tickets show that they wait for a directory."""
    return (await world.client.count_workflows(f"{names.REASON.name} = 'waiting_for_directory'")).count


async def _told_once_more(world: World) -> None:
    """Whom visibility did not show at once is told after a minute: everybody else hears it twice.

    The minute of a directory that was read only now begins when all were told of that for the first time.
    """
    skipped: list[object] = []

    async def is_over() -> bool:
        nudges = (await world.desk.query("status"))["nudges"]
        if nudges and nudges not in skipped:
            skipped.append(nudges)
            await asyncio.wait_for(TimeSkipper(world.client).fast_forward(world.desk, NUDGE_AGAIN), timeout=90)
        return not nudges

    await eventually(is_over, 120, what="all were told once more")


# --- live ones


async def _all_change(world: World, live: Sequence[int]) -> list[Served]:
    """All at the same time."""
    return await asyncio.gather(*(_change(world, ticket_id, live) for ticket_id in live))


async def _change(world: World, ticket_id: int, live: Sequence[int]) -> Served:
    paths, path = {_path(world, one) for one in live}, _path(world, ticket_id)
    before, began = len(_writes(world)), datetime.now(UTC)
    await world.change("PUT", f"/api/v2/tickets/{ticket_id}", {"ticket": {"subject": f"Seen at {began}"}})
    await eventually(lambda: path in {call.path for call in _writes(world)[before:]}, what="the task is renamed")
    calls = _writes(world)[before:]
    place = [call.path for call in calls].index(path)
    ahead = sum(call.path not in paths for call in calls[:place])
    return Served((calls[place].at - began).total_seconds(), ahead)


def _shown(served: Sequence[Served]) -> str:
    seconds, ahead = [statistics.median(getattr(one, name) for one in served) for name in ("seconds", "ahead")]
    return f"{seconds * 1000:.0f} ms, after {ahead:g} others"


# --- Teamwork


@asynccontextmanager
async def _slow_writes(world: World) -> AsyncIterator[None]:
    world.teamwork.faults.add(Fault(kind="slow", seconds=WRITE_TAKES, match=FaultMatch(method="PATCH")))
    yield
    world.teamwork.faults.clear()


def _writes(world: World) -> list[Call]:
    return world.teamwork.faults.matching_calls("PATCH")


def _path(world: World, ticket_id: int) -> str:
    return f"/projects/api/v3/tasks/{world.tasks()[ticket_id][0].id}.json"


def _persons(world: World, tickets: Collection[int]) -> Counter[tuple[int, ...]]:
    """Whose the tasks of these tickets are."""
    tasks = world.tasks()
    return Counter(task.assignee_ids for ticket_id in tickets for task in tasks[ticket_id])
