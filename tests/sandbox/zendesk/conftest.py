"""One served sandbox and one webhook receiver for all tests of this folder, both wiped before each test."""

import base64
import hashlib
import hmac
import json
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import requests
from fastapi import FastAPI, Request, Response
from zenpy import Zenpy

from tests.sandbox.zendesk.zenpy_calls import NotingZenpy
from ticketsync.sandbox.http import serve
from ticketsync.sandbox.zendesk import ZendeskSandbox

PREFIX = "zen:event-type:ticket."
CREDENTIALS = ("sync@sandbox.example/token", "zendesk-sandbox-token")
ANN, BEN, CUSTOMER = 8447388090777, 8447388090888, 8447388091001
ALL_EVENTS = [
    PREFIX + name
    for name in """
    agent_assignment_changed comment_added created custom_field_changed custom_status_changed external_id_changed
    group_assignment_changed marked_as_spam merged organization_changed permanently_deleted priority_changed
    requester_changed soft_deleted status_changed subject_changed tags_changed task_due_at_changed type_changed
    undeleted
    """.split()  # noqa: SIM905 - names read better as text
]


@dataclass
class Received:
    """One request to the receiver, as it came over the wire."""

    headers: httpx.Headers
    raw: bytes

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.raw)
        return event

    @property
    def name(self) -> str:
        return str(self.event["type"]).removeprefix(PREFIX)

    def signed_with(self, secret: str) -> bool:
        message = self.headers["x-zendesk-webhook-signature-timestamp"].encode() + self.raw
        digest = hmac.new(secret.encode(), message, hashlib.sha256).digest()
        return base64.b64encode(digest).decode() == self.headers["x-zendesk-webhook-signature"]


@dataclass
class Receiver:
    """A webhook endpoint; `answers` are used up one per request, then it is 202."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)
    silent: int = 0

    async def take(self, request: Request) -> Response:
        self.received.append(Received(httpx.Headers(request.headers.raw), await request.body()))
        if self.silent:
            self.silent -= 1
            while (await request.receive())["type"] != "http.disconnect":
                pass
        return self.answers.pop(0) if self.answers else Response(status_code=202)

    @property
    def names(self) -> list[str]:
        return [one.name for one in self.received]

    def of(self, name: str) -> dict[str, Any]:
        """The one event of that name."""
        (event,) = [one.event for one in self.received if one.name == name]
        return event


def webhook_body(endpoint: str, subscriptions: list[str]) -> dict[str, Any]:
    """What creating a webhook needs at least."""
    return {
        "name": "test",
        "status": "active",
        "endpoint": endpoint,
        "http_method": "POST",
        "request_format": "json",
        "subscriptions": subscriptions,
    }


@dataclass
class Desk:
    """What a test does with the sandbox, over HTTP only."""

    client: httpx.AsyncClient
    receiver: Receiver

    async def create(self, **ticket: Any) -> dict[str, Any]:
        answer = await self.client.post("/api/v2/tickets.json", json={"ticket": {"comment": {"body": "Help"}} | ticket})
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()["ticket"]
        assert created.pop("generated_timestamp") == 0  # only this answer has it
        return created

    async def update(self, ticket: dict[str, Any], **changes: Any) -> dict[str, Any]:
        answer = await self.client.put(f"/api/v2/tickets/{ticket['id']}", json={"ticket": changes})
        assert answer.status_code == 200, answer.text
        updated: dict[str, Any] = answer.json()["ticket"]
        return updated

    async def show(self, ticket: dict[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = (await self.get(f"/api/v2/tickets/{ticket['id']}"))["ticket"]
        return shown

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        answer = await self.client.get(path, params=query) if query else await self.client.get(path)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def control(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        answer = await self.client.request(method, f"/sandbox{path}", json=body or None)
        assert answer.is_success, answer.text
        told: dict[str, Any] = answer.json() if answer.content else {}
        return told

    async def subscribe(self, *names: str, **webhook: Any) -> str:
        """A webhook to the receiver for the named events (all without names); its id."""
        subscriptions = [PREFIX + name for name in names] or ALL_EVENTS
        sent = webhook_body(self.receiver.url, subscriptions) | webhook
        answer = await self.client.post("/api/v2/webhooks", json={"webhook": sent})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["webhook"]["id"])

    async def told(self) -> list[str]:
        """The names of the events received since the last call, when all are through."""
        assert (await self.get("/sandbox/idle", wait=10))["idle"]
        names = self.receiver.names
        self.receiver.received.clear()
        return names

    async def settle(self) -> None:
        assert (await self.get("/sandbox/idle", wait=10))["idle"]


@pytest.fixture(scope="session")
async def receiver() -> AsyncIterator[Receiver]:
    receiver, app = Receiver(), FastAPI()
    app.add_api_route("/hook", receiver.take, methods=["POST"])
    async with serve(app) as served:
        receiver.url = f"{served.url}/hook"
        yield receiver


@pytest.fixture(scope="session")
async def served_desk(receiver: Receiver) -> AsyncIterator[Desk]:
    async with (
        ZendeskSandbox() as sandbox,
        serve(sandbox.app) as served,
        httpx.AsyncClient(base_url=served.url, auth=CREDENTIALS) as client,
    ):
        yield Desk(client, receiver)


@pytest.fixture
async def desk(served_desk: Desk) -> Desk:
    await served_desk.control("POST", "/reset")
    served_desk.receiver.received.clear()
    served_desk.receiver.answers.clear()
    served_desk.receiver.silent = 0
    await served_desk.control("PATCH", "/settings", delivery={"retry_time_factor": 0})
    return served_desk


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def zenpy(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[NotingZenpy]:
    """Zenpy signed in as the admin. It goes to another address than Zendesk's by its own two variables."""
    monkeypatch.setenv("ZENPY_FORCE_SCHEME", "http")
    monkeypatch.setenv("ZENPY_FORCE_NETLOC", desk.client.base_url.netloc.decode())
    email, token = CREDENTIALS
    with requests.Session() as session:
        session.trust_env = False
        session.auth = (email, token)
        client = Zenpy(
            subdomain="sandbox", session=session, email=email.removesuffix("/token"), token=token, disable_cache=True
        )
        yield NotingZenpy(client)
