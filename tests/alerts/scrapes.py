"""What Prometheus would have seen: two real scrapes of the service, made into the series of hours.

The first scrape holds for hours, as on a quiet day; then comes the second, and from there on it goes on like that:
each minute the counters grow as they grew between the two, and an age that is not as it should be goes on growing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

QUIET, GOES_ON = 130, 150  # minutes
AS_IT_SHOULD_BE = {"ticketsync_oldest_trouble_seconds": 0.0, "ticketsync_count_age_seconds": 10.0}  # ages, in seconds
COUNTED = ("_total", "_bucket", "_sum", "_count")

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Series:
    name: str
    labels: Labels

    def __str__(self) -> str:
        pairs = ",".join(f'{name}="{value}"' for name, value in self.labels)
        return f"{self.name}{{{pairs}}}"

    @property
    def desk(self) -> str | None:
        return dict(self.labels).get("desk")

    def later(self, before: float, after: float) -> float:
        """How much it changes in a minute, as things go on."""
        if self.name.endswith(COUNTED):
            return after - before
        return 60.0 if after > AS_IT_SHOULD_BE.get(self.name, after) else 0.0


Scrape = Mapping[Series, float]


def scrape_of(text: str, instance: str) -> dict[Series, float]:
    """The samples of one target that are numbers, with the labels that Prometheus adds."""
    added = (("instance", instance), ("job", f"ticketsync-{instance}"))
    return {
        Series(sample.name, tuple(sorted((*sample.labels.items(), *added)))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.value == sample.value
    }


@dataclass(frozen=True)
class Watched:
    """A cause as Prometheus saw it: before, and while it acts, for so many minutes.

    `desk`: the only desk that matters here.
    """

    before: Scrape
    during: Scrape
    desk: str | None = None
    minutes: int = GOES_ON

    def input_series(self) -> list[dict[str, str]]:
        return [{"series": str(series), "values": self._values(series)} for series in self._all()]

    def _all(self) -> Iterator[Series]:
        for series in sorted({*self.before, *self.during}, key=str):
            if series.desk in (None, self.desk):
                yield series

    def _values(self, series: Series) -> str:
        before, during = self.before.get(series), self.during.get(series)
        quiet = f"_x{QUIET}" if before is None else f"{before:.12g}+0x{QUIET - 1}"
        if during is None:
            return f"{quiet} stale"
        step = series.later(before or 0.0, during)
        return f"{quiet} {during:.12g}{'+' if step >= 0 else '-'}{abs(step):.12g}x{self.minutes}"

    def test(self, rules: str, expressions: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
        """A test of promtool's: what each of these expressions has to answer in the end."""
        asked = [
            {"expr": expression, "eval_time": f"{QUIET + self.minutes}m", "exp_samples": samples}
            for expression, samples in expressions.items()
        ]
        series = {"interval": "1m", "input_series": self.input_series(), "promql_expr_test": asked}
        return {"rule_files": [rules], "evaluation_interval": "1m", "tests": [series]}
