"""`docs/metrics.md` has every metric with its labels, and no page names one that is not there."""

import re

import pytest
from prometheus_client import Counter

from tests.docs.code_words import temporal_core
from tests.docs.pages import PAGES, ROOT, codes_in
from ticketsync.metrics import WORKER_METRICS
from ticketsync.metrics.table import SUFFIXES
from ticketsync.server import ServerMetrics

PAGE = PAGES["docs/metrics.md"]
DEPLOYED = ("deploy/prometheus/ticketsync.rules.yml", "deploy/grafana/ticketsync.json")


def _of_server() -> dict[str, set[str]]:
    metrics = [metric for metric in vars(ServerMetrics()).values() if hasattr(metric, "_name")]
    return {f"{one._name}{'_total' * isinstance(one, Counter)}": set(one._labelnames) for one in metrics}


def _told(section: str) -> dict[str, set[str]]:
    rows = PAGE.section(section).tables[0][1:]
    return {codes_in(row[0])[0]: set(codes_in(row[1])) for row in rows}


OF_WORKER = {metric.exported: set(metric.labels) for metric in WORKER_METRICS}
EXPORTED = _of_server().keys() | OF_WORKER.keys()
SDK = {codes_in(row[0])[0] for row in PAGE.section("Of Temporal's SDK").tables[0][1:]}


def test_every_metric_of_the_server_is_told_with_its_labels() -> None:
    assert len(_of_server()) > 4
    assert _told("Of the server") == _of_server()


def test_every_metric_of_the_worker_is_told_with_its_labels() -> None:
    assert _told("Of the worker") == OF_WORKER


def test_names_are_those_that_prometheus_asks_for() -> None:
    for metric in WORKER_METRICS:
        assert re.fullmatch(r"ticketsync_[a-z]+(_[a-z]+)*", metric.exported)
        assert metric.exported.endswith(SUFFIXES[metric.kind])
        assert not (metric.kind == "gauge" and metric.name.endswith(("_total", "_count", "_sum", "_bucket")))


@pytest.mark.parametrize("name", PAGES)
def test_no_page_names_a_metric_that_is_not_there(name: str) -> None:
    assert _unknown(PAGES[name].text) == []


@pytest.mark.parametrize("name", DEPLOYED)
def test_neither_rules_nor_dashboard_name_a_metric_that_is_not_there(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert len(re.findall(r"\bticketsync_\w+", text)) > 10
    assert _unknown(re.sub(r"(?<=_seconds)_bucket\b", "", text)) == []


def _unknown(text: str) -> list[str]:
    ours = sorted(set(re.findall(r"\bticketsync_[a-z_]+[a-z]\b", text)) - EXPORTED)
    of_the_sdk = sorted(set(re.findall(r"\btemporal_([a-z_]+[a-z])\b", text)))
    return [*ours, *(one for one in of_the_sdk if _sdk_name(one).encode() not in temporal_core())]


def _sdk_name(exported: str) -> str:
    return exported.removesuffix("_seconds").removesuffix("_total")
