"""Nothing that comes in at the HTTP edge ends in a 500, a stuck ticket, or memory that is never given back."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import pytest
from temporalio.api.enums.v1 import EventType

from tests.storms.bad_bodies import DECADE, FIRST_TICKET, HUGE_TICKETS, bad_bodies
from tests.storms.bad_input import BadInput, as_json, event, signed
from tests.storms.bad_requests import TICKET, bad_requests
from tests.storms.edge import Edge, running_edge
from tests.storms.openapi_inputs import break_openapi
from tests.storms.raw_http import Answer, converse
from tests.support.wait import eventually
from ticketsync import names
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.settings import DEFAULT_DESK

AT_LEAST = 300
ANSWERED_WITHIN = 16.0
AT_ONCE = 12
GROWS_AT_MOST = 4 * 1024 * 1024  # some of them are a mebibyte: keeping only the large ones would be more
GIVEN_BACK = {"MALLOC_TRIM_THRESHOLD_": "65536", "MALLOC_ARENA_MAX": "1"}  # what is free is not resident
STORED = re.compile(rb'"workflow_id":"ticket-default-(\d+)"')
GOOD = "Good after all"
DELETED_FOR_GOOD = "permanently_deleted"


@dataclass
class Told:
    """What was sent, what came back each time, and the server's memory after each repetition of the whole set."""

    edge: Edge
    inputs: list[BadInput]
    answers: list[tuple[BadInput, Answer]] = field(default_factory=list)
    resident: list[float] = field(default_factory=list)

    @property
    def tickets(self) -> set[int]:
        """Those of which the server said that it stored something."""
        return {int(found[1]) for _, answer in self.answers for found in STORED.finditer(answer.raw)}


@pytest.fixture(scope="module")
async def told(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis) -> AsyncIterator[Told]:
    """Everything is sent twice, after a part of it to warm up; the tickets are in Zendesk, where they can be."""
    async with running_edge(temporal_server, redis_server, **GIVEN_BACK) as edge:
        await _put_in_zendesk(edge, [TICKET, *range(FIRST_TICKET, FIRST_TICKET + 200)])
        await _rename(edge.zendesk, TICKET, "Heard of")
        await _settled(edge, TICKET)  # the API answers for it from now on
        told = Told(edge, [*bad_bodies(edge.keys), *bad_requests(edge.keys)])
        await _send(told, [one for one in told.inputs if not one.slow][::3])
        for _ in range(2):
            await _send(told, told.inputs)
            told.resident.append(await _resident(edge))
        yield told


async def _put_in_zendesk(edge: Edge, tickets: Iterable[int]) -> None:
    rows = [{"id": ticket_id, "subject": "As Zendesk has it", "status": "open"} for ticket_id in tickets]
    (await edge.zendesk.post("/sandbox/tickets", json={"tickets": rows})).raise_for_status()


async def _send(told: Told, inputs: list[BadInput]) -> None:
    """The slow ones side by side with all others."""
    few, many = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(len(inputs))

    async def send(one: BadInput) -> None:
        async with many if one.slow else few:
            told.answers.append((one, await _answer(told.edge.port, one)))

    async with asyncio.TaskGroup() as group:
        for one in sorted(inputs, key=lambda one: not one.slow):
            group.create_task(send(one))


async def _answer(port: int, one: BadInput) -> Answer:
    try:
        return await converse(port, one.parts(), within=ANSWERED_WITHIN, hang_up=one.hang_up)
    except TimeoutError:
        return Answer(b"", ANSWERED_WITHIN)


async def _resident(edge: Edge) -> float:
    found = re.search(r"^process_resident_memory_bytes (\S+)$", await edge.metrics(edge.server_metrics), re.MULTILINE)
    assert found is not None
    return float(found[1])


def test_there_are_enough_of_them_and_no_two_are_the_same(told: Told) -> None:
    assert len({one.name for one in told.inputs}) == len(told.inputs)
    assert len({one.beginning for one in told.inputs}) == len(told.inputs)
    assert len(told.inputs) >= AT_LEAST


def test_each_is_answered_as_it_should_and_in_time(told: Told) -> None:
    assert len(told.answers) > 2 * len(told.inputs)
    assert "\n".join(f"{one.name}: {_seen(answer)}" for one, answer in told.answers if not _is_right(one, answer)) == ""


def _is_right(one: BadInput, answer: Answer) -> bool:
    statuses = set(answer.statuses)
    return answer.seconds < ANSWERED_WITHIN and statuses <= one.answers and bool(statuses) == bool(one.answers)


def _seen(answer: Answer) -> str:
    return f"{answer.statuses} after {answer.seconds:.1f} s {answer.body[:100]!r}"


def test_each_refusal_says_what_is_wrong_in_the_form_of_all_answers(told: Told) -> None:
    refusals = [(one, answer) for one, answer in told.answers if answer.body and answer.statuses[0] >= 400]
    assert len(refusals) > 500
    for one, answer in refusals:
        assert answer.json.keys() == {"error", "message"}, one.name


def test_no_input_is_an_error_of_ours(told: Told) -> None:
    """Neither answered nor logged as one: the same would come again for ever."""
    levels = {line["level"] for line in told.edge.server.logs}
    assert levels <= {"info", "warning"}
    assert [line for line in told.edge.server.logs if "exception" in line] == []


def test_the_servers_memory_is_flat(told: Told) -> None:
    first, second = told.resident
    assert second - first < GROWS_AT_MOST


async def test_no_ticket_is_stuck(told: Told) -> None:
    assert len(told.tickets) > 90
    for ticket_id in sorted(told.tickets):
        await _settled(told.edge, ticket_id)
    assert [ticket_id for ticket_id in sorted(told.tickets) if await _failed_tasks(told.edge, ticket_id)] == []


async def _settled(edge: Edge, ticket_id: int) -> dict[str, object]:
    """In step, which all of them can be; or ended, where it was said that the ticket is gone for good."""

    async def settled() -> dict[str, object] | None:
        status = await edge.status(ticket_id)
        over = status.get("sync_state") == "ended" and status.get("reason") == DELETED_FOR_GOOD
        return status if over or status.get("sync_state") == "in_step" else None

    return await eventually(settled, 30, what=f"ticket {ticket_id} has settled") or {}


async def _failed_tasks(edge: Edge, ticket_id: int) -> int:
    """How often the workflow's own code has failed."""
    handle = edge.client.get_workflow_handle(names.ticket_workflow_id(DEFAULT_DESK, ticket_id))
    failed = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
    return sum(event.event_type == failed for event in (await handle.fetch_history()).events)


async def test_a_good_event_after_the_bad_ones_is_applied(told: Told) -> None:
    edge = told.edge
    gone = {ticket_id for ticket_id in told.tickets if (await _settled(edge, ticket_id))["sync_state"] == "ended"}
    assert len(gone) == 1
    for ticket_id in told.tickets - gone:
        await _say_good(edge, ticket_id)
    for ticket_id in sorted(told.tickets - gone):
        await eventually(lambda: _is_good(edge, ticket_id), 30, what=f"the task of ticket {ticket_id} is renamed")  # noqa: B023


async def _say_good(edge: Edge, ticket_id: int) -> None:
    if ticket_id in HUGE_TICKETS:  # Zendesk has no such number
        content = event(ticket_id)
        content["detail"]["subject"] = GOOD
        assert (await converse(edge.port, [signed(as_json(content), edge.keys)], within=ANSWERED_WITHIN)).statuses == [
            202
        ]
        return
    await _rename(edge.zendesk, ticket_id, GOOD)


async def _rename(zendesk: httpx.AsyncClient, ticket_id: int, subject: str) -> None:
    answer = await zendesk.put(f"/api/v2/tickets/{ticket_id}", json={"ticket": {"subject": subject}})
    answer.raise_for_status()


async def _is_good(edge: Edge, ticket_id: int) -> bool:
    status = await edge.status(ticket_id)
    return bool(status and status["sync_state"] == "in_step" and status["task"]["title"] == GOOD)


async def test_what_the_openapi_allows_and_forbids_is_answered_as_it_says(told: Told) -> None:
    seen = await asyncio.to_thread(break_openapi, f"http://127.0.0.1:{told.edge.port}", told.edge.keys)
    statuses = {status for _, status in seen}
    assert seen.total() > 200
    assert {200, 202, 400, 404, 422} <= statuses
    await eventually(lambda: _all_speak(told.edge), 30, what="every ticket answers")


async def _all_speak(edge: Edge) -> bool:
    """Whether every ticket of the desk says how it stands, and none of their workflows has failed on its way."""
    tickets = [run.id async for run in edge.client.list_workflows(f"WorkflowType = '{names.TICKET_WORKFLOW}'")]
    numbers = [int(workflow_id.rpartition("-")[2]) for workflow_id in tickets]
    assert sum([await _failed_tasks(edge, number) for number in numbers]) == 0
    return all([(await edge.status(number)).get("sync_state") for number in numbers])


async def test_a_zendesk_whose_clock_is_ten_years_off_is_believed(told: Told) -> None:
    """Its events are hints then, and what it says when asked counts."""
    edge, ticket_id = told.edge, FIRST_TICKET + 199
    await edge.zendesk.put("/sandbox/clock", json={"offset_seconds": DECADE / timedelta(seconds=1)})
    await _rename(edge.zendesk, ticket_id, "In ten years")
    await _rename(edge.zendesk, ticket_id, GOOD)
    await eventually(lambda: _is_good(edge, ticket_id), 30, what="the ticket of the future has its task")
    assert [line for line in (await edge.status(ticket_id))["journal"] if "(clock)" in line["text"]] != []
    await edge.zendesk.put("/sandbox/clock", json={"offset_seconds": 0})
