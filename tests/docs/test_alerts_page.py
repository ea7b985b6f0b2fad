"""`docs/alerts.md` has every alert, says what to do, and each alert leads there."""

import re

import pytest

from tests.docs.pages import PAGES, ROOT
from ticketsync.server.edge import _UNAUTHORIZED

PAGE = PAGES["docs/alerts.md"]
RULES = (ROOT / "deploy" / "prometheus" / "ticketsync.rules.yml").read_text(encoding="utf-8")
RULE = re.compile(r"- alert: (\w+)\n(.*?)(?=\n\n|\Z)", re.DOTALL)
ALERTS = dict(RULE.findall(RULES))


def _told() -> list[str]:
    return [title for level, title in PAGE.headings if level == 3]


def test_every_alert_has_its_section_and_no_other_is_there() -> None:
    assert len(ALERTS) == RULES.count("- alert:") > 10
    assert sorted(_told()) == sorted(ALERTS)


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_says_what_it_means_and_leads_to_its_section(alert: str) -> None:
    for part in ("summary: ", "description: ", f"runbook: docs/alerts.md#{alert.lower()}"):
        assert part in ALERTS[alert]
    assert alert.lower() in PAGE.anchors


@pytest.mark.parametrize("alert", ALERTS)
def test_a_section_begins_with_the_severity_of_its_alert(alert: str) -> None:
    severity = re.search(r"severity: (\w+)", ALERTS[alert])
    assert severity is not None
    text = PAGE.section(alert).text.removeprefix(alert).strip()
    assert text.lower().startswith((f"{severity[1]},", f"{severity[1]}."))


@pytest.mark.parametrize("alert", ALERTS)
def test_a_section_says_what_to_do(alert: str) -> None:
    section = PAGE.section(alert)
    assert section.tables or any(token.type == "bullet_list_open" for token in section.tokens)


def test_the_page_has_the_reasons_of_refusals_that_count() -> None:
    told = {cell.strip("`") for cell in PAGE.section("TicketsyncDeliveriesRefused").column("reason")}
    assert told == _UNAUTHORIZED.keys() - {"test_signature"}
