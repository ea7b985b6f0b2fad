"""One bad neighbour: whatever is wrong with one ticket or one desk, the others keep their usual delay.

Usual is what the same change takes just then beside no bad neighbour, with a worker of its own.
"""

import asyncio
import statistics
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from tests.storms.neighbours import Told, hinted, one_worker, told
from tests.support.stack import Stack
from tests.support.wait import eventually
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal, Say
from ticketsync.sandbox.faults import Call, Fault, FaultList, FaultMatch
from ticketsync.worker import SLOTS_PER_DESK

PAIRS = 7
BOUND = 3.0  # for two cores that others use as well: side by side it is near 1


@dataclass
class Town:
    """A desk whose worker has nothing else to do, and one that shares its worker with a bad one."""

    quiet: Stack
    beside: Stack
    bad: Stack


@pytest.fixture(scope="module")
async def town(
    temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    async with (
        one_worker(temporal_server, redis_server, folder / "alone", desks=1) as (quiet,),
        one_worker(temporal_server, redis_server, folder / "shared", desks=2) as (beside, bad),
    ):
        yield Town(quiet, beside, bad)


async def test_a_poisoned_ticket_holds_up_no_other_of_its_desk(town: Town, say: Say) -> None:
    poisoned = await asyncio.gather(*(told(town.beside) for _ in range(2)))
    faults = town.beside.teamwork.faults
    for one, status in zip(poisoned, (503, 422), strict=True):
        faults.add(Fault(kind="error", status=status, match=FaultMatch(path=rf"/{one.task_id}\.json$")))
    try:
        usual, beside = await _delays(town, told, before_each=lambda: _all_change(poisoned))
    finally:
        faults.clear()
    _is_as_usual(usual, beside, say)
    for one in poisoned:
        refused = [call for call in one._renames() if call.fault == "error"]
        assert len(refused) >= PAIRS, "each change was tried and refused"


async def test_a_desk_whose_teamwork_hangs_holds_up_no_other(town: Town, say: Say) -> None:
    waiting = await asyncio.gather(*(told(town.bad) for _ in range(2 * SLOTS_PER_DESK)))
    async with _hangs(town.bad.teamwork.faults, waiting) as hung:
        usual, beside = await _delays(town, told, before_each=lambda: _all_wait(hung))
    _is_as_usual(usual, beside, say)


async def test_a_desk_whose_zendesk_hangs_holds_up_no_other(town: Town, say: Say) -> None:
    waiting = await asyncio.gather(*(hinted(town.bad) for _ in range(2 * SLOTS_PER_DESK)))
    async with _hangs(town.bad.zendesk.faults, waiting, but="PUT") as hung:
        usual, beside = await _delays(town, hinted, before_each=lambda: _all_wait(hung))
    _is_as_usual(usual, beside, say)


async def _delays(
    town: Town, new: Callable[[Stack], Awaitable[Told]], *, before_each: Callable[[], Awaitable[None]]
) -> tuple[list[float], list[float]]:
    """In pairs, now the one first, now the other."""
    tickets = await new(town.quiet), await new(town.beside)
    delays: tuple[list[float], list[float]] = ([], [])
    for pair in range(PAIRS):
        for place in (0, 1) if pair % 2 else (1, 0):
            await before_each()
            delays[place].append(await tickets[place].delay())
    return delays


def _is_as_usual(usual: list[float], beside: list[float], say: Say) -> None:
    ratio = statistics.median(beside) / statistics.median(usual)
    say(f"usual {_shown(usual)}, beside a bad neighbour {_shown(beside)}: {ratio:.2f} times")
    assert ratio <= BOUND


def _shown(delays: list[float]) -> str:
    return f"{statistics.median(delays) * 1000:.0f} ms (at most {max(delays) * 1000:.0f})"


# --- the bad ones


async def _all_change(tickets: Sequence[Told]) -> None:
    await asyncio.gather(*(ticket.change() for ticket in tickets))


@asynccontextmanager
async def _hangs(faults: FaultList, waiting: Sequence[Told], but: str = "") -> AsyncIterator[Callable[[], list[Call]]]:
    """No call is answered any more (except `but`, which are ours), and all these tickets have something to do."""

    def hung() -> list[Call]:
        return [call for call in faults.calls if call.fault == "hang" and call.status is None and not call.seconds]

    faults.add(Fault(kind="hang", match=FaultMatch(method=rf"(?!{but}$).*" if but else ".*")))
    try:
        await _all_change(waiting)
        yield hung
    finally:
        faults.clear()


async def _all_wait(hung: Callable[[], list[Call]]) -> None:
    """All that the desk may have under way at once hangs."""
    await eventually(lambda: len(hung()) >= SLOTS_PER_DESK, what="all slots of the bad desk are taken")
