"""Everything that `ticketsync preview` looks at: which tickets, what each of them knows, and what would be done."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from pydantic import BaseModel
from redis.asyncio import Redis
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from ticketsync import names
from ticketsync.activities.looks import own_list_of
from ticketsync.cli.output import Failed
from ticketsync.cli.reach import reach_temporal
from ticketsync.cli.sides import reach_redis
from ticketsync.cli.template_check import check_templates
from ticketsync.desk_calls import NotLinkedError, read_facts
from ticketsync.desks import Desk, open_desks
from ticketsync.directory import Directory
from ticketsync.hints import Hints
from ticketsync.rehearsal import Foreseen, Rehearsal, Stage
from ticketsync.settings import Settings
from ticketsync.sync.decide import EarlierLife
from ticketsync.sync.desk import DeskFacts
from ticketsync.sync.fold import Rules
from ticketsync.sync.kept import knows_enough
from ticketsync.sync.lists import route_of
from ticketsync.sync.state import TicketState
from ticketsync.teamwork import TeamworkError
from ticketsync.teamwork import Unauthorized as TeamworkUnauthorized
from ticketsync.ticket_list import TIMEOUT, Wanted
from ticketsync.tickets import READ_SECONDS, TicketView, UnknownTicketError, read_ticket
from ticketsync.zendesk import Unauthorized as ZendeskUnauthorized
from ticketsync.zendesk import ZendeskError

AT_ONCE = 10  # tickets looked at side by side
READ_TOGETHER = 100  # as many as Zendesk shows in one call
TRIES = 4  # of a look that has to wait for its turn of a quota
LONGEST_WAIT = 65.0

Answer = TypeVar("Answer")


class NotForeseen(BaseModel):
    """A ticket that could not be looked at, and why."""

    ticket_id: int
    why: str


class Preview(BaseModel):
    """What would be done on a desk. `tickets` are those with steps (one that was asked for in any case).

    `looked_at` counts all of them, `changing` those whose task would change, `steps` what would change it, by kind;
    `more`: the limit cut the tickets.
    """

    desk: str
    looked_at: int
    changing: int
    steps: dict[str, int]
    tickets: list[Foreseen]
    not_foreseen: list[NotForeseen]
    warnings: list[str]
    more: bool


@dataclass(frozen=True)
class Known:
    """What is known of a ticket before it is looked at. `unsure`: why that may be too little."""

    state: TicketState
    earlier: EarlierLife
    unsure: str | None = None


@dataclass(frozen=True)
class Asked:
    """Which tickets: one, or at most `limit` of those that run and that the filter `query` finds."""

    ticket_id: int | None
    query: str | None
    limit: int


async def preview_desk(settings: Settings, name: str, asked: Asked) -> Preview:
    """Raises Failed, TemporalError, DeskCallError; what goes wrong with one ticket of many is in the answer."""
    client = await reach_temporal()
    async with opened_desk(settings, name) as (desk, redis):
        stage = await _stage(desk, redis, client)
        ids, more = await _ids(client, name, asked)
        known = await _each(ids, lambda ticket_id: _known(client, redis, name, ticket_id))
        await _read_beforehand(stage, known)
        foreseen = await _each(known, lambda one: _foreseen(stage, one))
        preview = _preview(stage, foreseen, more=more, whole=asked.ticket_id is not None)
        return preview.model_copy(update={"warnings": [*_warnings(stage), *await _of_templates(desk)]})


@asynccontextmanager
async def opened_desk(settings: Settings, name: str) -> AsyncIterator[tuple[Desk, Redis]]:
    only = settings.model_copy(update={"desks": {name: settings.desk(name)}})
    async with reach_redis(settings) as redis, open_desks(only, redis) as desks:
        yield desks[name], redis


async def _stage(desk: Desk, redis: Redis, client: Client) -> Stage:
    """A desk that no worker has started yet would be linked now."""
    facts = await _facts(client, desk.name)
    lists = await desk.teamwork.tasklists(desk.settings.teamwork.project_id)
    return Stage(
        desk=desk,
        rules=Rules(policy=desk.settings.policy, linked_at=facts.linked_at),
        directory=Directory(redis),
        own_list=own_list_of(desk, facts),
        open_lists=frozenset(one.id for one in lists),
    )


async def _facts(client: Client, name: str) -> DeskFacts:
    try:
        facts = await read_facts(client, name)
    except NotLinkedError:
        facts = None
    return facts or DeskFacts(linked_at=datetime.now(UTC))


# --- which tickets, and what they know


async def _ids(client: Client, name: str, asked: Asked) -> tuple[list[int], bool]:
    if asked.ticket_id is not None:
        return [asked.ticket_id], False
    query = Wanted(desk=name).query
    query = f"{query} AND ({asked.query})" if asked.query else query
    try:
        runs = [run async for run in client.list_workflows(query, limit=asked.limit + 1, rpc_timeout=TIMEOUT)]
    except RPCError as error:
        if error.status != RPCStatusCode.INVALID_ARGUMENT:
            raise
        raise Failed(f"Temporal does not understand --query: {error.message}", exit_code=2) from None
    ids = [int(run.id.rpartition("-")[2]) for run in runs]
    return ids[: asked.limit], len(ids) > asked.limit


async def _known(client: Client, redis: Redis, name: str, ticket_id: int) -> Known:
    """The state as the ticket's workflow has it; of one that does not run what is left of its earlier life."""
    fresh = TicketState(desk=name, ticket_id=ticket_id)
    try:
        view = await read_ticket(client, name, ticket_id, seconds=READ_SECONDS * 3)
    except UnknownTicketError:
        hint = await Hints(redis).task_id(name, ticket_id)
        return Known(fresh, EarlierLife(task_id=hint, no_trace=hint is None))
    if view.status is not None:
        state = TicketState.model_validate(view.status)
        return Known(state, EarlierLife()) if view.run == "running" else Known(fresh, EarlierLife(state=state))
    unsure = f"{view.note}: what the ticket's workflow remembers is not known" if view.run == "running" else None
    return Known(fresh, EarlierLife(task_id=_task_of(view)), unsure)


def _task_of(view: TicketView) -> int | None:
    text = view.search_attributes.get(names.TASK_ID.name, "")
    return int(text) if text.isdigit() else None


async def _read_beforehand(stage: Stage, known: Sequence[Known]) -> None:
    """Read the tickets of which too little is known a hundred at a time; what fails is read one by one later."""
    states = [one.state for one in known]
    ids = [state.ticket_id for state in states if state.snapshot is None or not knows_enough(state, stage.rules.policy)]
    for start in range(0, len(ids), READ_TOGETHER):
        part = ids[start : start + READ_TOGETHER]
        if len(part) > 1:
            stage.reads |= await patiently(lambda part=part: stage.desk.zendesk.tickets(part))  # type: ignore[misc]


# --- what would be done


async def _foreseen(stage: Stage, known: Known) -> Foreseen | NotForeseen:
    async def rehearse() -> Foreseen:
        return await Rehearsal(stage, known.state, known.earlier, datetime.now(UTC)).run()

    try:
        foreseen = await patiently(rehearse)
    except (TeamworkUnauthorized, ZendeskUnauthorized):
        raise
    except (TeamworkError, ZendeskError) as error:
        return NotForeseen(ticket_id=known.state.ticket_id, why=str(error))
    return foreseen.model_copy(update={"notes": [*foreseen.notes, *filter(None, [known.unsure])]})


async def patiently(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """What waits for a turn of a quota is asked again when its time has come. Raises TeamworkError, ZendeskError."""
    for _ in range(TRIES - 1):
        try:
            return await ask()
        except (TeamworkError, ZendeskError) as error:
            if error.retry_after is None:
                raise
            await asyncio.sleep(min(error.retry_after, LONGEST_WAIT))
    return await ask()


Item = TypeVar("Item")


async def _each(items: Sequence[Item], look: Callable[[Item], Awaitable[Answer]]) -> list[Answer]:
    """Look at all of them, a few at a time, in their order."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(item: Item) -> Answer:
        async with turns:
            return await look(item)

    return list(await asyncio.gather(*(one(item) for item in items)))


# --- the answer


def _preview(stage: Stage, all_foreseen: Sequence[Foreseen | NotForeseen], *, more: bool, whole: bool) -> Preview:
    foreseen = [one for one in all_foreseen if isinstance(one, Foreseen)]
    return Preview(
        desk=stage.desk.name,
        looked_at=len(all_foreseen),
        changing=sum(any(step.changes for step in one.steps) for one in foreseen),
        steps=dict(Counter(step.kind for one in foreseen for step in one.steps if step.changes)),
        tickets=[one for one in foreseen if one.steps or whole],
        not_foreseen=[one for one in all_foreseen if isinstance(one, NotForeseen)],
        warnings=[],
        more=more,
    )


def _warnings(stage: Stage) -> list[str]:
    routes = [(text, route_of(text).tasklist_id) for text in stage.rules.policy.routes]
    project_id = stage.desk.settings.teamwork.project_id
    return [
        f"route {text}: list {tasklist_id} is no open list of project {project_id}"
        for text, tasklist_id in routes
        if tasklist_id not in stage.open_lists
    ]


async def _of_templates(desk: Desk) -> list[str]:
    lines = await check_templates(desk)
    return [f"templates: {line.found}; {line.next}" for line in lines if line.outcome != "ok"]
