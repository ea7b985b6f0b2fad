"""How long after an event Teamwork was told: by the times in Zendesk's own events and in Teamwork's record of calls.

The event is the newest that Zendesk had told of the ticket when the call came in. Only what ticketsync wrote counts.
"""

import json
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ticketsync.demo.world import Json, SeenTask, World, get

OUR_WRITES = "POST|PUT|PATCH|DELETE"
CREATE = re.compile(r"/projects/api/v3/tasklists/\d+/tasks\.json")
OF_TASK = re.compile(
    r"(?:/projects/api/v3/tasks/(\d+)|/tasks/(\d+)/(?:un)?complete|/trashcan/tasks/(\d+)/restore)\.json"
)
ENDS = frozenset({"soft_deleted", "marked_as_spam"})


@dataclass(frozen=True)
class Told:
    """One event as Zendesk sent it. `ends`: from here on the ticket is gone, so a delete settles first."""

    at: datetime
    ends: bool


@dataclass(frozen=True)
class Write:
    """One change that Teamwork took from us, and how long after its event. `settled`: it waited out the window."""

    at: datetime
    delay: timedelta
    settled: bool


async def writes_by_ticket(world: World, since: datetime, settle_window: timedelta) -> dict[int, list[Write]]:
    """What Teamwork was told of each ticket since then, in order."""
    calls = (await get(world.teamwork, "/sandbox/calls", method=OUR_WRITES))["calls"]
    deliveries = (await get(world.zendesk, "/sandbox/deliveries"))["deliveries"]
    events = _events(deliveries)
    writes: dict[int, list[Write]] = {}
    told = _told_calls(_ours(calls, world, since), world.tasks)
    for ticket_id, at in sorted(told, key=lambda pair: pair[1]):
        write = _write(at, events.get(ticket_id, []), settle_window)
        if write is not None:
            writes.setdefault(ticket_id, []).append(write)
    return writes


def _ours(calls: Iterable[Json], world: World, since: datetime) -> list[Json]:
    by_hand = list(world.by_hand)
    ours = []
    for call in calls:
        if (call["method"], call["path"]) in by_hand:
            by_hand.remove((call["method"], call["path"]))
        elif datetime.fromisoformat(call["at"]) >= since and (call["status"] or 0) // 100 == 2:  # noqa: PLR2004
            ours.append(call)
    return ours


def _told_calls(calls: Iterable[Json], tasks: Mapping[int, Sequence[SeenTask]]) -> Iterable[tuple[int, datetime]]:
    """Ticket and moment of each write. A create's path names no task: the last creates made the newest tasks."""
    ticket_of = {task.id: ticket_id for ticket_id, made in tasks.items() for task in made}
    creates = [call for call in calls if CREATE.fullmatch(call["path"])]
    made = sorted(ticket_of)[-len(creates) :] if creates else []
    for call, task_id in zip(creates, made, strict=False):
        yield ticket_of[task_id], datetime.fromisoformat(call["at"])
    for call in calls:
        match = OF_TASK.fullmatch(call["path"])
        task_id = int(next(filter(None, match.groups()))) if match else 0
        if task_id in ticket_of:
            yield ticket_of[task_id], datetime.fromisoformat(call["at"])


def _events(deliveries: Iterable[Json]) -> dict[int, list[Told]]:
    events: dict[int, list[Told]] = {}
    for delivery in deliveries:
        body = json.loads(delivery["body"])
        ends = body["type"].rpartition(".")[2] in ENDS or body["detail"]["status"] == "CLOSED"
        events.setdefault(delivery["ticket_id"], []).append(Told(datetime.fromisoformat(body["time"]), ends))
    return events


def _write(at: datetime, events: Iterable[Told], settle_window: timedelta) -> Write | None:
    cause = max((event for event in events if event.at <= at), key=lambda event: event.at, default=None)
    if cause is None:
        return None
    delay = at - cause.at
    return Write(at, delay, settled=cause.ends and delay >= settle_window)


def median_and_p95(delays: Sequence[timedelta]) -> tuple[timedelta, timedelta] | None:
    """None for fewer than two."""
    if len(delays) < 2:  # noqa: PLR2004
        return None
    seconds = [delay.total_seconds() for delay in delays]
    p95 = statistics.quantiles(seconds, n=20, method="inclusive")[-1]
    return timedelta(seconds=statistics.median(seconds)), timedelta(seconds=p95)
