"""For each field of the task the rule and the mapping by which it is as it should be, in words."""

import pytest

from tests.sync.world import World
from tests.sync.zendesk import ANN
from ticketsync.sync.people import People
from ticketsync.sync.policy import Policy
from ticketsync.sync.rule_words import LET_GO, NO_LABELS, RULE_BYTES

NOBODY_KNOWN = 8447388099999
FULL = Policy(
    title="[{status}] {subject}",
    routes=("group:36=1235", "tag:vip=1236"),
    task_priorities=("urgent=high",),
    task_tags=("vip=Important", "*=Zendesk"),
)


def heard(policy: Policy | None = None, **fields: object) -> World:
    world = World(policy or Policy())
    world.hear(*world.zendesk.created("Checkout broken", **fields))  # type: ignore[arg-type]
    return world


def test_every_field_of_a_plain_task_has_its_rule() -> None:
    world = heard(assignee=ANN)
    person = world.task.assignee_id
    assert world.state.rules == {
        "title": 'the title template "{subject}"',
        "assignee": f"the assignee, Zendesk agent {ANN}, is mapped to Teamwork person {person}",
        "list": "the policy has no routes: made in the desk's own list, it stays wherever people move it",
        "labels": NO_LABELS,
        "standing": "the ticket is open: its task is open",
    }


def test_routes_priorities_and_tags_name_the_rule_that_fits() -> None:
    rules = heard(FULL, tags=("vip",)).state.rules
    assert rules["title"] == 'the title template "[{status}] {subject}"'
    assert rules["list"] == "the route tag:vip=1236"
    assert rules["labels"].startswith("priority ")
    assert rules["labels"].endswith("tags by vip=Important, *=Zendesk")


def test_a_ticket_that_no_route_fits_is_in_the_desks_own_list() -> None:
    assert heard(FULL).state.rules["list"] == "no route fits: the desk's own list"


def test_of_a_ticket_that_was_unlinked_only_that_is_told_until_it_has_a_task_again() -> None:
    world = heard(assignee=ANN)
    before = world.state.rules
    world.command("unlink")
    assert world.state.rules == {"standing": LET_GO}
    world.command("resync", recreate=True)
    assert world.state.rules == before


def test_an_agent_without_a_person_is_named() -> None:
    world = World()
    world.people = world.people.model_copy(update={"known": {ANN: None}})
    world.hear(*world.zendesk.created("Checkout broken", assignee=ANN))
    assert world.state.rules["assignee"] == f"Zendesk agent {ANN} is mapped to nobody in Teamwork"


def test_an_agent_whom_nobody_knows_yet_is_named() -> None:
    world = World()
    world.people = People(generation=world.people.generation)
    world.hear(*world.zendesk.created("Checkout broken", assignee=NOBODY_KNOWN))
    assert world.state.rules["assignee"] == f"it is not known yet who Zendesk user {NOBODY_KNOWN} is in Teamwork"


def test_an_unassigned_ticket_is_nobodys() -> None:
    world = heard(assignee=ANN)
    world.hear(*world.zendesk.assigned(None))
    assert world.state.rules["assignee"] == "the ticket is assigned to nobody"


@pytest.mark.parametrize("on_closed", ["delete", "complete", "keep"])
def test_a_closed_ticket_names_the_policys_choice(on_closed: str) -> None:
    world = heard(Policy.model_validate({"on_closed": on_closed}))
    world.hear(*world.zendesk.closed())
    assert world.state.rules["standing"] == f"the ticket is closed: on_closed = {on_closed}"


def test_a_ticket_outside_the_filter_names_the_reason_and_the_policys_choice() -> None:
    world = heard(Policy(exclude_tags=("internal",), on_filtered="complete"), tags=("internal",))
    assert world.state.rules["standing"] == "the policy leaves this ticket out (excluded_tag): on_filtered = complete"


def test_a_deleted_ticket_keeps_the_rules_of_its_other_fields() -> None:
    world = heard(assignee=ANN)
    before = world.state.rules
    world.hear(*world.zendesk.soft_deleted())
    deleted = "the ticket is deleted in Zendesk (soft_deleted): so is its task"
    assert world.state.rules == {**before, "standing": deleted}


def test_a_merged_ticket_says_so() -> None:
    world = heard()
    world.hear(*world.zendesk.merged_into(1))
    assert world.state.rules["standing"] == "the ticket is merged into another: its task is completed"


def test_rules_are_put_down_only_when_they_change() -> None:
    world = heard(assignee=ANN)
    world.hear(*world.zendesk.renamed("Checkout still broken"))
    assert "rules" not in world.last.changes


def test_a_rule_is_short_however_long_the_policy_is() -> None:
    tags = tuple(f"*={number:03} {'🧨' * 20}" for number in range(60))
    world = heard(Policy(title="{subject}" * 40, task_tags=tags))
    assert all(len(rule.encode()) <= RULE_BYTES for rule in world.state.rules.values())
