"""`ticketsync tickets` against the running service."""

import asyncio
from datetime import UTC, datetime, timedelta

from tests.cli.conftest import ANN, ANN_PERSON, BEN, CLEO, Service
from tests.cli.programs import Ran, run
from tests.support.stack import running_stack
from tests.support.tickets import Ticket
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.reasons import NOT_LOOKED_AT, REASONS
from ticketsync.sync.policy import Policy


def facts(ran: Ran) -> dict[str, str]:
    """What stands behind the names at the beginning of the answer."""
    lines = ran.out.partition("\n\n")[0].splitlines()
    return {name: value.strip() for name, _, value in (line.partition("  ") for line in lines)}


async def test_a_ticket_is_listed_shown_and_explained(service: Service) -> None:
    ticket_id = await service.ticket(subject="Printer on fire", assignee_id=ANN)
    await service.change(ticket_id, subject="Printer out")
    status = await service.until(ticket_id, "in_step", title="Printer out")
    listed, shown, why = await asyncio.gather(
        service.run("tickets", "list", "--json"),
        service.run("tickets", "show", str(ticket_id)),
        service.run("tickets", "why", str(ticket_id), "--json"),
    )
    row = next(row for row in listed.json["tickets"] if row["ticket_id"] == ticket_id)
    assert (row["state"], row["status"], row["assignee_id"]) == ("in_step", "open", ANN)
    assert row["task_id"] == status["task"]["id"]
    assert listed.json["counts"]["in_step"] >= 1
    assert shown.code == 0
    assert f"{status['task']['id']}, open, person {ANN_PERSON}" in shown.out
    assert "rename: 'Printer on fire' → 'Printer out'" in shown.out
    title, assignee, _list, _labels, standing = why.json["fields"]
    assert title["step"]["code"] == "rename_done"
    assert title["cause"]["text"].startswith("subject_changed")
    assert (assignee["value"], standing["value"], standing["step"]["code"]) == (str(ANN_PERSON), "open", "create_done")
    assert title["step"]["text"].endswith(f": 200 from PATCH /projects/api/v3/tasks/{status['task']['id']}.json")
    assert assignee["rule"] == f"the assignee, Zendesk agent {ANN}, is mapped to Teamwork person {ANN_PERSON}"


async def test_the_list_can_be_narrowed_and_cut(service: Service) -> None:
    mine = [await service.ticket(subject=f"Mine {number}", assignee_id=BEN) for number in range(2)]
    await service.ticket(subject="Nobody's")
    narrowed, cut = await asyncio.gather(
        service.run("tickets", "list", "--json", "--assignee", str(BEN), "--status", "open", "--state", "in_step"),
        service.run("tickets", "list", "--assignee", str(BEN), "--limit", "1"),
    )
    assert {row["ticket_id"] for row in narrowed.json["tickets"]} == set(mine)
    assert (narrowed.json["counts"]["in_step"], narrowed.json["more"]) == (2, False)
    head, row, _, counts = cut.out.splitlines()
    assert head.split() == ["ticket", "status", "state", "reason", "task", "agent", "since"]
    assert (int(row.split()[0]), counts) == (mine[1], "2 in_step")
    assert cut.err == "1-1 of 2; next: --page 2\n"


async def test_events_that_changed_nothing_are_told_with_their_reason(service: Service) -> None:
    ticket_id = await service.ticket(subject="Unmapped", assignee_id=CLEO)
    why = await service.run("tickets", "why", str(ticket_id))
    assert "assignee  nobody" in why.out
    assert "no_mapping  the assignee has no mapping: nobody is assigned" in why.out
    assert "nothing that a task shows has changed" in why.out


async def test_a_blocked_ticket_is_tried_again_at_once(service: Service) -> None:
    ticket_id = await service.ticket(subject="To be refused")
    fault = {"kind": "error", "status": 403, "match": {"method": "PATCH"}, "times": 1}
    (await service.teamwork.post("/sandbox/faults", json=fault)).raise_for_status()
    await service.change(ticket_id, subject="Refused once")
    await service.until(ticket_id, "blocked")
    forbidden = REASONS["forbidden"]
    blocked, shown, listed = await asyncio.gather(
        service.run("tickets", "why", str(ticket_id)),
        service.run("tickets", "show", str(ticket_id)),
        service.run("tickets", "list", "--state", "blocked"),
    )
    assert "rename is blocked (forbidden)" in blocked.out
    assert facts(blocked)["to do"] == facts(shown)["to do"] == forbidden.remedy
    assert f"forbidden: {forbidden.meaning}; {forbidden.remedy}" in listed.out.splitlines()
    retried = await service.run("tickets", "retry", str(ticket_id))
    assert (retried.code, retried.out.split(":")[0]) == (0, "retry is queued")
    await service.until(ticket_id, "in_step", title="Refused once")


async def test_resync_recreate_brings_a_task_back_that_was_deleted_by_hand(service: Service) -> None:
    ticket_id = await service.ticket(subject="Deleted by hand")
    task_id = (await service.status(ticket_id))["task"]["id"]
    (await service.teamwork.delete(f"/projects/api/v3/tasks/{task_id}.json")).raise_for_status()
    await service.change(ticket_id, subject="Still deleted")
    await service.until(ticket_id, "in_step", gone=True)
    ran = await service.run("tickets", "resync", str(ticket_id), "--recreate", "--json")
    assert ran.json == {"status": "queued", "workflow_id": f"ticket-default-{ticket_id}"}
    await service.until(ticket_id, "in_step", gone=False, title="Still deleted", standing="open")


async def test_a_ticket_that_nobody_heard_of_is_one_clear_line(service: Service) -> None:
    ran = await service.run("tickets", "show", "999999", "--json")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "Error: ticket 999999 of desk default has no workflow: "
        "no event of it has come, or it ended longer ago than Temporal keeps closed workflows\n"
    )


async def test_a_ticket_that_has_ended_explains_itself_without_a_worker(
    temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis
) -> None:
    """By the result that Temporal stores; and the desk need not be in the settings of whoever asks Temporal alone."""
    policy = Policy(on_closed="complete", grace_period=timedelta(seconds=1))
    async with running_stack(temporal_server.address, redis_server.port, policy=policy) as stack:
        ticket = Ticket(created_at=datetime.now(UTC) + timedelta(seconds=1), status="closed")  # surely after linking
        handle = await stack.signal(ticket.created())
        async with asyncio.timeout(30):
            await handle.result()
    asked = (str(ticket.id), "--desk", stack.desk)
    temporal = {"TEMPORAL_ADDRESS": temporal_server.address}
    shown, why = await asyncio.gather(
        run("tickets", "show", *asked, environ=temporal), run("tickets", "why", *asked, "--json", environ=temporal)
    )
    assert "no worker answers: this is what Temporal stores" in shown.err
    assert "ended (closed)" in shown.out
    assert why.json["fields"][-1]["step"]["code"] == "complete_done"


async def test_a_ticket_that_no_worker_has_looked_at_says_what_it_waits_for(
    temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis
) -> None:
    """Its agent is shown as such: it need not be the ticket's assignee."""
    async with running_stack(temporal_server.address, redis_server.port, work=False) as stack:
        ticket = Ticket(assignee_id=ANN)
        await stack.signal(ticket.created())
        temporal = {"TEMPORAL_ADDRESS": temporal_server.address}
        show, desk = ("tickets", "show", str(ticket.id)), ("--desk", stack.desk)
        shown = await run(*show, *desk, environ=temporal)
    told = facts(shown)
    assert (told["state"], told["meaning"], told["to do"]) == ("pending", *NOT_LOOKED_AT)
    assert (told["zendesk"], told["agent"], told["task"]) == ("new", str(ANN), "none")
