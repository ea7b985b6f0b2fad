"""A worker's own metrics, on the meter of the SDK's runtime: they are served with its others, on one address."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from temporalio.common import MetricGaugeFloat, MetricMeter

from ticketsync import __version__
from ticketsync.metrics import table

NOT_KNOWN = float("nan")  # no comparison with it is true: of what is not known, no rule says anything


class OfDesk(NamedTuple):
    desk: str


class OfSide(NamedTuple):
    desk: str
    side: str


class OfState(NamedTuple):
    desk: str
    state: str


class OfTrouble(NamedTuple):
    desk: str
    state: str
    reason: str


class OfDeskTrouble(NamedTuple):
    desk: str
    side: str
    reason: str


class Shown:
    """A gauge whose labels come and go: the SDK forgets none, so what is there no more shows `gone`."""

    def __init__(self, gauge: MetricGaugeFloat, gone: float = 0.0) -> None:
        self._gauge = gauge
        self._gone = gone
        self._known: set[Any] = set()

    def show(self, values: Mapping[Any, float]) -> None:
        """Exactly these, by their labels: one of the named tuples above each."""
        for labels in self._known - values.keys():
            self._gauge.set(self._gone, labels._asdict())
        for labels, value in values.items():
            self._gauge.set(value, labels._asdict())
        self._known |= values.keys()


class WorkerMetrics:
    """All that one worker counts. `on`: somebody may look at it; if not, there is no need to ask anybody for it."""

    def __init__(self, meter: MetricMeter) -> None:
        self.on = meter is not MetricMeter.noop
        self._meter = meter
        self._step_attempts = meter.create_counter(*_named(table.STEP_ATTEMPTS))
        self._calls = meter.create_counter(*_named(table.CALLS))
        self._event_to_task = meter.create_histogram_float(*_named(table.EVENT_TO_TASK), "seconds")
        self._count_age = self._gauge(table.COUNT_AGE)
        self._redis_up = self._gauge(table.REDIS_UP)
        self.tickets = Shown(self._gauge(table.TICKETS))
        self.oldest_trouble = Shown(self._gauge(table.OLDEST_TROUBLE))
        self.desk_trouble = Shown(self._gauge(table.DESK_TROUBLE))
        self.desk_paused = Shown(self._gauge(table.DESK_PAUSED))
        self.unmapped_agents = Shown(self._gauge(table.UNMAPPED_AGENTS), NOT_KNOWN)
        self.quota_left = Shown(self._gauge(table.QUOTA_LEFT), NOT_KNOWN)
        self.quota_calls = Shown(self._gauge(table.QUOTA_CALLS), NOT_KNOWN)
        self._gauge(table.BUILD_INFO).set(1, {"component": "worker", "version": __version__})

    def step_attempt(self, desk: str, kind: str, outcome: str) -> None:
        self._step_attempts.add(1, {"desk": desk, "kind": kind, "outcome": outcome})

    def call(self, desk: str, side: str, status: str) -> None:
        """One HTTP call; `status` is `none` for one without an answer."""
        self._calls.add(1, {"desk": desk, "side": side, "status": status})

    def delay(self, desk: str, seconds: float) -> None:
        self._event_to_task.record(max(seconds, 0.0), {"desk": desk})

    def count_age(self, seconds: float) -> None:
        self._count_age.set(seconds)

    def redis_answers(self, *, answers: bool) -> None:
        self._redis_up.set(float(answers))

    def _gauge(self, metric: table.Metric) -> MetricGaugeFloat:
        return self._meter.create_gauge_float(*_named(metric))


def _named(metric: table.Metric) -> tuple[str, str]:
    return metric.instrument, metric.says
