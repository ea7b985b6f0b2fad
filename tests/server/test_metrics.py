"""What is counted, and the address that shows it."""

import re
from collections.abc import Callable

import httpx
import pytest
from temporalio.client import Client

from tests.alerts.conftest import RULES
from tests.server.desks import a_desk, some_settings
from tests.server.zendesk import Zendesk, a_body
from ticketsync.sandbox.http import serve
from ticketsync.server import ServerMetrics, create_app, metrics_app
from ticketsync.server.edge import expect_desks
from ticketsync.temporal import build_runtime, connect

Count = Callable[..., float]


async def test_deliveries_are_counted_by_desk_and_outcome(acme: Zendesk, ticket_id: int, count: Count) -> None:
    await acme.send(a_body(ticket_id))
    await acme.send(a_body(ticket_id))
    await acme.send(a_body(ticket_id, "comment_added"))
    await acme.send(a_body(ticket_id), secret="a-wrong-secret")
    outcomes = {
        name: count("deliveries", desk="acme", outcome=name) for name in ("stored", "ignored", "wrong_signature")
    }
    assert outcomes == {"stored": 2, "ignored": 1, "wrong_signature": 1}


def test_what_alert_rules_go_by_is_shown_before_it_happens() -> None:
    """Of a series that begins with 3 Prometheus cannot tell that it has grown, and the alert would not fire."""
    metrics = ServerMetrics()
    expect_desks(metrics, ["acme"])
    named = re.findall(r'ticketsync_deliveries_total\{outcome=~?"([a-z_|]+)"', RULES.read_text())
    outcomes = {one for names in named for one in names.split("|")}
    assert len(outcomes) > 2
    shown = {
        one.labels["outcome"] for one in next(iter(metrics.deliveries.collect())).samples if one.name.endswith("_total")
    }
    assert outcomes - shown == set()


async def test_the_metrics_address_shows_them_in_prometheus_form(
    acme: Zendesk, ticket_id: int, metrics: ServerMetrics
) -> None:
    await acme.send(a_body(ticket_id))
    async with serve(metrics_app(metrics)) as served, httpx.AsyncClient(base_url=served.url) as http:
        shown = await http.get("/metrics")
    assert shown.headers["Content-Type"].startswith("text/plain")
    lines = shown.text.splitlines()
    assert 'ticketsync_deliveries_total{desk="acme",outcome="stored"} 1.0' in lines
    assert "ticketsync_store_seconds_count 1.0" in lines
    assert any(line.startswith("process_resident_memory_bytes ") for line in lines)


async def test_one_round_trip_to_temporal_is_all_that_an_event_costs(
    client: Client, ticket_id: int, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", client.service_client.config.target_host)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", client.namespace)
    address = f"127.0.0.1:{unused_tcp_port}"
    counted = await connect(runtime=build_runtime(address))

    async with httpx.AsyncClient() as http:

        async def calls() -> dict[str, float]:
            text = (await http.get(f"http://{address}/metrics")).text
            lines = [line for line in text.splitlines() if line.startswith("temporal_request_total")]
            return {line.partition('operation="')[2].partition('"')[0]: float(line.split()[-1]) for line in lines}

        before = await calls()
        app = create_app(some_settings(a_desk("acme")), lambda: counted)
        async with serve(app) as served, httpx.AsyncClient(base_url=served.url) as server:
            for kind in ("created", "subject_changed", "comment_added"):
                await Zendesk(server, "acme").send(a_body(ticket_id, kind))
        assert await calls() == {**before, "SignalWithStartWorkflowExecution": 2.0}
