"""Traces by OpenTelemetry's SDK: the only module that imports it.

Sampler, headers, certificates and the like are those of its own `OTEL_…` variables.
"""

import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

import structlog
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Link, SpanKind, Status, StatusCode, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from temporalio.exceptions import ApplicationError

from ticketsync import __version__
from ticketsync.logs import hide_secrets
from ticketsync.tracing import Attributes, Kind, Put

PATH = "/v1/traces"
EXPORT_SECONDS = 2.0
STOP_SECONDS = 2.0  # a collector that hangs must not hold up the end of the process
KINDS: dict[Kind, SpanKind] = {"server": SpanKind.SERVER, "client": SpanKind.CLIENT, "internal": SpanKind.INTERNAL}
TRACEPARENT = "traceparent"
HEADERS = ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS")

log = structlog.get_logger(__name__)
_w3c = TraceContextTextMapPropagator()


class OtelTracer:
    """Spans of one process, on their way to a collector."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("ticketsync", __version__)

    @contextmanager
    def span(self, name: str, kind: Kind, parent: str | None, attributes: Attributes) -> Iterator[Put]:
        """The text of an exception is none of the collector's business: its code is."""
        around = None if parent is None else _context_of(parent)
        with self._tracer.start_as_current_span(
            name,
            context=around,
            kind=KINDS[kind],
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span.set_attributes
            except BaseException as error:
                span.set_status(Status(StatusCode.ERROR, _code(error)))
                raise

    def past(self, name: str, parent: str, attributes: Attributes, *, began_ns: int, links: tuple[str, ...]) -> None:
        others = [Link(get_current_span(_context_of(other)).get_span_context()) for other in links]
        around = _context_of(parent)
        self._tracer.start_span(name, around, attributes=attributes, links=others, start_time=began_ns).end(
            time.time_ns()
        )

    def traceparent(self) -> str | None:
        carrier: dict[str, str] = {}
        _w3c.inject(carrier)
        return carrier.get(TRACEPARENT)

    def stop(self) -> None:
        """Send what is left, if that is done soon."""
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(STOP_SECONDS)


class SaysOnce(SpanExporter):
    """An exporter that cannot send says so once, and once when it can again: what is traced goes on either way."""

    def __init__(self, inner: SpanExporter, endpoint: str) -> None:
        self._inner = inner
        self._endpoint = endpoint
        self._fails = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._inner.export(spans)
        fails = result is not SpanExportResult.SUCCESS
        if fails != self._fails:
            self._fails = fails
            say, event = (log.warning, "traces are lost") if fails else (log.info, "traces arrive again")
            say(event, endpoint=self._endpoint)
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()


def open_tracer(endpoint: str, service: str) -> OtelTracer:
    """`endpoint` is the collector's base URL; one with a path is the whole address that takes traces."""
    where = endpoint if urlsplit(endpoint).path else f"{endpoint}{PATH}"
    for name in HEADERS:  # one that is not understood is repeated in a warning, and it is there to hold a token
        hide_secrets(header.strip() for header in os.environ.get(name, "").split(","))
    logging.getLogger("opentelemetry.exporter").setLevel("CRITICAL")  # it writes with each batch: SaysOnce says it once
    provider = TracerProvider(resource=_resource(service), shutdown_on_exit=False)
    exporter = SaysOnce(OTLPSpanExporter(endpoint=where, timeout=EXPORT_SECONDS), where)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    log.info("traces are sent", endpoint=where)
    return OtelTracer(provider)


def _resource(service: str) -> Resource:
    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: f"ticketsync-{service}"}
    return Resource.create({**named, SERVICE_VERSION: __version__})


def _context_of(traceparent: str) -> Context:
    """What is no traceparent begins a trace of its own."""
    return _w3c.extract({TRACEPARENT: traceparent}, context=Context())


def _code(error: BaseException) -> str:
    return error.type if isinstance(error, ApplicationError) and error.type else type(error).__name__
