"""One delivery is followed by its correlation id from the HTTP log line to the Teamwork call, in logs and traces."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.programs import Program, program
from tests.server.zendesk import SUBJECT, a_body, signed
from tests.support.stack import Stack, running_stack
from tests.support.wait import eventually
from tests.support.worker_process import worker_process
from tests.tracing.collector import Collector, Seen, collecting
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal, free_port

SECRET = "signing-secret-of-the-desk"
FIRST, SECOND, THIRD = "01HANA2B5D5W9XSJS3NE5SQA1J", "01HANA2B5D5W9XSJS3NE5SQA2K", "01HANA2B5D5W9XSJS3NE5SQA3L"


@dataclass
class Followed:
    """A stack whose server and worker are processes that write down and trace all that they do."""

    stack: Stack
    server: Program
    worker: Program
    collector: Collector
    http: httpx.AsyncClient

    async def deliver(self, delivery: str, body: dict[str, Any]) -> None:
        body["detail"]["created_at"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"  # an older one is looked for, for 22 s
        raw = json.dumps(body).encode()
        headers = signed(raw, SECRET) | {"X-Zendesk-Webhook-Invocation-Id": delivery}
        answer = await self.http.post(f"/webhooks/zendesk/{self.stack.desk}", content=raw, headers=headers)
        assert answer.status_code == 202, answer.text

    async def line(self, program: Program, event: str, delivery: str, **fields: Any) -> dict[str, Any]:
        """The first line that says so of this delivery, when it is there."""
        wanted = {"event": event, "delivery": delivery, **fields}
        lines = await eventually(
            lambda: [line for line in program.logs if wanted.items() <= line.items()], what=f"a line {wanted}"
        )
        assert lines is not None
        return lines[0]


@pytest.fixture(scope="module")
async def followed(
    temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Followed]:
    folder, port = tmp_path_factory.mktemp("followed"), free_port(0)
    async with AsyncExitStack() as cleanup:
        collector = await cleanup.enter_async_context(collecting())
        told = {"TICKETSYNC_LOG_LEVEL": "debug", "TICKETSYNC_TRACES_ENDPOINT": collector.url}
        told |= {"OTEL_BSP_SCHEDULE_DELAY": "100"}
        stack = await cleanup.enter_async_context(running_stack(temporal_server.address, redis_server.port, work=False))
        worker = await cleanup.enter_async_context(worker_process(stack, folder, **told))
        server = await cleanup.enter_async_context(program("server", environ=_of_server(stack, folder, port) | told))
        http = await cleanup.enter_async_context(httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}"))
        await eventually(lambda: _is_ready(http), what="the server has found Temporal")
        await worker.says("worker is running")
        yield Followed(stack, server, worker, collector, http)


def _of_server(stack: Stack, folder: Path, port: int) -> dict[str, str]:
    """The worker's config file, with the webhook's secret."""
    config = folder / "server.toml"
    whole = (folder / "ticketsync.toml").read_text()
    config.write_text(
        whole.replace(
            'api_token_env = "ZENDESK', 'webhook_secret_env = "SECRET_OF_THE_DESK"\napi_token_env = "ZENDESK', 1
        )
    )
    return {
        "TICKETSYNC_CONFIG": str(config),
        "TICKETSYNC_LOG_FORMAT": "json",
        "TICKETSYNC_HOST": "127.0.0.1",
        "TICKETSYNC_PORT": str(port),
        "SECRET_OF_THE_DESK": SECRET,
        "ZENDESK_TOKEN_OF_THE_DESK": stack.desk_settings.zendesk.api_token.get_secret_value(),
        "TEAMWORK_TOKEN_OF_THE_DESK": stack.desk_settings.teamwork.api_token.get_secret_value(),
        "TEMPORAL_ADDRESS": stack.client.service_client.config.target_host,
        "REDIS_HOST": stack.settings.redis.host,
        "REDIS_PORT": str(stack.settings.redis.port),
    }


async def _is_ready(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/healthz")).status_code == 200
    except httpx.TransportError:
        return False


def _above(spans: list[Seen], span: Seen) -> list[str]:
    """The names of the spans from this one up to the first of its trace."""
    by_id: dict[str, Seen] = {one.span: one for one in spans}
    names = [span.name]
    while span.parent:
        span = by_id[span.parent]
        names.append(span.name)
    return names


def _renamed(ticket_id: int, second: int, subject: str) -> dict[str, Any]:
    body = a_body(ticket_id, "subject_changed", current=subject, previous="x")
    body["detail"] |= {"subject": subject, "updated_at": f"2026-01-15T09:06:{second:02}Z"}
    return body | {"time": f"2026-01-15T09:06:{second:02}.412938114Z"}


async def test_a_delivery_is_followed_from_the_http_line_to_the_teamwork_call(followed: Followed) -> None:
    ticket_id = 71_001
    await followed.deliver(FIRST, a_body(ticket_id))
    stored = await followed.line(followed.server, "stored", FIRST)
    assert (stored["desk"], stored["ticket"]) == (followed.stack.desk, ticket_id)
    decided = await followed.line(followed.worker, "decided", FIRST)
    assert (decided["outcome"], decided["steps"]) == ("first", "create")
    called = await followed.line(followed.worker, "called", FIRST, side="teamwork", answer=201)
    assert called["call"].startswith("POST /projects/api/v3/tasklists/")
    await followed.line(followed.worker, "carried out", FIRST, step="create_task", ticket=ticket_id)


async def test_each_delivery_has_one_trace_of_its_own_through_the_workflow(followed: Followed) -> None:
    ticket_id = 71_002
    await followed.deliver(FIRST, a_body(ticket_id))
    create = await followed.collector.has("create_task", ticketsync__ticket=str(ticket_id))
    await followed.stack.settled(ticket_id)
    await followed.deliver(SECOND, _renamed(ticket_id, 1, "Broken on mobile"))
    rename = await followed.collector.has("rename_task", ticketsync__ticket=str(ticket_id))
    assert create.trace != rename.trace
    for step, delivery, method in ((create, FIRST, "POST"), (rename, SECOND, "PATCH")):
        await followed.collector.has("delivery", ticketsync__desk=followed.stack.desk)
        await eventually(_is_whole(followed.collector, step), what="all spans of the trace have come")
        trace = [span for span in followed.collector.spans if span.trace == step.trace]
        calls = [span for span in trace if span.attributes.get("http.request.method") == method]
        assert _above(trace, calls[-1]) == [calls[-1].name, step.name, "store", "delivery"]
        assert {span.service for span in trace} == {"ticketsync-server", "ticketsync-worker"}
        assert {span.attributes["ticketsync.delivery"] for span in trace if span.name in ("store", "decide")} == {
            delivery
        }
        assert step.attributes["ticketsync.delivery"] == delivery


def _is_whole(collector: Collector, step: Seen) -> Callable[[], bool]:
    wanted = {"delivery", "store", "decide", step.name}
    return lambda: wanted <= {span.name for span in collector.spans if span.trace == step.trace}


async def test_a_delivery_that_changes_nothing_says_so_in_its_trace(followed: Followed) -> None:
    ticket_id = 71_003
    body = a_body(ticket_id)
    await followed.deliver(FIRST, body)
    await followed.stack.settled(ticket_id)
    await followed.deliver(THIRD, body)
    decided = await followed.line(followed.worker, "decided", THIRD)
    assert (decided["outcome"], decided["goes_on_as"], decided["steps"]) == ("duplicate", FIRST, "")
    span = await followed.collector.has("decide", ticketsync__delivery=THIRD, ticketsync__outcome="duplicate")
    assert len(span.links) == 1
    assert span.links[0] != span.trace


async def test_neither_logs_nor_traces_hold_ticket_text_or_secrets(followed: Followed) -> None:
    ticket_id = 71_004
    await followed.deliver(FIRST, a_body(ticket_id))
    await followed.collector.has("create_task", ticketsync__ticket=str(ticket_id))
    said = json.dumps([*followed.server.logs, *followed.worker.logs]) + str(followed.collector.spans)
    for text in (SUBJECT, "Smith", SECRET, "twp_sandbox", "zendesk-sandbox-token"):
        assert text not in said


async def test_programs_that_trace_end_at_once(followed: Followed) -> None:
    """The last test of this file: nothing runs after it."""
    assert await followed.server.stopped() == 0
    assert await followed.worker.stopped() == 0
