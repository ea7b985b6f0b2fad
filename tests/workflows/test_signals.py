"""Signals as they really come: unreadable, repeated, in any order, in bursts, by the thousand."""

import asyncio
import random
from typing import Any

import pytest
from temporalio.client import WorkflowHandle

from tests.support.stack import PERSON_BEN, Stack
from tests.support.tickets import ANN, BEN, Ticket
from tests.support.wait import eventually
from tests.workflows.recorded import kinds
from ticketsync import names
from ticketsync.sync.state import TicketState
from ticketsync.workflows.runs import EVENTS_AT_REST, SIGNALS_PER_RUN

LAST = "The last of very many"


@pytest.mark.parametrize(
    "payload",
    [["a", "list"], "a string", 7, None, {"kind": 7}, {"id": "x", "ticket_id": "not a number", "kind": "created"}],
    ids=["list", "string", "number", "nothing", "wrong type", "wrong id"],
)
async def test_a_signal_that_cannot_be_read_is_kept_as_a_hint_with_its_size_and_error(
    stack: Stack, payload: Any
) -> None:
    ticket = Ticket(subject="Read me")
    await stack.put_in_zendesk(ticket)
    await _signal_anything(stack, ticket.id, payload)
    status = await stack.settled(ticket.id)
    assert status["task"]["title"] == "Read me"
    (hint,) = [line["text"] for line in status["journal"] if "could not be read" in line["text"]]
    assert "a signal of " in hint
    assert "bytes could not be read (" in hint
    assert "not a number" not in hint


@pytest.mark.parametrize("seed", range(4))
async def test_events_in_any_order_and_repeated_end_in_the_same_task(stack: Stack, seed: int) -> None:
    ticket = Ticket()
    created = ticket.created()
    events = [
        created,
        ticket.renamed("B"),
        ticket.assigned(ANN),
        ticket.status("solved"),
        ticket.renamed("C"),
        ticket.status("open"),
        ticket.assigned(BEN),
    ]
    shuffled = random.Random(seed).sample(events * 2, 2 * len(events))  # noqa: S311 - an order that can be repeated
    await stack.signal(*shuffled)
    await eventually(lambda: _shown(stack, ticket, "C", "open", PERSON_BEN), what="the task shows the last of all")
    assert len(await stack.tasks_of(ticket.id)) == 1


async def test_the_same_events_again_change_nothing(stack: Stack) -> None:
    ticket = Ticket()
    events = [ticket.created(), ticket.renamed("B"), ticket.status("solved")]
    await stack.signal(*events)
    await eventually(lambda: _shown(stack, ticket, "B", "completed", None), what="the task is completed")
    writes = len(stack.teamwork.faults.writes())
    await stack.signal(*reversed(events), *events)
    await eventually(lambda: _journaled(stack, ticket, "duplicate", 6), what="all six were looked at")
    assert len(stack.teamwork.faults.writes()) == writes


async def test_a_burst_of_ten_edits_costs_two_writes_at_most(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    before = stack.writes(rf"/{task_id}\.json")
    await asyncio.gather(*(stack.signal(ticket.renamed(f"Edit {number}")) for number in range(10)))
    await eventually(lambda: stack.shows(task_id, name="Edit 9"), what="the last edit is on the task")
    await stack.settled(ticket.id)
    assert stack.writes(rf"/{task_id}\.json") - before <= 2


async def test_a_run_is_rolled_over_by_its_own_count_of_signals(stack: Stack) -> None:
    """The server suggests it by the history's size; it refuses the 10,001st signal of a run, however small they are."""
    ticket = Ticket()
    created = ticket.created()
    changes = [ticket.changed("tags_changed") for _ in range(SIGNALS_PER_RUN + 50)]
    last = ticket.renamed(LAST)
    await stack.put_in_zendesk(ticket)
    workflow = await stack.signal(created)
    first_run = (await workflow.describe()).run_id
    for start in range(0, len(changes), 100):
        await asyncio.gather(*(stack.signal(change) for change in changes[start : start + 100]))
    await eventually(lambda: _is_another_run(workflow, first_run), what="the run is another")
    await stack.signal(last)
    await eventually(lambda: _shown(stack, ticket, LAST, "open", None), what="nothing was lost")


async def test_a_run_that_has_grown_ends_when_there_is_nothing_to_do(stack: Stack) -> None:
    """What it was told stays in the worker's memory until then. Nobody waits for it: what is under way is finished."""
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    workflow = stack.ticket(ticket.id)
    first_run = (await workflow.describe()).run_id
    for _ in range(EVENTS_AT_REST // 4):
        if await _is_another_run(workflow, first_run):
            break
        await stack.signal(ticket.changed("tags_changed"))
        await stack.settled(ticket.id)
    events = (await stack.client.get_workflow_handle(workflow.id, run_id=first_run).fetch_history()).events
    assert kinds(events)[-1] == "workflow_execution_continued_as_new"
    assert EVENTS_AT_REST <= len(events) < EVENTS_AT_REST + 50
    await stack.signal(ticket.renamed(LAST))
    await eventually(lambda: _shown(stack, ticket, LAST, "open", None), what="the next run goes on")
    assert await stack.tasks_of(ticket.id) == [task_id]


@pytest.mark.parametrize("payloads", [[], [{"kind": "created"}, "another"]], ids=["none", "two"])
async def test_a_signal_with_another_number_of_arguments_stops_nobody(stack: Stack, payloads: list[Any]) -> None:
    ticket = Ticket()
    await stack.put_in_zendesk(ticket)
    await _signal_anything(stack, ticket.id, *payloads)
    await stack.signal(ticket.renamed("B"))
    await eventually(lambda: _shown(stack, ticket, "B", "open", None), what="the ticket goes on")


async def _signal_anything(stack: Stack, ticket_id: int, *payloads: Any) -> None:
    await stack.client.start_workflow(
        names.TICKET_WORKFLOW,
        TicketState(desk=stack.desk, ticket_id=ticket_id),
        id=names.ticket_workflow_id(stack.desk, ticket_id),
        task_queue=names.WORKFLOW_QUEUE,
        start_signal=names.ZENDESK_EVENT,
        start_signal_args=payloads,
    )


async def _is_another_run(workflow: WorkflowHandle[Any, Any], run_id: str) -> bool:
    return (await workflow.describe()).run_id != run_id


async def _shown(stack: Stack, ticket: Ticket, title: str, standing: str, person: int | None) -> bool:
    task = (await stack.status(ticket.id)).get("task", {})
    return (task.get("title"), task.get("standing"), task.get("assignee_id")) == (title, standing, person)


async def _journaled(stack: Stack, ticket: Ticket, code: str, times: int) -> bool:
    journal = (await stack.status(ticket.id)).get("journal", ())
    return len([line for line in journal if line["code"] == code]) >= times
