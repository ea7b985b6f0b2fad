"""How the task is called."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.sync.builders import examples
from tests.sync.world import World
from ticketsync.sync.desired import TITLE_LENGTH, title
from ticketsync.sync.policy import MOST_CUSTOM_FIELDS, Policy
from ticketsync.sync.snapshot import TicketSnapshot
from ticketsync.sync.templates import DESCRIPTION_FIELDS, TITLE_FIELDS

NUMBERED = Policy(title="[Ticket #{id}] {subject}")


def named(subject: str | None, policy: Policy | None = None, **fields: Any) -> str:
    return title(TicketSnapshot(id=3543, subject=subject, **fields), policy or Policy())


def test_the_title_is_the_subject_by_default() -> None:
    assert named("Checkout broken") == "Checkout broken"


def test_a_template_may_name_id_subject_status_priority_and_type() -> None:
    policy = Policy(title="#{id} {status}/{priority}/{type}: {subject}")
    assert named("A", policy, status="open", priority="high", type="incident") == "#3543 open/high/incident: A"


def test_a_template_may_name_what_zendesk_has_by_number() -> None:
    policy = Policy(title="{group_id} {brand_id} {ticket_form_id} {organization_id} {requester_id} {assignee_id}")
    numbers = {"group_id": 1, "brand_id": 2, "form_id": 3, "organization_id": 4, "requester_id": 5, "assignee_id": 6}
    assert named("A", policy, **numbers) == "1 2 3 4 5 6"


def test_what_a_template_names_and_the_ticket_lacks_is_left_empty() -> None:
    assert named("A", Policy(title="{subject} {priority}")) == "A"


@pytest.mark.parametrize("subject", [None, "", "   ", "\n\t", "\x00"])
@pytest.mark.parametrize("policy", [Policy(), NUMBERED])
def test_a_ticket_without_a_subject_is_called_by_its_number(subject: str | None, policy: Policy) -> None:
    assert named(subject, policy) == "Ticket #3543"


def test_a_template_that_gives_nothing_falls_back_to_the_number() -> None:
    assert named("A", Policy(title="{priority}")) == "Ticket #3543"


@pytest.mark.parametrize("control", ["\n", "\r", "\t", "\x00", "\x1b", "\x7f", "\x85", "\u2028", "\u2029"])
def test_control_characters_become_spaces(control: str) -> None:
    assert named(f"A{control}B") == "A B"


@pytest.mark.parametrize("length", [TITLE_LENGTH - 1, TITLE_LENGTH])
def test_a_title_of_up_to_250_characters_stays_whole(length: int) -> None:
    assert named("x" * length) == "x" * length


def test_a_longer_title_is_cut_at_250_with_an_ellipsis() -> None:
    assert named("x" * 251) == "x" * 249 + "…"


def test_no_space_is_left_before_the_ellipsis() -> None:
    assert named("x" * 240 + " " * 20 + "y") == "x" * 240 + "…"


def test_the_template_counts_towards_the_250() -> None:
    cut = named("x" * 250, NUMBERED)
    assert (len(cut), cut[:18], cut[-1]) == (250, "[Ticket #3543] xxx", "…")


def test_characters_outside_the_basic_plane_are_cut_whole() -> None:
    assert named("🧨" * 300) == "🧨" * 249 + "…"


def test_braces_in_a_subject_are_only_text() -> None:
    assert named("{id} {0} {subject!r} {") == "{id} {0} {subject!r} {"


def test_a_template_may_hold_literal_braces() -> None:
    assert named("A", Policy(title="{{{subject}}}")) == "{A}"


def test_an_unknown_field_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValidationError, match=f"'subjekt' in the title template: use {', '.join(TITLE_FIELDS)}"):
        Policy(title="{subjekt}")
    with pytest.raises(ValidationError, match=f"in the description template: use {', '.join(DESCRIPTION_FIELDS)}"):
        Policy(description="{subjekt}")


@pytest.mark.parametrize("template", ["{description}", "{tags}", "{custom_field_1}", "{subject!r}", "{", "{0}"])
def test_a_description_may_name_more_than_a_title(template: str) -> None:
    with pytest.raises(ValidationError, match="title template"):
        Policy(title=template)
    if template in ("{description}", "{tags}"):
        assert Policy(description=template).description == template
        return
    with pytest.raises(ValidationError, match="description template"):
        Policy(description=template)


@pytest.mark.parametrize(
    "template", ["{assignee}", "{}", "{0}", "{subject.real}", "{subject[0]}", "{subject!r}", "{id:>9}", "{subject", "}"]
)
def test_a_template_that_cannot_work_is_refused_when_it_is_set(template: str) -> None:
    with pytest.raises(ValidationError, match="template"):
        Policy(title=template)


def test_a_template_may_name_custom_fields_by_zendesks_placeholders() -> None:
    policy = Policy(title="[{ticket_field_360001} {ticket_field_360002}] {subject}")
    assert named("A", policy, custom_fields={360001: "web", 360002: "EU"}) == "[web EU] A"
    assert named("A", policy, custom_fields={360001: "{id}\n", 360002: ""}) == "[{id}  ] A"
    assert named("A", policy) == "[ ] A"


@pytest.mark.parametrize("name", ["ticket_field_", "ticket_field_0", "ticket_field_product", "custom_field_1"])
@pytest.mark.parametrize("template", ["title", "description"])
def test_a_custom_field_that_is_not_named_by_its_number_is_refused_with_how_it_is_done(
    template: str, name: str
) -> None:
    with pytest.raises(ValidationError, match=rf"unknown field '{name}' in .*, ticket_field_NUMBER"):
        Policy.model_validate({template: f"{{{name}}}"})


def test_a_title_names_no_more_custom_fields_than_a_state_can_carry() -> None:
    fields = [f"{{ticket_field_{number}}}" for number in range(1, MOST_CUSTOM_FIELDS + 2)]
    assert len(Policy(title="".join(fields[:-1])).custom_fields) == MOST_CUSTOM_FIELDS
    assert Policy(description="".join(fields)).custom_fields == frozenset()
    with pytest.raises(ValidationError, match="more than 5 custom fields"):
        Policy(title="".join(fields))


def test_a_template_with_the_status_renames_with_every_status() -> None:
    world = World(Policy(title="{status}: {subject}"))
    world.hear(*world.zendesk.created("A", status="open"))
    world.hear(*world.zendesk.status("pending"))
    assert world.changes == ["create", "rename"]
    assert world.task.title == "pending: A"


@examples(200)
@given(subject=st.text() | st.none(), template=st.sampled_from(["{subject}", "[Ticket #{id}] {subject}", "{type}"]))
def test_every_title_is_one_line_not_empty_and_fits(subject: str | None, template: str) -> None:
    name = named(subject, Policy(title=template))
    assert 0 < len(name) <= TITLE_LENGTH
    assert name == name.strip()
    assert name.isprintable() or not set("\n\r\t\x00\x1b\x85\u2028\u2029") & set(name)
