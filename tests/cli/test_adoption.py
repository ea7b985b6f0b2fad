"""Tasks of an older service are adopted one by one: never beside another of the ticket, never in another project."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from redis.asyncio import Redis

from tests.support.wait import eventually
from tests.test_changing_desks import KEY, a_desk
from ticketsync.cli.adoption import adopt, look_at
from ticketsync.cli.older_service import TaskEntry
from ticketsync.desks import Desk, open_desks
from ticketsync.hints import Hints
from ticketsync.sandbox.faults import Fault, FaultMatch
from ticketsync.sandbox.http import serve
from ticketsync.sandbox.teamwork import Switches, TeamworkSandbox
from ticketsync.settings import Settings
from ticketsync.teamwork import has_marker

TASK_LIST, SYNC_USER, TICKET, OTHER_TASK = 1234, 500_001, 35436, 777


@dataclass
class Office:
    """A desk, its hints, and its Teamwork as people see it."""

    desk: Desk
    hints: Hints
    sandbox: TeamworkSandbox
    http: httpx.AsyncClient

    async def old_task(self, tasklist_id: int = TASK_LIST, description: str = "") -> TaskEntry:
        """The ticket's, by the older service."""
        task = {"count": 1, "tasklist_id": tasklist_id, "name": "Old", "created_by": SYNC_USER}
        answer = await self.http.post("/sandbox/tasks/import", json=task | {"description": description})
        return TaskEntry(str(TICKET), TICKET, answer.raise_for_status().json()["ids"][0])

    async def is_marked(self, entry: TaskEntry) -> bool:
        task = (await self.http.get(f"/projects/api/v3/tasks/{entry.task_id}.json")).json()["task"]
        return has_marker(task["description"], "acme", TICKET)

    async def adopt(self, entry: TaskEntry) -> list[str]:
        return await adopt(self.desk, self.hints, [entry], nobody_looks)

    async def outcome(self, entry: TaskEntry) -> str:
        (looked,) = await look_at(self.desk, [entry], {}, nobody_looks)
        return looked.outcome

    async def list_elsewhere(self) -> int:
        """A task list of another project."""
        made = await self.http.post("/projects.json", json={"project": {"name": "Another"}})
        path = f"/projects/{made.raise_for_status().json()['id']}/tasklists.json"
        listed = await self.http.post(path, json={"todo-list": {"name": "Elsewhere"}})
        return int(listed.raise_for_status().json()["tasklistId"])


def nobody_looks(_: int) -> None:
    """The progress of a command without a terminal."""


@pytest.fixture
async def office(redis: Redis) -> AsyncIterator[Office]:
    sandbox = TeamworkSandbox(switches=Switches(calls_per_minute=10_000))
    async with (
        serve(sandbox.app) as served,
        httpx.AsyncClient(base_url=served.url, auth=(KEY, "x")) as http,
        open_desks(Settings(desks={"acme": a_desk("acme", served.url)}), redis) as desks,
    ):
        yield Office(desks["acme"], Hints(redis), sandbox, http)


async def test_a_task_gets_its_marker_and_the_ticket_its_hint(office: Office) -> None:
    entry = await office.old_task()
    assert await office.adopt(entry) == []
    assert await office.is_marked(entry)
    assert await office.hints.task_id("acme", TICKET) == entry.task_id


async def test_a_ticket_that_got_a_task_since_the_plan_was_made_keeps_that_and_no_other(office: Office) -> None:
    entry = await office.old_task()
    await office.hints.put("acme", {TICKET: OTHER_TASK})
    (problem,) = await office.adopt(entry)
    assert problem == (
        f"task {entry.task_id} of ticket {TICKET}: the ticket has task {OTHER_TASK} by now: delete that one or this"
    )
    assert not await office.is_marked(entry)
    assert await office.hints.task_id("acme", TICKET) == OTHER_TASK


async def test_one_that_gets_a_task_in_the_very_moment_keeps_its_hint_and_it_is_told(office: Office) -> None:
    entry, faults = await office.old_task(), office.sandbox.faults
    faults.add(Fault(kind="slow", match=FaultMatch(method="PATCH"), seconds=2, times=1))
    adopting = asyncio.create_task(office.adopt(entry))
    await eventually(lambda: faults.matching_calls("PATCH"), what="the task is being marked")
    await office.hints.put("acme", {TICKET: OTHER_TASK})
    (problem,) = await adopting
    assert f"has task {OTHER_TASK} by now" in problem
    assert await office.hints.task_id("acme", TICKET) == OTHER_TASK


@pytest.mark.parametrize(
    ("description", "outcome"),
    [("As the customer wrote", "of_another_project"), (f"[ticketsync:acme/{TICKET}](x)", "marked")],
)
async def test_a_task_of_another_project_is_left_out_unless_it_was_ours_before_it_was_moved(
    office: Office, description: str, outcome: str
) -> None:
    """A marker that is put on it now would never be found: it is looked for in the desk's project."""
    assert await office.outcome(await office.old_task()) == "adopt"
    elsewhere = await office.list_elsewhere()
    assert await office.outcome(await office.old_task(elsewhere, description)) == outcome
