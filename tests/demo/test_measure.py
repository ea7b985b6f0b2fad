"""Delays: from the newest event before a call of ours to that call, whatever else was called."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from ticketsync.demo.measure import Write, median_and_p95, writes_by_ticket
from ticketsync.demo.world import SeenTask, World

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
WINDOW = timedelta(seconds=2)
CREATE, TASK = "/projects/api/v3/tasklists/1234/tasks.json", "/projects/api/v3/tasks/30000001.json"


def _at(milliseconds: int) -> datetime:
    return NOON + timedelta(milliseconds=milliseconds)


def _call(milliseconds: int, method: str, path: str, status: int | None = 200) -> dict[str, Any]:
    return {"method": method, "path": path, "at": _at(milliseconds).isoformat(), "status": status}


def _event(milliseconds: int, kind: str, status: str = "OPEN") -> dict[str, Any]:
    time = f"{_at(milliseconds):%Y-%m-%dT%H:%M:%S.%f}000Z"
    body = {"type": f"zen:event-type:ticket.{kind}", "time": time, "detail": {"status": status}}
    return {"ticket_id": 7, "body": json.dumps(body)}


async def _measured(
    calls: list[dict[str, Any]], events: list[dict[str, Any]], by_hand: list[tuple[str, str]] | None = None
) -> list[Write]:
    def answer(request: httpx.Request) -> httpx.Response:
        rows = {"/sandbox/calls": {"calls": calls}, "/sandbox/deliveries": {"deliveries": events}}
        return httpx.Response(200, json=rows[request.url.path])

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://sandbox") as site:
        tasks = {7: [SeenTask(30_000_001, "A", "open", None)]}
        world = World(site, site, site, site, tasks=tasks, by_hand=by_hand or [], news=asyncio.Condition())
        return (await writes_by_ticket(world, NOON, WINDOW)).get(7, [])


def _delays(writes: list[Write]) -> list[int]:
    return [round(write.delay.total_seconds() * 1000) for write in writes]


async def test_each_call_counts_from_the_newest_event_before_it() -> None:
    calls = [
        _call(40, "POST", CREATE, 201),
        _call(575, "PATCH", TASK),
        _call(1030, "PUT", "/tasks/30000001/complete.json"),
    ]
    events = [_event(0, "created"), _event(500, "subject_changed"), _event(550, "subject_changed")]
    writes = await _measured(calls, [*events, _event(1000, "status_changed", "SOLVED")])
    assert _delays(writes) == [40, 25, 30]
    assert not any(write.settled for write in writes)


async def test_what_waited_out_the_settle_window_is_told_apart() -> None:
    writes = await _measured([_call(2600, "DELETE", TASK)], [_event(0, "created"), _event(500, "soft_deleted")])
    assert [(write.delay, write.settled) for write in writes] == [(timedelta(seconds=2.1), True)]


async def test_a_merge_completes_at_once_although_it_closes() -> None:
    calls = [_call(560, "PUT", "/tasks/30000001/complete.json")]
    writes = await _measured(calls, [_event(0, "created"), _event(500, "merged", "CLOSED")])
    assert [write.settled for write in writes] == [False]


async def test_calls_of_people_and_calls_that_failed_are_not_ours() -> None:
    calls = [_call(100, "DELETE", TASK), _call(200, "PATCH", TASK, 404), _call(300, "PATCH", TASK, None)]
    assert await _measured(calls, [_event(0, "created")], by_hand=[("DELETE", TASK)]) == []


async def test_calls_from_before_the_day_and_for_other_things_are_left_out() -> None:
    calls = [_call(-5, "PATCH", TASK), _call(50, "POST", "/projects/987654/tasklists.json", 201)]
    assert await _measured(calls, [_event(-10, "created")]) == []


def test_median_and_p95() -> None:
    delays = [timedelta(milliseconds=number) for number in range(1, 102)]
    assert median_and_p95(delays) == (timedelta(milliseconds=51), timedelta(milliseconds=96))
    assert median_and_p95(delays[:1]) is None
