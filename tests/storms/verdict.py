"""The end of a storm: wait until everything has come to rest, then hold Teamwork against the model."""

import asyncio
from collections.abc import Sequence
from typing import Any

from tests.storms.life import Life, shown
from tests.storms.world import World
from tests.support.wait import eventually
from ticketsync.sandbox.teamwork.records import Task

AT_REST = frozenset({"in_step", "ended", "filtered"})
AT_ONCE = 16
SHOWN = 5


async def comes_true(world: World, lives: Sequence[Life], *, deadline: float, seed: int) -> None:
    """Nothing under way any more, and each ticket's one task is what the model says; AssertionError with the reason."""
    try:
        await eventually(lambda: _at_rest(world, lives), deadline, what="the storm settles as the model says")
    except AssertionError as error:
        raise AssertionError(await _report(world, lives, f"{error}\nseed {seed}")) from None


async def _at_rest(world: World, lives: Sequence[Life]) -> bool:
    if world.undelivered:
        return False
    for life in lives:
        life.forgets_what_was_given_up()
    if _wrong(world, lives):
        return False
    statuses = await _statuses(world, lives)
    # Looked at again: what was under way before the questions may have ended since.
    return all(one.get("sync_state") in AT_REST for one in statuses) and not _wrong(world, lives)


def _wrong(world: World, lives: Sequence[Life]) -> list[Life]:
    tasks = world.tasks()
    return [life for life in lives if not life.is_right(tasks.get(life.id, []))]


async def _statuses(world: World, lives: Sequence[Life]) -> list[dict[str, Any]]:
    turns = asyncio.Semaphore(AT_ONCE)

    async def ask(life: Life) -> dict[str, Any]:
        async with turns:
            return await world.status(life.id)

    return await asyncio.gather(*(ask(life) for life in lives))


async def _report(world: World, lives: Sequence[Life], head: str) -> str:
    ids = [life.id for life in lives]
    statuses = dict(zip(ids, await _statuses(world, lives), strict=True))
    wrong = _wrong(world, lives)
    busy = [life for life in lives if life not in wrong and statuses[life.id].get("sync_state") not in AT_REST]
    counts = f"{len(wrong)} tickets are wrong, {len(busy)} not at rest, {world.undelivered} deliveries under way"
    tasks = world.tasks()
    stories = [told(tasks.get(one.id, []), one, statuses[one.id]) for one in [*wrong[:SHOWN], *busy[:SHOWN]]]
    return "\n\n".join([f"{head}\n{counts}", *stories])


def told(tasks: Sequence[Task], life: Life, status: dict[str, Any]) -> str:
    """Everything about one ticket that a person needs who looks for the reason."""
    changes = [f"  {one.what} {one.value!r}{'' if one.told else ' (never told)'}" for one in life.changes]
    journal = [f"  {one['at'][11:23]} {one['code']}: {one['text']}" for one in status.get("journal", [])]
    state = {name: status.get(name) for name in ("sync_state", "reason", "task", "trouble", "read", "lifecycle")}
    lines = [
        f"ticket {life.id}, first {life.first}",
        *changes,
        f"must be {sorted(map(str, life.must))}",
        f"is      {[(task.id, str(shown([task]))) for task in tasks]}",
        f"says    {state}",
        "journal:",
        *journal,
    ]
    return "\n".join(lines)


def summary(world: World, lives: Sequence[Life]) -> str:
    """What it was like, in one line."""
    changes = [change for life in lives for change in life.changes]
    calls = world.teamwork.faults.calls
    return (
        f"{len(lives)} tickets, {len(changes)} changes ({sum(not one.told for one in changes)} never told), "
        f"{len(world.zendesk.deliveries.log)} deliveries, {len(calls)} calls of Teamwork "
        f"({sum(call.fault is not None for call in calls)} spoiled), "
        f"{sum(worker.lives - 1 for worker in world.workers)} workers killed"
    )
