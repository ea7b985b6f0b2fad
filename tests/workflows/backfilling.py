"""A desk that was linked an hour ago, with tickets and tasks from long before, and backfills of it."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.stack import TASK_LIST, UNLIMITED, Stack, running_stack, working
from tests.support.wait import eventually
from tests.workflows.reconciling import call
from ticketsync import names
from ticketsync.backfill_calls import BackfillView, begin_backfill, read_backfill
from ticketsync.cli.backfill_plan import Plan, plan_backfill
from ticketsync.sync.backfill import BackfillState, Place
from ticketsync.sync.desk import FACTS, DeskFacts, DeskState

LONG_AGO = 30 * 86400
FIRST = Place()
NEVER_MIND = 120.0


@asynccontextmanager
async def linked_an_hour_ago(
    address: str, redis_port: int, *, work: bool = True, **options: Any
) -> AsyncIterator[Stack]:
    """Older than any task that a lost Temporal may be about to make; Zendesk's own limits are out of the way."""
    async with running_stack(address, redis_port, work=False, **options) as stack:
        tuning = {"export_withheld_seconds": 1, "limits": {"incremental_exports": UNLIMITED, "account": UNLIMITED}}
        await call(stack, "PATCH", "/sandbox/settings", tuning)
        for desk in stack.settings.desks:
            await _link(stack, desk, datetime.now(UTC) - timedelta(hours=1))
        if not work:
            yield stack
            return
        async with working(stack):
            yield stack


async def _link(stack: Stack, desk: str, linked_at: datetime) -> None:
    await stack.client.start_workflow(
        names.DESK_WORKFLOW,
        DeskState(desk=desk, linked_at=linked_at),
        id=names.desk_workflow_id(desk),
        task_queue=names.WORKFLOW_QUEUE,
        memo={FACTS: DeskFacts(linked_at=linked_at)},
    )


async def old_tickets(stack: Stack, number: int = 1, **fields: Any) -> list[int]:
    """Tickets that were there long before the desk, and of which nothing was told."""
    then = int(time.time()) - LONG_AGO
    moment = f"{datetime.fromtimestamp(then, UTC):%Y-%m-%dT%H:%M:%SZ}"
    row = {"subject": "Old", "status": "open", "created_at": moment, "updated_at": moment, "generated_timestamp": then}
    answer = await call(stack, "POST", "/sandbox/tickets", {"tickets": [row | fields] * number})
    return [int(ticket["id"]) for ticket in answer["tickets"]]


async def old_task(stack: Stack, ticket_id: int, name: str = "Made before") -> int:
    """A task with the ticket's marker, made in our name when Temporal was another one."""
    description = f"[ticketsync:{stack.desk}/{ticket_id}](x)"
    task = {"count": 1, "tasklist_id": TASK_LIST, "name": name, "description": description}
    answer = await stack.teamwork_http.post("/sandbox/tasks/import", json=task)
    return int(answer.raise_for_status().json()["ids"][0])


async def plan(stack: Stack, place: Place = FIRST, *, only_open: bool = False) -> Plan:
    """The dry run, once the tasks that there are have been read."""
    await eventually(lambda: _is_scanned(stack), what="the project is scanned")
    return await plan_backfill(stack.settings, stack.desk, stack.client, place, lambda _: None, only_open=only_open)


async def begin(stack: Stack, planned: Plan) -> None:
    state = BackfillState(
        desk=stack.desk,
        only_open=planned.only_open,
        begun_at=datetime.now(UTC),
        until=planned.until,
        place=planned.place,
        planned=planned.counts,
    )
    await begin_backfill(stack.client, state)


async def view(stack: Stack) -> BackfillView:
    seen = await read_backfill(stack.client, stack.desk, seconds=10)
    assert seen is not None
    return seen


async def ended(stack: Stack, deadline: float = NEVER_MIND) -> BackfillState:
    """Its last state, when it has come to its end."""

    async def over() -> BackfillState | None:
        seen = await view(stack)
        return seen.state if not seen.running else None

    return await eventually(over, deadline, what="the backfill ends")


async def whole(stack: Stack, *, only_open: bool = False) -> BackfillState:
    """A backfill from the first ticket to its end."""
    await begin(stack, await plan(stack, only_open=only_open))
    return await ended(stack)


async def numbers_of_tasks(stack: Stack, ticket_ids: list[int]) -> list[int]:
    """How many tasks were ever made for each of them."""
    answer = await stack.teamwork_http.get("/sandbox/tasks")
    texts = [task["description"] or "" for task in answer.json()["tasks"]]
    markers = [f"[ticketsync:{stack.desk}/{ticket_id}]" for ticket_id in ticket_ids]
    return [sum(marker in text for text in texts) for marker in markers]


async def _is_scanned(stack: Stack) -> bool:
    project_id = stack.desk_settings.teamwork.project_id
    return bool(await stack.redis.exists(f"ticketsync:{stack.desk}:scanned:{project_id}"))
