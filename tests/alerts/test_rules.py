"""The alert rules of `deploy/`: each fires for its cause and for no other, on what the service really shows."""

import re

import pytest

from tests.alerts.causes import CAUSES
from tests.alerts.conftest import RULES, WELL
from tests.alerts.scrapes import Watched
from tests.support.promtool import Promtool
from ticketsync import names

OUR_WORKFLOWS = sorted(value for name, value in vars(names).items() if name.endswith("_WORKFLOW"))
FIRED = 'group by (alertname) (max_over_time(ALERTS{alertstate="firing"}[1d]))'  # at any time


async def test_promtool_finds_no_fault_with_the_rules(promtool: Promtool) -> None:
    await promtool.check_rules(RULES)


def test_there_is_a_cause_for_each_rule() -> None:
    assert sorted(re.findall(r"- alert: (\w+)", RULES.read_text())) == sorted(CAUSES)


async def test_on_an_ordinary_day_no_alert_fires(watched: dict[str, Watched], promtool: Promtool) -> None:
    await promtool.test_rules(watched[WELL].test(str(RULES), {FIRED: []}))


@pytest.mark.parametrize("alert", CAUSES)
async def test_an_alert_fires_for_its_cause_and_no_other_does(
    alert: str, watched: dict[str, Watched], promtool: Promtool
) -> None:
    fired = [{"labels": f'{{alertname="{alert}"}}', "value": 1}]
    await promtool.test_rules(watched[alert].test(str(RULES), {FIRED: fired}))


async def test_a_rule_that_fires_for_another_cause_is_noticed(watched: dict[str, Watched], promtool: Promtool) -> None:
    with pytest.raises(AssertionError, match="TicketsyncDeliveriesRefused"):
        await promtool.test_rules(watched["TicketsyncDeliveriesRefused"].test(str(RULES), {FIRED: []}))


@pytest.mark.parametrize(
    ("workflow_type", "fired"),
    [*((name, True) for name in OUR_WORKFLOWS), ("OfAnotherProgram", False), ("TicketWorkflowOfOthers", False)],
)
async def test_only_workflows_of_ours_count_as_failing(workflow_type: str, fired: bool, promtool: Promtool) -> None:
    """Whatever uses Temporal, and is scraped by the same Prometheus, has metrics of the same names."""
    series = [
        {"series": f'ticketsync_build_info{{component="{name}"}}', "values": "1x60"} for name in ("server", "worker")
    ]
    failing = f'temporal_workflow_task_execution_failed_total{{workflow_type="{workflow_type}"}}'
    expected = [{"labels": '{alertname="TicketsyncWorkflowTasksFailing"}', "value": 1}] if fired else []
    asked = {"expr": FIRED, "eval_time": "60m", "exp_samples": expected}
    tested = {
        "interval": "1m",
        "input_series": [*series, {"series": failing, "values": "0+1x60"}],
        "promql_expr_test": [asked],
    }
    await promtool.test_rules({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [tested]})
