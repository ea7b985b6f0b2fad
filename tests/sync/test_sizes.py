"""How large what Temporal stores may become: decisions under 4 KiB, a ticket's state under 32 KiB."""

from collections.abc import Callable

import pytest

from tests.sync.world import World
from tests.sync.zendesk import ANN, BOB, ZendeskTicket
from ticketsync.sync.event import Event
from ticketsync.sync.policy import Policy
from ticketsync.sync.state import JOURNAL_KEPT, SEEN_KEPT, Decision, TicketState

KIB = 1024
SUBJECT = "The checkout answers 500 when the cart holds more than ninety-nine items"
LONG = "🧨" * 300
MANY_TAGS = tuple(f"some_tag_or_other_{number}" for number in range(300))


def size(stored: Decision | TicketState) -> int:
    return len(stored.model_dump_json().encode())


def busy(events: int = 1000) -> World:
    """A ticket that was renamed that often, to titles as long as they can be, one event at a time.

    Its task has sixty tags by rules of the policy, each as long as it can be.
    """
    rules = tuple(f"some_tag_or_other_{number}={number:03} {'x' * 45}" for number in range(60))
    world = World(Policy(title="{status} {subject}", task_tags=rules, routes=("group:36=1235",)))
    world.hear(*world.zendesk.created(LONG, assignee=ANN, tags=MANY_TAGS))
    for number in range(events):
        world.hear(*world.zendesk.renamed(f"{number} {LONG}"))
    return world


@pytest.fixture(scope="module")
def old() -> World:
    return busy()


def test_a_state_stays_under_32_kib_after_a_thousand_events_with_long_subjects(old: World) -> None:
    assert size(old.state) < 32 * KIB
    assert len(old.state.journal) == JOURNAL_KEPT
    assert len(old.state.seen) == SEEN_KEPT
    assert len(old.state.task.tags) == 60


def test_a_state_in_every_kind_of_trouble_stays_under_32_kib_too(old: World) -> None:
    world = World(old.policy, zendesk=old.zendesk, people=old.people.model_copy(update={"known": {}}))
    world.teamwork, world.state = old.teamwork, old.state
    world.teamwork.lose.append("not landed")
    world.hear(*world.zendesk.assigned(BOB + 5))
    world.command("resync", recreate=True)
    assert size(world.state) < 32 * KIB


def test_a_subject_of_any_length_stays_out_of_the_state() -> None:
    """Its title is cut at 250 anyway."""
    world = World()
    world.hear(*world.zendesk.created("x" * 64_000))
    assert size(world.state) < 4 * KIB
    assert world.task.title == "x" * 249 + "…"


CHANGES: dict[str, Callable[[ZendeskTicket], tuple[Event, ...]]] = {
    "nothing": lambda zendesk: zendesk.prioritised("high"),
    "a rename": lambda zendesk: zendesk.renamed(f"{SUBJECT}!"),
    "an assignment": lambda zendesk: zendesk.assigned(BOB),
    "a status": lambda zendesk: zendesk.solved(),
    "a close": lambda zendesk: zendesk.closed(),
    "a delete": lambda zendesk: zendesk.soft_deleted(),
    "a merge": lambda zendesk: zendesk.merged_into(1),
    "tags": lambda zendesk: zendesk.tagged(*MANY_TAGS),
}


@pytest.mark.parametrize("what", CHANGES)
def test_the_decision_on_a_usual_change_stays_under_4_kib(what: str) -> None:
    world = World()
    for number in range(SEEN_KEPT):
        world.hear(*world.zendesk.renamed(f"{SUBJECT} {number}"))
    world.hear(*CHANGES[what](world.zendesk))
    assert size(world.last) < 4 * KIB


def test_a_create_decides_in_under_4_kib() -> None:
    world = World()
    world.hear(*world.zendesk.created(SUBJECT, assignee=ANN, tags=MANY_TAGS))
    assert size(world.decisions[0]) < 4 * KIB


def test_the_decision_on_a_duplicate_is_small_whatever_the_ticket_holds(old: World) -> None:
    world = World(old.policy, zendesk=old.zendesk)
    world.teamwork, world.state = old.teamwork, old.state
    again = world.zendesk.prioritised("high")
    world.hear(*again)
    world.hear(*again)
    assert size(world.last) < KIB


def test_a_burst_is_decided_on_in_less_than_two_hundred_bytes_an_event() -> None:
    world = World()
    world.hear(*world.zendesk.created())
    world.hear(*(event for number in range(500) for event in world.zendesk.renamed(f"{SUBJECT} {number}")))
    assert size(world.last) < 500 * 200


def test_commands_do_not_pile_up() -> None:
    world = World()
    world.hear(*world.zendesk.created())
    for _ in range(100):
        world.command("retry")
    assert world.state.commands == ()
