"""A title that names custom fields: no event tells them, so the ticket is read, and what is read is kept."""

from tests.sync.builders import codes, decided, event, fresh, read, row
from tests.sync.world import LONG_AGO, World
from ticketsync.sync.fold import Rules
from ticketsync.sync.kept import of_use
from ticketsync.sync.known import decided_on
from ticketsync.sync.policy import Policy
from ticketsync.zendesk.kinds import stored_kinds

PRODUCT = Policy(title="[{ticket_field_7}] {subject}")
BOTH = Policy(title="[{ticket_field_7} {ticket_field_8}] {subject}")


def test_the_title_follows_the_field() -> None:
    world = World(PRODUCT)
    world.hear(*world.zendesk.created("A", custom_fields={7: "web", 9: "secret"}))
    assert (world.changes, world.codes[0]) == ([], "left_out")
    world.rest()
    assert (world.changes, world.task.title) == (["create"], "[web] A")
    world.hear(*world.zendesk.customised(field_7="app"))
    world.rest()
    assert (world.changes, world.task.title) == (["create", "rename"], "[app] A")
    assert world.state.snapshot is not None
    assert world.state.snapshot.custom_fields == {7: "app"}


def test_an_event_of_another_field_loses_nothing() -> None:
    world = World(PRODUCT)
    world.hear(*world.zendesk.created("A", custom_fields={7: "web"}))
    world.rest()
    world.hear(*world.zendesk.renamed("B"))
    world.rest()
    assert world.task.title == "[web] B"


def test_without_such_a_title_no_event_is_read_and_nothing_is_kept() -> None:
    world = World()
    world.hear(*world.zendesk.created("A", custom_fields={7: "web"}))
    world.hear(*world.zendesk.customised(field_7="app"))
    assert (world.changes, world.state.read) == (["create"], None)
    assert world.state.snapshot is not None
    assert world.state.snapshot.custom_fields is None
    assert "custom_fields" not in world.state.model_dump_json()


def test_a_row_that_holds_the_field_is_enough() -> None:
    rules = Rules(policy=PRODUCT, linked_at=LONG_AGO)
    assert codes(row(1, as_of=9, custom_fields={7: "web"}), rules=rules) == ["first"]
    assert codes(row(1, as_of=9), rules=rules) == ["left_out"]


def test_a_row_that_says_the_same_is_known_and_one_with_another_value_is_not() -> None:
    _, state = decided(fresh(), read(1, as_of=9, custom_fields={7: "web"}), policy=PRODUCT)
    hint = decided_on(state, LONG_AGO)
    assert hint is not None
    assert hint.covers(row(1, as_of=3, custom_fields={7: "web"}), PRODUCT, LONG_AGO)
    assert not hint.covers(row(1, as_of=3, custom_fields={7: "app"}), PRODUCT, LONG_AGO)
    assert not hint.covers(row(1, as_of=3), PRODUCT, LONG_AGO)


def test_a_title_that_comes_to_name_another_field_has_the_ticket_read_once() -> None:
    _, state = decided(fresh(), read(1, as_of=9, custom_fields={7: "web"}), policy=PRODUCT)
    assert state.read is None
    decision, state = decided(state, policy=BOTH, seconds=200)
    assert (decision.plan, state.read is not None) == ((), True)
    _, state = decided(state, read(1, as_of=201, custom_fields={7: "web", 8: ""}), policy=BOTH, seconds=202)
    assert state.read is None


def test_a_read_by_a_worker_that_does_not_know_the_new_title_yet_is_made_again_but_not_at_once() -> None:
    _, state = decided(fresh(), read(1, as_of=9, custom_fields={7: "web"}), policy=BOTH, seconds=100)
    assert state.read is not None
    assert state.read.not_before is not None
    _, state = decided(state, read(1, as_of=140, custom_fields={7: "web", 8: "EU"}, asked=2), policy=BOTH, seconds=141)
    assert (state.read, state.snapshot and state.snapshot.custom_fields) == (None, {7: "web", 8: "EU"})


def test_the_journal_says_why_the_ticket_is_read() -> None:
    _, state = decided(fresh(), event(1), policy=PRODUCT)
    assert "says nothing of custom fields: the ticket is read" in state.journal[0].text


def test_only_such_a_title_has_the_webhook_tell_of_custom_fields() -> None:
    assert stored_kinds(PRODUCT) - stored_kinds(Policy()) == {"custom_field_changed"}
    assert stored_kinds(Policy(description="{ticket_field_7}")) == stored_kinds(Policy())


def test_of_the_fields_of_a_read_only_those_of_the_title_are_kept() -> None:
    told = read(1, as_of=9, custom_fields={7: "web", 9: "other"}).snapshot
    assert told is not None
    assert of_use(told, PRODUCT).custom_fields == {7: "web"}
    assert of_use(told, BOTH).custom_fields == {7: "web"}
