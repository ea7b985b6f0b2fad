"""What a preview foresees of one ticket, against both sandboxes: what its steps would find there, and not more."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.support.stack import QUICK, TASK_LIST, UNLIMITED, desk_settings
from ticketsync.desks import Desk, open_desks
from ticketsync.directory import Directory
from ticketsync.embedded import EmbeddedRedis
from ticketsync.redis_client import close_redis, connect_redis
from ticketsync.rehearsal import Foreseen, Rehearsal, Stage
from ticketsync.sandbox.http import serve
from ticketsync.sandbox.teamwork import Switches, TeamworkSandbox
from ticketsync.sandbox.zendesk import ZendeskSandbox
from ticketsync.settings import RedisSettings, Settings
from ticketsync.sync.decide import EarlierLife
from ticketsync.sync.fold import Rules
from ticketsync.sync.snapshot import TicketSnapshot
from ticketsync.sync.state import Lifecycle, TicketState
from ticketsync.sync.step import AppliedTask
from ticketsync.teamwork import marker_line

NAME, TICKET = "acme", 35436
NOW = datetime.now(UTC)
MARKER = marker_line(NAME, TICKET, "https://acme.example/agent/tickets/35436")
SNAPSHOT = TicketSnapshot(id=TICKET, subject="Checkout broken", status="open", created_at=NOW, updated_at=NOW)
DELETED = Lifecycle(deleted=True, how="soft_deleted")


@dataclass
class Stand:
    """A desk of which a preview is made, with its sandboxes."""

    stage: Stage
    teamwork: TeamworkSandbox
    zendesk: ZendeskSandbox

    @property
    def desk(self) -> Desk:
        return self.stage.desk

    async def task(self, description: str) -> int:
        made = await self.desk.teamwork.create_task(TASK_LIST, name="A", description=description, assignee_id=None)
        return made.id

    async def foreseen(self, task: AppliedTask, **known: Any) -> Foreseen:
        """Of a ticket that has this task, as far as it knows."""
        state = TicketState(desk=NAME, ticket_id=TICKET, first_decision=False, wanted_once=True, snapshot=SNAPSHOT)
        state = state.model_copy(update={"task": task, **known})
        return await Rehearsal(self.stage, state, EarlierLife(), NOW + timedelta(minutes=5)).run()


@pytest.fixture
async def stand(redis_server: EmbeddedRedis) -> AsyncIterator[Stand]:
    teamwork, zendesk = TeamworkSandbox(switches=Switches(calls_per_minute=UNLIMITED)), ZendeskSandbox()
    redis_settings = RedisSettings(host=redis_server.host, port=redis_server.port)
    redis = connect_redis(redis_settings)
    async with serve(teamwork.app) as here, serve(zendesk.app) as there:
        mine = desk_settings(NAME, there.url, here.url, QUICK, 3000)
        async with open_desks(Settings(redis=redis_settings, desks={NAME: mine}), redis) as desks:
            rules = Rules(policy=QUICK, linked_at=NOW - timedelta(days=1))
            stage = Stage(desks[NAME], rules, Directory(redis), TASK_LIST, frozenset({TASK_LIST}))
            yield Stand(stage, teamwork, zendesk)
    await close_redis(redis)


async def test_a_task_comes_back_from_the_trash_although_people_took_away_its_marker(stand: Stand) -> None:
    task_id = await stand.task("Written by hand")
    await stand.desk.teamwork.delete_task(task_id)
    foreseen = await stand.foreseen(AppliedTask(id=task_id, standing="deleted", title="Checkout broken"))
    assert [step.kind for step in foreseen.steps] == ["restore"]


async def test_a_task_that_is_not_even_in_the_trash_is_made_again(stand: Stand) -> None:
    foreseen = await stand.foreseen(AppliedTask(id=99_999_999, standing="deleted", title="Checkout broken"))
    assert [step.kind for step in foreseen.steps] == ["create"]


@pytest.mark.parametrize(("description", "changes"), [("Somebody's own", False), (MARKER, True)])
async def test_only_a_task_of_the_ticket_is_foreseen_to_be_deleted(
    stand: Stand, description: str, *, changes: bool
) -> None:
    hint = AppliedTask(id=await stand.task(description), standing="open", uncertain=("assignee", "standing", "title"))
    foreseen = await stand.foreseen(hint, inspect=True, lifecycle=DELETED)
    assert [(step.kind, step.changes) for step in foreseen.steps] == [("delete", changes)]


async def test_the_list_of_deleted_tickets_is_read_once_however_many_wait_for_it(stand: Stand) -> None:
    await asyncio.gather(*(stand.stage.deleted(ticket_id, NOW) for ticket_id in range(10)))
    assert len([call for call in stand.zendesk.faults.calls if "deleted_tickets" in call.path]) == 1


async def test_a_list_that_could_not_be_read_is_read_by_the_next_who_asks(stand: Stand) -> None:
    async with httpx.AsyncClient(base_url=stand.desk.settings.zendesk.base_url) as zendesk:
        fault = {"kind": "error", "status": 503, "times": 1, "match": {"path": "deleted_tickets"}}
        (await zendesk.post("/sandbox/faults", json=fault)).raise_for_status()
    answers = await asyncio.gather(*(stand.stage.deleted(one, NOW) for one in range(3)), return_exceptions=True)
    assert [isinstance(answer, Exception) for answer in answers] == [True, False, False]
