"""`docs/first-desk.md` has Zendesk told exactly of the events that a desk stores."""

import json

from tests.docs.pages import PAGES, codes_in
from tests.docs.shell import commands
from ticketsync.sync.policy import Policy
from ticketsync.zendesk.kinds import stored_kinds

SECTION = PAGES["docs/first-desk.md"].section("Create the webhook")
PREFIX = "zen:event-type:ticket."
NEEDS_ALL = Policy(
    title="{priority} {type} {requester_id} {ticket_field_7}",
    include_tags=("any",),
    include_organizations=(7,),
    routes=("group:36=1235", "form:51=1236", "brand:61=1237"),
)


def _told(table: int) -> set[str]:
    return {codes_in(row[0])[0].removeprefix(PREFIX) for row in SECTION.tables[table][1:]}


def test_the_events_of_every_desk() -> None:
    assert _told(0) == stored_kinds(Policy())


def test_the_events_that_only_some_policies_need() -> None:
    assert _told(1) == stored_kinds(NEEDS_ALL) - stored_kinds(Policy())


def test_the_example_subscribes_to_the_same() -> None:
    create = next(words for words in commands(SECTION) if words[0] == "curl")
    webhook = json.loads(create[create.index("--json") + 1])["webhook"]
    assert set(webhook["subscriptions"]) == {PREFIX + kind for kind in stored_kinds(Policy())}
    assert webhook["endpoint"].endswith("/webhooks/zendesk/default")


def test_the_readme_leads_the_same_way() -> None:
    section = PAGES["README.md"].section("Your first desk")
    typed = [" ".join(words[1:3]) for words in commands(section) if words[0] == "ticketsync"]
    assert typed == ["desks add", "worker", "server", "webhook install", "check"]
    assert "docs/first-desk.md" in section.links
