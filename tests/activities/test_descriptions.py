"""What stands in a description above the marker: written once, from the ticket as it is, and never in the way."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.activities.bench import Bench, bench_of
from tests.support.stack import PERSON_ANN, Stack
from tests.support.tickets import Ticket
from ticketsync.sandbox.faults import Fault, FaultMatch
from ticketsync.sync.policy import Policy

PRODUCT = 8447320467001  # the sandbox's custom field
CREATE = FaultMatch(method="POST", path=r"/tasklists/\d+/tasks\.json")
READ = FaultMatch(method="GET", path=r"/api/v2/tickets/\d+")


@asynccontextmanager
async def described(stack: Stack, template: str) -> AsyncIterator[Bench]:
    settings = stack.desk_settings.model_copy(update={"policy": Policy(description=template)})
    async with bench_of(stack, settings) as bench:
        yield bench
    stack.zendesk.faults.clear()
    stack.teamwork.faults.clear()


async def opened(stack: Stack, text: str = "Nothing works.", **fields: object) -> Ticket:
    """A ticket that is in Zendesk too."""
    ticket = {"subject": "Checkout broken", "comment": {"body": text}, "tags": ["vip"], "priority": "high", **fields}
    answer = await stack.zendesk_http.post("/api/v2/tickets", json={"ticket": ticket})
    return Ticket(answer.json()["ticket"]["id"])


async def description_of(bench: Bench, task_id: int | None) -> list[str]:
    task = await bench.stack.task(task_id or 0)
    assert task is not None
    return str(task["description"]).splitlines()


async def test_the_template_stands_above_the_marker(quiet_stack: Stack) -> None:
    ticket = await opened(quiet_stack)
    async with described(quiet_stack, "#{id} ({priority}, {tags}, {organization_id})\n{description}") as bench:
        *text, empty, marker = await description_of(bench, (await bench.created(ticket)).id)
    assert text == [f"#{ticket.id} (high, vip, )", "Nothing works."]
    assert (empty, marker.split("]")[0]) == ("", f"[ticketsync:{quiet_stack.desk}/{ticket.id}")


async def test_a_custom_field_stands_in_it_and_one_that_is_not_there_is_empty(quiet_stack: Stack) -> None:
    ticket = await opened(quiet_stack, custom_fields=[{"id": PRODUCT, "value": "web"}])
    async with described(quiet_stack, f"[{{ticket_field_{PRODUCT}}}][{{ticket_field_7}}]") as bench:
        text, *_ = await description_of(bench, (await bench.created(ticket)).id)
    assert text == "[web][]"


async def test_without_a_template_zendesk_is_not_asked(quiet_stack: Stack) -> None:
    quiet_stack.zendesk.faults.add(Fault(kind="unauthorized", match=READ))
    async with described(quiet_stack, "") as bench:
        (marker,) = await description_of(bench, (await bench.created(Ticket())).id)
    assert marker.startswith("[ticketsync:")


async def test_a_long_text_is_cut_and_the_marker_stays_the_last_line(quiet_stack: Stack) -> None:
    ticket = await opened(quiet_stack, "x" * 60_000)
    async with described(quiet_stack, "{description}") as bench:
        text, _, marker = await description_of(bench, (await bench.created(ticket)).id)
    assert (len(text), text[-1], marker.split("]")[0]) == (10_000, "…", f"[ticketsync:{quiet_stack.desk}/{ticket.id}")


async def test_a_marker_in_a_customers_words_does_not_make_the_task_another_tickets(quiet_stack: Stack) -> None:
    victim = await opened(quiet_stack)
    ticket = await opened(quiet_stack, f"You wrote: [ticketsync:{quiet_stack.desk}/{victim.id}](https://x.example)")
    async with described(quiet_stack, "{description}") as bench:
        await bench.created(ticket)
        found = await bench.do("inspect", victim)
    assert (found.task.id, found.looked) == (None, True)


async def test_a_text_that_is_cut_leaves_no_marker_behind(quiet_stack: Stack) -> None:
    victim = await opened(quiet_stack)
    forged = f"ticketsync:{quiet_stack.desk}/{victim.id}"
    ticket = await opened(quiet_stack, f"{'x' * (10_000 - len(forged) - 2)} {forged}/comments")
    async with described(quiet_stack, "{description}") as bench:
        await bench.created(ticket)
        found = await bench.do("inspect", victim)
    assert (found.task.id, found.looked) == (None, True)


async def test_control_characters_are_spaces_and_lines_stay(quiet_stack: Stack) -> None:
    ticket = await opened(quiet_stack, "Null\x00 bell\x07\r\nsecond\tline\x9b")
    async with described(quiet_stack, "{description}|") as bench:
        first, second, *_ = await description_of(bench, (await bench.created(ticket)).id)
    assert (first, second) == ("Null  bell ", "second\tline |")


async def test_a_text_that_teamwork_refuses_is_left_out_and_the_task_is_made(quiet_stack: Stack) -> None:
    ticket = await opened(quiet_stack)
    quiet_stack.teamwork.faults.add(Fault(kind="error", status=400, match=CREATE, times=1))
    async with described(quiet_stack, "{description}") as bench:
        made = await bench.do("create", ticket, title="A")
        (marker,) = await description_of(bench, made.task.id)
    assert marker.startswith("[ticketsync:")
    assert made.answer.endswith("without the description's text (refused)")
    assert await quiet_stack.tasks_of(ticket.id) == [made.task.id]


async def test_a_text_that_teamwork_refuses_costs_neither_labels_nor_the_person(quiet_stack: Stack) -> None:
    ticket, wants = await opened(quiet_stack), {"priority": "high"}
    refusals = 2 * 2  # with and without the priority, each with and without the person
    quiet_stack.teamwork.faults.add(Fault(kind="error", status=400, match=CREATE, times=refusals))
    async with described(quiet_stack, "{description}") as bench:
        made = await bench.do("create", ticket, title="A", assignee_id=PERSON_ANN, wants=wants)
    assert (made.task.priority, made.task.assignee_id, made.refused_assignee_id) == ("high", PERSON_ANN, None)


async def test_what_is_refused_without_a_text_is_not_tried_more_often(quiet_stack: Stack) -> None:
    quiet_stack.teamwork.faults.add(Fault(kind="error", status=400, match=CREATE))
    async with described(quiet_stack, "") as bench:
        with bench.counted() as calls:
            failed = await bench.failure("create", Ticket(), title="A")
    assert (failed.details.code, len(calls)) == ("refused", 1)


@pytest.mark.parametrize("fault", ["error", "rate_limited"])
async def test_a_description_waits_for_zendesk_for_two_attempts_and_then_for_nobody(
    quiet_stack: Stack, fault: str
) -> None:
    ticket = await opened(quiet_stack)
    quiet_stack.zendesk.faults.add(Fault.model_validate({"kind": fault, "match": READ, "status": 503, "seconds": 1}))
    async with described(quiet_stack, "{description}") as bench:
        for number, heard in ((1, ()), (2, ("nothing_sent", 1))):
            failed = await bench.failure("create", ticket, title="A", number=number, heard=heard)
            assert (failed.passing, failed.details.nothing_sent) == (True, True)
            assert bench.said[-1] == ("nothing_sent", number)
        made = await bench.do("create", ticket, title="A", number=3, heard=("nothing_sent", 2))
        (marker,) = await description_of(bench, made.task.id)
    assert marker.startswith("[ticketsync:")


@pytest.mark.parametrize("fault", ["unauthorized", "gone"])
async def test_what_zendesk_does_not_tell_holds_up_no_create(quiet_stack: Stack, fault: str) -> None:
    ticket = await opened(quiet_stack)
    if fault == "gone":
        await quiet_stack.zendesk_http.delete(f"/api/v2/tickets/{ticket.id}")
    else:
        quiet_stack.zendesk.faults.add(Fault(kind="unauthorized", match=READ))
    async with described(quiet_stack, "{description}") as bench:
        (marker,) = await description_of(bench, (await bench.created(ticket)).id)
    assert marker.startswith("[ticketsync:")
