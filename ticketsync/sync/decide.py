"""The one decision: given what is remembered and these events, what now?

Pure and total. The decide activity brings the look-ups and calls `decide`; the answer is recorded in history, so these
rules may change at any deploy.
"""

from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict

from ticketsync.sync.causes import cause_of
from ticketsync.sync.desired import UNKNOWN_PERSON, DesiredTask, desired_task, is_ended, wanted_agent
from ticketsync.sync.event import DESK_HEALED, READ, UNREADABLE, Event
from ticketsync.sync.fold import Rules, fold, makes_a_task, wants_read
from ticketsync.sync.kept import knows_enough
from ticketsync.sync.linking import (
    linked_by_hand,
    plan_by_hand,
    unlinked_by_hand,
    with_a_task_again,
    without_a_link_in_vain,
)
from ticketsync.sync.people import People
from ticketsync.sync.plan import Plan, plan
from ticketsync.sync.rule_words import rule_words
from ticketsync.sync.state import (
    Command,
    Decision,
    JournalLine,
    TicketState,
    Trouble,
    WaitingForPeople,
    blocked_pause,
    journal_line,
)
from ticketsync.sync.status import at_rest
from ticketsync.sync.step import STAND_ALONE, AppliedTask, Step
from ticketsync.sync.urgency import is_backfill, is_live, was_stored

SHORTEST_PEOPLE_WAIT = timedelta(seconds=60)
LONGEST_PEOPLE_WAIT = timedelta(minutes=30)
PAUSE_OF_READS = timedelta(seconds=30)
UNREADABLE_WAIT = timedelta(hours=72)
UNREADABLE_TICKET = "ticket_unreadable"

# Fields that a decision returns apart from `changes`, or that only the workflow writes.
NOT_CHANGES = frozenset({"seen", "journal", "commands"})


class EarlierLife(BaseModel):
    """What a run's first decision found out about an earlier run of the same ticket.

    `state` is the last state of one that ended; `task_id` is all that is known of one whose state is lost. `no_trace`
    says that both hint and closed runs were looked for and there are none. `may_be_creating` says that a create of a
    lost run may be landing at this moment.
    """

    model_config = ConfigDict(frozen=True)

    no_trace: bool = False
    may_be_creating: bool = False
    state: TicketState | None = None
    task_id: int | None = None


def decide(
    state: TicketState,
    events: tuple[Event, ...],
    *,
    rules: Rules,
    people: People,
    now: datetime,
    earlier: EarlierLife | None = None,
    working_since: datetime | None = None,
) -> Decision:
    """What changes, which steps follow, and why. `earlier` is given at a run's first decision only; `working_since` is
    when this worker began: what was received before then was stored (None: nothing was).
    """
    before = state
    if state.first_decision:
        state = _recall(state, earlier or EarlierLife())
    asked = bool(state.commands)
    state, command_lines = _obey(state, now)
    state, event_lines, seen = fold(state, events, rules)
    state = state.model_copy(update={"cause": cause_of(events, event_lines, state.cause)})
    state = _surely_first(_wanted_by_now(state, rules), rules, now)
    state = _read_what_is_unknown(state, rules, events, now)
    state = _unreadable(state, events, now, asked=asked)
    if asked or any(event.kind == DESK_HEALED for event in events):
        state = _with_short_pauses(state)
    wanted = desired_task(state, rules.policy, people)
    state, link_lines = without_a_link_in_vain(state, wanted, now)
    state = _wait_for_people(state, wanted, people, now)
    anew = asked or state.anew or any(not event.own_note for event in events)
    state, the_plan = _plan(state, wanted, rules, now, anew=anew)
    steps = the_plan.steps if anew else _due(state, the_plan, now)
    state = _end(state, rules, now)
    state = _tidy(state, wanted, the_plan, rules)
    state = _tried_now(state, steps)
    return Decision(
        changes=_changes(before, state),
        plan=steps,
        lines=(*command_lines, *event_lines, *link_lines, *_notes(before, the_plan, events, now)),
        seen=tuple(seen),
        live=is_live(state, events, asked=asked),
        stored=was_stored(state, events, now, working_since, asked=asked),
        backfill=is_backfill(events, asked=asked),
    )


def _wanted_by_now(state: TicketState, rules: Rules) -> TicketState:
    """The policy may have changed since the snapshot was folded: a ticket that it now lets in gets its task."""
    snapshot, gone = state.snapshot, state.lifecycle.deleted or state.lifecycle.merged
    if state.wanted_once or snapshot is None or gone or not knows_enough(state, rules.policy):
        return state
    return state.model_copy(update={"wanted_once": makes_a_task(snapshot, rules)})


def _recall(state: TicketState, earlier: EarlierLife) -> TicketState:
    """Go on where an earlier run of this ticket ended; what only that run needed is left behind."""
    if earlier.state is not None:
        left_behind = {"end_at": None, "read_trouble": None, "first_decision": False}
        return earlier.state.model_copy(update={**left_behind, "commands": state.commands}).with_step_troubles(())
    if earlier.task_id is not None:
        task = AppliedTask(id=earlier.task_id, standing="open", uncertain=("assignee", "standing", "title"))
        return state.model_copy(update={"first_decision": False, "task": task, "inspect": True, "wanted_once": True})
    look = "patiently" if earlier.may_be_creating else "once"
    return state.model_copy(update={"first_decision": False, "look": look, "no_trace": earlier.no_trace})


def _surely_first(state: TicketState, rules: Rules, now: datetime) -> TicketState:
    """Without a trace of an earlier life there was none, if the ticket is too young to have had one that ended."""
    created_at = state.snapshot.created_at if state.snapshot is not None else None
    if not state.no_trace or created_at is None or rules.linked_at is None:
        return state
    # `created_at` has whole seconds: a ticket of the very second of linking may be older.
    young = created_at > rules.linked_at and now - created_at < rules.policy.grace_period
    return state.model_copy(update={"no_trace": False, "look": "no" if young else state.look})


# --- operators


def _obey(state: TicketState, now: datetime) -> tuple[TicketState, list[JournalLine]]:
    lines = []
    for command in state.commands:
        state = _obey_one(state, command)
        what = f"{command.kind} to task {command.task_id}" if command.task_id else command.kind
        lines.append(journal_line(now, command.kind, f"an operator asked: {what}"))
    return state, lines


def _obey_one(state: TicketState, command: Command) -> TicketState:
    match command.kind:
        case "retry":
            return state
        case "link":
            return linked_by_hand(state, command)
        case "unlink":
            return unlinked_by_hand(state)
        case "resync":
            return _resynced(state, command)


def _resynced(state: TicketState, command: Command) -> TicketState:
    state = wants_read(with_a_task_again(state) if command.recreate else state, "resync")
    return state.model_copy(update={"inspect": state.task.id is not None, "revive": command.recreate})


def _with_short_pauses(state: TicketState) -> TicketState:
    """What people or the desk had tried again waits from the first pause on: such tries are no sign of anything."""
    refused = state.refused and state.refused.model_copy(update={"tries": 0})
    troubles = (trouble.model_copy(update={"tries": 0}) for trouble in state.step_troubles)
    return state.model_copy(update={"refused": refused}).with_step_troubles(troubles)


# --- reads


def _read_what_is_unknown(state: TicketState, rules: Rules, events: tuple[Event, ...], now: datetime) -> TicketState:
    """Without a snapshot, or with one from before the policy asked for as much, nothing can be decided."""
    if state.read is not None or state.lifecycle.deleted:
        return state
    if state.snapshot is None:
        return wants_read(state, "nothing_known")
    if knows_enough(state, rules.policy):
        return state
    # A read that was older than what is known (Zendesk may answer from a copy that lags) is not made again at once.
    just_read = any(event.kind == READ for event in events)
    return wants_read(state, "policy_asks_for_more", not_before=now + PAUSE_OF_READS if just_read else None)


def _unreadable(state: TicketState, events: tuple[Event, ...], now: datetime, *, asked: bool) -> TicketState:
    """A 404 from Zendesk never deletes by itself (wrong account, lost rights): it blocks, and is tried again slowly.

    Of a ticket that is known to be deleted it is what was to be expected.
    """
    if any(event.kind == UNREADABLE for event in events) and not state.lifecycle.deleted:
        known = state.read_trouble
        tries = known.tries + 1 if known is not None else 1
        trouble = Trouble(
            phase="blocked",
            code=UNREADABLE_TICKET,
            what="read",
            since=known.since if known is not None else now,
            tries=tries,
            retry_at=now + blocked_pause(state.blocked_retry, tries),
        )
        return wants_read(state, "ticket_unreadable").model_copy(update={"read_trouble": trouble})
    if asked or events:
        return state.model_copy(update={"read_trouble": None})
    return state


# --- people


def _wait_for_people(state: TicketState, wanted: DesiredTask | None, people: People, now: datetime) -> TicketState:
    unknown = wanted is not None and wanted.who in UNKNOWN_PERSON and _has_a_task_to_give(state, wanted)
    if not unknown or state.snapshot is None:
        return state.model_copy(update={"waiting": None})
    agent_id = wanted_agent(state, state.snapshot) or 0
    waiting = state.waiting
    known = waiting if waiting is not None and waiting.agent_id == agent_id else None
    since = known.since if known is not None else now
    generation = known.generation if known is not None and known.generation is not None else people.generation
    pause = min(max(SHORTEST_PEOPLE_WAIT, (now - since) / 2), LONGEST_PEOPLE_WAIT)
    waiting = WaitingForPeople(agent_id=agent_id, generation=generation, since=since, retry_at=now + pause)
    return state.model_copy(update={"waiting": waiting})


def _has_a_task_to_give(state: TicketState, wanted: DesiredTask) -> bool:
    """Only then it matters who the person is: a ticket without a task waits for nobody."""
    if wanted.standing == "absent" or state.task.gone or state.unlinked:
        return False
    return state.wanted_once or state.task.standing != "none"


# --- the plan


def _plan(
    state: TicketState, wanted: DesiredTask | None, rules: Rules, now: datetime, *, anew: bool
) -> tuple[TicketState, Plan]:
    by_hand = plan_by_hand(state, wanted)
    if by_hand is not None:
        return state.model_copy(update={"settle_until": None, "refused": None}), by_hand
    if wanted is None:
        return state, Plan()
    state = _refused(state, wanted)
    try_again = anew or (state.refused is not None and now >= state.refused.retry_at)
    considered = state.model_copy(update={"refused": None}) if try_again else state
    return _settle(state, plan(considered, wanted), rules, now)


def _refused(state: TicketState, wanted: DesiredTask) -> TicketState:
    """A refusal is forgotten when somebody else or no task is wanted, or when Teamwork took the person after all."""
    refused = state.refused
    if refused is None:
        return state
    still_wanted = wanted.assignee_id == refused.user_id and _has_a_task_to_give(state, wanted)
    if still_wanted and state.task.assignee_id != refused.user_id:
        return state
    return state.model_copy(update={"refused": None})


def _settle(state: TicketState, the_plan: Plan, rules: Rules, now: datetime) -> tuple[TicketState, Plan]:
    """Hold a delete back until its window is over: an event still on its way can change what it means."""
    if not any(step.kind == "delete" for step in the_plan.steps):
        return state.model_copy(update={"settle_until": None}), the_plan
    until = state.settle_until or now + rules.policy.settle_window
    state = state.model_copy(update={"settle_until": until})
    if now >= until:
        return state, the_plan
    note = ("settling", f"the delete waits until {until:%H:%M:%S} UTC: a merge may still be on its way")
    return state, the_plan.model_copy(update={"steps": (), "notes": (*the_plan.notes, note)})


def _due(state: TicketState, the_plan: Plan, now: datetime) -> tuple[Step, ...]:
    """The plan without what is blocked and not to be tried again yet: other timers ring in between."""
    troubles = state.step_troubles
    waiting = {trouble.what for trouble in troubles if trouble.retry_at is not None and now < trouble.retry_at}
    if waiting & STAND_ALONE:
        return ()
    return tuple(step for step in the_plan.steps if step.kind not in waiting)


def _tried_now(state: TicketState, steps: tuple[Step, ...]) -> TicketState:
    """What is begun waits for nothing any more: a timer that rings while it is under way must not call it back."""
    kinds = {step.kind for step in steps}
    return state.with_step_troubles(
        trouble.model_copy(update={"retry_at": None}) if trouble.what in kinds else trouble
        for trouble in state.step_troubles
    )


# --- end


def _end(state: TicketState, rules: Rules, now: datetime) -> TicketState:
    """After the end of the ticket the workflow stays for the grace period; one that cannot be read, for 72 h."""
    if is_ended(state):
        return state.model_copy(update={"end_at": state.end_at or now + rules.policy.grace_period})
    trouble = state.read_trouble
    unreadable = trouble is not None and trouble.code == UNREADABLE_TICKET
    if state.snapshot is None and state.task.id is None and trouble is not None and unreadable:
        return state.model_copy(update={"end_at": trouble.since + UNREADABLE_WAIT})
    return state.model_copy(update={"end_at": None})


# --- the answer


def _tidy(state: TicketState, wanted: DesiredTask | None, the_plan: Plan, rules: Rules) -> TicketState:
    """Forget wishes that are met, and put down how the ticket will stand."""
    kinds = {step.kind for step in the_plan.steps}
    sync_state, reason = at_rest(state, wanted, the_plan)
    is_back = wanted is not None and wanted.standing != "absent"
    troubled = state.with_step_troubles(trouble for trouble in state.step_troubles if trouble.what in kinds)
    return troubled.model_copy(
        update={
            "task": state.task.model_copy(update={"protected": state.task.protected and not is_back}),
            "revive": state.revive and bool(kinds & {"restore", "reopen", "create", "inspect"}),
            "inspect": state.inspect and "inspect" in kinds,
            "anew": False,
            "blocked_retry": rules.policy.blocked_retry,
            "rules": rule_words(state, wanted, rules.policy) if wanted is not None else state.rules,
            "sync_state": sync_state,
            "reason": reason,
        }
    )


def _notes(before: TicketState, the_plan: Plan, events: tuple[Event, ...], now: datetime) -> list[JournalLine]:
    """What was considered and not done. A decision without events repeats no note that the journal ends with."""
    recent = () if events else before.journal[-len(the_plan.notes) :]
    known = {line.code for line in recent}
    return [journal_line(now, code, text) for code, text in the_plan.notes if code not in known]


def _changes(before: TicketState, after: TicketState) -> dict[str, Any]:
    """The fields that are new, as JSON, so that what history keeps is small."""
    names = [name for name in TicketState.model_fields if name not in NOT_CHANGES]
    changed = {name for name in names if getattr(before, name) != getattr(after, name)}
    return after.model_dump(mode="json", include=changed)
