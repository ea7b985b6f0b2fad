"""What the workflow remembers when a step or a read has ended. Mechanical: what it means is decided elsewhere."""

from datetime import datetime, timedelta
from typing import Literal

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from ticketsync.sync.state import (
        RULES,
        UNREACHABLE,
        RefusedAssignee,
        TicketState,
        Trouble,
        blocked_pause,
        journal_line,
    )
    from ticketsync.sync.step import Step, StepResult
    from ticketsync.sync.taken import when_unsure
    from ticketsync.workflows.attempt import Failure

PATIENCE = timedelta(hours=72)  # counted from the first failure; then a retrying step is blocked: unreachable
RULES_RETRY = timedelta(seconds=30)  # a deploy mends them, or a look-up was slow: soon at first, then doubling

Slot = Literal["trouble", "read_trouble"]


def after_success(
    state: TicketState, step: Step, result: StepResult, now: datetime, after: datetime | None = None
) -> TicketState:
    """`after`: the moment of the journal's last line when the step was begun."""
    inspect = state.inspect and step.kind != "inspect"
    done = state.model_copy(update={"task": result.task, "inspect": inspect})
    done = done.with_step_troubles(trouble for trouble in state.step_troubles if trouble.what != step.kind)
    if result.looked:
        done = done.model_copy(update={"look": "no", "create_started_at": None})
    if step.kind == "link":
        done = _link_ended(done, step, result)
    if result.refused_assignee_id is not None:
        done = _refused(done, result.refused_assignee_id, now)
    elif done.refused is not None and done.refused.user_id == result.task.assignee_id:
        done = done.model_copy(update={"refused": None})
    code = f"{step.kind}_refused" if result.refused else f"{step.kind}_done"
    return done.with_lines(journal_line(now, code, step.summary, ending=f": {result.answer}", after=after))


def _link_ended(state: TicketState, step: Step, result: StepResult) -> TicketState:
    """The wish is met, or cannot be. One that was taken back meanwhile, or is for another task by now, stays so."""
    if state.link_to != step.task_id:
        return state
    return state.model_copy(update={"link_to": None, "unlinked": state.unlinked and result.refused})


def _refused(state: TicketState, user_id: int, now: datetime) -> TicketState:
    known = state.refused if state.refused is not None and state.refused.user_id == user_id else None
    tries = known.tries + 1 if known is not None else 1
    refused = RefusedAssignee(
        user_id=user_id,
        since=known.since if known is not None else now,
        retry_at=now + blocked_pause(state.blocked_retry, tries),
        tries=tries,
    )
    return state.model_copy(update={"refused": refused})


def without_the_create(state: TicketState) -> TicketState:
    """A ticket's first create that surely sent nothing was none: the next one need not look for its task."""
    return state.model_copy(update={"create_started_at": None})


def unsure_of(state: TicketState, step: Step, *, nothing_sent: bool) -> TicketState:
    """A step that did not succeed may have landed all the same, unless its activity knows that nothing was sent."""
    if nothing_sent:
        return state
    return state.model_copy(update={"task": when_unsure(step, state.task)})


def retrying(state: TicketState, slot: Slot, what: str, failure: Failure, now: datetime) -> TicketState:
    since = next((known.since for known in _troubles(state, slot) if _goes_on(known)), now)
    trouble = Trouble(phase="retrying", code=failure.code, what=what, since=since, answer=failure.answer)
    text = f"{what} did not succeed yet ({failure.code}): it is tried on for 72 h"
    line = journal_line(now, "retrying", text, ending=_answered(failure))
    return _in_trouble(state, slot, trouble).with_lines(line)


def blocked(state: TicketState, slot: Slot, what: str, failure: Failure, now: datetime) -> TicketState:
    """What cannot succeed as things are: tried again after a pause that doubles, or when anything new is heard.

    Each kind of step counts for itself: several may be blocked at once, each for a reason of its own.
    """
    known = next((trouble for trouble in _troubles(state, slot) if trouble.what == what), None)
    tries = known.tries + 1 if known is not None and known.phase != "retrying" else 1
    code = UNREACHABLE if failure.passing else failure.code
    trouble = Trouble(
        phase="paused" if failure.details is not None and failure.details.paused else "blocked",
        code=code,
        what=what,
        since=known.since if known is not None else now,
        tries=tries,
        retry_at=now + blocked_pause(RULES_RETRY if what == RULES else state.blocked_retry, tries),
        answer=failure.answer,
    )
    text = f"{what}: {code}, tried again at {trouble.retry_at:%m-%d %H:%M:%S}"
    line = journal_line(now, trouble.phase, text, ending=_answered(failure))
    return _in_trouble(state, slot, trouble).with_lines(line)


def _troubles(state: TicketState, slot: Slot) -> tuple[Trouble, ...]:
    if slot == "trouble":
        return state.step_troubles
    return (state.read_trouble,) if state.read_trouble is not None else ()


def _in_trouble(state: TicketState, slot: Slot, trouble: Trouble) -> TicketState:
    """Beside what else is blocked; only one step at a time is retrying."""
    if slot == "read_trouble":
        return state.model_copy(update={"read_trouble": trouble})
    others = (known for known in state.step_troubles if known.what != trouble.what and known.phase != "retrying")
    return state.with_step_troubles((trouble, *others))


def _answered(failure: Failure) -> str:
    return f"; {failure.answer}" if failure.answer else ""


def too_long(trouble: Trouble | None, now: datetime) -> bool:
    return trouble is not None and _goes_on(trouble) and now >= trouble.since + PATIENCE


def _goes_on(trouble: Trouble) -> bool:
    """Whether it is a spell of not reaching the other side, whatever step met it: the next one is in it too."""
    return trouble.phase == "retrying" or trouble.code == UNREACHABLE
