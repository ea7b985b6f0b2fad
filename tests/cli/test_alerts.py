"""`ticketsync alerts test`, and the line of `check` on alerts."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.cli.programs import run
from tests.server.desks import a_desk
from ticketsync.cli.alert_check import check_alerts
from ticketsync.embedded import free_port
from ticketsync.sandbox.http import serve
from ticketsync.settings import AlertSettings

DESK = {
    "ZENDESK_SUBDOMAIN": "acme",
    "ZENDESK_API_TOKEN": "z",
    "TEAMWORK_DOMAIN": "acme",
    "TEAMWORK_API_TOKEN": "t",
    "TEAMWORK_PROJECT_ID": "1",
}


async def test_a_message_is_sent_and_the_secret_part_of_its_address_is_not_said() -> None:
    got: list[Mapping[str, Any]] = []

    async def take(request: Request) -> Response:
        got.append(await request.json())
        return PlainTextResponse("ok")

    async with serve(Starlette(routes=[Route("/hooks/s3cret", take, methods=["POST"])])) as served:
        webhook = {"TICKETSYNC_ALERT_WEBHOOK": f"{served.url}/hooks/s3cret"}
        ran = await run("alerts", "test", "--json", environ=DESK | webhook)
    assert (ran.code, ran.json) == (0, {"desk": "default", "sent_to": "127.0.0.1"})
    assert got == [{"text": "*ticketsync, desk default*\n• A test: alerts of this desk arrive here."}]
    assert "s3cret" not in ran.out + ran.err


async def test_a_chat_that_cannot_be_told_ends_with_1_and_says_why() -> None:
    webhook = {"TICKETSYNC_ALERT_WEBHOOK": f"http://127.0.0.1:{free_port(0)}/hooks/s3cret"}
    ran = await run("alerts", "test", environ=DESK | webhook)
    assert ran.code == 1
    assert "the chat at 127.0.0.1 was not told (ConnectError): is its webhook address the right one?" in ran.err
    assert "s3cret" not in ran.out + ran.err


async def test_a_desk_without_a_chat_says_what_to_set() -> None:
    ran = await run("alerts", "test", environ=DESK | {"TICKETSYNC_ALERT_NOTES": "true"})
    assert (ran.code, ran.out) == (1, "")
    assert "desk default has no chat: set TICKETSYNC_ALERT_WEBHOOK" in ran.err


CHAT = SecretStr("https://hooks.slack.com/services/s3cret")


@pytest.mark.parametrize(
    ("alerts", "found"),
    [
        (AlertSettings(), "off"),
        (AlertSettings(notes=True), "notes on tickets, of tickets blocked for 30m"),
        (AlertSettings(webhook=CHAT), "chat at hooks.slack.com, of tickets blocked for 30m"),
        (
            AlertSettings(webhook=CHAT, notes=True, after=timedelta(hours=2)),
            "chat at hooks.slack.com and notes on tickets, of tickets blocked for 2h",
        ),
    ],
)
async def test_check_says_who_is_told(alerts: AlertSettings, found: str) -> None:
    desk = a_desk("acme").model_copy(update={"alerts": alerts})
    line = await check_alerts(desk, None)
    assert (line.name, line.outcome, line.found) == ("alerts", "ok", found)
