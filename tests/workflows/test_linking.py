"""A ticket that is linked or unlinked by hand, whatever comes after: events, an end, a roll-over, a lost run."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.stack import ANN_KEY, PERSON_ANN, TASK_LIST, Stack, running_stack
from tests.support.tickets import ANN, Ticket
from tests.support.wait import eventually
from tests.workflows.recorded import replayer, runs_of
from ticketsync.cli.preview_of_desk import Asked, preview_desk
from ticketsync.desk_calls import command_desk
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.sandbox.faults import Fault, FaultMatch
from ticketsync.sync.policy import Policy
from ticketsync.tickets import command_ticket

AFTER_THE_READ = timedelta(seconds=20)  # so long after it that nothing is in doubt
SHORT = Policy(settle_window=timedelta(0), grace_period=timedelta(seconds=2))


@pytest.fixture(scope="module")
async def stack(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis) -> AsyncIterator[Stack]:
    async with running_stack(temporal_server.address, redis_server.port, policy=SHORT) as stack:
        yield stack


async def opened(stack: Stack) -> tuple[Ticket, int]:
    ticket = Ticket(assignee_id=ANN)
    await stack.put_in_zendesk(ticket)
    return ticket, await stack.with_task(ticket)


async def theirs(stack: Stack) -> int:
    task = {"task": {"name": "What people wrote"}}
    path = f"/projects/api/v3/tasklists/{TASK_LIST}/tasks.json"
    made = await stack.teamwork_http.post(path, json=task, auth=ANN_KEY)
    return int(made.raise_for_status().json()["task"]["id"])


async def tell(stack: Stack, ticket: Ticket, command: str, *args: int) -> None:
    answer = await command_ticket(stack.client, stack.desk, ticket.id, command, args=args)  # type: ignore[arg-type]
    assert answer == "queued"


async def linked(stack: Stack) -> tuple[Ticket, int, int]:
    """The ticket, its task, and the one it had before."""
    (ticket, former), task_id = await opened(stack), await theirs(stack)
    await tell(stack, ticket, "link_task", task_id)
    await has_task(stack, ticket, task_id)
    ticket.is_now(datetime.now(UTC).replace(microsecond=0) + AFTER_THE_READ)
    return ticket, task_id, former


async def has_task(stack: Stack, ticket: Ticket, task_id: int | None) -> None:
    async def has_it() -> bool:
        status = await stack.status(ticket.id)
        return bool(status) and status["task"]["id"] == task_id and status["sync_state"] in ("in_step", "filtered")

    await eventually(has_it, what=f"ticket {ticket.id} has task {task_id}")


async def test_a_linked_task_follows_its_ticket_and_the_former_one_is_left_alone(stack: Stack) -> None:
    ticket, task_id, former = await linked(stack)
    assert await stack.shows(task_id, name="Checkout broken", assigneeUserIds=[PERSON_ANN])
    await stack.signal(ticket.renamed("Other"), ticket.status("solved"))
    await eventually(lambda: stack.shows(task_id, name="Other", status="completed"), what="the linked task follows")
    assert await stack.shows(former, name="Checkout broken", status="new")
    assert await stack.tasks_of(ticket.id) == [task_id]


async def test_a_link_survives_the_end_of_the_run_and_duplicates_of_what_came_before(stack: Stack) -> None:
    ticket, task_id, _ = await linked(stack)
    created = ticket.created()
    await stack.signal(ticket.changed("soft_deleted"))
    await stack.ended(ticket)
    assert await stack.shows(task_id, status="completed")  # people made it
    await stack.signal(created)
    await stack.signal(ticket.changed("undeleted"))
    await eventually(lambda: stack.shows(task_id, status="reopened"), what="the linked task is open again")
    assert await stack.tasks_of(ticket.id) == [task_id]


async def test_a_link_to_a_ticket_that_has_ended_begins_a_new_run(stack: Stack) -> None:
    (ticket, former), task_id = await opened(stack), await theirs(stack)
    await stack.signal(ticket.merged())
    await stack.ended(ticket)
    await tell(stack, ticket, "link_task", task_id)
    await eventually(lambda: stack.tasks_of(ticket.id), what="it is marked")
    await eventually(lambda: _is_only(stack, ticket, task_id), what="the former task is let go")
    assert await stack.task(former) is not None


async def _is_only(stack: Stack, ticket: Ticket, task_id: int) -> bool:
    return await stack.tasks_of(ticket.id) == [task_id]


async def test_a_linked_task_is_found_again_after_its_run_was_terminated(stack: Stack) -> None:
    ticket, task_id, _ = await linked(stack)
    await stack.ticket(ticket.id).terminate("by hand")
    await stack.signal(ticket.renamed("After the accident"))
    await eventually(lambda: stack.shows(task_id, name="After the accident"), what="it is in step again")
    assert await stack.tasks_of(ticket.id) == [task_id]


async def test_a_link_waits_while_teamwork_does_not_answer_and_then_lands(stack: Stack) -> None:
    (ticket, _), task_id = await opened(stack), await theirs(stack)
    match = FaultMatch(method="PATCH", path=rf"/{task_id}\.json")
    stack.teamwork.faults.add(Fault(kind="lost_answer", match=match))
    await tell(stack, ticket, "link_task", task_id)
    await stack.settled(ticket.id, "retrying")
    stack.teamwork.faults.clear()
    await stack.signal(ticket.renamed("Other"))
    await eventually(lambda: stack.shows(task_id, name="Other"), what="it is linked, and follows")
    assert await stack.tasks_of(ticket.id) == [task_id]


async def test_a_link_to_a_task_that_is_not_there_leaves_the_ticket_as_it_was(stack: Stack) -> None:
    ticket, former = await opened(stack)
    await tell(stack, ticket, "link_task", 99_999_999)

    async def refused() -> bool:
        return "link_refused" in [line["code"] for line in (await stack.status(ticket.id)).get("journal", ())]

    await eventually(refused, what="the link is refused")
    await has_task(stack, ticket, former)


async def test_an_unlinked_ticket_makes_no_task_until_it_is_told_to(stack: Stack) -> None:
    ticket, former = await opened(stack)
    await tell(stack, ticket, "unlink_task")
    await has_task(stack, ticket, None)
    status = await stack.status(ticket.id)
    assert (status["sync_state"], status["reason"]) == ("filtered", "unlinked")
    await stack.signal(ticket.changed("soft_deleted"))
    await stack.ended(ticket)
    await stack.signal(ticket.changed("undeleted"), ticket.renamed("Other"))
    await has_task(stack, ticket, None)
    assert await stack.shows(former, name="Checkout broken")
    assert await stack.tasks_of(ticket.id) == []
    await command_ticket(stack.client, stack.desk, ticket.id, "resync", args=[True])
    await eventually(lambda: stack.tasks_of(ticket.id), what="it has a task of its own")
    assert former not in await stack.tasks_of(ticket.id)


async def test_a_paused_desk_keeps_a_link_until_it_goes_on(stack: Stack, redis_server: EmbeddedRedis) -> None:
    (ticket, _), task_id = await opened(stack), await theirs(stack)
    await command_desk(stack.client, stack.desk, "pause")
    try:
        await eventually(lambda: _is_held(stack, ticket), what="the ticket is held")
        await tell(stack, ticket, "link_task", task_id)
        await eventually(lambda: _wants_link(stack, ticket, task_id), what="the link is kept")
        assert await stack.shows(task_id, name="What people wrote")
    finally:
        await command_desk(stack.client, stack.desk, "resume")
    await has_task(stack, ticket, task_id)


async def _is_held(stack: Stack, ticket: Ticket) -> bool:
    """A worker may take what it heard of the desk two seconds ago for true."""
    await stack.signal(ticket.renamed(ticket.snapshot.subject + "!" if ticket.snapshot.subject else "!"))
    return bool((await stack.settled(ticket.id, "paused", "in_step"))["sync_state"] == "paused")


async def _wants_link(stack: Stack, ticket: Ticket, task_id: int) -> bool:
    status = await stack.settled(ticket.id, "paused")
    return bool(status["link_to"] == task_id)


# --- foreseen


async def test_a_link_that_waits_is_foreseen_with_all_that_follows(
    stack: Stack, temporal_server: EmbeddedTemporal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_server.address)
    (ticket, _), task_id = await opened(stack), await theirs(stack)
    await tell_without_writes(stack, ticket, task_id, "link_task", task_id)
    assert await foreseen(stack, ticket) == [
        (f"link: task {task_id}", None),
        ("rename: 'What people wrote' → 'Checkout broken'", None),
        (f"reassign: nobody → person {PERSON_ANN}", None),
    ]
    await stack.teamwork_http.delete(f"/projects/api/v3/tasks/{task_id}.json", auth=ANN_KEY)
    ((step, but),) = await foreseen(stack, ticket)
    assert (step, f"task {task_id}" in str(but)) == (f"link: task {task_id}", True)
    stack.teamwork.faults.clear()


async def test_an_unlink_that_waits_is_foreseen(
    stack: Stack, temporal_server: EmbeddedTemporal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_server.address)
    ticket, task_id = await opened(stack)
    await tell_without_writes(stack, ticket, task_id, "unlink_task")
    assert await foreseen(stack, ticket) == [(f"unlink: task {task_id}", None)]
    stack.teamwork.faults.clear()
    await has_task(stack, ticket, None)


async def tell_without_writes(stack: Stack, ticket: Ticket, task_id: int, command: str, *args: int) -> None:
    """While Teamwork takes no writes of this task."""
    match = FaultMatch(method="PATCH", path=rf"/{task_id}\.json")
    stack.teamwork.faults.add(Fault(kind="error", match=match, status=503))
    await tell(stack, ticket, command, *args)
    await stack.settled(ticket.id, "retrying")


async def foreseen(stack: Stack, ticket: Ticket) -> list[tuple[str, str | None]]:
    preview = await preview_desk(stack.settings, stack.desk, Asked(ticket_id=ticket.id, query=None, limit=1))
    return [(step.what, step.but) for one in preview.tickets for step in one.steps]


# --- replay


async def test_histories_of_links_replay(stack: Stack) -> None:
    ticket, _, _ = await linked(stack)
    await tell(stack, ticket, "unlink_task")
    await has_task(stack, ticket, None)
    for run in await runs_of(stack.client, stack.ticket(ticket.id)):
        await replayer().replay_workflow(run)
