"""The dashboard of `deploy/`: each of its queries answers something, on what the service really shows."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.alerts.conftest import RULES, WELL
from tests.alerts.scrapes import Watched
from tests.support.promtool import Promtool

DASHBOARD = json.loads((RULES.parents[1] / "grafana" / "ticketsync.json").read_text())
# What a panel is about happens on no ordinary day.
HAPPENS_WITH = {
    "Longest held up": "TicketsyncTicketsBlocked",
    "Attempts that failed": "TicketsyncTicketsBlocked",
    "Workflow tasks that failed": "TicketsyncWorkflowTasksFailing",
}


def _queries(cause: str) -> list[str]:
    """The queries of the panels about what happens then, as Grafana asks for all desks."""
    panels = [panel for panel in DASHBOARD["panels"] if HAPPENS_WITH.get(panel["title"], WELL) == cause]
    queries = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    return [query.replace("$desk", ".*").replace("$__rate_interval", "5m") for query in queries]


def _has_answers(*queries: str) -> dict[str, list[dict[str, Any]]]:
    return {f"clamp_max(count({query}), 1)": [{"labels": "{}", "value": 1}] for query in queries}


@pytest.mark.parametrize("cause", [WELL, *sorted({*HAPPENS_WITH.values()})])
async def test_each_panel_shows_something(cause: str, watched: dict[str, Watched], promtool: Promtool) -> None:
    queries = _queries(cause)
    assert len(queries) > (20 if cause == WELL else 0)
    await promtool.test_rules(watched[cause].test(str(RULES), _has_answers(*queries)))


async def test_a_query_of_a_metric_or_label_that_is_not_there_is_noticed(
    watched: dict[str, Watched], promtool: Promtool
) -> None:
    for query in ("ticketsync_nothing", 'ticketsync_tickets{status="blocked"}'):
        with pytest.raises(AssertionError, match="nil"):
            await promtool.test_rules(watched[WELL].test(str(RULES), _has_answers(query)))


def test_each_panel_says_what_it_shows_and_has_a_place_of_its_own() -> None:
    panels = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
    assert all(panel["description"] and panel["targets"] for panel in panels)
    cells = [cell for panel in DASHBOARD["panels"] for cell in _cells(panel["gridPos"])]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def _cells(place: dict[str, int]) -> Iterator[tuple[int, int]]:
    for x in range(place["x"], place["x"] + place["w"]):
        yield from ((x, y) for y in range(place["y"], place["y"] + place["h"]))


def test_it_goes_by_the_data_source_that_is_chosen() -> None:
    sources = re.findall(r'"uid": "(.*?)"', Path(RULES.parents[1] / "grafana" / "ticketsync.json").read_text())
    assert set(sources) == {"${datasource}", "ticketsync"}
