"""Deliveries as Zendesk makes them (reference/zendesk-api §1), and what of them Temporal has."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from tests.server.desks import secret_of
from ticketsync.names import ticket_workflow_id
from ticketsync.sync.event import Event
from ticketsync.zendesk.signature import sign

ACCOUNT = 11223344
SUBJECT = "Checkout broken for Mrs. Smith"
DESCRIPTION = "My card number is on the next page"


def a_body(ticket_id: int, kind: str = "created", *, account: int | None = ACCOUNT, **happened: Any) -> dict[str, Any]:
    """The content of one event. Keywords are what the event itself says (`current`, `previous`, `target_ticket_id`)."""
    return {
        **({} if account is None else {"account_id": account}),
        "detail": {
            "actor_id": "8447388091001",
            "assignee_id": "8447388090777",
            "brand_id": "8447346621310",
            "created_at": "2026-01-15T09:00:00Z",
            "custom_status": "8447320465790",
            "description": DESCRIPTION,
            "id": str(ticket_id),
            "organization_id": "",
            "priority": "NORMAL",
            "status": "OPEN",
            "subject": SUBJECT,
            "tags": ["checkout"],
            "updated_at": "2026-01-15T09:05:00Z",
            "via": {"channel": "mail"},
        },
        "event": {**happened, "meta": {"sequence": {"id": "01KF0000000000000000000001", "position": 1}}},
        "id": str(uuid4()),
        "subject": f"zen:ticket:{ticket_id}",
        "time": "2026-01-15T09:05:00.412938114Z",
        "type": f"zen:event-type:ticket.{kind}",
        "zendesk_event_version": "2022-11-06",
    }


def signed(raw: bytes, secret: str, *, age: timedelta = timedelta(0), timestamp: str | None = None) -> dict[str, str]:
    """The headers that Zendesk sends with a body."""
    at = timestamp or (datetime.now(UTC) - age).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "Content-Type": "application/json; charset=utf-8",
        "X-Zendesk-Webhook-Invocation-Id": "01HANA2B5D5W9XSJS3NE5SQA1J",
        "X-Zendesk-Webhook-Signature": sign(raw, at, secret),
        "X-Zendesk-Webhook-Signature-Timestamp": at,
    }


class Zendesk:
    """One account that sends to one desk."""

    def __init__(self, http: httpx.AsyncClient, desk: str) -> None:
        self._http = http
        self.desk = desk

    async def send(
        self,
        body: dict[str, Any] | bytes,
        *,
        secret: str | None = None,
        age: timedelta = timedelta(0),
        timestamp: str | None = None,
    ) -> httpx.Response:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = signed(raw, secret or secret_of(self.desk), age=age, timestamp=timestamp)
        return await self.post(raw, headers)

    async def post(self, raw: bytes, headers: dict[str, str]) -> httpx.Response:
        as_bytes = httpx.Headers(headers, encoding="latin-1")
        response = await self._http.post(f"/webhooks/zendesk/{self.desk}", content=raw, headers=as_bytes, timeout=30)
        if response.status_code >= 300:
            assert response.json().keys() == {"error", "message"}
        return response


async def stored_events(client: Client, desk: str, ticket_id: int) -> list[Event]:
    """What the ticket's workflow was told, from its history: no worker runs."""
    history = await client.get_workflow_handle(ticket_workflow_id(desk, ticket_id)).fetch_history()
    signals = [
        event.workflow_execution_signaled_event_attributes
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    ]
    assert {signal.signal_name for signal in signals} <= {"zendesk_event"}
    return [(await client.data_converter.decode(signal.input.payloads, [Event]))[0] for signal in signals]
