"""What the workflow remembers when a step or a read has ended. Mechanical: what it means is decided elsewhere."""

from datetime import datetime, timedelta
from typing import Literal

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from ticketsync.sync.state import RefusedAssignee, TicketState, Trouble, blocked_pause, journal_line
    from ticketsync.sync.step import Step, StepResult
    from ticketsync.workflows.attempt import Failure

PATIENCE = timedelta(hours=72)  # counted from the first failure; then a retrying step is blocked: unreachable
UNREACHABLE = "unreachable"
RULES = "decide"
RULES_RETRY = timedelta(seconds=30)  # a deploy mends them, or a look-up was slow: soon at first, then doubling

Slot = Literal["trouble", "read_trouble"]


def after_success(state: TicketState, step: Step, result: StepResult, now: datetime) -> TicketState:
    trouble = state.trouble if state.trouble is not None and state.trouble.what != step.kind else None
    inspect = state.inspect and step.kind != "inspect"
    done = state.model_copy(update={"task": result.task, "trouble": trouble, "inspect": inspect})
    if result.looked:
        done = done.model_copy(update={"look": "no", "create_started_at": None})
    if result.refused_assignee_id is not None:
        done = _refused(done, result.refused_assignee_id, now)
    elif done.refused is not None and done.refused.user_id == result.task.assignee_id:
        done = done.model_copy(update={"refused": None})
    return done.with_lines(journal_line(now, f"{step.kind}_done", step.summary, ending=f": {result.answer}"))


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
    return state.model_copy(update={"task": state.task.not_sure_of(step.kind)})


def retrying(state: TicketState, slot: Slot, what: str, failure: Failure, now: datetime) -> TicketState:
    known: Trouble | None = getattr(state, slot)
    since = known.since if known is not None and _goes_on(known) else now
    trouble = Trouble(phase="retrying", code=failure.code, what=what, since=since, answer=failure.answer)
    text = f"{what} did not succeed yet ({failure.code}): it is tried on for 72 h"
    line = journal_line(now, "retrying", text, ending=_answered(failure))
    return state.model_copy(update={slot: trouble}).with_lines(line)


def blocked(state: TicketState, slot: Slot, what: str, failure: Failure, now: datetime) -> TicketState:
    """What cannot succeed as things are: tried again after a pause that doubles, or when anything new is heard."""
    known: Trouble | None = getattr(state, slot)
    same = known is not None and known.what == what and known.phase != "retrying"
    tries = known.tries + 1 if same and known is not None else 1
    code = UNREACHABLE if failure.passing else failure.code
    trouble = Trouble(
        phase="paused" if failure.details is not None and failure.details.paused else "blocked",
        code=code,
        what=what,
        since=known.since if known is not None and known.what == what else now,
        tries=tries,
        retry_at=now + blocked_pause(RULES_RETRY if what == RULES else state.blocked_retry, tries),
        answer=failure.answer,
    )
    text = f"{what}: {code}, tried again at {trouble.retry_at:%m-%d %H:%M:%S}"
    line = journal_line(now, trouble.phase, text, ending=_answered(failure))
    return state.model_copy(update={slot: trouble}).with_lines(line)


def _answered(failure: Failure) -> str:
    return f"; {failure.answer}" if failure.answer else ""


def too_long(trouble: Trouble | None, now: datetime) -> bool:
    return trouble is not None and _goes_on(trouble) and now >= trouble.since + PATIENCE


def _goes_on(trouble: Trouble) -> bool:
    """Whether it is a spell of not reaching the other side, whatever step met it: the next one is in it too."""
    return trouble.phase == "retrying" or trouble.code == UNREACHABLE
