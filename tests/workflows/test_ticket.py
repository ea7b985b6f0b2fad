"""What a ticket's events do to its task, through the real workflow, Temporal, Redis and Teamwork's HTTP."""

from tests.support.stack import ANN_KEY, PERSON_ANN, PERSON_BEN, Stack
from tests.support.tickets import ANN, BEN, CLEO, Ticket
from tests.support.wait import eventually


async def test_a_new_ticket_becomes_a_task_of_the_agent_who_opened_it(stack: Stack) -> None:
    ticket = Ticket(submitter_id=ANN)
    await stack.signal(ticket.created())
    status = await stack.settled(ticket.id)
    task = await stack.task(status["task"]["id"])
    assert task is not None
    assert (task["name"], task["assigneeUserIds"], task["tasklistId"]) == ("Checkout broken", [PERSON_ANN], 1234)
    assert f"[ticketsync:{stack.desk}/{ticket.id}]" in task["description"]


async def test_a_change_of_every_kind_reaches_the_task(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)

    await stack.signal(ticket.renamed("Broken on mobile"))
    await eventually(lambda: stack.shows(task_id, name="Broken on mobile"), what="the task is renamed")
    await stack.signal(ticket.assigned(BEN))
    await eventually(lambda: stack.shows(task_id, assigneeUserIds=[PERSON_BEN]), what="the task is Ben's")
    await stack.signal(ticket.assigned(None))
    await eventually(lambda: stack.shows(task_id, assigneeUserIds=[]), what="the task is nobody's")
    await stack.signal(ticket.status("solved"))
    await eventually(lambda: stack.shows(task_id, status="completed"), what="the task is completed")
    await stack.signal(ticket.status("open"))
    await eventually(lambda: stack.shows(task_id, status="reopened"), what="the task is reopened")


async def test_an_unmapped_assignee_leaves_the_task_with_nobody_and_in_step(stack: Stack) -> None:
    ticket = Ticket(assignee_id=CLEO)
    await stack.signal(ticket.created())
    status = await stack.settled(ticket.id)
    assert (status["reason"], status["task"]["assignee_id"]) == ("no_mapping", None)


async def test_a_closed_ticket_deletes_its_task_after_the_settle_window(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    await stack.signal(ticket.status("closed"))
    assert (await stack.settled(ticket.id, "pending"))["reason"] == "settling"
    await stack.settled(ticket.id, "ended")
    assert await stack.task(task_id) is None


async def test_a_merge_within_the_settle_window_completes_instead_of_deleting(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    merged = ticket.merged()
    closed = ticket.status("closed").model_copy(update={"snapshot": ticket.snapshot.model_copy(update={"tags": ()})})
    await stack.signal(closed)
    await stack.settled(ticket.id, "pending")
    await stack.signal(merged)
    await stack.settled(ticket.id, "ended")
    assert await stack.shows(task_id, status="completed")


async def test_a_merge_after_the_delete_restores_and_completes(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    merged = ticket.merged()
    closed = ticket.status("closed").model_copy(update={"snapshot": ticket.snapshot.model_copy(update={"tags": ()})})
    await stack.signal(closed)
    await stack.settled(ticket.id, "ended")
    await stack.signal(merged)
    await eventually(lambda: stack.shows(task_id, status="completed"), what="the task is back and completed")


async def test_a_deleted_and_undeleted_ticket_has_its_task_back(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    await stack.signal(ticket.changed("soft_deleted"))
    await stack.settled(ticket.id, "ended")
    assert await stack.task(task_id) is None
    await stack.signal(ticket.changed("undeleted"))
    await stack.settled(ticket.id)
    assert await stack.shows(task_id, status="new")


async def test_a_task_that_people_worked_on_is_completed_instead_of_deleted(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    note = {"comment": {"body": "I am on it"}}
    await stack.teamwork_http.post(f"/tasks/{task_id}/comments.json", json=note, auth=ANN_KEY)
    await stack.signal(ticket.changed("soft_deleted"))
    status = await stack.settled(ticket.id, "ended")
    assert status["task"]["protected"]
    assert await stack.shows(task_id, status="completed")


async def test_a_task_deleted_by_hand_stays_gone_until_the_ticket_is_reopened(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    await stack.teamwork_http.delete(f"/projects/api/v3/tasks/{task_id}.json", auth=ANN_KEY)
    await stack.signal(ticket.renamed("Still broken"))
    await eventually(lambda: _reason(stack, ticket.id, "gone_by_hand"), what="the ticket says so")
    await stack.signal(ticket.status("solved"), ticket.status("open"))
    await eventually(lambda: stack.shows(task_id, name="Still broken"), what="the task is back")


async def test_a_hint_reads_the_ticket_from_zendesk(stack: Stack) -> None:
    created = await stack.zendesk_http.post(
        "/api/v2/tickets.json", json={"ticket": {"subject": "Read me", "comment": {"body": "x"}}}
    )
    ticket = Ticket(created.json()["ticket"]["id"])
    hint = ticket.created().model_copy(update={"snapshot": None, "hint": "older_form"})
    await stack.signal(hint)
    status = await stack.settled(ticket.id)
    assert status["task"]["title"] == "Read me"


async def _reason(stack: Stack, ticket_id: int, reason: str) -> bool:
    return bool((await stack.status(ticket_id)).get("reason") == reason)
