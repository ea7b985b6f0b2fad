"""Each query of `docs/on-call.md` finds what the page says, among tickets in every state, on a real Temporal server."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from tests.conftest import SEARCH_ATTRIBUTES, TIME_SKIPPING
from tests.docs.pages import PAGES, codes_in
from tests.support.stack import Stack, running_stack, working
from tests.support.tickets import ANN, CLEO, Ticket
from tests.support.wait import eventually
from ticketsync import __version__, names
from ticketsync.deployments import make_current
from ticketsync.desk_calls import command_desk
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal, Say
from ticketsync.embedded import temporal_server as run_temporal
from ticketsync.sandbox.faults import Fault, FaultMatch
from ticketsync.sync.policy import Policy
from ticketsync.worker import run_worker

HOUR = timedelta(hours=1)
POLICY = Policy(on_closed="complete", exclude_tags=("internal",), settle_window=HOUR, grace_period=HOUR)
# The default is five in a row, which takes a minute.
PROBLEMS = {"system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute": "1"}
DEPLOYMENT = "ticketsync"
SEEN_WITHIN = 90.0

QUERIES = {
    name: codes_in(query)[0]
    for name, _, query in PAGES["docs/on-call.md"].section("Looking things up in the Temporal UI").tables[0][1:]
}
OF_THE_DESK = {
    *("in_step", "nobodys", "blocked", "retrying", "settling", "filtered", "ended", "broken", "versioned", "new"),
}
FINDS = {
    "Not in step": {"blocked", "retrying"},
    "Blocked": {"blocked"},
    "Blocked for one reason": {"blocked"},
    "Retrying": {"retrying"},
    "Waiting": {"settling", "new", "broken"},
    "New": {"new", "broken"},
    "Paused": {"paused"},
    "In trouble since": {"retrying"},
    "Held up for long": {"blocked"},
    "Without a mapping": {"nobodys"},
    "Without a task": {"filtered"},
    "One desk": OF_THE_DESK,
    "One ticket": {"in_step"},
    "Ticket of a task": {"in_step"},
    "Tickets of an agent": {"in_step"},
    "The desk itself": {"desk"},
    "Ended": {"ended"},
    "Completed": {"completed"},
    "Ended by force": {"terminated"},
    "Failing workflow tasks": {"broken"},
    "No version": {*OF_THE_DESK, "paused"} - {"versioned"},
    "Another version": {"versioned"},
}


@dataclass
class Cast:
    """`known`: a workflow in each state, its id → what it is here; `page`: what the queries name → what is here."""

    stack: Stack
    known: dict[str, str] = field(default_factory=dict)
    page: dict[str, str] = field(default_factory=dict)

    def plays(self, role: str, ticket: Ticket, desk: str | None = None) -> Ticket:
        self.known[names.ticket_workflow_id(desk or self.stack.desk, ticket.id)] = role
        return ticket

    async def found_by(self, query: str) -> set[str]:
        """What a query finds; a workflow that is none of the cast by its id."""
        return {self.known.get(run.id, run.id) async for run in self.stack.client.list_workflows(query)}

    def here(self, query: str) -> str:
        return re.sub("|".join(map(re.escape, self.page)), lambda told: self.page[told[0]], query)


@pytest.fixture(scope="module")
async def cast(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis, say: Say) -> AsyncIterator[Cast]:
    """On a server of its own, where nothing else is to be found. No worker runs any more."""
    async with (
        run_temporal(
            say=say,
            binary=temporal_server.binary,
            port=0,
            dynamic_config=TIME_SKIPPING | PROBLEMS,
            search_attributes=SEARCH_ATTRIBUTES,
        ) as server,
        running_stack(server.address, redis_server.port, policy=POLICY, desks=2, work=False) as stack,
    ):
        cast = Cast(stack, {names.desk_workflow_id(stack.desk): "desk"})
        async with working(stack):
            await _before_a_moment(cast)
            await _after_it(cast)
        async with _versioned_worker(stack):
            await stack.with_task(cast.plays("versioned", Ticket()))
        await stack.signal(cast.plays("new", Ticket()).created())
        yield cast


async def _before_a_moment(cast: Cast) -> None:
    stack = cast.stack
    in_step = cast.plays("in_step", Ticket(assignee_id=ANN))
    task_id = await stack.with_task(in_step)
    await _fails(cast, "blocked", status=422)
    cast.page = {
        "acme": stack.desk,
        "35436": str(in_step.id),
        "30000017": str(task_id),
        "2026-01-15T09:00:00Z": names.since(await _the_next_second()),
        "ticketsync:0.1.0": f"{DEPLOYMENT}:99.0.0",
    }


async def _the_next_second() -> datetime:
    """The first moment of it, which is here: nothing before it can have been since then."""
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)

    async def is_here() -> bool:
        return datetime.now(UTC) >= moment

    await eventually(is_here, what="the next second is here")
    return moment


async def _after_it(cast: Cast) -> None:
    await asyncio.gather(
        _fails(cast, "retrying", status=503),
        _rests(cast, "nobodys", "in_step", Ticket(assignee_id=CLEO)),
        _rests(cast, "filtered", "filtered", Ticket(tags=("internal",))),
        _settles(cast),
        _ends(cast),
        _is_terminated(cast),
        _is_paused(cast),
        _breaks(cast),
    )
    await _completes(cast)


async def _fails(cast: Cast, role: str, *, status: int) -> None:
    """A rename that Teamwork answers so."""
    ticket, stack = cast.plays(role, Ticket()), cast.stack
    path = rf".*/{await stack.with_task(ticket)}\.json"
    stack.teamwork.faults.add(Fault(kind="error", match=FaultMatch(method="P(ATCH|UT)", path=path), status=status))
    await stack.signal(ticket.renamed("B"))
    await stack.settled(ticket.id, role)


async def _rests(cast: Cast, role: str, state: str, ticket: Ticket) -> None:
    await cast.stack.signal(cast.plays(role, ticket).created())
    await cast.stack.settled(ticket.id, state)


async def _settles(cast: Cast) -> None:
    ticket = cast.plays("settling", Ticket())
    await cast.stack.with_task(ticket)
    await cast.stack.signal(ticket.changed("soft_deleted"))
    await eventually(lambda: _has_reason(cast.stack, ticket, "settling"), what="the delete settles")


async def _has_reason(stack: Stack, ticket: Ticket, reason: str) -> bool:
    return (await stack.status(ticket.id)).get("reason") == reason


async def _ends(cast: Cast, role: str = "ended") -> Ticket:
    ticket = cast.plays(role, Ticket())
    await cast.stack.with_task(ticket)
    await cast.stack.signal(ticket.status("closed"))
    await cast.stack.settled(ticket.id, "ended")
    return ticket


async def _completes(cast: Cast) -> None:
    ticket = await _ends(cast, "completed")
    await cast.stack.skip(cast.stack.ticket(ticket.id), 2 * HOUR)
    await cast.stack.ended(ticket)


async def _is_terminated(cast: Cast) -> None:
    ticket = cast.plays("terminated", Ticket())
    await cast.stack.with_task(ticket)
    await cast.stack.ticket(ticket.id).terminate()


async def _is_paused(cast: Cast) -> None:
    other = cast.stack.of_desk(next(desk for desk in cast.stack.settings.desks if desk != cast.stack.desk))
    await command_desk(other.client, other.desk, "pause")
    ticket = cast.plays("paused", Ticket(), other.desk)
    await other.signal(ticket.created())
    await other.settled(ticket.id, "paused")


async def _breaks(cast: Cast) -> None:
    """A run whose argument no worker can read: its workflow task fails, again and again."""
    stack, ticket = cast.stack, cast.plays("broken", Ticket())
    pairs = {names.DESK: stack.desk, names.TICKET_ID: str(ticket.id), names.SYNC_STATE: "pending"}
    attributes = TypedSearchAttributes([SearchAttributePair(key, value) for key, value in pairs.items()])
    await stack.client.start_workflow(
        names.TICKET_WORKFLOW,
        "no state of a ticket",
        id=names.ticket_workflow_id(stack.desk, ticket.id),
        task_queue=names.WORKFLOW_QUEUE,
        search_attributes=attributes,
    )


@asynccontextmanager
async def _versioned_worker(stack: Stack) -> AsyncIterator[None]:
    """The current one of its deployment."""
    settings, stop = stack.settings.model_copy(update={"worker_deployment": DEPLOYMENT}), asyncio.Event()
    run = asyncio.create_task(run_worker(settings, stack.client, stack.redis, stop))
    try:
        await make_current(stack.client, DEPLOYMENT, __version__)
        yield
    finally:
        stop.set()
        await run


# --- the queries


def test_every_query_of_the_page_is_tried_and_no_other() -> None:
    assert QUERIES.keys() == FINDS.keys()


@pytest.mark.parametrize("name", QUERIES)
async def test_a_query_finds_what_its_name_says_and_nothing_else(cast: Cast, name: str) -> None:
    query = cast.here(QUERIES[name])
    found: set[str] = set()

    async def is_right() -> bool:
        found.clear()
        found.update(await cast.found_by(query))
        return found == FINDS[name]

    try:
        await eventually(is_right, SEEN_WITHIN)
    except AssertionError:
        assert found == FINDS[name], query


async def test_nothing_is_on_another_version_than_the_one_that_has_it(cast: Cast) -> None:
    query = QUERIES["Another version"].replace("ticketsync:0.1.0", f"{DEPLOYMENT}:{__version__}")
    await eventually(lambda: cast.found_by(cast.here(QUERIES["Another version"])), SEEN_WITHIN, what="one has it")
    assert await cast.found_by(query) == set()
