"""What the server counts, and the small app that shows it on an address of its own.

Labels hold desks that are configured and codes from a fixed list: nothing that a sender can invent.
"""

from collections.abc import Iterable

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ticketsync import __version__
from ticketsync.metrics.table import BUILD_INFO

NO_DESK = "unknown"
STORE_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


class ServerMetrics:
    """One registry per app, so that several apps in one process do not count for each other."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.deliveries = Counter(
            "ticketsync_deliveries",
            "Webhook deliveries by what became of them",
            ["desk", "outcome"],
            registry=self.registry,
        )
        self.signature_failures = Counter(
            "ticketsync_signature_failures",
            "Deliveries that were refused with 401",
            ["desk", "reason"],
            registry=self.registry,
        )
        self.clock_hints = Counter(
            "ticketsync_clock_hints",
            "Deliveries signed more than five minutes away from now",
            ["desk"],
            registry=self.registry,
        )
        self.store_seconds = Histogram(
            "ticketsync_store_seconds",
            "Time to store one event in Temporal",
            buckets=STORE_BUCKETS,
            registry=self.registry,
        )
        self.build_info = Gauge(BUILD_INFO.exported, BUILD_INFO.says, BUILD_INFO.labels, registry=self.registry)
        self.build_info.labels("server", __version__).set(1)

    def expect(self, desks: Iterable[str], outcomes: Iterable[str], reasons: Iterable[str]) -> None:
        """Show 0 of what has not happened yet: of a series that begins with 1 nobody can tell that it has grown."""
        outcomes, reasons = tuple(outcomes), tuple(reasons)
        for desk in desks:
            self.clock_hints.labels(desk)
            for outcome in outcomes:
                self.deliveries.labels(desk, outcome)
            for reason in reasons:
                self.signature_failures.labels(desk, reason)


def metrics_app(metrics: ServerMetrics) -> Starlette:
    """`GET /metrics` in Prometheus' text form."""

    async def show(_request: Request) -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/metrics", show)])
