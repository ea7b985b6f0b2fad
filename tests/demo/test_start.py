"""What a start needs before anything runs: preferred ports, and the webhook in the sandbox Zendesk."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ticketsync.demo.ports import Ports
from ticketsync.demo.webhook import install_webhook
from ticketsync.sandbox.http import serve
from ticketsync.sandbox.zendesk import ZendeskSandbox
from ticketsync.sync.policy import Policy
from ticketsync.zendesk import Webhooks, ZendeskClient

ENDPOINT = "http://127.0.0.1:8080/webhooks/zendesk/default"


def test_without_a_last_run_the_usual_ports_are_preferred(tmp_path: Path) -> None:
    assert Ports.preferred({}, tmp_path) == Ports.preferred({}, None) == Ports()
    assert (Ports().server, Ports().temporal, Ports().redis) == (8080, 7233, 6379)


def test_the_ports_of_the_last_run_are_preferred_and_those_asked_for_before_them(tmp_path: Path) -> None:
    Ports(server=9000, redis=9001).keep(tmp_path)
    assert Ports.preferred({"redis": 9002}, tmp_path) == Ports(server=9000, redis=9002)


def test_what_cannot_be_read_prefers_the_usual_ports(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text('{"server": 99999}')
    assert Ports.preferred({}, tmp_path) == Ports()


@pytest.fixture
async def zendesk() -> AsyncIterator[ZendeskClient]:
    async with (
        serve(ZendeskSandbox().app) as served,
        ZendeskClient(base_url=served.url, email="sync@sandbox.example", api_token="zendesk-sandbox-token") as client,
    ):
        yield client


async def test_the_webhook_is_installed_once_and_follows_the_server_to_another_port(zendesk: ZendeskClient) -> None:
    secret = await install_webhook(zendesk, ENDPOINT, Policy())
    assert await install_webhook(zendesk, ENDPOINT.replace("8080", "8081"), Policy()) == secret
    assert [webhook.endpoint for webhook in await Webhooks(zendesk).all()] == [ENDPOINT.replace("8080", "8081")]


async def test_the_webhook_hears_of_tags_only_where_the_policy_names_some(zendesk: ZendeskClient) -> None:
    heard = {}
    for name, policy in {"plain": Policy(), "filtered": Policy(exclude_tags=("no_task",))}.items():
        await install_webhook(zendesk, ENDPOINT, policy)
        heard[name] = (await Webhooks(zendesk).all())[0].subscriptions
    assert heard["filtered"] - heard["plain"] == {"zen:event-type:ticket.tags_changed"}
