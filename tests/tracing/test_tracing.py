"""Traces cost nothing while nobody asks for them, say no more than codes, and never hold anything up."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from structlog.testing import capture_logs
from temporalio.exceptions import ApplicationError

from tests.tracing.collector import collecting
from ticketsync import tracing
from ticketsync.embedded import free_port
from ticketsync.outgoing import OutgoingCall
from ticketsync.tracing.otel import SaysOnce

A_PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_without_an_endpoint_nothing_that_sends_traces_is_loaded() -> None:
    code = """if True:
        import sys
        from ticketsync import tracing
        import ticketsync.cli.server, ticketsync.cli.worker
        with tracing.tracing(None, "worker"), tracing.span("x", {"a": 1}) as put:
            put({"b": 2})
            assert tracing.traceparent() is None and not tracing.is_on()
        print([name for name in sys.modules if name.startswith(("opentelemetry.exporter", "ticketsync.tracing."))])
    """
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603
    assert ran.stdout.strip() == "[]"


def test_a_command_that_has_configured_no_logs_says_nothing_of_its_calls() -> None:
    code = """if True:
        from ticketsync.outgoing import OutgoingCall
        with OutgoingCall("zendesk", "GET", "/api/v2/webhooks") as call:
            call.answered(200)
    """
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603
    assert ran.stdout + ran.stderr == ""


@pytest.mark.parametrize("variable", ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"])
@pytest.mark.parametrize("headers", ["Bearer t0ken", "a=b, Authorization: Bearer t0ken", "authorization=t0ken\u00e9"])
def test_a_header_for_the_collector_that_is_not_understood_is_not_repeated(variable: str, headers: str) -> None:
    code = """if True:
        from ticketsync import logs, tracing
        logs.configure_logging("json")
        with tracing.tracing("http://127.0.0.1:9", "worker"):
            pass
    """
    environ = os.environ | {variable: headers}
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environ)  # noqa: S603
    assert "Header format invalid!" in ran.stderr
    assert "t0ken" not in ran.stderr


def test_a_span_that_nobody_asked_for_is_always_the_same_object() -> None:
    assert tracing.span("one") is tracing.span("two", {"a": 1}, kind="client", parent=A_PARENT)


def test_what_is_not_installed_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("opentelemetry", "ticketsync.tracing.otel"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with (
        pytest.raises(
            tracing.TracingUnavailableError, match=r'opentelemetry.* is not installed.*"ticketsync\[tracing\]"'
        ),
        tracing.tracing("http://127.0.0.1:4318", "worker"),
    ):
        pass


async def _traced(endpoint: str, block: Callable[[], Any]) -> None:
    """Ended in a thread, as the loop here is the collector's too."""

    def run() -> None:
        with tracing.tracing(endpoint, "test"):
            block()

    await asyncio.to_thread(run)


async def test_spans_are_sent_with_their_parent_and_attributes() -> None:
    told: list[str | None] = []

    def block() -> None:
        with tracing.span("outer", {"ticketsync.desk": "acme"}, kind="server", parent=A_PARENT) as put:
            put({"http.response.status_code": 202})
            told.append(tracing.traceparent())
            with OutgoingCall("teamwork", "PATCH", "/projects/api/v3/tasks/5001.json") as call:
                call.answered(200)

    async with collecting() as collector:
        await _traced(collector.url, block)
    inner, outer = collector.spans
    assert (outer.name, outer.service, outer.parent) == ("outer", "ticketsync-test", "b7ad6b7169203331")
    assert outer.attributes == {"ticketsync.desk": "acme", "http.response.status_code": "202"}
    assert told == [f"00-{outer.trace}-{outer.span}-01"]
    assert (inner.name, inner.parent) == ("PATCH /projects/api/v3/tasks/{id}.json", outer.span)
    assert inner.attributes["url.path"] == "/projects/api/v3/tasks/5001.json"
    assert inner.attributes["http.response.status_code"] == "200"
    assert {inner.trace, outer.trace} == {"0af7651916cd43dd8448eb211c80319c"}


async def test_of_an_error_only_its_code_is_sent() -> None:
    def block() -> None:
        for error in (ApplicationError("Printer on fire", type="refused"), KeyError("Printer on fire")):
            with pytest.raises(type(error)), tracing.span("step"):
                raise error

    async with collecting() as collector:
        await _traced(collector.url, block)
    assert [span.error for span in collector.spans] == ["refused", "KeyError"]
    assert "Printer" not in str(collector.spans)


async def test_a_deaf_collector_is_told_of_once_and_holds_up_no_end() -> None:
    began = time.monotonic()

    def block() -> None:
        for _ in range(3000):
            with tracing.span("lost"):
                pass

    with capture_logs() as lines:
        await _traced(f"http://127.0.0.1:{free_port(0)}", block)
    assert time.monotonic() - began < 6
    assert [line["event"] for line in lines if line["log_level"] == "warning"] == ["traces are lost"]


class Moody(SpanExporter):
    """Takes a batch, or does not, as it was told."""

    def __init__(self, *results: SpanExportResult) -> None:
        self._results = list(results)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:  # noqa: ARG002
        return self._results.pop(0)


def test_a_collector_that_comes_and_goes_is_told_of_at_each_change() -> None:
    lost, sent = SpanExportResult.FAILURE, SpanExportResult.SUCCESS
    exporter = SaysOnce(Moody(sent, lost, lost, lost, sent, sent, lost), "http://collector/v1/traces")
    with capture_logs() as lines:
        for _ in range(7):
            exporter.export([])
    assert [line["event"] for line in lines] == ["traces are lost", "traces arrive again", "traces are lost"]


@pytest.mark.parametrize("nonsense", ["", "00-xyz", "Printer on fire"])
async def test_what_is_no_traceparent_begins_a_trace_of_its_own(nonsense: str) -> None:
    def block() -> None:
        with tracing.span("delivery", parent=nonsense):
            pass

    async with collecting() as collector:
        await _traced(collector.url, block)
    assert [span.parent for span in collector.spans] == [""]
