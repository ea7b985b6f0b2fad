"""One ticket that is told thousands of things: none is lost, none is applied twice, and its state stays small."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx
from pydantic import SecretStr

from tests.conftest import SEARCH_ATTRIBUTES, TIME_SKIPPING
from tests.server.desks import secret_of
from tests.server.zendesk import Zendesk, a_body
from tests.storms.accounts import Accounts, accounts_of
from tests.storms.conftest import Asked
from tests.support.stack import Stack, running_stack, working
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from ticketsync.embedded import EmbeddedRedis, Say, find_temporal, temporal_server
from ticketsync.sandbox.http import serve
from ticketsync.server import create_app
from ticketsync.sync.event import Event
from ticketsync.tickets import NotStoredError
from ticketsync.workflows.runs import SIGNALS_PER_RUN

A_SECOND = 200
SUGGEST_AT_50 = {"limit.historyCount.suggestContinueAsNew": "50"}
SIGNALS_AT_MOST = SIGNALS_PER_RUN + 200  # of a run, by the server; 10,000 where nothing else is said
STATE_BYTES = 32 * 1024
RENAMED_EVERY = 10
MANY_RUNS = 2  # a run cannot end at a moment when a signal comes in; how often there is another, the machine says
SENDERS = 100


async def test_signals_at_200_a_second_over_many_runs(say: Say, redis_server: EmbeddedRedis, storm: Asked) -> None:
    number = 20_000 if storm.long else 4_000
    async with _stack(say, redis_server.port, SUGGEST_AT_50) as stack, working(stack):
        ticket = Ticket()
        created = ticket.created()
        changes = [_change(ticket, at) for at in range(1, number)]
        last = ticket.renamed("The last of all")
        await stack.put_in_zendesk(ticket)
        await _signal_at_pace(stack, [created, *changes, last])
        await eventually(partial(_shows, stack, ticket, "The last of all"), 120, what="the last title is on the task")

        await stack.settled(ticket.id)  # what came late is decided on, too
        accounts = await accounts_of(stack, ticket.id)
        sent = {event.id for event in (created, *changes, last)}
        assert accounts.runs > MANY_RUNS
        _none_is_lost_or_applied_twice(accounts, sent)
        assert accounts.titles == sorted(set(accounts.titles)), "each title once, and never back to an older one"
        assert accounts.largest < STATE_BYTES
        assert len(await stack.tasks_of(ticket.id)) == 1


async def test_an_unpaced_flood_at_the_edge(say: Say, redis_server: EmbeddedRedis, storm: Asked) -> None:
    limits = {} if storm.long else {"history.maximumSignalsPerExecution": str(SIGNALS_AT_MOST)}
    limit = 10_000 if storm.long else SIGNALS_AT_MOST
    async with _stack(say, redis_server.port, limits) as stack:
        async with working(stack):
            pass  # linked now, so that the ticket is known to be new
        ticket = Ticket()
        bodies = [_body(ticket, at) for at in range(limit + 800)]
        await stack.put_in_zendesk(ticket)
        while_nobody_works, while_it_works = bodies[: limit + 300], bodies[limit + 300 :]
        async with _edge(stack) as zendesk:
            answers = await _flood(zendesk, while_nobody_works)
            assert Counter(answer.status_code for answer in answers) == {202: limit, 503: 300}
            refused = [body for body, answer in zip(while_nobody_works, answers, strict=True) if not answer.is_success]
            async with working(stack):
                while refused := [*refused, *while_it_works]:
                    while_it_works = []
                    answers = await _flood(zendesk, refused)
                    assert {answer.status_code for answer in answers} <= {202, 503}
                    refused = [body for body, answer in zip(refused, answers, strict=True) if not answer.is_success]
                title = ticket.snapshot.subject or ""
                await eventually(partial(_shows, stack, ticket, title), 120, what="the last title is on the task")
                await stack.settled(ticket.id)

        accounts = await accounts_of(stack, ticket.id)
        _none_is_lost_or_applied_twice(accounts, {body["id"] for body in bodies})
        assert accounts.largest < STATE_BYTES
        assert len(await stack.tasks_of(ticket.id)) == 1


def _none_is_lost_or_applied_twice(accounts: Accounts, sent: set[str]) -> None:
    told = accounts.decided.keys() & sent
    assert len(sent) - len(told) <= accounts.left_to_a_read, "none is lost"
    assert max(accounts.applied.values()) == 1, "none is applied twice"


# --- what happens to the ticket


def _change(ticket: Ticket, number: int) -> Event:
    if number % RENAMED_EVERY:
        return ticket.changed("organization_changed", organization_id=number)
    return ticket.renamed(f"Change {number:06}")


def _body(ticket: Ticket, number: int) -> dict[str, Any]:
    """What Zendesk sends of the next change, a second after the one before."""
    event = ticket.renamed(f"Change {number:06}") if number else ticket.created()
    body = a_body(ticket.id, event.kind, account=None)
    seen = ticket.snapshot
    detail = {"subject": seen.subject, "created_at": str(seen.created_at), "updated_at": str(seen.updated_at)}
    people = {"assignee_id": "", "actor_id": "", "tags": [], "priority": seen.priority or "", "status": "NEW"}
    return {**body, "time": event.time, "detail": {**body["detail"], **detail, **people}}


# --- the two ways in


async def _signal_at_pace(stack: Stack, events: Sequence[Event]) -> int:
    """So many a second, in their order, however long each takes; how often one had to be sent again."""
    begun, again = time.monotonic(), 0

    async def store(event: Event) -> None:
        nonlocal again
        while not await _is_stored(stack, event):
            again += 1

    async with asyncio.TaskGroup() as senders:
        for number, event in enumerate(events):
            await eventually(partial(_is_due, begun + number / A_SECOND), 60)
            senders.create_task(store(event))
    return again


async def _is_stored(stack: Stack, event: Event) -> bool:
    try:
        await stack.signal(event)
    except NotStoredError:
        return False
    return True


def _is_due(moment: float) -> bool:
    return time.monotonic() >= moment


async def _flood(zendesk: Zendesk, bodies: Sequence[dict[str, Any]]) -> list[httpx.Response]:
    """All of them as fast as a hundred senders can; the answers, in the order of the bodies."""
    turn = asyncio.Semaphore(SENDERS)

    async def send(body: dict[str, Any]) -> httpx.Response:
        async with turn:
            answer = await zendesk.send(body)
        assert answer.is_success or answer.headers["Retry-After"] == "30"
        return answer

    return await asyncio.gather(*map(send, bodies))


# --- what runs


@asynccontextmanager
async def _stack(say: Say, redis_port: int, dynamic_config: dict[str, str]) -> AsyncIterator[Stack]:
    """A desk without a worker, on a Temporal of its own."""
    binary = await find_temporal(say)
    config = TIME_SKIPPING | dynamic_config
    async with (
        temporal_server(
            say=say, binary=binary, port=0, dynamic_config=config, search_attributes=SEARCH_ATTRIBUTES
        ) as server,
        running_stack(server.address, redis_port, work=False) as stack,
    ):
        yield stack


@asynccontextmanager
async def _edge(stack: Stack) -> AsyncIterator[Zendesk]:
    """The server's app over HTTP, and an account that sends to it."""
    desk = stack.desk_settings
    zendesk = desk.zendesk.model_copy(update={"webhook_secrets": (SecretStr(secret_of(desk.name)),)})
    secured = desk.model_copy(update={"zendesk": zendesk})
    settings = stack.settings.model_copy(update={"desks": {desk.name: secured}})
    async with (
        serve(create_app(settings, lambda: stack.client)) as served,
        httpx.AsyncClient(
            base_url=served.url, limits=httpx.Limits(max_connections=SENDERS, keepalive_expiry=1)
        ) as http,
    ):
        yield Zendesk(http, desk.name)


async def _shows(stack: Stack, ticket: Ticket, title: str) -> bool:
    task = (await stack.status(ticket.id)).get("task", {})
    return bool(task.get("title") == title and await stack.shows(task["id"], name=title))
