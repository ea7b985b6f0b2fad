"""An OpenTelemetry collector: what is sent to it by OTLP over HTTP, span by span."""

import gzip
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.support.wait import eventually
from ticketsync.sandbox.http import serve


class Seen(NamedTuple):
    """A span that was sent, and by whom. `parent` is empty for the first of a trace; `links` are other traces."""

    service: str
    name: str
    trace: str
    span: str
    parent: str
    attributes: dict[str, str]
    links: tuple[str, ...]
    error: str


@dataclass
class Collector:
    url: str = ""
    spans: list[Seen] = field(default_factory=list)

    async def has(self, name: str, **attributes: str) -> Seen:
        """The first span of this name with these attributes (dots as `__`), when it is there."""
        wanted = {key.replace("__", "."): value for key, value in attributes.items()}

        def found() -> Seen | None:
            return next((s for s in self.spans if s.name == name and wanted.items() <= s.attributes.items()), None)

        span = await eventually(found, what=f"a span {name!r} with {wanted}")
        assert span is not None
        return span

    async def take(self, request: Request) -> Response:
        body = await request.body()
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = _values(resource.resource.attributes)["service.name"]
            self.spans += [_seen(service, span) for scope in resource.scope_spans for span in scope.spans]
        return Response(media_type="application/x-protobuf")


def _seen(service: str, span: Span) -> Seen:
    return Seen(
        service=service,
        name=span.name,
        trace=span.trace_id.hex(),
        span=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        attributes=_values(span.attributes),
        links=tuple(link.trace_id.hex() for link in span.links),
        error=span.status.message,
    )


def _values(pairs: Iterable[KeyValue]) -> dict[str, str]:
    return {pair.key: str(getattr(pair.value, pair.value.WhichOneof("value") or "")) for pair in pairs}


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    collector = Collector()
    app = Starlette(routes=[Route("/v1/traces", collector.take, methods=["POST"])])
    async with serve(app) as served:
        collector.url = served.url
        yield collector
