"""Through the whole stack: people are told once of each change of state, over any number of looks and restarts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from tests.alerts_to_people.pinboard import Pinboard, pinboard
from tests.storms.secret_scan import held_in
from tests.support.stack import Stack, running_stack, working
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from tests.workflows.reconciling import call, change, export_of, new_ticket, read_on, without_webhooks
from tests.workflows.scenarios import fail_writes
from ticketsync import names
from ticketsync.activities import alerts as looking
from ticketsync.desk_calls import command_desk
from ticketsync.desk_care import start_alerts
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.sandbox.faults import Fault, FaultMatch
from ticketsync.settings import AlertSettings
from ticketsync.sync.alerts import AlertState
from ticketsync.tickets import command_ticket
from ticketsync.workflows import alerts as workflow

PEOPLE_ARE_TOLD = "is blocked since"
LOOKS = 4  # after which nothing more is to be expected


@dataclass
class Office:
    """A desk with alerts on, and the people who get them."""

    stack: Stack
    chat: Pinboard

    async def begin(self, **alerts: Any) -> None:
        """From now on people are told of what is blocked, at once."""
        settings = AlertSettings(**{"webhook": self.chat.webhook, "after": timedelta(0)} | alerts)
        await self.stack.use(self.stack.desk_settings.model_copy(update={"alerts": settings}))
        await start_alerts(self.stack.client, self.stack.desk)

    async def state(self) -> AlertState:
        handle = self.stack.client.get_workflow_handle(names.alert_workflow_id(self.stack.desk))
        return AlertState.model_validate(await handle.query("status"))

    async def looked(self) -> None:
        """Some looks later: whatever was to be told has been."""
        begun = await self._attempt()
        await eventually(lambda: self._has_come_to(begun + LOOKS), what="it has looked some times more")

    async def _has_come_to(self, attempt: int) -> bool:
        return await self._attempt() >= attempt

    async def _attempt(self) -> int:
        handle = self.stack.client.get_workflow_handle(names.alert_workflow_id(self.stack.desk))
        pending = (await handle.describe()).raw_description.pending_activities
        return next((one.attempt for one in pending if one.activity_type.name == names.LOOK_FOR_ALERTS), 0)

    async def blocked(self, ticket: Ticket) -> int:
        """Have a step of the ticket refused, which is in Zendesk too; the id of its task."""
        await self.stack.put_in_zendesk(ticket)
        task_id = await self.stack.with_task(ticket)
        fail_writes(self.stack, task_id, status=422)
        await self.stack.signal(ticket.renamed("Refused"))
        await self.stack.settled(ticket.id, "blocked")
        return task_id

    async def healed(self, ticket: Ticket) -> None:
        self.stack.teamwork.faults.clear()
        await command_ticket(self.stack.client, self.stack.desk, ticket.id, "retry")
        await self.stack.settled(ticket.id)

    async def notes(self, ticket_id: int) -> list[tuple[str, bool]]:
        comments = await call(self.stack, "GET", f"/api/v2/tickets/{ticket_id}/comments")
        return [(one["body"], one["public"]) for one in comments["comments"] if one["body"].startswith("ticketsync")]

    def tries(self, task_id: int) -> int:
        return len(self.stack.teamwork.faults.writes(rf"/tasks/{task_id}\.json"))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "LOOK_EVERY", timedelta(milliseconds=200))
    monkeypatch.setattr(looking, "WEBHOOK_EVERY", 0.0)
    monkeypatch.setattr(workflow, "PAUSE", timedelta(milliseconds=200))


@pytest.fixture
async def office(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis, quick: None) -> AsyncIterator[Office]:
    async with AsyncExitStack() as cleanup:
        chat = await cleanup.enter_async_context(pinboard())
        stack = await cleanup.enter_async_context(running_stack(temporal_server.address, redis_server.port, work=False))
        yield Office(stack, chat)


async def test_a_blocked_ticket_is_told_once_to_chat_and_ticket_and_once_when_it_is_over(office: Office) -> None:
    async with working(office.stack):
        ticket = Ticket()  # made after the desk was linked: for an older one's task it would look, for 22 s
        await office.begin(notes=True)
        task_id = await office.blocked(ticket)
        line = await office.chat.says(PEOPLE_ARE_TOLD)
        assert f"/agent/tickets/{ticket.id}|Ticket {ticket.id}>" in line
        assert f"/app/tasks/{task_id}|Its task>" in line
        assert "Teamwork does not take this change (refused). To do:" in line
        await eventually(lambda: office.notes(ticket.id), what="the ticket has its note")
        await office.looked()
    async with working(office.stack):  # another worker, which knows nothing of the one before
        await office.looked()
        await office.healed(ticket)
        await office.chat.says("is no longer blocked")
        await eventually(lambda: _has_notes(office, ticket, 2), what="the ticket has its second note")
        await office.looked()
    assert len(office.chat.messages) == 2
    (blocked, is_private), (over, is_private_too) = [
        (body, not public) for body, public in await office.notes(ticket.id)
    ]
    assert "(refused)" in blocked
    assert over == "ticketsync: this ticket is no longer blocked."
    assert is_private
    assert is_private_too
    assert "Refused" not in "".join(office.chat.messages) + blocked + over, "the ticket's words"


async def _has_notes(office: Office, ticket: Ticket, count: int) -> bool:
    return len(await office.notes(ticket.id)) == count


@pytest.mark.usefixtures("quick")
async def test_our_own_note_costs_no_write_and_no_try_in_teamwork(
    temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis
) -> None:
    async with pinboard() as chat, without_webhooks(temporal_server.address, redis_server.port) as stack:
        office, ticket_id = Office(stack, chat), await new_ticket(stack)
        await read_on(stack)
        task_id = int((await stack.settled(ticket_id))["task"]["id"])
        fail_writes(stack, task_id, status=422)
        await change(stack, ticket_id, subject="Refused")
        await read_on(stack)
        await stack.settled(ticket_id, "blocked")
        tries, told = office.tries(task_id), (await export_of(stack)).rows_told
        await office.begin(webhook=None, notes=True)
        await eventually(lambda: office.notes(ticket_id), what="the ticket has its note")
        assert (await read_on(stack)).rows_told == told + 1, "the note has come back"
        await eventually(lambda: _has_heard_of_the_note(stack, ticket_id), what="the ticket has heard of it")
        await stack.settled(ticket_id, "blocked")
        assert office.tries(task_id) == tries
        assert len(await office.notes(ticket_id)) == 1


async def _has_heard_of_the_note(stack: Stack, ticket_id: int) -> bool:
    return bool((await stack.status(ticket_id))["journal"][-1]["code"] == "same")


async def test_a_desk_whose_credentials_fail_is_told_once_and_not_its_tickets(office: Office) -> None:
    stack = office.stack
    async with working(stack):
        tickets = [Ticket(), Ticket()]
        await office.begin()
        task_ids = [await stack.with_task(ticket) for ticket in tickets]
        stack.teamwork.faults.add(Fault(kind="unauthorized", match=FaultMatch(path=r"/tasks/")))
        for ticket in tickets:
            await stack.signal(ticket.renamed("Later"))
        line = await office.chat.says("The whole desk waits")
        assert "Teamwork refuses the API key" in line
        assert "(credentials_refused)" in line
        await office.looked()
        stack.teamwork.faults.clear()
        await stack.skip(stack.desk_workflow, timedelta(minutes=2))
        await office.chat.says("The desk goes on")
        for task_id in task_ids:
            await eventually(lambda task_id=task_id: stack.shows(task_id, name="Later"), what="renamed")  # type: ignore[misc]
        await office.looked()
    assert len(office.chat.messages) == 2
    assert PEOPLE_ARE_TOLD not in "".join(office.chat.messages)


async def test_a_webhook_that_is_gone_is_told_and_one_that_never_was_is_not(office: Office) -> None:
    stack = office.stack
    async with working(stack):
        await office.begin()
        await eventually(office._attempt, what="it looks")
        await office.looked()
        assert office.chat.messages == []
        webhook = await call(stack, "POST", "/api/v2/webhooks", {"webhook": _webhook(stack.desk)})
        await eventually(lambda: _was_there(office), what="the webhook is seen")
        where = f"/api/v2/webhooks/{webhook['webhook']['id']}"
        await call(stack, "PATCH", where, {"webhook": {"status": "inactive"}})
        assert "(deactivated)" in await office.chat.says("its webhook is switched off")
        await call(stack, "DELETE", where)
        assert "(missing)" in await office.chat.says("its webhook is gone")
        await call(stack, "POST", "/api/v2/webhooks", {"webhook": _webhook(stack.desk)})
        await office.chat.says("is as it should be again")
        await office.looked()
    assert len(office.chat.messages) == 3


def _webhook(desk: str) -> dict[str, Any]:
    form = {"http_method": "POST", "request_format": "json", "status": "active"}
    events = ["zen:event-type:ticket.created"]
    endpoint = f"http://127.0.0.1:9/webhooks/zendesk/{desk}"
    return {"name": f"ticketsync {desk}", "endpoint": endpoint, "subscriptions": events, **form}


async def _was_there(office: Office) -> bool:
    return (await office.state()).webhook_was_there


async def test_what_a_chat_refuses_is_told_later_and_then_once(office: Office) -> None:
    async with working(office.stack):
        first, second = Ticket(), Ticket()
        office.chat.status = 503
        await office.begin()
        await office.blocked(first)
        await eventually(lambda: office.chat.refused >= 2, what="it was tried again")
        await office.healed(first)
        await office.blocked(second)
        office.chat.status = 200
        await office.chat.says(f"Ticket {second.id}>")
        await office.looked()
    assert len(office.chat.messages) == 1, "and what is over by then is not told"


async def test_of_a_paused_desk_nothing_is_told(office: Office) -> None:
    async with working(office.stack):
        ticket = Ticket()
        await office.blocked(ticket)
        await command_desk(office.stack.client, office.stack.desk, "pause")
        await office.begin()
        await eventually(office._attempt, what="it looks")
        await office.looked()
        assert office.chat.messages == []
        await command_desk(office.stack.client, office.stack.desk, "resume")
        await office.chat.says(PEOPLE_ARE_TOLD)


async def test_alerts_that_are_switched_off_end(office: Office) -> None:
    async with working(office.stack):
        await office.begin()
        await office.begin(webhook=None)
        handle = office.stack.client.get_workflow_handle(names.alert_workflow_id(office.stack.desk))
        await asyncio.wait_for(handle.result(), timeout=90)


async def test_a_worker_that_knows_of_no_alerts_yet_has_nobody_told_twice(office: Office) -> None:
    """As while workers are restarted with new settings one after the other: each look is by any of them."""
    async with working(office.stack):
        await office.begin()
        await office.blocked(Ticket())
        await office.chat.says(PEOPLE_ARE_TOLD)
        await office.begin(webhook=None)
        await office.looked()
        await office.begin()
        await office.looked()
    assert len(office.chat.messages) == 1


async def test_a_desk_that_wants_no_alerts_has_nobody_who_looks(office: Office) -> None:
    async with working(office.stack):
        runs = office.stack.client.list_workflows(f"WorkflowId = '{names.alert_workflow_id(office.stack.desk)}'")
        assert [run async for run in runs] == []


async def test_the_address_of_the_chat_is_not_in_temporal(office: Office) -> None:
    async with working(office.stack):
        ticket = Ticket()
        await office.begin()
        await office.blocked(ticket)
        await office.chat.says(PEOPLE_ARE_TOLD)
        handle = office.stack.client.get_workflow_handle(names.alert_workflow_id(office.stack.desk))
        history = (await handle.fetch_history()).to_json()
    assert held_in(history.encode(), {"the address": office.chat.webhook.get_secret_value()}) == set()
    assert held_in(history.encode(), {"the ticket": str(ticket.id)}), "the scan looks into payloads"
