"""The rule "After the end": settle window, grace period, and what ends that never could be read."""

from datetime import timedelta

import pytest

from tests.sync.world import World
from ticketsync.sync.policy import Policy

GRACE, WINDOW = timedelta(hours=24), timedelta(seconds=60)


def opened(policy: Policy | None = None) -> World:
    world = World(policy)
    world.hear(*world.zendesk.created())
    return world


# --- grace period


@pytest.mark.parametrize("how", ["closed", "soft_deleted", "marked_as_spam", "merged"])
def test_an_ended_ticket_waits_out_the_grace_period(how: str) -> None:
    world = opened()
    world.hear(*(world.zendesk.merged_into(1) if how == "merged" else getattr(world.zendesk, how)()))
    assert world.state.end_at == world.clock.now + GRACE


@pytest.mark.parametrize("status", ["open", "pending", "hold", "solved"])
def test_a_ticket_that_can_still_change_does_not_end(status: str) -> None:
    world = opened()
    world.hear(*world.zendesk.status(status))
    assert world.state.end_at is None


def test_the_grace_period_counts_from_the_first_news_of_the_end() -> None:
    world = opened()
    world.hear(*world.zendesk.closed())
    end_at = world.state.end_at
    world.later(hours=2)
    world.hear(*world.zendesk.soft_deleted())
    assert world.state.end_at == end_at


def test_a_ticket_that_comes_back_does_not_end() -> None:
    world = opened()
    world.hear(*world.zendesk.soft_deleted())
    world.hear(*world.zendesk.undeleted())
    assert world.state.end_at is None


def test_a_ticket_that_ends_again_waits_again() -> None:
    world = opened()
    for _ in range(2):
        world.hear(*world.zendesk.undeleted())
        world.later(hours=3)
        world.hear(*world.zendesk.soft_deleted())
    assert world.state.end_at == world.clock.now + GRACE


def test_an_ended_ticket_shows_as_ended_with_its_reason() -> None:
    world = opened()
    world.hear(*world.zendesk.closed())
    assert (world.state.sync_state, world.state.reason) == ("pending", "settling")
    world.rest()
    assert (world.state.sync_state, world.state.reason) == ("ended", "closed")


def test_nobody_waits_for_the_steps_of_an_ended_ticket() -> None:
    world = opened()
    assert world.last.live is True
    world.hear(*world.zendesk.closed())
    assert world.last.live is False


# --- settle window


def test_a_delete_waits_out_the_settle_window_and_the_journal_says_so() -> None:
    world = opened()
    world.hear(*world.zendesk.closed())
    assert world.kinds == ["create"]
    assert world.codes[-1] == "settling"
    world.later(seconds=59)
    assert world.kinds == ["create"]
    world.later(seconds=1)
    assert world.kinds == ["create", "delete"]


def test_the_settle_window_is_fixed_when_the_delete_is_first_wanted() -> None:
    world = opened()
    world.hear(*world.zendesk.closed())
    settle_until = world.state.settle_until
    world.later(seconds=40)
    world.hear(*world.zendesk.soft_deleted(), *world.zendesk.permanently_deleted())
    assert world.state.settle_until == settle_until


def test_every_delete_settles() -> None:
    world = opened()
    world.hear(*world.zendesk.soft_deleted())
    world.later(seconds=59)
    world.hear(*world.zendesk.undeleted())
    assert world.state.settle_until is None
    world.later(hours=1)
    world.hear(*world.zendesk.soft_deleted())
    assert world.state.settle_until == world.clock.now + WINDOW
    assert world.kinds == ["create"]


def test_the_second_delete_of_a_restored_task_settles_too() -> None:
    world = opened()
    world.hear(*world.zendesk.soft_deleted())
    world.rest()
    world.hear(*world.zendesk.undeleted())
    world.hear(*world.zendesk.soft_deleted())
    assert world.kinds == ["create", "delete", "restore"]


def test_a_settle_window_of_nothing_deletes_at_once() -> None:
    world = opened(Policy(settle_window=timedelta(0)))
    world.hear(*world.zendesk.closed())
    assert world.kinds == ["create", "delete"]


def test_what_settles_is_forgotten_when_the_delete_is_done() -> None:
    world = opened()
    world.hear(*world.zendesk.closed())
    world.rest()
    world.later(hours=1)
    assert world.state.settle_until is None


def test_a_delete_whose_answer_was_lost_is_not_held_back_again() -> None:
    world = opened()
    world.hear(*world.zendesk.closed())
    world.teamwork.lose.append("not landed")
    world.later(seconds=60)
    world.later(minutes=15)
    assert world.kinds == ["create", "delete", "delete"]
    assert world.no_task


# --- what cannot be read


def unreadable() -> World:
    world = World()
    world.zendesk.created()
    world.zendesk.permanently_deleted()
    world.hear()
    world.rest()
    return world


def test_a_ticket_that_never_could_be_read_ends_after_72_hours() -> None:
    world = unreadable()
    assert world.state.read_trouble is not None
    first_failure = world.state.read_trouble.since
    assert world.state.end_at == first_failure + timedelta(hours=72)
    for _ in range(5):
        world.later(hours=6)
        world.rest()
    assert world.state.end_at == first_failure + timedelta(hours=72)


def test_a_ticket_with_a_task_that_cannot_be_read_any_more_does_not_end() -> None:
    world = opened()
    world.zendesk.permanently_deleted()
    world.command("resync")
    world.rest()
    assert world.task.standing == "open"
    assert world.state.end_at is None
