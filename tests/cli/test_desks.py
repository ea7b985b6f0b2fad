"""`ticketsync desks` against the running service."""

import asyncio
import itertools
from functools import partial
from typing import Any

from tests.cli.conftest import Service
from tests.support.wait import eventually
from ticketsync.reasons import REASONS


async def test_desks_are_listed_and_shown_with_both_sides(service: Service) -> None:
    listed, shown = await asyncio.gather(
        service.run("desks", "list", "--json"), service.run("desks", "show", "default")
    )
    (row,) = listed.json["desks"]
    assert (row["desk"], row["state"], row["tasklist_id"]) == ("default", "running", 1234)
    assert row["zendesk"] == service.environ["ZENDESK_BASE_URL"]
    words = " ".join(shown.out.split())
    assert "agents with a person 3 of 4" in words
    assert "1234 Zendesk tickets" in words
    assert "policy settle_window 1s" in words


async def test_a_paused_desk_holds_its_tickets_until_it_is_resumed(service: Service) -> None:
    ticket_id = await service.ticket(subject="Before the pause")
    ran = await service.run("desks", "pause")
    assert (ran.code, ran.out) == (0, "desk default paused\n")
    try:
        title = await change_until_it_is_held(service, ticket_id)
        listed = await service.run("desks", "list")
        assert listed.out.splitlines()[1].split()[-3] == "paused"
        paused = REASONS["paused"]
        assert listed.out.splitlines()[-1] == f"paused: {paused.meaning}; {paused.remedy}"
    finally:
        refused = await service.run("desks", "resume")
        shown = await service.status(ticket_id)
        resumed = await service.run("desks", "resume", "--json", "--yes")
    assert (refused.code, "say --yes" in refused.err) == (2, True)
    assert f"→ '{title}'" in refused.out
    assert shown["sync_state"] == "paused"
    assert (resumed.json["desk"], resumed.json["status"]) == ("default", "resumed")
    foreseen = {one["ticket_id"]: [step["kind"] for step in one["steps"]] for one in resumed.json["preview"]["tickets"]}
    assert foreseen[ticket_id] == ["rename"]
    await service.until(ticket_id, "in_step", title=title)


async def change_until_it_is_held(service: Service, ticket_id: int) -> str:
    """The title that is held back: a worker may take what it heard of the desk two seconds ago for true."""
    for number in itertools.count():
        title = f"During the pause, {number}"
        await service.change(ticket_id, subject=title)
        status = await eventually(partial(_held_or_done, service, ticket_id, title), what="it is held or done")
        if status["sync_state"] == "paused":
            return title
    raise AssertionError


async def _held_or_done(service: Service, ticket_id: int, title: str) -> dict[str, Any]:
    status = await service.status(ticket_id)
    done = status["sync_state"] == "in_step" and status["task"]["title"] == title
    return status if done or status["sync_state"] == "paused" else {}
