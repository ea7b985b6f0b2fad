"""The hint what a ticket has decided on: written by its decisions, read for a page of the export, missed by nobody."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis
from temporalio.testing import ActivityEnvironment

from tests.activities.bench import publish
from tests.support.stack import Stack, running_stack
from tests.support.tickets import Ticket
from ticketsync.desks import open_desks
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.hints import KEPT, Hints
from ticketsync.redis_client import close_redis, connect_redis
from ticketsync.settings import RedisSettings
from ticketsync.sync.event import Event
from ticketsync.sync.known import Decided
from ticketsync.sync.requests import DecideRequest
from ticketsync.sync.state import Decision, TicketState
from ticketsync.worker import build_activities

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
DECIDED = Decided(linked_at=NOON, deleted=False, deleted_through="", updated_at=NOON, digest="00ff")
ATTEMPT = 2.0  # seconds that Temporal gives a decision


@pytest.fixture(scope="module")
async def stack(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis) -> AsyncIterator[Stack]:
    """A desk that is published, on which nobody works."""
    async with running_stack(temporal_server.address, redis_server.port, work=False) as stack:
        await publish(stack)
        yield stack


@pytest.fixture
async def hints(redis_db: str, redis_server: EmbeddedRedis) -> AsyncIterator[Hints]:
    async with _hints_in(redis_server.port) as hints:
        yield hints


@asynccontextmanager
async def _hints_in(port: int) -> AsyncIterator[Hints]:
    redis = connect_redis(RedisSettings(host="127.0.0.1", port=port))
    try:
        yield Hints(redis)
    finally:
        await close_redis(redis)


# --- in Redis


async def test_a_hint_is_read_as_it_was_written_for_its_own_desk_only(hints: Hints) -> None:
    await hints.put_decided("acme", 7, DECIDED)
    assert await hints.decided("acme", [6, 7]) == {7: DECIDED}
    assert await hints.decided("globex", [7]) == {}
    assert await hints.decided("acme", []) == {}


async def test_a_hint_goes_after_some_months_by_itself(hints: Hints, redis_db: str) -> None:
    await hints.put_decided("acme", 7, DECIDED)
    async with Redis.from_url(redis_db) as redis:
        assert KEPT.total_seconds() - 60 < await redis.ttl("ticketsync:acme:decided:7") <= KEPT.total_seconds()


async def test_what_another_version_wrote_is_no_hint(hints: Hints, redis_db: str) -> None:
    async with Redis.from_url(redis_db) as redis:
        await redis.set("ticketsync:acme:decided:7", '{"linked_at": "soon"}')
        await redis.set("ticketsync:acme:decided:8", "not JSON")
    assert await hints.decided("acme", [7, 8]) == {}


async def test_a_whole_page_is_one_call(hints: Hints, redis_db: str) -> None:
    async with Redis.from_url(redis_db) as redis:
        before = (await redis.info("stats"))["total_commands_processed"]
        await hints.decided("acme", range(1, 1001))
        after = (await redis.info("stats"))["total_commands_processed"]
    assert after - before <= 6  # ours, the second INFO, and what a new connection says of itself


async def test_without_redis_nothing_is_known_and_nothing_fails(unused_tcp_port: int) -> None:
    async with _hints_in(unused_tcp_port) as hints:
        await hints.put_decided("acme", 7, DECIDED)
        assert await hints.decided("acme", [7]) == {}


# --- by decisions


async def _decide(stack: Stack, ticket: Ticket, *events: Event, state: TicketState | None = None) -> Decision:
    known = state or TicketState(desk=stack.desk, ticket_id=ticket.id)
    async with open_desks(stack.settings, stack.redis) as desks:
        decide = build_activities(desks, stack.client, stack.redis).decide.decide
        request = DecideRequest(state=known, events=events, now=datetime.now(UTC))
        decision: Decision = await ActivityEnvironment().run(decide, request)
    return decision


async def _hint(stack: Stack, ticket: Ticket) -> Decided | None:
    return (await Hints(stack.redis).decided(stack.desk, [ticket.id])).get(ticket.id)


async def test_a_decision_on_a_snapshot_leaves_a_hint_of_it(stack: Stack) -> None:
    ticket = Ticket()
    await _decide(stack, ticket, ticket.created())
    hint = await _hint(stack, ticket)
    assert hint is not None
    assert (hint.updated_at, hint.deleted) == (ticket.snapshot.updated_at, False)
    await _decide(stack, ticket, ticket.renamed("Another"))
    newer = await _hint(stack, ticket)
    assert newer is not None
    assert newer.digest != hint.digest


async def test_a_decision_that_leaves_a_read_to_be_made_leaves_no_hint(stack: Stack) -> None:
    ticket = Ticket()
    decision = await _decide(
        stack, ticket, ticket.created().model_copy(update={"snapshot": None, "hint": "too little"})
    )
    assert decision.changes["read"]
    assert await _hint(stack, ticket) is None


async def test_a_timer_writes_no_hint(stack: Stack) -> None:
    ticket = Ticket()
    state = TicketState(desk=stack.desk, ticket_id=ticket.id, snapshot=ticket.snapshot, first_decision=False)
    await _decide(stack, ticket, state=state)
    assert await _hint(stack, ticket) is None


async def test_rules_that_fail_leave_no_hint(stack: Stack) -> None:
    ticket = Ticket()
    broken = TicketState(desk=f"{stack.desk}-unknown", ticket_id=ticket.id)
    with pytest.raises(KeyError):
        await _decide(stack, ticket, ticket.created(), state=broken)
    assert await Hints(stack.redis).decided(broken.desk, [ticket.id]) == {}


async def test_a_redis_that_does_not_answer_holds_up_no_decision(stack: Stack) -> None:
    async with _silent_server() as port:
        redis = connect_redis(RedisSettings(host="127.0.0.1", port=port))
        ticket, begun = Ticket(), time.monotonic()
        decision = await _decide(replace(stack, redis=redis), ticket, ticket.created())
        await close_redis(redis)
    assert time.monotonic() - begun < ATTEMPT
    assert decision.plan


@asynccontextmanager
async def _silent_server() -> AsyncIterator[int]:
    """It takes connections and never says a word."""
    open_ones: list[asyncio.StreamWriter] = []

    async def take(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones.append(writer)

    server = await asyncio.start_server(take, "127.0.0.1")
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in open_ones:
            writer.transport.abort()
