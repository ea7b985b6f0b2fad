"""What the server writes down: ids and codes, never a ticket's text or a secret."""

import io
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from tests.server.desks import API_TOKEN, a_desk, secret_of, some_settings
from tests.server.zendesk import DESCRIPTION, SUBJECT, Zendesk, a_body
from ticketsync import logs
from ticketsync.sandbox.http import serve
from ticketsync.server import create_app


@pytest.fixture
def lines() -> io.StringIO:
    """Everything that is logged, at the level that says most."""
    stream = io.StringIO()
    logs.configure_logging("json", "debug", stream=stream)
    return stream


def logged(lines: io.StringIO, event: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = [json.loads(line) for line in lines.getvalue().splitlines()]
    [line] = [line for line in found if line["event"] == event]
    return line


async def test_a_delivery_that_could_not_be_stored_is_named_by_its_ids(lines: io.StringIO, ticket_id: int) -> None:
    app = create_app(some_settings(a_desk("acme")), lambda: None)
    async with serve(app) as served, httpx.AsyncClient(base_url=served.url) as http:
        await Zendesk(http, "acme").send(body := a_body(ticket_id))
    line = logged(lines, "not stored")
    assert line.pop("timestamp")
    assert line == {
        "event": "not stored",
        "level": "warning",
        "logger": "ticketsync.server.edge",
        "desk": "acme",
        "ticket": ticket_id,
        "event_id": body["id"],
        "delivery": "01HANA2B5D5W9XSJS3NE5SQA1J",
        "code": "NOT_CONNECTED",
    }


async def test_what_one_delivery_bound_does_not_show_on_the_next(
    lines: io.StringIO, acme: Zendesk, ticket_id: int
) -> None:
    await acme.send(a_body(ticket_id))
    await acme.send(a_body(ticket_id), secret="a-wrong-secret")
    assert "ticket" not in logged(lines, "delivery refused")


async def test_neither_ticket_text_nor_secrets_are_ever_written(
    lines: io.StringIO, http: httpx.AsyncClient, acme: Zendesk, client: Client, ticket_id: int
) -> None:
    def broken() -> Client:
        raise LookupError(SUBJECT)

    await acme.send(a_body(ticket_id))
    await acme.send(a_body(ticket_id), age=timedelta(hours=1))
    await acme.send(a_body(ticket_id), age=timedelta(hours=48))
    await acme.send(a_body(ticket_id), secret="a-wrong-secret")
    await acme.send(a_body(ticket_id, account=1))
    await acme.send({**a_body(ticket_id), "detail": SUBJECT, "subject": SUBJECT})
    await acme.send(f"{SUBJECT} {DESCRIPTION}".encode())
    await http.post("/webhook", json={"ticket": {"id": SUBJECT}}, headers={"X-Webhook-Secret": secret_of("default")})
    await http.post("/webhook", json={"ticket": {"id": 1, "subject": SUBJECT}}, headers={"X-Webhook-Secret": "wrong"})
    await http.get(f"/api/v1/desks/acme/tickets/{SUBJECT}", headers={"Authorization": f"Bearer {API_TOKEN}"})
    async with (
        serve(create_app(some_settings(a_desk("acme")), broken)) as served,
        httpx.AsyncClient(base_url=served.url) as to_broken,
    ):
        assert (await Zendesk(to_broken, "acme").send(a_body(ticket_id))).status_code == 503
    written = lines.getvalue()
    assert logged(lines, "a delivery could not be handled")["exception"].endswith("LookupError")
    for text in (SUBJECT, DESCRIPTION, "Smith", "card number", "checkout", "a-wrong-secret", API_TOKEN):
        assert text not in written
    for desk in ("acme", "default"):
        assert secret_of(desk) not in written
