"""What holds up a whole desk, or all that one side does, is named with its remedy too: each on a stack of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime

import pytest

from tests.cli.causes import Cause, asked, fault, hint, holds
from tests.support.stack import PROJECT, TASK_LIST, Stack, running_stack, working
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal, free_port
from ticketsync.worker import run_worker

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]


@pytest.fixture
def new_stack(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis) -> NewStack:
    def of(**how: object) -> AbstractAsyncContextManager[Stack]:
        return running_stack(temporal_server.address, redis_server.port, **how)  # type: ignore[arg-type]

    return of


async def key_refused(stack: Stack) -> int:
    ticket = Ticket()
    await stack.with_task(ticket)
    await fault(stack.teamwork_http, "unauthorized")
    await stack.signal(ticket.renamed("B"))
    return ticket.id


async def token_refused(stack: Stack) -> int:
    ticket = Ticket()
    await stack.with_task(ticket)
    await fault(stack.zendesk_http, "unauthorized")
    await stack.signal(hint(ticket))
    return ticket.id


async def project_hidden(stack: Stack) -> int:
    ticket = Ticket()
    await stack.with_task(ticket)
    (await stack.teamwork_http.put(f"/sandbox/projects/{PROJECT}", json={"hidden": True})).raise_for_status()
    await stack.signal(ticket.renamed("B"))
    return ticket.id


async def list_deleted(stack: Stack) -> int:
    (await stack.teamwork_http.delete(f"/tasklists/{TASK_LIST}.json")).raise_for_status()
    ticket = Ticket()
    await stack.signal(ticket.created())
    return ticket.id


CAUSES = {
    "a key that Teamwork refuses": Cause(
        "blocked",
        "credentials_refused",
        "Teamwork refuses the API key: the whole desk waits",
        "set a working key",
        key_refused,
        answer="Teamwork answered 401 to PATCH /projects/api/v3/tasks/",
    ),
    "a token that Zendesk refuses": Cause(
        "blocked",
        "zendesk_credentials_refused",
        "Zendesk refuses the API token",
        "set a working token",
        token_refused,
        answer="Zendesk answered 401 to GET /api/v2/tickets/",
    ),
    "a project that is not there": Cause(
        "blocked",
        "project_unreachable",
        "the Teamwork project does not answer: the whole desk waits",
        "that the key's user is a member of it",
        project_hidden,
    ),
    "a task list that is gone": Cause(
        "blocked", "tasklist_gone", "the desk's task list is gone", "bring it back, or set another", list_deleted
    ),
}


@pytest.mark.parametrize("what", CAUSES)
async def test_the_cause_is_named_with_its_remedy(new_stack: NewStack, what: str) -> None:
    cause = CAUSES[what]
    async with new_stack() as stack:
        holds(cause, await asked(stack, await cause.bring(stack), cause.state, cause.code))


async def test_a_teamwork_that_cannot_be_reached_is_named_with_its_remedy(new_stack: NewStack) -> None:
    ticket = Ticket()

    async def renamed_elsewhere(stack: Stack) -> int:
        await stack.signal(ticket.renamed("B"))
        return ticket.id

    means, to_do = "Teamwork or Zendesk cannot be reached", "check its address, the network and any proxy"
    cause = Cause("retrying", "unreachable", means, to_do, renamed_elsewhere, answer="Teamwork gave no answer to PATCH")
    async with new_stack(work=False) as stack:
        async with working(stack):
            await stack.with_task(ticket)
        desk = stack.desk_settings
        nowhere = desk.teamwork.model_copy(update={"base_url": f"http://127.0.0.1:{free_port(0)}"})
        stack.settings.desks[stack.desk] = desk.model_copy(update={"teamwork": nowhere})
        async with working(stack):
            holds(cause, await asked(stack, await cause.bring(stack), cause.state, cause.code))


async def test_a_task_list_that_is_still_looked_for_is_named_with_its_remedy(new_stack: NewStack) -> None:
    async def created(stack: Stack) -> int:
        ticket = Ticket()
        await stack.signal(ticket.created())
        return ticket.id

    means = "the desk is still looking for its task list"
    cause = Cause("retrying", "no_task_list_yet", means, "ticketsync check", created)
    async with new_stack(work=False, tasklist_id=None) as stack:
        await fault(stack.teamwork_http, "error", path="/tasklists")
        async with _working_without_a_list(stack):
            holds(cause, await asked(stack, await cause.bring(stack), cause.state, cause.code))


@asynccontextmanager
async def _working_without_a_list(stack: Stack) -> AsyncIterator[None]:
    """A worker for a desk that was linked before this second and knows its people, but has no list."""
    stop = asyncio.Event()
    run = asyncio.create_task(run_worker(stack.settings, stack.client, stack.redis, stop))
    try:
        await eventually(lambda: _has_people(stack), what="the desk knows its people")
        linked_at = datetime.fromisoformat((await stack.desk_state())["linked_at"])
        await eventually(lambda: datetime.now(UTC).replace(microsecond=0) > linked_at, what="a new second has begun")
        yield
    finally:
        stop.set()
        await run


async def _has_people(stack: Stack) -> bool:
    return bool(await stack.redis.exists(f"ticketsync:{stack.desk}:people"))
