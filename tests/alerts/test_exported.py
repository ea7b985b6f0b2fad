"""What is really exported is what the table says, and the page about it: neither more nor less."""

from tests.alerts.scrapes import Watched
from tests.docs.test_metrics_page import EXPORTED, SDK
from ticketsync.metrics import WORKER_METRICS

OF_A_HISTOGRAM = ("_bucket", "_sum", "_count", "_created")
ADDED = {"instance", "job", "service_name", "le"}
OF_AN_ACTIVITY = {"namespace", "task_queue", "activity_type", "workflow_type"}


def _name(series: str) -> str:
    """Of a histogram's series that of the histogram."""
    for ending in OF_A_HISTOGRAM:
        if series.endswith(ending):
            return series.removesuffix(ending)
    return series


def _shown(watched: dict[str, Watched], prefix: str) -> dict[str, set[str]]:
    """The labels of each metric that was shown at any time."""
    found: dict[str, set[str]] = {}
    for cause in watched.values():
        for series in {*cause.before, *cause.during}:
            if series.name.startswith(prefix) and not series.name.endswith("_created"):
                found.setdefault(_name(series.name), set()).update(label for label, _ in series.labels)
    return found


async def test_all_of_our_metrics_are_exported_under_the_names_that_are_told(watched: dict[str, Watched]) -> None:
    assert set(_shown(watched, "ticketsync_")) == EXPORTED


async def test_the_workers_metrics_have_the_labels_of_the_table(watched: dict[str, Watched]) -> None:
    shown = _shown(watched, "ticketsync_")
    for metric in WORKER_METRICS:
        assert shown[metric.exported] - ADDED - OF_AN_ACTIVITY == set(metric.labels), metric.exported


async def test_those_of_the_sdk_that_are_told_are_exported(watched: dict[str, Watched]) -> None:
    assert sorted(SDK - set(_shown(watched, "temporal_"))) == []
