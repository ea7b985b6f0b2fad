"""No step without a reason, and nothing left undone without one: what the journal says."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.sync.builders import at, codes, event, examples, hint, row, unreadable
from tests.sync.histories import History, histories, tellings
from tests.sync.world import World
from ticketsync.sync.state import JOURNAL_KEPT, LINE_BYTES, journal_line

LINE_OF = {
    "the first": ((event(1),), "first"),
    "a newer one": ((event(1), event(2, subject="B")), "applied"),
    "one that changes nothing": ((event(1), event(2)), "same"),
    "an older one": ((event(2), event(1, subject="B")), "older"),
    "a duplicate": ((event(1), event(1)), "duplicate"),
    "a hint": ((hint(),), "hint"),
    "one in doubt": ((event(1.1), event(1.1, subject="B")), "in_doubt"),
    "a delete": ((event(1), event(2.1, "soft_deleted")), "deleted"),
    "an undelete": ((event(1.1, "soft_deleted"), event(2.1, "undeleted")), "undeleted"),
    "an older undelete": ((event(2.1, "soft_deleted"), event(1.1, "undeleted")), "older"),
    "a second delete": ((event(1.1, "soft_deleted"), event(2.1, "marked_as_spam")), "changes_nothing_else"),
    "a scrubbed row": ((event(1.1, "soft_deleted"), row(1, as_of=99, scrubbed=True)), "changes_nothing_else"),
    "a 404": ((event(1), unreadable()), "unreadable"),
}


@pytest.mark.parametrize("what", LINE_OF)
def test_each_event_has_a_line_that_says_what_it_did(what: str) -> None:
    events, code = LINE_OF[what]
    assert codes(*events)[-1] == code


@examples(100)
@given(history=histories(), data=st.data())
def test_every_event_every_step_and_everything_not_done_has_its_reason(history: History, data: st.DataObject) -> None:
    """`World` looks at each decision; here every step is found in the journal too."""
    world = World(history.policy, linked_at=history.linked_at, zendesk=history.zendesk)
    lines = []
    for batch in data.draw(tellings(history)).batches:
        world.hear(*batch)
        lines += [line for line in world.state.journal if line not in lines]
    world.rest()
    lines += [line for line in world.state.journal if line not in lines]
    done = [line.code for line in lines if line.code.endswith("_done")]
    assert sorted(done) == sorted(f"{kind}_done" for kind in world.kinds)


def test_every_step_says_what_it_does_for_the_temporal_ui() -> None:
    world = World()
    world.hear(*world.zendesk.created("A"))
    world.hear(*world.zendesk.renamed("B"), *world.zendesk.assigned(101), *world.zendesk.solved())
    assert [step.summary for step in world.steps] == [
        "create: 'A' for nobody",
        "rename: 'A' → 'B'",
        "reassign: nobody → person 201",
        "complete: solved",
    ]


def test_the_journal_keeps_the_newest_fifty_lines() -> None:
    world = World()
    for number in range(60):
        world.hear(*world.zendesk.renamed(f"Subject {number}"))
    assert len(world.state.journal) == JOURNAL_KEPT == 50
    assert "Subject 59" in world.state.journal[-1].text


@examples(100)
@given(text=st.text(max_size=600), code=st.text(max_size=90), event_id=st.none() | st.text(max_size=90))
@example("🧨" * 600, "reassign_done", "🧨" * 90)
@example("\x01" * 600, "no_task_" + "\x01" * 600, "\x01" * 90)
@example('"' * 600, "hint", "6f3c2a10-0000-4000-8000-000000000001")
def test_a_line_is_never_longer_than_400_bytes(text: str, code: str, event_id: str | None) -> None:
    line = journal_line(at(0), code, text, event_id)
    assert len(line.model_dump_json().encode()) <= LINE_BYTES


@pytest.mark.parametrize("text", ["x" * 600, "🧨" * 600, "\x01" * 600])
def test_a_long_text_is_cut_before_its_ending(text: str) -> None:
    """A subject of any length leaves Teamwork's answer readable."""
    answer = ": 200 from PATCH /projects/api/v3/tasks/30000017.json"
    line = journal_line(at(0), "rename_done", text, ending=answer)
    assert line.text.endswith(answer)
    assert len(line.text) > len(answer) + 10
    assert len(line.model_dump_json().encode()) <= LINE_BYTES


def test_an_ending_is_cut_too() -> None:
    line = journal_line(at(0), "rename_done", "x" * 600, ending="y" * 600)
    assert len(line.model_dump_json().encode()) <= LINE_BYTES
    assert "x" in line.text


def test_an_ending_has_all_the_room_that_a_short_text_leaves() -> None:
    """What came of a link is told in a sentence or two."""
    line = journal_line(at(0), "link_refused", "link: task 30000017", ending=f": {'y' * 250}")
    assert line.text == f"link: task 30000017: {'y' * 250}"


def test_an_id_of_the_usual_length_is_kept_whole() -> None:
    event_id = "6f3c2a10-0000-4000-8000-000000000001"
    assert journal_line(at(0), "applied", "x" * 900, event_id).event_id == event_id


def test_a_line_uses_the_room_that_it_has() -> None:
    line = journal_line(at(0.5), "applied", "x" * 900, "6f3c2a10-0000-4000-8000-000000000001")
    assert len(line.model_dump_json()) > LINE_BYTES - 20
