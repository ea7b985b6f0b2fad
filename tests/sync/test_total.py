"""`decide` is total: it answers for every state and every event that the models accept."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st

from tests.sync.builders import examples
from tests.sync.histories import policies
from tests.sync.zendesk import START
from ticketsync.sync.decide import EarlierLife, decide
from ticketsync.sync.event import Event, Source
from ticketsync.sync.fold import Rules
from ticketsync.sync.people import People
from ticketsync.sync.snapshot import Clock, TicketSnapshot
from ticketsync.sync.state import (
    Command,
    Decision,
    JournalLine,
    Lifecycle,
    Look,
    ReadWanted,
    RefusedAssignee,
    SyncState,
    TicketState,
    Trouble,
    WaitingForPeople,
)
from ticketsync.sync.status import shown
from ticketsync.sync.step import AppliedTask, Field, Standing

KINDS = """
    created subject_changed agent_assignment_changed status_changed tags_changed merged soft_deleted permanently_deleted
    undeleted marked_as_spam row read unreadable hint directory_changed desk_healed never_heard_of
""".split()  # noqa: SIM905 - names read better as text
STATUSES = ("new", "open", "pending", "hold", "solved", "closed", "archived", "deleted", "scrubbed", "", "unheard of")
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=-7)), timezone(timedelta(hours=14))])

numbers = st.integers(1, 6)  # few, so that they meet
texts = st.text(max_size=12) | st.sampled_from(["\x00", "{subject}", "🧨" * 300])
any_moment = st.datetimes(datetime(1971, 1, 1), datetime(9990, 1, 1), timezones=ZONES)  # noqa: DTZ001 - zones are drawn
moments = any_moment | (st.integers(0, 20) | st.floats(0, 20)).map(lambda seconds: START + timedelta(seconds=seconds))
times = st.sampled_from(["", "2026-01-15T09:00:05.000000001Z", "2026-01-15T09:00:05.5Z"]) | texts
maybe_number, maybe_text, maybe_moment = st.none() | numbers, st.none() | texts, st.none() | moments

snapshots = st.builds(
    TicketSnapshot,
    id=numbers,
    subject=maybe_text,
    status=st.none() | st.sampled_from(STATUSES),
    priority=maybe_text,
    type=maybe_text,
    assignee_id=maybe_number,
    submitter_id=maybe_number,
    tags=st.lists(st.sampled_from(["vip", "internal", "closed_by_merge", "İ"]) | texts, max_size=3).map(tuple),
    created_at=maybe_moment,
    updated_at=maybe_moment,
)
events = st.builds(
    Event,
    id=texts,
    ticket_id=numbers,
    kind=st.sampled_from(KINDS) | texts,
    source=st.sampled_from(get_args(Source)),
    received_at=moments,
    snapshot=st.none() | snapshots,
    time=times,
    position=st.integers(),
    as_of=maybe_moment,
    previous_assignee_id=maybe_number,
    merged_into=maybe_number,
    scrubbed=st.booleans(),
    hint=maybe_text,
    generation=maybe_number,
    asked=numbers,
)
clocks = st.builds(Clock, updated_at=moments, settled=st.booleans(), time=times, position=numbers, event_id=texts)
troubles = st.builds(
    Trouble,
    phase=st.sampled_from(["retrying", "blocked", "paused"]),
    code=texts,
    what=st.sampled_from(["create", "rename", "delete", "read", "decide"]),
    since=moments,
    tries=st.integers(1, 10**6),
    retry_at=maybe_moment,
)
tasks = st.builds(
    AppliedTask,
    id=maybe_number,
    standing=st.sampled_from(get_args(Standing)),
    title=maybe_text,
    assignee_id=maybe_number,
    uncertain=st.lists(st.sampled_from(get_args(Field)), unique=True).map(tuple),
    gone=st.booleans(),
    protected=st.booleans(),
)
states = st.builds(
    TicketState,
    desk=texts,
    ticket_id=numbers,
    first_decision=st.booleans(),
    no_trace=st.booleans(),
    snapshot=st.none() | snapshots,
    clock=st.none() | clocks,
    tags_kept=st.sampled_from([(), ("vip",), ("internal", "vip")]),
    lifecycle=st.builds(
        Lifecycle,
        deleted=st.booleans(),
        how=maybe_text,
        earliest=times,
        latest=times,
        merged=st.booleans(),
        merged_into=maybe_number,
    ),
    was_assigned=st.booleans(),
    wanted_once=st.booleans(),
    status_before_close=st.none() | st.sampled_from(STATUSES),
    status_before_close_clock=st.none() | clocks,
    task=tasks,
    create_started_at=maybe_moment,
    look=st.sampled_from(get_args(Look)),
    revive=st.booleans(),
    inspect=st.booleans(),
    anew=st.booleans(),
    link_to=maybe_number,
    unlinked=st.booleans(),
    refused=st.none() | st.builds(RefusedAssignee, user_id=numbers, since=moments, retry_at=moments),
    read=st.none()
    | st.builds(
        ReadWanted, reason=texts, asked=numbers, settled=st.booleans(), doubt=maybe_moment, not_before=maybe_moment
    ),
    reads_asked=numbers,
    read_trouble=st.none() | troubles,
    trouble=st.none() | troubles,
    generation_needed=maybe_number,
    waiting=st.none()
    | st.builds(WaitingForPeople, agent_id=numbers, generation=maybe_number, since=moments, retry_at=moments),
    settle_until=maybe_moment,
    end_at=maybe_moment,
    blocked_retry=st.timedeltas(timedelta(0), timedelta(days=3650)),
    sync_state=st.sampled_from(get_args(SyncState)),
    reason=texts,
    commands=st.lists(
        st.builds(
            Command,
            kind=st.sampled_from(["retry", "resync", "link", "unlink"]),
            at=moments,
            recreate=st.booleans(),
            task_id=numbers,
            later=st.booleans(),
        ),
        max_size=2,
    ).map(tuple),
    seen=st.lists(texts, max_size=2).map(tuple),
    journal=st.lists(st.builds(JournalLine, at=moments, code=texts, text=texts, event_id=maybe_text), max_size=3).map(
        tuple
    ),
)
people = st.builds(People, generation=maybe_number, known=st.dictionaries(numbers, maybe_number, max_size=4))
earlier_lives = st.builds(
    EarlierLife,
    no_trace=st.booleans(),
    may_be_creating=st.booleans(),
    state=st.none() | states,
    task_id=maybe_number,
)
inputs = st.fixed_dictionaries(
    {
        "state": states,
        "events": st.lists(events, max_size=4).map(tuple),
        "policy": policies,
        "linked_at": maybe_moment,
        "people": people,
        "now": moments,
        "earlier": st.none() | earlier_lives,
    }
)


def decision_on(given_: dict[str, Any]) -> Decision:
    rules = Rules(policy=given_["policy"], linked_at=given_["linked_at"])
    asked = {name: given_[name] for name in ("people", "now", "earlier")}
    return decide(given_["state"], given_["events"], rules=rules, **asked)


@examples(250)
@given(inputs)
def test_decide_answers_for_everything_that_the_models_accept(given_: dict[str, Any]) -> None:
    decision = decision_on(given_)
    after = given_["state"].with_decision(decision)
    assert shown(after, busy=False)[0] in get_args(SyncState)
    assert all(step.reason and step.summary for step in decision.plan)


@examples(40)
@given(inputs)
def test_decide_gives_the_same_answer_every_time_it_is_asked(given_: dict[str, Any]) -> None:
    assert decision_on(given_) == decision_on(given_)


@examples(60)
@given(inputs)
def test_a_decision_survives_its_way_through_history_and_means_the_same(given_: dict[str, Any]) -> None:
    decision, state = decision_on(given_), given_["state"]
    stored = Decision.model_validate_json(decision.model_dump_json())
    assert stored == decision
    assert state.with_decision(stored) == state.with_decision(decision)


@examples(60)
@given(states)
def test_a_state_survives_its_way_through_history(state: TicketState) -> None:
    assert TicketState.model_validate_json(state.model_dump_json()) == state


@examples(60)
@given(events)
def test_an_event_survives_its_way_through_history(event: Event) -> None:
    assert Event.model_validate_json(event.model_dump_json()) == event
