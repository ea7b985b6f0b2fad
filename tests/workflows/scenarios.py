"""Days in the life of a ticket or a desk, played against a real stack: what `export_histories.py` records.

Each returns the workflow whose runs are recorded.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

from temporalio.client import WorkflowHandle

from tests.alerts_to_people.pinboard import pinboard
from tests.support.stack import PERSON_ANN, Stack
from tests.support.tickets import BEN, CLEO, Ticket
from tests.support.wait import eventually
from tests.workflows.backfilling import begin, ended, old_tickets, plan, view
from ticketsync import names
from ticketsync.backfill_calls import stop_backfill
from ticketsync.desk_calls import command_desk
from ticketsync.desk_care import start_alerts
from ticketsync.sandbox.faults import Fault, FaultMatch
from ticketsync.settings import AlertSettings
from ticketsync.sync.desk import Mapping
from ticketsync.tickets import command_ticket

Scenario = Callable[[Stack], Awaitable[WorkflowHandle[Any, Any]]]


async def create_to_close(stack: Stack) -> WorkflowHandle[Any, Any]:
    ticket = Ticket(tags=("vip",))
    task_id = await stack.with_task(ticket)
    await stack.signal(ticket.renamed("Broken on mobile"), ticket.assigned(BEN))
    await eventually(lambda: stack.shows(task_id, name="Broken on mobile"), what="the task is renamed")
    await stack.signal(ticket.status("solved"))
    await eventually(lambda: stack.shows(task_id, status="completed"), what="the task is completed")
    await stack.signal(ticket.status("closed"))
    await stack.ended(ticket)
    return stack.ticket(ticket.id)


async def many_changes(stack: Stack) -> WorkflowHandle[Any, Any]:
    """So many, one by one, that its run is over two hundred events long."""
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    for number in range(24):
        await stack.signal(ticket.renamed(title := f"Change {number}"))
        await eventually(partial(stack.shows, task_id, name=title), what=f"the task is called {title}")
    return stack.ticket(ticket.id)


async def merged_then_closed(stack: Stack) -> WorkflowHandle[Any, Any]:
    ticket = Ticket()
    await stack.with_task(ticket)
    await stack.signal(ticket.merged(), ticket.status("closed"))
    await stack.ended(ticket)
    return stack.ticket(ticket.id)


async def closed_then_merged(stack: Stack) -> WorkflowHandle[Any, Any]:
    ticket = Ticket()
    await stack.with_task(ticket)
    await stack.signal(ticket.status("closed"))
    await stack.settled(ticket.id, "pending")
    await stack.signal(ticket.merged())
    await stack.ended(ticket)
    return stack.ticket(ticket.id)


async def blocked_and_retried(stack: Stack) -> WorkflowHandle[Any, Any]:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    fail_writes(stack, task_id, status=422)
    await stack.signal(ticket.renamed("Refused"))
    await stack.settled(ticket.id, "blocked")
    stack.teamwork.faults.clear()
    await command_ticket(stack.client, stack.desk, ticket.id, "retry")
    await stack.settled(ticket.id)
    return stack.ticket(ticket.id)


async def step_cancelled_while_retrying(stack: Stack) -> WorkflowHandle[Any, Any]:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    fail_writes(stack, task_id, status=503)
    await stack.signal(ticket.renamed("Never shown"))
    await stack.settled(ticket.id, "retrying")
    stack.teamwork.faults.clear()
    await stack.signal(ticket.renamed("Shown"))
    await stack.settled(ticket.id)
    return stack.ticket(ticket.id)


async def undeleted_after_completion(stack: Stack) -> WorkflowHandle[Any, Any]:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    await stack.signal(ticket.changed("soft_deleted"))
    await stack.ended(ticket)
    await stack.signal(ticket.changed("undeleted"))
    await eventually(lambda: stack.shows(task_id, status="new"), what="the task is back")
    await stack.settled(ticket.id)
    return stack.ticket(ticket.id)


async def read_on_a_hint(stack: Stack) -> WorkflowHandle[Any, Any]:
    ticket = Ticket()
    await stack.put_in_zendesk(ticket)
    await stack.signal(ticket.created().model_copy(update={"snapshot": None, "hint": "older_form"}))
    await stack.settled(ticket.id)
    return stack.ticket(ticket.id)


async def deleted_by_hand_and_recreated(stack: Stack) -> WorkflowHandle[Any, Any]:
    ticket = Ticket()
    await stack.put_in_zendesk(ticket)
    task_id = await stack.with_task(ticket)
    await stack.teamwork_http.delete(f"/projects/api/v3/tasks/{task_id}.json")
    await stack.signal(ticket.renamed("Nobody sees this"))
    await eventually(partial(_has_reason, stack, ticket, "gone_by_hand"), what="the ticket says so")
    await command_ticket(stack.client, stack.desk, ticket.id, "resync", args=[True])
    await eventually(lambda: stack.task(task_id), what="the task is back")
    await stack.settled(ticket.id)
    return stack.ticket(ticket.id)


async def continued_as_new(stack: Stack) -> WorkflowHandle[Any, Any]:
    ticket = Ticket()
    await stack.with_task(ticket)
    first = (await stack.ticket(ticket.id).describe()).run_id
    for number in range(6):
        await stack.signal(ticket.renamed(f"Title {number}"))
        await stack.settled(ticket.id)
    assert (await stack.ticket(ticket.id).describe()).run_id != first
    return stack.ticket(ticket.id)


async def rule_error(stack: Stack) -> WorkflowHandle[Any, Any]:
    """The worker does not know the desk: its rules cannot be applied."""
    other = stack.of_desk(f"{stack.desk}-unknown")
    ticket = Ticket()
    await other.signal(ticket.created())
    await other.settled(ticket.id, "blocked")
    return other.ticket(ticket.id)


async def desk(stack: Stack) -> WorkflowHandle[Any, Any]:
    """Task list, directory, a mapping, pause and resume, and credentials that are refused for a while."""
    ticket = Ticket(assignee_id=CLEO)
    task_id = await stack.with_task(ticket)
    await command_desk(stack.client, stack.desk, "add_user", Mapping(agent_id=CLEO, person_id=PERSON_ANN))
    await eventually(lambda: stack.shows(task_id, assigneeUserIds=[PERSON_ANN]), what="Cleo is mapped")
    await command_desk(stack.client, stack.desk, "pause")
    await command_desk(stack.client, stack.desk, "resume")
    stack.teamwork.faults.add(Fault(kind="unauthorized", match=FaultMatch(path=r"/tasks/")))
    await stack.signal(ticket.renamed("Later"))
    await stack.settled(ticket.id, "blocked")
    stack.teamwork.faults.clear()
    await eventually(lambda: stack.shows(task_id, name="Later"), deadline=90, what="healed")
    return stack.desk_workflow


async def backfill(stack: Stack) -> WorkflowHandle[Any, Any]:
    """Stopped while a pause holds it up, and then gone on with to its end: two runs."""
    await old_tickets(stack, 4)
    await command_desk(stack.client, stack.desk, "pause")
    await begin(stack, await plan(stack))
    await eventually(partial(_waits, stack), what="the backfill waits")
    await stop_backfill(stack.client, stack.desk)
    place = (await ended(stack)).place
    await command_desk(stack.client, stack.desk, "resume")
    await begin(stack, await plan(stack, place))
    await ended(stack)
    return stack.client.get_workflow_handle(names.backfill_workflow_id(stack.desk))


async def alerts(stack: Stack) -> WorkflowHandle[Any, Any]:
    """A chat that refuses at first, and takes it a minute later; then they are switched off."""
    ticket, before = Ticket(), stack.desk_settings
    fail_writes(stack, await stack.with_task(ticket), status=422)
    await stack.signal(ticket.renamed("Refused"))
    await stack.settled(ticket.id, "blocked")
    async with pinboard() as chat:
        chat.status = 503
        wanted = AlertSettings(webhook=chat.webhook, after=timedelta(0))
        await stack.use(before.model_copy(update={"alerts": wanted}))
        await start_alerts(stack.client, stack.desk)
        await eventually(lambda: chat.refused, what="it was not told")
        chat.status = 200
        await eventually(lambda: chat.messages, deadline=90, what="it is told")
        await stack.use(before)
        handle = stack.client.get_workflow_handle(names.alert_workflow_id(stack.desk))
        await asyncio.wait_for(handle.result(), timeout=90)
    stack.teamwork.faults.clear()
    return handle


async def _waits(stack: Stack) -> bool:
    state = (await view(stack)).state
    return state is not None and state.trouble is not None


async def task_list(stack: Stack) -> WorkflowHandle[Any, Any]:
    settings = stack.desk_settings.teamwork
    return stack.client.get_workflow_handle(f"tasklist-{settings.site}-{settings.project_id}")


CONTINUED: Scenario = continued_as_new
ON_ONE_STACK: tuple[Scenario, ...] = (
    create_to_close,
    many_changes,
    merged_then_closed,
    closed_then_merged,
    blocked_and_retried,
    step_cancelled_while_retrying,
    undeleted_after_completion,
    read_on_a_hint,
    deleted_by_hand_and_recreated,
    rule_error,
    task_list,
    backfill,
    alerts,
    desk,
)


def fail_writes(stack: Stack, task_id: int, *, status: int) -> None:
    match = FaultMatch(method="PATCH|PUT", path=rf"/{task_id}\.json")
    stack.teamwork.faults.add(Fault(kind="error", match=match, status=status))


async def _has_reason(stack: Stack, ticket: Ticket, reason: str) -> bool:
    return bool((await stack.status(ticket.id)).get("reason") == reason)
