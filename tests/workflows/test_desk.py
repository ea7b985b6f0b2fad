"""A desk keeps what belongs to it and not to one ticket: the moment of linking, the task list, pause, its troubles."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.stack import PROJECT, TASK_LIST, Stack, running_stack
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from ticketsync.desk_calls import command_desk, read_facts
from ticketsync.desk_care import start_desk
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.sandbox.faults import Fault, FaultMatch
from ticketsync.sync.desk import DeskFacts

A_MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
async def stack(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis) -> AsyncIterator[Stack]:
    async with running_stack(temporal_server.address, redis_server.port) as stack:
        yield stack


# --- linking


async def test_the_moment_of_linking_is_published_and_stays(stack: Stack) -> None:
    linked = await _facts(stack)
    await start_desk(stack.client, stack.desk)
    assert linked.linked_at == (await _facts(stack)).linked_at
    assert (await stack.desk_state())["linked_at"] == linked.linked_at.isoformat().replace("+00:00", "Z")


async def test_a_desk_workflow_that_was_terminated_is_started_again_as_linked_anew(stack: Stack) -> None:
    linked = await _facts(stack)
    await stack.desk_workflow.terminate("by hand")
    await start_desk(stack.client, stack.desk)
    await eventually(lambda: _is_ready(stack), what="the desk stands again")
    assert (await _facts(stack)).linked_at > linked.linked_at


# --- task list


async def test_the_list_of_our_name_is_found(stack: Stack) -> None:
    assert (await _facts(stack)).tasklist_id == TASK_LIST


# --- pause


async def test_a_paused_desk_writes_nothing_and_goes_on_when_resumed(stack: Stack) -> None:
    ticket, other = Ticket(), Ticket()
    task_id = await stack.with_task(ticket)
    await command_desk(stack.client, stack.desk, "pause")
    await eventually(lambda: _is_paused_by_now(stack, ticket), what="the worker knows of the pause")
    writes = len(stack.teamwork.faults.writes())
    await stack.signal(ticket.renamed("Written while paused"))
    await stack.signal(other.created())
    await stack.settled(other.id, "paused")
    await eventually(lambda: _journaled(stack, ticket, "paused", 2), what="the step was held up again")
    assert len(stack.teamwork.faults.writes()) == writes
    assert (await stack.status(ticket.id))["reason"] == "paused"
    await command_desk(stack.client, stack.desk, "resume")
    await eventually(lambda: stack.shows(task_id, name="Written while paused"), what="the ticket goes on")
    await stack.settled(other.id)


# --- troubles of the whole desk


async def test_a_project_that_is_not_there_for_a_while_takes_nothing_for_deleted(stack: Stack) -> None:
    renamed, solved, deleted, new = Ticket(), Ticket(), Ticket(), Ticket()
    tasks = [await stack.with_task(ticket) for ticket in (renamed, solved, deleted)]
    await _hide_project(stack, hidden=True)
    await stack.signal(renamed.renamed("B"), solved.status("solved"), deleted.changed("soft_deleted"), new.created())
    for ticket in (renamed, solved, deleted, new):
        status = await stack.settled(ticket.id, "blocked")
        assert (status["reason"], status["task"]["gone"]) == ("project_unreachable", False)
    await _hide_project(stack, hidden=False)
    await stack.skip(stack.desk_workflow, A_MINUTE)
    await eventually(lambda: stack.shows(tasks[0], name="B"), what="the task is renamed")
    await eventually(lambda: stack.shows(tasks[1], status="completed"), what="the task is completed")
    await stack.settled(deleted.id, "ended")
    await stack.settled(new.id)
    assert await stack.task(tasks[2]) is None
    assert len(await stack.tasks_of(new.id)) == 1


async def test_refused_zendesk_credentials_hold_up_reads_only(stack: Stack) -> None:
    reader, writer = Ticket(subject="Read me"), Ticket()
    await stack.put_in_zendesk(reader)
    stack.zendesk.faults.add(Fault(kind="unauthorized", match=FaultMatch(path="/api/v2/")))
    await stack.signal(reader.created().model_copy(update={"snapshot": None, "hint": "older_form"}))
    assert (await stack.settled(reader.id, "blocked"))["reason"] == "zendesk_credentials_refused"
    await stack.with_task(writer)
    stack.zendesk.faults.clear()
    await stack.skip(stack.desk_workflow, A_MINUTE)
    assert (await stack.settled(reader.id))["task"]["title"] == "Read me"


async def _facts(stack: Stack) -> DeskFacts:
    facts = await read_facts(stack.client, stack.desk)
    assert facts is not None
    return facts


async def _is_ready(stack: Stack) -> bool:
    """With the second of linking over: the task of a ticket of that second would be looked for, for 22 s."""
    facts = await _facts(stack)
    return facts.tasklist_id is not None and datetime.now(UTC).replace(microsecond=0) > facts.linked_at


async def _is_paused_by_now(stack: Stack, ticket: Ticket) -> bool:
    """A worker asks the desk every two seconds: try until it has."""
    await stack.signal(ticket.renamed(f"{ticket.snapshot.subject}+"))
    return bool((await stack.status(ticket.id)).get("sync_state") == "paused")


async def _journaled(stack: Stack, ticket: Ticket, code: str, times: int) -> bool:
    journal = (await stack.status(ticket.id)).get("journal", ())
    return len([line for line in journal if line["code"] == code]) >= times


async def _hide_project(stack: Stack, *, hidden: bool) -> None:
    answer = await stack.teamwork_http.put(f"/sandbox/projects/{PROJECT}", json={"hidden": hidden})
    answer.raise_for_status()
