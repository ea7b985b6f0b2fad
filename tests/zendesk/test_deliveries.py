"""What the sandbox sends as webhooks and what it shows by REST come out as the same tickets."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI, Request

from tests.zendesk.conftest import Account
from ticketsync.sandbox.http import serve
from ticketsync.sandbox.zendesk.seed import ANN_ID, BEN_ID
from ticketsync.sync.event import Event
from ticketsync.zendesk import parse_event, verify
from ticketsync.zendesk.kinds import ALWAYS_STORED


class Receiver:
    """A webhook endpoint that keeps what it is sent."""

    def __init__(self) -> None:
        self.url = ""
        self.received: list[tuple[httpx.Headers, bytes]] = []

    async def take(self, request: Request) -> None:
        self.received.append((httpx.Headers(request.headers.raw), await request.body()))

    def events(self, secret: str) -> list[Event]:
        """Those that a desk stores, all of them verified."""
        found = []
        for headers, raw in self.received:
            signature = headers["x-zendesk-webhook-signature"]
            assert verify(raw, headers["x-zendesk-webhook-signature-timestamp"], signature, ["old", secret])
            invocation = headers["x-zendesk-webhook-invocation-id"]
            found.append(parse_event(raw, now=datetime.now(UTC), invocation_id=invocation).event)
        return [event for event in found if event is not None]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver, app = Receiver(), FastAPI()
    app.post("/hook")(receiver.take)
    async with serve(app) as served:
        receiver.url = f"{served.url}/hook"
        yield receiver


async def subscribe(account: Account, receiver: Receiver) -> str:
    webhook = {
        "name": "sync",
        "endpoint": receiver.url,
        "http_method": "POST",
        "request_format": "json",
        "status": "active",
        "subscriptions": [f"zen:event-type:ticket.{kind}" for kind in sorted(ALWAYS_STORED)],
    }
    created = (await account.call("POST", "/api/v2/webhooks", {"webhook": webhook}))["webhook"]
    secret = await account.call("GET", f"/api/v2/webhooks/{created['id']}/signing_secret")
    return str(secret["signing_secret"]["secret"])


async def idle(account: Account) -> None:
    assert (await account.call("GET", "/sandbox/idle?wait=10"))["idle"]


async def test_every_event_of_a_tickets_life_is_read_whole(account: Account, receiver: Receiver) -> None:
    secret = await subscribe(account, receiver)
    ticket_id = await account.new_ticket(assignee_id=ANN_ID)
    target = await account.new_ticket(subject="Target")
    for change in ({"subject": "Renamed"}, {"assignee_id": BEN_ID}, {"assignee_id": None}, {"status": "open"}):
        await account.call("PUT", f"/api/v2/tickets/{ticket_id}", {"ticket": change})
    await account.call("DELETE", f"/api/v2/tickets/{ticket_id}")
    await account.call("PUT", f"/api/v2/deleted_tickets/{ticket_id}/restore")
    await account.call("POST", f"/api/v2/tickets/{target}/merge", {"ids": [ticket_id]})
    await account.call("PUT", f"/api/v2/tickets/{target}/mark_as_spam")
    await idle(account)
    events = receiver.events(secret)
    kinds = {event.kind for event in events}
    assert kinds >= {"created", "subject_changed", "agent_assignment_changed", "soft_deleted", "undeleted", "merged"}
    assert "marked_as_spam" in kinds
    assert [event for event in events if event.hint is not None or event.clock is None] == []
    assert {event.merged_into for event in events if event.kind == "merged"} == {target}
    assert {ANN_ID, BEN_ID} <= {event.previous_assignee_id for event in events}


async def test_event_and_read_of_the_same_moment_show_the_same_ticket(account: Account, receiver: Receiver) -> None:
    secret = await subscribe(account, receiver)
    ticket_id = await account.new_ticket(
        assignee_id=ANN_ID, priority="urgent", type="problem", tags=["vip", "checkout"], subject="Ünïcode 🎉"
    )
    await idle(account)
    read = await account.client.ticket(ticket_id)
    (created,) = [event for event in receiver.events(secret) if event.kind == "created"]
    assert created.snapshot == read.snapshot
