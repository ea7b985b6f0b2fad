"""The policy's filter: which tickets get a task, and what happens when one leaves it."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.sync.world import World
from ticketsync.sync.policy import OnFiltered, Policy

INCLUDE, EXCLUDE = Policy(include_tags=("vip",)), Policy(exclude_tags=("internal",))


def leaving(on_filtered: OnFiltered) -> World:
    world = World(Policy(include_tags=("vip",), on_filtered=on_filtered))
    world.hear(*world.zendesk.created(tags=("vip",)))
    world.hear(*world.zendesk.tagged())
    world.rest()
    return world


@pytest.mark.parametrize("on_filtered", ["keep", "complete", "delete"])
@pytest.mark.parametrize(
    ("tags", "policy", "why"), [((), INCLUDE, "no_included_tag"), (("internal",), EXCLUDE, "excluded_tag")]
)
def test_a_ticket_outside_the_filter_gets_no_task_and_the_reason_is_recorded(
    tags: tuple[str, ...], policy: Policy, why: str, on_filtered: OnFiltered
) -> None:
    world = World(policy.model_copy(update={"on_filtered": on_filtered}))
    world.hear(*world.zendesk.created(tags=tags))
    world.rest()
    assert world.changes == []
    assert (world.state.sync_state, world.state.reason) == ("filtered", why)
    assert why in world.state.journal[-1].code + world.state.journal[-1].text


FILTERS: dict[str, tuple[dict[str, Any], Any, Any, str]] = {
    # what the ticket shows, what a policy names that meets it, and what one names that does not; the reason's word
    "groups": ({"group_id": 36}, 36, 37, "group"),
    "brands": ({"brand_id": 61}, 61, 62, "brand"),
    "forms": ({"form_id": 51}, 51, 52, "form"),
    "priorities": ({"priority": "urgent"}, "urgent", "low", "priority"),
    "organizations": ({"organization_id": 7}, 7, 8, "organization"),
    "tags": ({"tags": ("vip",)}, "vip", "checkout", "tag"),
}


@pytest.mark.parametrize("part", FILTERS)
def test_each_part_of_a_ticket_can_include_and_exclude_it(part: str) -> None:
    shows, met, other, word = FILTERS[part]
    outcomes = {}
    for policy in ({f"include_{part}": (met, other)}, {f"include_{part}": (other,)}, {f"exclude_{part}": (met,)}):
        world = World(Policy.model_validate(policy))
        world.hear(*world.zendesk.created(**shows))
        outcomes[str(policy)] = world.state.reason if world.changes == [] else world.changes
    assert list(outcomes.values()) == [["create"], f"no_included_{word}", f"excluded_{word}"]


@pytest.mark.parametrize("part", FILTERS)
def test_a_ticket_without_that_part_meets_no_list(part: str) -> None:
    _, met, _, word = FILTERS[part]
    included = World(Policy.model_validate({f"include_{part}": (met,)}))
    included.hear(*included.zendesk.created())
    excluded = World(Policy.model_validate({f"exclude_{part}": (met,)}))
    excluded.hear(*excluded.zendesk.created())
    assert (included.state.reason, excluded.changes) == (f"no_included_{word}", ["create"])


def test_of_several_lists_that_include_a_ticket_must_meet_each() -> None:
    policy = Policy(include_groups=(36,), include_priorities=("urgent", "high"))
    for priority, changes in ((None, []), ("high", ["create"]), ("low", [])):
        world = World(policy)
        world.hear(*world.zendesk.created(group_id=36, priority=priority))
        assert world.changes == changes


def test_a_ticket_that_leaves_the_filter_by_its_group_is_treated_like_one_that_loses_a_tag() -> None:
    world = World(Policy(include_groups=(36,), on_filtered="complete"))
    world.hear(*world.zendesk.created(group_id=36))
    world.hear(*world.zendesk.grouped(37))
    assert (world.changes, world.task.standing) == (["create", "complete"], "completed")
    world.hear(*world.zendesk.grouped(36))
    assert world.changes == ["create", "complete", "reopen"]


@pytest.mark.parametrize("part", ["groups", "brands", "forms", "organizations"])
@pytest.mark.parametrize("named", ["billing", 0, -1, 2**63, 1.5])
def test_what_is_no_number_of_zendesk_is_refused(part: str, named: Any) -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate({f"include_{part}": (named,)})


def test_priorities_are_named_in_zendesks_words_whatever_their_case() -> None:
    assert Policy.model_validate({"include_priorities": [" Urgent", "high"]}).include_priorities == ("urgent", "high")
    with pytest.raises(ValidationError, match="'normal'"):
        Policy.model_validate({"include_priorities": ["medium"]})


def test_a_ticket_with_an_included_tag_gets_a_task() -> None:
    world = World(INCLUDE)
    world.hear(*world.zendesk.created(tags=("checkout", "vip")))
    assert world.changes == ["create"]


def test_an_excluded_tag_outweighs_an_included_one() -> None:
    world = World(Policy(include_tags=("vip",), exclude_tags=("internal",)))
    world.hear(*world.zendesk.created(tags=("vip", "internal")))
    assert world.changes == []


def test_tags_count_whatever_their_case() -> None:
    world = World(Policy(include_tags=("VIP",)))
    world.hear(*world.zendesk.created(tags=("Vip",)))
    assert world.changes == ["create"]


def test_a_ticket_that_enters_the_filter_gets_its_task() -> None:
    world = World(INCLUDE)
    world.hear(*world.zendesk.created())
    world.hear(*world.zendesk.tagged("vip"))
    assert world.changes == ["create"]


def test_a_ticket_that_leaves_the_filter_keeps_its_task_by_default() -> None:
    world = leaving("keep")
    assert world.changes == ["create"]
    assert world.task.standing == "open"


def test_a_kept_task_is_still_kept_in_step() -> None:
    world = leaving("keep")
    world.hear(*world.zendesk.renamed("Other"))
    world.hear(*world.zendesk.solved())
    assert (world.task.title, world.task.standing) == ("Other", "completed")


def test_a_ticket_that_leaves_the_filter_completes_its_task_where_the_policy_says_so() -> None:
    assert leaving("complete").task.standing == "completed"


def test_a_ticket_that_leaves_the_filter_deletes_its_task_where_the_policy_says_so() -> None:
    world = leaving("delete")
    assert world.changes == ["create", "delete"]
    assert world.no_task


@pytest.mark.parametrize(("on_filtered", "step"), [("complete", "reopen"), ("delete", "restore")])
def test_a_ticket_that_comes_back_into_the_filter_gets_its_task_back(on_filtered: OnFiltered, step: str) -> None:
    world = leaving(on_filtered)
    world.hear(*world.zendesk.tagged("vip"))
    assert world.changes[2:] == [step]
    assert world.task.standing == "open"


def test_a_delete_by_the_filter_waits_for_the_settle_window_too() -> None:
    world = World(Policy(include_tags=("vip",), on_filtered="delete"))
    world.hear(*world.zendesk.created(tags=("vip",)))
    world.hear(*world.zendesk.tagged())
    assert world.changes == ["create"]
    world.hear(*world.zendesk.tagged("vip"))
    world.rest()
    assert world.changes == ["create"]


def test_a_ticket_outside_the_filter_is_not_brought_back_by_its_merge() -> None:
    world = leaving("delete")
    world.hear(*world.zendesk.merged_into(3500))
    world.rest()
    assert world.no_task


def test_a_ticket_outside_the_filter_from_the_start_gets_no_task_when_it_is_solved_closed_or_merged() -> None:
    world = World(INCLUDE)
    for events in (world.zendesk.created(), world.zendesk.solved(), world.zendesk.closed()):
        world.hear(*events)
    world.rest()
    assert world.changes == []


def test_only_the_tags_that_the_policy_names_are_kept() -> None:
    world = World(Policy(include_tags=("vip",), exclude_tags=("internal",)))
    world.hear(*world.zendesk.created(tags=("vip", *(f"tag_{number}" for number in range(500)))))
    assert world.state.snapshot is not None
    assert world.state.snapshot.tags == ("vip",)


def test_a_filter_that_names_other_tags_than_before_reads_the_ticket_before_it_judges() -> None:
    """The state keeps no tag that nobody asked for, so an old state cannot tell whether a new filter lets it pass."""
    world = World()
    world.hear(*world.zendesk.created(tags=("vip",)))
    world.policy = Policy(include_tags=("vip",), on_filtered="complete")
    world.later(hours=1)
    assert world.state.read is not None
    world.rest()
    assert world.changes == ["create"]
    assert world.task.standing == "open"


def test_a_filter_that_names_other_tags_judges_by_what_the_read_says() -> None:
    world = World()
    world.hear(*world.zendesk.created(tags=("checkout",)))
    world.policy = Policy(include_tags=("vip",), on_filtered="delete")
    world.later(hours=1)
    world.rest()
    assert world.no_task


def test_a_ticket_that_a_changed_policy_lets_in_gets_its_task_at_the_next_decision() -> None:
    world = World(Policy(exclude_tags=("internal",)))
    world.hear(*world.zendesk.created(tags=("internal",)))
    world.policy = Policy()
    world.command("retry")
    world.rest()
    assert world.changes == ["create"]
