"""One served sandbox for all tests of this folder, wiped before each."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from ticketsync.sandbox.http import serve
from ticketsync.sandbox.zendesk import ZendeskSandbox
from ticketsync.zendesk import ZendeskClient

EMAIL, API_TOKEN, OAUTH_TOKEN = "sync@sandbox.example", "zendesk-sandbox-token", "zendesk-sandbox-oauth"


@dataclass
class Account:
    """The sandbox's account as an agent drives it, and our client of it."""

    url: str
    sandbox: ZendeskSandbox
    http: httpx.AsyncClient
    client: ZendeskClient

    async def call(self, method: str, path: str, json: Any = None) -> dict[str, Any]:
        answer = await self.http.request(method, path, json=json)
        assert answer.is_success, answer.text
        return dict(answer.json()) if answer.content else {}

    async def new_ticket(self, **fields: Any) -> int:
        ticket = {"subject": "Checkout broken", "comment": {"body": "500"}} | fields
        return int((await self.call("POST", "/api/v2/tickets", {"ticket": ticket}))["ticket"]["id"])

    async def import_tickets(self, *tickets: dict[str, Any]) -> None:
        await self.call("POST", "/sandbox/tickets", {"tickets": list(tickets)})


@pytest.fixture(scope="session")
async def served_account() -> AsyncIterator[Account]:
    async with (
        ZendeskSandbox() as sandbox,
        serve(sandbox.app) as served,
        httpx.AsyncClient(base_url=served.url, auth=(f"{EMAIL}/token", API_TOKEN)) as http,
        ZendeskClient(base_url=served.url, email=EMAIL, api_token=API_TOKEN) as client,
    ):
        yield Account(served.url, sandbox, http, client)


@pytest.fixture
async def account(served_account: Account) -> Account:
    await served_account.call("POST", "/sandbox/reset")
    await served_account.call("DELETE", "/sandbox/faults")
    return served_account
