"""`ticketsync tickets link` and `unlink` against the running service."""

from datetime import UTC, datetime
from typing import Any

from tests.cli.conftest import ANN, ANN_PERSON, Service
from tests.cli.test_import_redis import old_task, old_ticket, task, tasks_of
from ticketsync.cli.linking import outcome_in
from ticketsync.reasons import REASONS
from ticketsync.sync.state import journal_line
from ticketsync.teamwork import has_marker

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


async def theirs(service: Service, **fields: Any) -> int:
    """A task that people made."""
    return await old_task(service, by=ANN_PERSON, **fields)


async def test_a_task_that_people_made_becomes_the_tickets(service: Service) -> None:
    ticket_id, task_id = await service.ticket(subject="Printer on fire", assignee_id=ANN), await theirs(service)
    former = (await service.status(ticket_id))["task"]["id"]
    ran = await service.run("tickets", "link", str(ticket_id), str(task_id))
    assert ran.code == 0, ran.err
    assert ran.out == (
        f"ticket {ticket_id} of desk default: link: task {task_id}: the task is the ticket's, "
        f"task {former} is let go: its marker is taken off\n"
    )
    await service.until(ticket_id, "in_step", id=task_id, title="Printer on fire")
    assert (await task(service, task_id))["assigneeUserIds"] == [ANN_PERSON]
    assert await tasks_of(service, ticket_id) == [task_id]
    why = await service.run("tickets", "why", str(ticket_id))
    assert f"link: task {task_id}" in why.out


async def test_a_ticket_of_which_nothing_was_heard_is_linked(service: Service) -> None:
    ticket_id, task_id = await old_ticket(service), await theirs(service)
    ran = await service.run("tickets", "link", str(ticket_id), str(task_id), "--json")
    assert (ran.code, ran.json["status"]) == (0, "linked")
    await service.until(ticket_id, "in_step", id=task_id, title="Old")


async def test_a_task_that_cannot_be_the_tickets_is_one_clear_line(service: Service) -> None:
    ticket_id, other = await service.ticket(subject="One"), await service.ticket(subject="Other")
    own, its = [(await service.status(one))["task"]["id"] for one in (ticket_id, other)]
    taken = await service.run("tickets", "link", str(ticket_id), str(its), "--json")
    missing = await service.run("tickets", "link", str(ticket_id), "999999999")
    assert (taken.code, taken.out, missing.code, missing.out) == (1, "", 1, "")
    marked = f"task {its} is marked as that of ticket default/{other}: unlink that one first"
    assert taken.err == f"Error: ticket {ticket_id} of desk default: link: task {its}: refused: {marked}\n"
    assert "Teamwork shows no task 999999999 (not_found): is the number right?" in missing.err
    assert (await service.until(ticket_id, "in_step"))["task"]["id"] == own


async def test_an_unlinked_ticket_says_what_that_means_and_what_to_do(service: Service) -> None:
    ticket_id = await service.ticket(subject="To be let go")
    task_id = (await service.status(ticket_id))["task"]["id"]
    ran = await service.run("tickets", "unlink", str(ticket_id), "--json")
    assert (ran.code, ran.json["status"]) == (0, "unlinked")
    assert not has_marker((await task(service, task_id))["description"], "default", ticket_id)
    shown = await service.run("tickets", "show", str(ticket_id))
    unlinked = REASONS["unlinked"]
    assert all(words in shown.out for words in ("filtered (unlinked)", unlinked.meaning, unlinked.remedy))
    again = await service.run("tickets", "unlink", str(ticket_id))
    assert (again.code, "it has none, and makes none" in again.out) == (0, True)
    await service.run("tickets", "resync", str(ticket_id), "--recreate")
    status = await service.until(ticket_id, "in_step", title="To be let go")
    assert status["task"]["id"] != task_id


async def test_a_ticket_that_nobody_heard_of_cannot_be_unlinked(service: Service) -> None:
    ran = await service.run("tickets", "unlink", "999999")
    assert (ran.code, "has no workflow" in ran.err) == (1, True)


# --- the outcome


def test_the_outcome_is_that_of_the_newest_command() -> None:
    def line(code: str, text: str = "") -> Any:
        return journal_line(NOON, code, text)

    before = (line("link"), line("link_refused", "first"))
    assert outcome_in((), "link") is None
    assert outcome_in((*before, line("link")), "link") is None
    assert outcome_in((*before, line("link"), line("same"), line("link_done", "second")), "link") == line(
        "link_done", "second"
    )
    assert outcome_in((line("unlink"), line("unlinked", "none")), "unlink") == line("unlinked", "none")
    assert outcome_in((line("unlink"), line("unlinked")), "link") is None
