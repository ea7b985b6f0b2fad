"""The worker: which queues it works on, that no desk holds up another, and how it comes and goes."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from temporalio.activity import _Definition
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from tests.support.stack import Stack, connected, running_stack, working
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from tests.support.worker_process import worker_process
from tests.workflows.recorded import ACTIVITY as ACTIVITY_SCHEDULED
from tests.workflows.recorded import ENDS_OF_ACTIVITIES, count
from ticketsync import names, worker
from ticketsync.desk_calls import NotLinkedError, read_facts
from ticketsync.desks import open_desks
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal, Say, free_port
from ticketsync.embedded import temporal_server as temporal
from ticketsync.metrics import keep
from ticketsync.metrics.table import UNMAPPED_AGENTS
from ticketsync.sandbox.faults import Call, Fault, FaultMatch
from ticketsync.temporal import build_runtime, data_converter

WORKFLOW = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
ACTIVITY = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY


@pytest.fixture
async def quiet(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis) -> AsyncIterator[Stack]:
    """Two desks on which nobody works yet."""
    async with running_stack(temporal_server.address, redis_server.port, desks=2, work=False) as stack:
        yield stack


# --- queues


async def test_each_activity_is_on_the_queue_on_which_workflows_ask_for_it(quiet: Stack) -> None:
    async with open_desks(quiet.settings, quiet.redis) as desks:
        activities = worker.build_activities(desks, quiet.client, quiet.redis)
    local, teamwork, zendesk = (_names(group) for group in (activities.local, activities.teamwork, activities.zendesk))
    of_desks = {names.LOAD_DIRECTORY, names.DIRECTORY_STANDS, names.PROBE, names.NUDGE_TICKETS, names.SCAN_PROJECT}
    assert local == {names.DECIDE, names.NAME_PROJECT}
    assert teamwork >= {*names.STEP_ACTIVITIES.values(), names.FIND_TASK_LIST, *of_desks}
    assert zendesk >= {names.READ_TICKET, *of_desks}
    assert not zendesk & set(names.STEP_ACTIVITIES.values())
    assert not local & (teamwork | zendesk)


async def test_workflows_have_one_queue_and_each_desk_two_of_its_own_for_calls(quiet: Stack) -> None:
    async with working(quiet):
        for desk in quiet.settings.desks:
            for queue in (names.teamwork_queue(desk), names.zendesk_queue(desk)):
                assert await _is_polled(quiet, queue, ACTIVITY)
                assert not await _is_polled(quiet, queue, WORKFLOW)
        assert await _is_polled(quiet, names.WORKFLOW_QUEUE, WORKFLOW)
        assert await _is_polled(quiet, names.WORKFLOW_QUEUE, ACTIVITY), "for the pause between close changes"


async def test_a_desk_whose_calls_hang_holds_up_no_other_and_takes_no_more_than_its_slots(quiet: Stack) -> None:
    other = quiet.of_desk(next(desk for desk in quiet.settings.desks if desk != quiet.desk))
    async with working(quiet):
        slow, quick = [Ticket() for _ in range(worker.SLOTS_PER_DESK + 1)], Ticket()
        tasks = await asyncio.gather(*(quiet.with_task(ticket) for ticket in slow))
        task_id = await other.with_task(quick)
        match = FaultMatch(method="PATCH", path=rf"/({'|'.join(map(str, tasks))})\.json")
        quiet.teamwork.faults.add(Fault(kind="slow", match=match, seconds=3))
        await quiet.signal(*(ticket.renamed("Slow") for ticket in slow))
        await eventually(lambda: len(_unanswered(quiet)) == worker.SLOTS_PER_DESK, what="all slots of a desk are taken")
        await other.signal(quick.renamed("Quick"))
        await eventually(lambda: other.shows(task_id, name="Quick"), what="the other desk goes on")
        assert len(_unanswered(quiet)) == worker.SLOTS_PER_DESK
        quiet.teamwork.faults.clear()


# --- what it counts


async def test_each_worker_shows_how_many_agents_have_no_person(
    quiet: Stack, temporal_server: EmbeddedTemporal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keep, "LOOK_EVERY", 0.1)
    address = f"127.0.0.1:{free_port(0)}"
    runtime = build_runtime(address)
    client = await Client.connect(temporal_server.address, data_converter=data_converter(), runtime=runtime)
    async with working(replace(quiet, client=client)):
        shown = await eventually(lambda: _unmapped_agents(address), what="the count is shown")
    assert shown == dict.fromkeys(quiet.settings.desks, 1)


async def _unmapped_agents(address: str) -> dict[str, int] | None:
    """By desk, once both are shown."""
    async with httpx.AsyncClient() as http:
        text = (await http.get(f"http://{address}/metrics")).text
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    counts = {one.labels["desk"]: int(one.value) for one in samples if one.name == UNMAPPED_AGENTS.exported}
    return counts if len(counts) == 2 else None


# --- stopping


async def test_a_worker_that_is_stopped_finishes_the_calls_under_way(quiet: Stack) -> None:
    async with working(quiet):
        task_id = await quiet.with_task(ticket := Ticket())
        await _rename_slowly(quiet, ticket, seconds=2)
    (rename,) = quiet.teamwork.faults.matching_calls("PATCH")
    assert rename.status == 200
    events = (await quiet.ticket(ticket.id).fetch_history()).events
    assert count(events, ACTIVITY_SCHEDULED) == count(events, *ENDS_OF_ACTIVITIES) >= 2
    assert await quiet.shows(task_id, name="Broken on mobile")


async def test_what_does_not_end_in_that_time_is_handed_on_at_once(
    quiet: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "GRACEFUL_SHUTDOWN", timedelta(seconds=1))
    async with working(quiet):
        await quiet.with_task(ticket := Ticket())
        await _rename_slowly(quiet, ticket, seconds=9)
        told_to_stop = time.monotonic()
    assert 1 <= time.monotonic() - told_to_stop < 8
    assert [step.attempt for step in await _pending(quiet, ticket)] == [2]


# --- starting


async def test_a_worker_that_was_there_before_temporal_says_so_and_goes_on_when_it_comes(
    quiet: Stack, say: Say, tmp_path: Path
) -> None:
    port = free_port(0)
    async with worker_process(quiet, tmp_path, TEMPORAL_ADDRESS=f"127.0.0.1:{port}") as process:
        assert str(port) in str(await process.says("waiting for Temporal"))
        assert not process.said("worker is running")
        async with temporal(say=say, port=port) as server:
            await process.says("worker is running")
            client = await connected(server.address)
            await eventually(lambda: _is_linked(client, quiet.desk), what="the desk is linked")
            assert await process.stopped(signal.SIGTERM) == 0


def _names(activities: worker.Functions) -> set[str]:
    return {str(_Definition.must_from_callable(activity).name) for activity in activities}


async def _is_linked(client: Client, desk: str) -> bool:
    """The worker says that it runs before it has linked its desks."""
    try:
        return await read_facts(client, desk) is not None
    except NotLinkedError:
        return False


async def _is_polled(stack: Stack, queue: str, kind: TaskQueueType.ValueType) -> bool:
    request = DescribeTaskQueueRequest(
        namespace=stack.client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
    )
    return bool((await stack.client.workflow_service.describe_task_queue(request)).pollers)


async def _rename_slowly(stack: Stack, ticket: Ticket, *, seconds: float) -> None:
    """Returns when the call is under way: it has taken effect, and its answer takes so long."""
    stack.teamwork.faults.add(Fault(kind="slow", match=FaultMatch(method="PATCH"), seconds=seconds, times=1))
    await stack.signal(ticket.renamed("Broken on mobile"))
    await eventually(lambda: _unanswered(stack), what="the call is under way")


def _unanswered(stack: Stack) -> list[Call]:
    return [call for call in stack.teamwork.faults.matching_calls("PATCH") if call.status is None]


async def _pending(stack: Stack, ticket: Ticket) -> list[PendingActivityInfo]:
    return list((await stack.ticket(ticket.id).describe()).raw_description.pending_activities)
