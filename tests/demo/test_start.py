"""What a start needs before anything runs: preferred ports, and the webhook in the sandbox Zendesk."""

from pathlib import Path

import httpx

from ticketsync.demo.ports import Ports
from ticketsync.demo.webhook import install_webhook
from ticketsync.sandbox.http import serve
from ticketsync.sandbox.zendesk import ZendeskSandbox
from ticketsync.sync.policy import Policy

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


async def test_the_webhook_is_installed_once_and_follows_the_server_to_another_port() -> None:
    auth = httpx.BasicAuth("sync@sandbox.example/token", "zendesk-sandbox-token")
    async with (
        serve(ZendeskSandbox().app) as served,
        httpx.AsyncClient(base_url=served.url, auth=auth) as zendesk,
    ):
        secret = await install_webhook(zendesk, ENDPOINT, Policy())
        assert await install_webhook(zendesk, ENDPOINT.replace("8080", "8081"), Policy()) == secret
        webhooks = (await zendesk.get("/api/v2/webhooks")).json()["webhooks"]
    assert [webhook["endpoint"] for webhook in webhooks] == [ENDPOINT.replace("8080", "8081")]


async def test_the_webhook_hears_of_tags_only_where_the_policy_names_some() -> None:
    auth = httpx.BasicAuth("sync@sandbox.example/token", "zendesk-sandbox-token")
    heard = {}
    async with (
        serve(ZendeskSandbox().app) as served,
        httpx.AsyncClient(base_url=served.url, auth=auth) as zendesk,
    ):
        for name, policy in {"plain": Policy(), "filtered": Policy(exclude_tags=("no_task",))}.items():
            await install_webhook(zendesk, ENDPOINT, policy)
            heard[name] = (await zendesk.get("/api/v2/webhooks")).json()["webhooks"][0]["subscriptions"]
    assert set(heard["filtered"]) - set(heard["plain"]) == {"zen:event-type:ticket.tags_changed"}
