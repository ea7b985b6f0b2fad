"""`ticketsync desks resume` shows first what will be written, asks, and that is what then happens."""

from typing import Any

import pytest

from tests.cli.conftest import ANN, Service
from tests.cli.programs import at_a_terminal
from tests.cli.test_desks import change_until_it_is_held
from ticketsync.cli.preview import print_preview
from ticketsync.cli.preview_of_desk import NotForeseen, Preview
from ticketsync.rehearsal import Foreseen, ForeseenStep


async def is_paused(service: Service) -> bool:
    (row,) = (await service.run("desks", "list", "--json")).json["desks"]
    return bool(row["state"] == "paused")


def steps_of(ran: Any, ticket_id: int) -> list[str]:
    (told,) = (one for one in ran.json["preview"]["tickets"] if one["ticket_id"] == ticket_id)
    return [step["what"] for step in told["steps"]]


async def test_what_is_shown_is_what_is_written_and_not_before_it_was_agreed_to(service: Service) -> None:
    ticket_id = await service.ticket(subject="Before", assignee_id=ANN)
    assert (await service.run("desks", "pause")).code == 0
    try:
        title = await change_until_it_is_held(service, ticket_id)
        await service.change(ticket_id, status="solved")
        before = (await service.teamwork.get("/sandbox/usage")).json()["writes"]
        code, said = await at_a_terminal("desks", "resume", environ=service.environ, typed="n\n")
        assert (code, "Resume desk default, which will write" in said) == (1, True)
        assert await is_paused(service)
        assert (await service.teamwork.get("/sandbox/usage")).json()["writes"] == before
    finally:
        resumed = await service.run("desks", "resume", "--yes", "--json")
    assert [what.partition(":")[0] for what in steps_of(resumed, ticket_id)] == ["rename", "complete"]
    status = await service.until(ticket_id, "in_step", title=title, standing="completed")
    texts = [line["text"] for line in status["journal"]]
    assert all(any(text.startswith(what) for text in texts) for what in steps_of(resumed, ticket_id))


async def test_a_desk_that_is_not_paused_is_resumed_without_a_question(service: Service) -> None:
    ran = await service.run("desks", "resume", "--json")
    assert (ran.code, ran.json) == (0, {"desk": "default", "status": "resumed", "preview": None})


async def test_that_nothing_can_be_foreseen_keeps_nobody_from_resuming(service: Service) -> None:
    ticket_id = await service.ticket(subject="Before")
    assert (await service.run("desks", "pause")).code == 0
    try:
        title = await change_until_it_is_held(service, ticket_id)
        asked = await service.run("desks", "resume", "--limit", "0")
        assert (asked.code, "tickets have something to do?" in asked.err) == (2, True)
    finally:
        ran = await service.run("desks", "resume", "--yes", TEAMWORK_BASE_URL="http://127.0.0.1:9")
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "desk default resumed")
    assert "what will be written cannot be shown: Teamwork: unreachable" in ran.err
    await service.until(ticket_id, "in_step", title=title)


# --- many


def a_preview(tickets: int) -> Preview:
    step = ForeseenStep(kind="rename", what="rename: 'A' → 'B'", why="subject")
    return Preview(
        desk="acme",
        looked_at=tickets + 1,
        changing=tickets,
        steps={"rename": tickets},
        tickets=[
            Foreseen(ticket_id=number, task_id=number, steps=[step], notes=[]) for number in range(1, tickets + 1)
        ],
        not_foreseen=[NotForeseen(ticket_id=99, why="forbidden")],
        warnings=[],
        more=False,
    )


@pytest.mark.parametrize(("tickets", "more"), [(20, []), (23, ["and 3 tickets more"])])
def test_a_long_preview_is_cut_but_its_counts_are_whole(
    tickets: int, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    print_preview(a_preview(tickets), most=20)
    _, *lines = capsys.readouterr().out.splitlines()
    assert sum("rename: 'A' → 'B'" in line for line in lines) == 20
    assert [line for line in lines if line.startswith("and ")] == more
    assert lines[-1] == f"desk acme, tickets looked at: {tickets + 1}, would change: {tickets} ({tickets} rename)"
