"""How the export is read: page by page, whatever fails on the way. Each test has a desk of its own."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from temporalio.client import Client, Interceptor, OutboundInterceptor, StartWorkflowInput, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from tests.support.stack import Stack, connected, working
from tests.support.wait import eventually
from tests.workflows.reconciling import (
    call,
    change,
    deliver,
    export_of,
    new_ticket,
    pages_read,
    read_on,
    time_passes,
    without_webhooks,
)
from ticketsync import embedded, names
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.embedded.ports import free_port
from ticketsync.sync.desk import DeskState
from ticketsync.temporal import build_runtime, data_converter


async def test_pages_that_end_within_a_second_lose_no_row_and_old_rows_are_not_told(
    temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis
) -> None:
    async with without_webhooks(temporal_server.address, redis_server.port) as stack:
        linked_at = int(DeskState.model_validate(await stack.desk_state()).linked_at.timestamp())
        await _import(stack, 998, generated=linked_at - 60)
        burst = await _import(stack, 4, generated=linked_at)
        await time_passes(stack)
        await eventually(lambda: _has_read(stack, 1000), what="the first page is read")
        assert pages_read(stack) == 2  # an empty one at the start
        await stack.skip(stack.desk_workflow, timedelta(seconds=6))
        assert pages_read(stack) == 2
        await stack.skip(stack.desk_workflow, timedelta(seconds=1))
        await eventually(lambda: _has_read(stack, 1002), what="the second page is read")
        for ticket_id in burst:
            await stack.settled(ticket_id)
        assert (await export_of(stack)).rows_told == 4


async def test_without_redis_every_row_is_told_and_every_change_arrives(
    temporal_server: EmbeddedTemporal, say: embedded.Say
) -> None:
    async with (
        embedded.redis_server(say=say, port=0) as redis,
        without_webhooks(temporal_server.address, redis.port) as stack,
    ):
        ticket_id = await new_ticket(stack)
        await read_on(stack)
        task_id = (await stack.settled(ticket_id))["task"]["id"]
        await redis.stop()
        await change(stack, ticket_id, subject="Redis is gone")
        before, after = await export_of(stack), await read_on(stack)
        await eventually(lambda: stack.shows(task_id, name="Redis is gone"), what="it is renamed")
        assert (after.rows_told - before.rows_told, after.trouble) == (1, None)


# --- Temporal takes only some of the rows


class Refusing(Interceptor):
    """A Temporal that takes nothing for these workflows."""

    def __init__(self) -> None:
        self.refused: dict[str, RPCStatusCode] = {}

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - the SDK's name
        outbound, refused = super().intercept_client(next), self.refused

        class Refuse(OutboundInterceptor):
            async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:  # noqa: A002
                if input.id in refused and input.start_signal_args[0].snapshot is not None:
                    raise RPCError("refused", refused[input.id], b"")
                return await super().start_workflow(input)

        return Refuse(outbound)


@pytest.fixture
async def refusing(
    temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis
) -> AsyncIterator[tuple[Stack, Refusing]]:
    refusing = Refusing()
    async with without_webhooks(temporal_server.address, redis_server.port, work=False) as stack:
        client = await Client.connect(temporal_server.address, data_converter=data_converter(), interceptors=[refusing])
        async with working(replace(stack, client=client)):
            yield stack, refusing


async def test_a_page_of_which_a_row_was_not_stored_is_read_again(refusing: tuple[Stack, Refusing]) -> None:
    stack, refused = refusing
    before = await read_on(stack)
    one, lost, other = [await new_ticket(stack) for _ in range(3)]
    refused.refused[names.ticket_workflow_id(stack.desk, lost)] = RPCStatusCode.UNAVAILABLE
    await time_passes(stack)
    await stack.settled(one)
    held_up = await export_of(stack)
    assert (held_up.cursor, held_up.through, held_up.rows_read) == (before.cursor, before.through, before.rows_read)
    assert await stack.status(lost) == {}
    refused.refused.clear()
    await eventually(lambda: _has_read(stack, 3), what="the page is read again")
    for ticket_id in (one, lost, other):
        await stack.settled(ticket_id)
        assert len(await stack.tasks_of(ticket_id)) == 1


async def test_a_row_that_temporal_will_never_take_becomes_a_wish_to_read_the_ticket(
    refusing: tuple[Stack, Refusing],
) -> None:
    stack, refused = refusing
    ticket_id, other = await new_ticket(stack, subject="Too large"), await new_ticket(stack)
    refused.refused[names.ticket_workflow_id(stack.desk, ticket_id)] = RPCStatusCode.INVALID_ARGUMENT
    assert (await read_on(stack)).trouble is None
    await stack.settled(other)
    assert (await stack.settled(ticket_id))["task"]["title"] == "Too large"
    assert "hint" in [line["code"] for line in (await stack.status(ticket_id))["journal"]]


async def _import(stack: Stack, number: int, *, generated: int) -> list[int]:
    row = {"subject": "Imported", "status": "open", "generated_timestamp": generated}
    answer = await call(stack, "POST", "/sandbox/tickets", {"tickets": [row] * number})
    return [int(ticket["id"]) for ticket in answer["tickets"]]


async def _has_read(stack: Stack, rows: int) -> bool:
    return (await export_of(stack)).rows_read == rows


# --- how many changes came only this way


async def test_changes_are_counted_by_where_they_came_from(
    temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis
) -> None:
    address = f"127.0.0.1:{free_port(0)}"
    runtime = build_runtime(address)
    async with without_webhooks(temporal_server.address, redis_server.port, work=False) as stack:
        client = await connected(temporal_server.address, runtime=runtime)
        async with working(replace(stack, client=client)):
            by_webhook, by_export = await new_ticket(stack), await new_ticket(stack)
            await deliver(stack, by_webhook)
            await stack.settled(by_webhook)
            await read_on(stack)
            await stack.settled(by_export)
            await change(stack, by_webhook, subject="Only the export tells")
            await read_on(stack)
            counted = await eventually(lambda: _changes(address, stack.desk), what="all are counted")
    assert counted == {"webhook": 1, "export": 2}


async def _changes(address: str, desk: str) -> dict[str, int] | None:
    """`ticketsync_changes_total` of the desk by its source, once there are three."""
    async with httpx.AsyncClient() as http:
        text = (await http.get(f"http://{address}/metrics")).text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    samples = families["ticketsync_changes"].samples if "ticketsync_changes" in families else []
    counts = {one.labels["source"]: int(one.value) for one in samples if one.labels["desk"] == desk}
    return counts if sum(counts.values()) == 3 else None
