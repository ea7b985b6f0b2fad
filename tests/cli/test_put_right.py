"""`ticketsync tickets retry` and `resync` of many tickets: which, how many, and what came of each."""

import asyncio
import time

import click
import pytest

from tests.cli.conftest import Service
from tests.cli.programs import at_a_terminal
from tests.support.stack import running_stack
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from ticketsync.cli.telling import AT_ONCE, PER_SECOND, SILENT, Telling
from ticketsync.cli.ticket_filter import Chosen, codes_for
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal


def chosen(**wanted: object) -> Chosen:
    nothing = dict.fromkeys(("state", "status", "assignee", "codes"))
    return Chosen(**{"desk": "acme", "ids": (), **nothing, "all_tickets": False, **wanted})  # type: ignore[arg-type]


# --- which


@pytest.mark.parametrize("wanted", [{}, {"ids": (1,), "all_tickets": True}, {"ids": (1,), "state": "blocked"}])
def test_it_is_said_in_one_way_which_tickets_are_meant(wanted: dict[str, object]) -> None:
    with pytest.raises(click.UsageError):
        chosen(**wanted).check()


@pytest.mark.parametrize("wanted", [{"ids": (1, 2)}, {"all_tickets": True}, {"codes": ("forbidden",)}, {"assignee": 7}])
def test_each_way_of_saying_it_is_enough(wanted: dict[str, object]) -> None:
    chosen(**wanted).check()


def test_a_filter_asks_for_all_that_it_says() -> None:
    query = chosen(state="blocked", status="open", assignee=7, codes=("forbidden",)).query
    assert query.split(" AND ") == [
        "TicketsyncDesk = 'acme'",
        "WorkflowType = 'TicketWorkflow'",
        "ExecutionStatus = 'Running'",
        "TicketsyncTicketStatus = 'open'",
        "TicketsyncAssigneeId = '7'",
        "(TicketsyncReason IN ('forbidden'))",
        "TicketsyncSyncState IN ('blocked')",
    ]


def test_a_reason_is_asked_for_by_its_words_too() -> None:
    assert codes_for(None, None, "LACKS the permission") == ("forbidden",)
    assert codes_for(None, None, "of_tomorrow") == ("of_tomorrow",)
    assert set(codes_for(None, None, "credentials_") or ()) > {"credentials_refused", "zendesk_credentials_refused"}
    assert codes_for(None, None, "no worker has looked") == ("",)


@pytest.mark.parametrize("text", ["", " ", "no such words", "' OR 'x' = 'x"])
def test_a_reason_that_no_ticket_can_have_is_told(text: str) -> None:
    with pytest.raises(click.BadParameter, match="no reason says"):
        codes_for(None, None, text)


# --- against the running service


async def blocked(service: Service, number: int) -> list[int]:
    ids = [await service.ticket(subject=f"To be refused {one}") for one in range(number)]
    fault = {"kind": "error", "status": 403, "match": {"method": "PATCH"}, "times": number}
    (await service.teamwork.post("/sandbox/faults", json=fault)).raise_for_status()
    for ticket_id in ids:
        await service.change(ticket_id, subject="Refused once")
        await service.until(ticket_id, "blocked")
    await eventually(lambda: _are_listed(service, ids), what="they are listed as blocked")
    return ids


async def _are_listed(service: Service, ids: list[int]) -> bool:
    listed = await service.run("tickets", "list", "--state", "blocked", "--json")
    return {row["ticket_id"] for row in listed.json["tickets"]} == set(ids)


async def test_those_that_a_filter_finds_are_told_after_a_question(service: Service) -> None:
    ids = await blocked(service, 2)
    retry = ("tickets", "retry", "--state", "blocked", "--reason", "permission")
    silent = await service.run(*retry)
    assert (silent.code, silent.out) == (2, "")
    assert silent.err == (
        "Error: Tell 2 tickets of desk default to retry? Nobody can be asked here: "
        "say --yes, or run this in a terminal\n"
    )
    code, _ = await at_a_terminal(*retry, environ=service.environ, typed="n\n")
    assert (code, (await service.status(ids[0]))["sync_state"]) == (1, "blocked")
    ran = await service.run(*retry, "--yes")
    assert (ran.code, ran.out) == (0, "desk default: 2 tickets told to retry, 0 of them had nothing to retry\n")
    for ticket_id in ids:
        await service.until(ticket_id, "in_step", title="Refused once")


async def test_those_that_are_named_are_told_and_those_that_are_not_there_are_named(service: Service) -> None:
    ticket_id = await service.ticket(subject="In step")
    ran = await service.run("tickets", "retry", str(ticket_id), "999998", "999999", "--yes", "--json")
    assert (ran.code, ran.json) == (
        1,
        {
            "desk": "default",
            "command": "retry",
            "tickets": 3,
            "told": 1,
            "nothing_to_retry": 1,
            "no_answer": [],
            "unknown": [999998, 999999],
            "refused": [],
            "not_told": [],
        },
    )
    text = await service.run("tickets", "retry", str(ticket_id), "999999", "--yes")
    assert text.out == "desk default: 1 ticket told to retry, 1 of them had nothing to retry\n"
    assert text.err == "1 have no workflow: no event of them has come, or they ended long ago: 999999\n"


async def test_all_of_a_desk_are_resynced(service: Service) -> None:
    ticket_id = await service.ticket(subject="Mine")
    task_id = (await service.status(ticket_id))["task"]["id"]
    body = {"task": {"name": "Changed by hand"}}
    await service.teamwork.patch(f"/projects/api/v3/tasks/{task_id}.json", json=body)

    ran = await service.run("tickets", "resync", "--all", "--yes", "--json")
    assert (ran.code, ran.json["no_answer"], ran.json["nothing_to_retry"]) == (0, [], 0)
    assert ran.json["told"] == ran.json["tickets"] >= 1

    async def is_right() -> bool:
        task = (await service.teamwork.get(f"/projects/api/v3/tasks/{task_id}.json")).json()["task"]
        return bool(task["name"] == "Mine")

    await eventually(is_right, what="the title is put right")


async def test_a_filter_that_finds_nothing_tells_nobody_and_asks_nothing(service: Service) -> None:
    ran = await service.run("tickets", "retry", "--assignee", "1")
    assert (ran.code, ran.out) == (0, "desk default: 0 tickets told to retry, 0 of them had nothing to retry\n")


# --- pace


async def test_where_nobody_answers_it_is_given_up_and_said_whom_nobody_told(
    temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis
) -> None:
    async with running_stack(temporal_server.address, redis_server.port, work=False) as stack:
        tickets = [Ticket() for _ in range(SILENT + AT_ONCE + 5)]
        await asyncio.gather(*(stack.signal(ticket.created()) for ticket in tickets))
        telling = Telling(stack.client, stack.desk, [ticket.id for ticket in tickets], "retry")
        told = await telling.run(lambda _: None)
    assert (told.told, told.is_whole) == (0, False)
    assert SILENT <= len(told.no_answer) < SILENT + AT_ONCE
    assert len(told.no_answer) + len(told.not_told) == told.tickets


async def test_tickets_are_told_at_a_bounded_pace(service: Service) -> None:
    """Also when each answer comes at once: here that there is no such ticket."""
    began, count = time.monotonic(), 30
    told = await Telling(service.client, "default", range(900_000, 900_000 + count), "retry").run(lambda _: None)
    assert time.monotonic() - began >= (count - 1) / PER_SECOND
    assert len(told.unknown) == count
