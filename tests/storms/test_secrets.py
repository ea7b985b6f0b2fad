"""After faults of each kind, everything that was produced is searched for credentials and for ticket text."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.common import RawValue

from tests.cli.conftest import CUSTOMER
from tests.cli.programs import Program, program
from tests.storms.bad_input import as_json, event, signature
from tests.storms.edge import API_TOKEN, Edge, running_edge
from tests.storms.secret_scan import failures_in, forms, held_in
from tests.support.wait import eventually
from ticketsync import names
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.settings import DEFAULT_DESK

WORD = "Xylographer"  # in every subject, and nowhere else
ZENDESK_TOKEN = "zd/token+of the desk-41f0"
TEAMWORK_KEY = "twp_key-of-the-desk-93ab"
LOUD = {"TICKETSYNC_LOG_LEVEL": "debug", "TICKETSYNC_BLOCKED_RETRY": "1s"}
TASKS = r"/tasks\.json$"


@dataclass
class Produced:
    """All that came out of a run, by where it was found: `texts` may hold neither ticket text nor credentials,
    `histories` and the rest in `stored` no credentials. `faults`: the kinds that really happened.
    """

    secrets: dict[str, str]
    texts: dict[str, bytes] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)
    faults: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
async def produced(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis) -> AsyncIterator[Produced]:
    async with Redis.from_url(redis_server.url) as redis:
        await redis.flushall()
    credentials = ("--zendesk-token", ZENDESK_TOKEN, "--teamwork-key", TEAMWORK_KEY)
    async with AsyncExitStack() as held:
        edge = await held.enter_async_context(running_edge(temporal_server, redis_server, *credentials, **LOUD))
        secrets = {
            "Zendesk token": ZENDESK_TOKEN,
            "Teamwork key": TEAMWORK_KEY,
            "webhook secret": edge.environ["ZENDESK_WEBHOOK_SECRET"],
            "API token": API_TOKEN,
        }
        produced = Produced(secrets)
        await _bad_weather(edge, produced)
        await _bad_senders(edge, produced)
        await _bad_workers(edge, produced, held)
        await _revoked(edge, produced)
        await _collect(edge, redis_server, produced)
        yield produced


# --- what goes wrong


async def _bad_weather(edge: Edge, produced: Produced) -> None:
    """Answers that are lost, late, 4xx and 5xx, while tickets are created, renamed and read."""
    for fault in (
        {"kind": "lost_answer", "times": 1, "match": {"method": "POST", "path": TASKS}},
        {"kind": "error", "status": 503, "times": 2},
        {"kind": "error", "status": 422, "times": 1, "match": {"method": "P(UT|ATCH)"}},
        {"kind": "rate_limited", "seconds": 1, "times": 1},
        {"kind": "slow", "seconds": 1, "times": 1},
    ):
        await _fault(edge.teamwork, **fault)
    for fault in ({"kind": "error", "status": 500, "times": 1}, {"kind": "lost_answer", "times": 1}):
        await _fault(edge.zendesk, match={"method": "GET", "path": "/api/v2/tickets/"}, **fault)
    ticket_id = await _ticket(edge)
    await _until(edge, ticket_id, "in_step")
    await _rename(edge, ticket_id, f"{WORD} renamed")
    await _until(edge, ticket_id, "in_step", title=f"{WORD} renamed")
    await _unreadable_signal(edge, ticket_id)
    await _until(edge, ticket_id, "in_step")


async def _bad_senders(edge: Edge, produced: Produced) -> None:
    """Each puts ticket text and a credential where it does not belong."""
    raw, secret = as_json(event(5) | {"detail": {"subject": WORD}}), edge.keys.secret
    unreadable = f'{{"{WORD}": '.encode()
    base = f"http://127.0.0.1:{edge.port}"
    webhook = f"{base}/webhooks/zendesk/default"
    right = {name.decode(): value.decode() for name, value in signature(unreadable, secret)}
    wrong = {"X-Zendesk-Webhook-Signature": secret, "X-Zendesk-Webhook-Signature-Timestamp": secret}
    async with httpx.AsyncClient() as http:
        answers = [
            await http.post(webhook, content=raw),
            await http.post(webhook, content=raw, headers=wrong),
            await http.post(webhook, content=unreadable, headers=right),
            await http.post(f"{base}/webhooks/zendesk/{secret}", content=raw, headers=wrong),
            await http.post(f"{base}/webhook", content=raw, headers={"X-Webhook-Secret": f"{secret}x"}),
            await http.post(f"{base}/webhook", content=raw[:-1], headers={"X-Webhook-Secret": secret}),
            await http.get(
                f"{base}/api/v1/desks/default/tickets/{WORD}", headers={"Authorization": f"Bearer {API_TOKEN}"}
            ),
            await http.get(f"{base}/api/v1/desks/default/tickets/5", headers={"Authorization": f"Basic {API_TOKEN}"}),
            await http.get(f"{base}/{API_TOKEN}", auth=("x", API_TOKEN)),
        ]
    assert {answer.status_code for answer in answers} == {400, 401, 404, 422}
    produced.texts["refusals"] = b"\n".join(answer.content for answer in answers)


async def _bad_workers(edge: Edge, produced: Produced, held: AsyncExitStack) -> None:
    """One is killed, the next has a rule that fails and talks of it, and the last mends that."""
    ticket_id = await _ticket(edge)
    await _until(edge, ticket_id, "in_step")
    produced.texts["metrics of the first worker"] = (await edge.metrics(edge.worker_metrics)).encode()
    produced.texts["log of the first worker"] = _log(edge.worker)
    edge.worker.process.kill()
    await _rename(edge, ticket_id, f"{WORD} of a broken rule")
    async with _broken_worker(edge) as broken:
        await _until(edge, ticket_id, "blocked", reason="rule_error")
    produced.texts["log of the broken worker"] = _log(broken)
    metrics = {"TICKETSYNC_METRICS_ADDRESS": edge.worker_metrics}
    edge.worker = await held.enter_async_context(program("worker", environ=edge.environ | metrics))
    await _rename(edge, ticket_id, f"{WORD} of a mended rule")
    await _until(edge, ticket_id, "in_step", title=f"{WORD} of a mended rule")


@asynccontextmanager
async def _broken_worker(edge: Edge) -> AsyncIterator[Program]:
    command = [sys.executable, "-m", "tests.storms.broken_worker"]
    environ = os.environ | edge.environ
    process = await asyncio.create_subprocess_exec(*command, env=environ, stdin=DEVNULL, stdout=PIPE, stderr=PIPE)
    running = Program(process)
    reading = asyncio.create_task(running.read())
    try:
        yield running
    finally:
        process.kill()
        await process.wait()
        await reading


async def _revoked(edge: Edge, produced: Produced) -> None:
    """Neither side takes our credentials any more."""
    ticket_id = await _ticket(edge)
    await _until(edge, ticket_id, "in_step")
    for site in (edge.zendesk, edge.teamwork):
        await _fault(site, kind="unauthorized", match={"method": "GET|PATCH|POST"})
    await _rename(edge, ticket_id, f"{WORD} without rights")
    await _unreadable_signal(edge, ticket_id)
    await _until(edge, ticket_id, "blocked")
    for site in (edge.zendesk, edge.teamwork):
        calls = (await site.get("/sandbox/calls")).json()["calls"]
        produced.faults |= {call["fault"] for call in calls if call["fault"]}


# --- what a run does


async def _fault(site: httpx.AsyncClient, **fault: Any) -> None:
    (await site.post("/sandbox/faults", json=fault)).raise_for_status()


async def _ticket(edge: Edge) -> int:
    ticket = {"subject": f"{WORD} ", "comment": {"body": f"It is about {WORD}s"}, "requester_id": CUSTOMER}
    answer = await edge.zendesk.post("/api/v2/tickets", json={"ticket": ticket})
    ticket_id: int = answer.raise_for_status().json()["ticket"]["id"]
    return ticket_id


async def _rename(edge: Edge, ticket_id: int, subject: str) -> None:
    answer = await edge.zendesk.put(f"/api/v2/tickets/{ticket_id}", json={"ticket": {"subject": subject}})
    answer.raise_for_status()


async def _unreadable_signal(edge: Edge, ticket_id: int) -> None:
    payload = Payload(metadata={"encoding": b"json/plain"}, data=as_json({"kind": 5, "subject": WORD}))
    handle = edge.client.get_workflow_handle(names.ticket_workflow_id(DEFAULT_DESK, ticket_id))
    await handle.signal(names.ZENDESK_EVENT, RawValue(payload))


async def _until(edge: Edge, ticket_id: int, state: str, *, title: str = "", reason: str = "") -> None:
    async def reached() -> bool:
        status = await edge.status(ticket_id)
        right_title = not title or (status and status["task"]["title"] == title)
        return bool(status and status["sync_state"] == state and right_title and reason in ("", status["reason"]))

    await eventually(reached, 40, what=f"ticket {ticket_id} is {state} {title or reason}")


# --- what came out


async def _collect(edge: Edge, redis_server: EmbeddedRedis, produced: Produced) -> None:
    produced.texts["log of the server"] = _log(edge.server)
    produced.texts["log of the worker"] = _log(edge.worker)
    produced.texts["metrics of the server"] = (await edge.metrics(edge.server_metrics)).encode()
    produced.texts["metrics of the worker"] = (await edge.metrics(edge.worker_metrics)).encode()
    async for run in edge.client.list_workflows(""):
        await _collect_run(edge.client, run.id, produced)
    async with Redis.from_url(redis_server.url) as redis:
        produced.stored["Redis"] = b"\n".join([part async for part in _all_of(redis)])


def _log(running: Program) -> bytes:
    return json.dumps([running.logs, running.out], ensure_ascii=False).encode()


async def _collect_run(client: Client, workflow_id: str, produced: Produced) -> None:
    handle = client.get_workflow_handle(workflow_id)
    raw = (await handle.describe()).raw_description
    info = raw.workflow_execution_info
    history = list((await handle.fetch_history()).events)
    failures = [failure for message in (raw, *history) for failure in failures_in(message)]
    produced.texts[f"search attributes of {workflow_id}"] = info.search_attributes.SerializeToString()
    produced.texts[f"errors of {workflow_id}"] = b"\n".join(failure.SerializeToString() for failure in failures)
    produced.stored[f"memo of {workflow_id}"] = info.memo.SerializeToString()
    produced.stored[f"history of {workflow_id}"] = b"\n".join(event.SerializeToString() for event in history)


async def _all_of(redis: Redis) -> AsyncIterator[bytes]:
    async for key in redis.scan_iter():
        yield key
        yield await redis.dump(key) or b""


# --- what must not be in it


def test_every_kind_of_fault_has_happened(produced: Produced) -> None:
    assert produced.faults >= {"lost_answer", "error", "rate_limited", "slow", "unauthorized"}
    errors = b"".join(text for name, text in produced.texts.items() if name.startswith("errors"))
    assert [code for code in (b"503", b"422", b"429", b"401", b"ValueError") if code not in errors] == []
    assert b"could not be read" in b"".join(produced.stored.values())
    log = produced.texts["log of the server"]
    assert [reason for reason in (b"wrong_signature", b"no_signature", b"wrong_secret") if reason not in log] == []
    assert b'"debug"' in log


def test_no_credential_is_anywhere(produced: Produced) -> None:
    everything = produced.texts | produced.stored
    assert {name: held for name, text in everything.items() if (held := held_in(text, produced.secrets))} == {}


def test_no_ticket_text_is_in_logs_metrics_search_attributes_and_errors(produced: Produced) -> None:
    assert [name for name, text in produced.texts.items() if held_in(text, {WORD: WORD})] == []


def test_what_is_searched_for_is_found_where_it_may_be(produced: Produced) -> None:
    histories = [text for name, text in produced.stored.items() if name.startswith("history of ticket")]
    assert len(histories) >= 3
    assert all(held_in(text, {WORD: WORD}) for text in histories)


@pytest.mark.parametrize("before", ["", "a", "ab", "sync@sandbox.example/token:"])
def test_a_credential_is_found_in_base64_whatever_stands_before_it(before: str) -> None:
    sent = b64encode(f"{before}{ZENDESK_TOKEN}:x".encode())
    assert held_in(b"Authorization: Basic " + sent, {"token": ZENDESK_TOKEN}) == {"token"}
    assert held_in(b64encode(b"Another text, long enough"), {"token": ZENDESK_TOKEN}) == set()
    assert min(map(len, forms(ZENDESK_TOKEN))) > len(ZENDESK_TOKEN) - 4
