"""The rule "Lifecycle": whether the ticket is there at all, with an order of its own."""

from itertools import permutations

import pytest

from tests.sync.builders import codes, event, folded, hint, listed, read, row, unreadable
from ticketsync.sync.event import Event
from ticketsync.sync.state import TicketState

DELETED, UNDELETED, RESTORED_AT = "soft_deleted", "undeleted", 110


def settled(state: TicketState) -> tuple[bool, bool]:
    """Deleted or not, and whether a read has to tell."""
    return state.lifecycle.deleted, state.read is not None


# --- where it comes from


@pytest.mark.parametrize("kind", ["soft_deleted", "marked_as_spam", "permanently_deleted"])
def test_in_webhooks_a_delete_is_known_by_the_type_of_the_event(kind: str) -> None:
    assert settled(folded(event(1), event(2.1, kind, status="open"))) == (True, False)


@pytest.mark.parametrize("kind", ["status_changed", "subject_changed", "created"])
def test_in_webhooks_the_status_of_a_snapshot_deletes_nothing(kind: str) -> None:
    state = folded(event(1), event(2.1, kind, status="deleted"))
    assert not state.lifecycle.deleted
    assert state.snapshot is not None
    assert state.snapshot.status == "open"


def test_a_change_of_a_field_never_brings_a_deleted_ticket_back() -> None:
    assert folded(event(2.1, DELETED), event(50, subject="B")).lifecycle.deleted


def test_a_row_that_says_deleted_is_a_delete() -> None:
    assert settled(folded(event(1), row(100, as_of=101, status="deleted"))) == (True, False)


def test_a_scrubbed_row_changes_nothing_else() -> None:
    state = folded(event(1, subject="A"), row(100, as_of=9000, subject="SCRUBBED", status="deleted", scrubbed=True))
    assert state.lifecycle.deleted
    assert state.snapshot is not None
    assert state.snapshot.subject == "A"


def test_a_scrubbed_row_is_a_delete_and_changes_nothing_else_whatever_its_status_says() -> None:
    state = folded(event(1, subject="A"), row(100, as_of=9000, subject="SCRUBBED", status="open", scrubbed=True))
    assert state.lifecycle.deleted
    assert state.snapshot is not None
    assert state.snapshot.subject == "A"


def test_a_line_of_the_list_of_deleted_tickets_is_a_delete() -> None:
    state = folded(hint())
    after = folded(listed(50, asked=1), state=state)
    assert settled(after) == (True, False)


def test_a_live_ticket_newer_than_the_delete_is_an_undelete() -> None:
    for news in (read(105, as_of=106), row(105, as_of=106)):
        assert settled(folded(event(100.1, DELETED), news)) == (False, False)


def test_a_live_ticket_from_before_the_delete_is_none() -> None:
    for old in (read(50, as_of=60), row(50, as_of=51)):
        for order in permutations((event(100.1, DELETED), old)):
            assert settled(folded(*order)) == (True, False)


@pytest.mark.parametrize("first", ["delete", "undelete"])
def test_a_delete_and_its_undelete_count_in_any_order(first: str) -> None:
    events = (event(100.1, DELETED, status="deleted"), event(RESTORED_AT, UNDELETED))
    state = folded(*(events if first == "delete" else reversed(events)))
    assert settled(state) == (False, False)


def test_a_delete_without_a_time_counts_by_the_second_of_the_change() -> None:
    before, deleted, after = event(90.1, UNDELETED), event(100, DELETED, time=""), event(110.1, UNDELETED, id="later")
    for order in permutations((before, deleted)):
        assert settled(folded(*order)) == (True, False)
    for order in permutations((before, deleted, after)):
        assert settled(folded(*order)) == (False, False)


def test_a_row_whose_moment_makes_no_sense_counts_by_its_change() -> None:
    for order in permutations((event(100.1, DELETED), row(120, as_of=-1_000_000))):
        assert settled(folded(*order)) == (False, False)


def test_an_older_undelete_does_not_bring_a_ticket_back() -> None:
    once, back, again = event(100.1, DELETED), event(110.1, UNDELETED), event(120.1, "marked_as_spam")
    for order in permutations((once, back, again)):
        assert settled(folded(*order)) == (True, False)


def test_the_journal_says_what_a_lifecycle_event_did() -> None:
    delete, undelete = event(100.1, DELETED), event(110.1, UNDELETED)
    assert codes(delete, undelete) == ["deleted", "undeleted"]
    assert codes(undelete, delete) == ["first", "older"]


@pytest.mark.parametrize(
    "told",
    [
        event(100.1, "permanently_deleted", status="deleted"),
        event(100.1, "permanently_deleted", status="deleted", hint="its timestamp is too old"),
        hint("permanently_deleted"),
    ],
)
def test_what_is_deleted_for_good_stays_so_however_it_is_told_and_whatever_is_heard_late(told: Event) -> None:
    """Nobody can read it any more, so a doubt could never be ended."""
    for other in (event(99, "undeleted"), row(100, as_of=101), read(50, as_of=95, asked=0)):
        for order in permutations((event(1), told, other)):
            assert folded(*order).lifecycle.deleted


# --- a restore that leaves `updated_at` alone


def restored(how: str, second: float = RESTORED_AT) -> Event:
    """Deleted at 100.1, last changed at 50; the restore keeps the moment of the delete, or that from before it."""
    at_second = 100 if how == "nothing" else 50
    time = f"2026-01-15T09:{int(second) // 60:02d}:{int(second) % 60:02d}.100000000Z"
    return event(at_second, UNDELETED, time=time, id=f"restored {how} {second}")


@pytest.mark.parametrize("restore_sets", ["nothing", "before"])
def test_a_restore_that_leaves_updated_at_alone_counts_by_the_time_of_its_event(restore_sets: str) -> None:
    for order in permutations((event(100.1, DELETED), restored(restore_sets))):
        assert settled(folded(*order)) == (False, False)


SAYS_DELETED = {"a row": row(100, as_of=101, status="deleted"), "the list": listed(100, asked=0)}


@pytest.mark.parametrize("restore_sets", ["nothing", "before"])
@pytest.mark.parametrize("by", SAYS_DELETED)
def test_a_restore_long_after_a_delete_known_from_elsewhere_is_not_lost(by: str, restore_sets: str) -> None:
    deleted = SAYS_DELETED[by]
    for order in permutations((deleted, restored(restore_sets, second=200))):
        assert settled(folded(*order)) == (False, False)


@pytest.mark.parametrize("restore_sets", ["nothing", "before"])
@pytest.mark.parametrize("by", SAYS_DELETED)
def test_a_restore_soon_after_a_delete_known_from_elsewhere_counts_or_is_read(by: str, restore_sets: str) -> None:
    for order in permutations((SAYS_DELETED[by], restored(restore_sets, second=102))):
        deleted, is_read = settled(folded(*order))
        assert not deleted or is_read


@pytest.mark.parametrize("updated_at", [50, 100])
@pytest.mark.parametrize("by", ["a webhook", *SAYS_DELETED])
def test_a_live_ticket_read_long_after_its_delete_was_restored(by: str, updated_at: int) -> None:
    deleted = SAYS_DELETED.get(by, event(100.1, DELETED))
    for order in permutations((deleted, read(updated_at, as_of=140, asked=0))):
        assert settled(folded(*order)) == (False, False)


@pytest.mark.parametrize("updated_at", [50, 100])
def test_a_live_ticket_read_right_after_its_delete_is_read_again_a_little_later(updated_at: int) -> None:
    """It may have been restored, or Zendesk may answer from a copy that lags."""
    state = folded(event(100.1, DELETED), read(updated_at, as_of=103, asked=0))
    assert settled(state)[1]
    assert state.read is not None
    assert state.read.not_before is not None
    asked = state.read.asked
    later = (state.read.not_before - event(0).received_at).total_seconds() + 1
    assert settled(folded(read(updated_at, as_of=later, asked=asked), state=state)) == (False, False)


def test_a_lifecycle_in_doubt_is_ended_by_the_list_of_deleted_tickets() -> None:
    state = folded(event(100.1, DELETED), event(100.1, UNDELETED, id="at the same time"))
    assert state.read is not None
    after = folded(listed(100, asked=state.read.asked), state=state)
    assert settled(after) == (True, False)


def test_a_restore_is_not_undone_by_a_delete_that_was_read_of_before_it() -> None:
    """Deleted, restored without a new moment of change, seen alive by a row, and only then the events arrive."""
    events = (event(100.1, DELETED), row(50, as_of=115), restored("before", 130), event(120.1, DELETED, id="again"))
    for order in permutations(events):
        assert not folded(*order).lifecycle.deleted


def test_a_delete_in_the_very_second_of_a_read_is_not_lost() -> None:
    for order in permutations((read(50, as_of=100, asked=0), event(100.7, DELETED))):
        deleted, is_read = settled(folded(*order))
        assert deleted or is_read


# --- what a 404 means


def test_a_404_from_zendesk_never_deletes_by_itself() -> None:
    assert settled(folded(event(1), unreadable())) == (False, False)
