"""TicketWorkflow: one per Zendesk ticket. Memory and the order of things; the rules are in the decide activity.

The loop waits until there is something to do, counts what came of steps and reads, has the rules decide on what is in
the inbox, and goes on with the plan. Everything that must survive continue-as-new is in one `TicketState`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from ticketsync import names
    from ticketsync.sync.event import HINT, Event
    from ticketsync.sync.fold import wants_read
    from ticketsync.sync.requests import DecideRequest, ReadRequest, StepRequest
    from ticketsync.sync.state import NOTHING_TO_RETRY, QUEUED, RULES, Command, TicketState, Trouble, journal_line
    from ticketsync.sync.status import shown
    from ticketsync.sync.step import STAND_ALONE, Step, StepResult
    from ticketsync.workflows.alarm import Alarm
    from ticketsync.workflows.attempt import Attempt, Failure
    from ticketsync.workflows.burst import Burst
    from ticketsync.workflows.calls import ask_the_rules, start_pause, start_read, start_step
    from ticketsync.workflows.heard import Heard
    from ticketsync.workflows.outcomes import (
        PATIENCE,
        after_success,
        blocked,
        retrying,
        too_long,
        unsure_of,
        without_the_create,
    )
    from ticketsync.workflows.runs import ends_here, is_too_long
    from ticketsync.workflows.show import show
    from ticketsync.workflows.urgency import Urgency

EVENTS_PER_DECISION = 500
RULES_FAILED = Failure(code="rule_error", passing=False)


@workflow.defn(name=names.TICKET_WORKFLOW)
class TicketWorkflow:
    @workflow.init
    def __init__(self, state: TicketState) -> None:
        self._state = state  # everything that survives continue-as-new
        self._inbox: list[Event] = []
        self._wake = True  # there is something to decide on
        self._is_deciding = False
        self._plan: list[Step] = []
        self._burst = Burst()
        self._heard = Heard()
        self._pause: workflow.ActivityHandle[Any] | None = None  # lets a burst end before the plan is begun
        self._step: Attempt | None = None
        self._current: Step | None = None  # what `_step` carries out
        self._read: Attempt | None = None
        self._urgency = Urgency()
        self._signals = 0
        self._alarm = Alarm()
        self._decided_at = workflow.now()  # all moments up to then have been looked at

    # --- what others tell this ticket: put down at once, looked at by the loop

    @workflow.signal(dynamic=True)
    def zendesk_event(self, _name: str, values: Sequence[RawValue]) -> None:
        # Raw and for any signal: the SDK drops a typed one that does not decode, for good, and one with more or fewer
        # arguments than its handler would stop the ticket.
        self._signals += 1
        self._inbox.append(self._decoded(values))
        self._wake = True

    @workflow.update
    def retry(self, later: bool = False) -> str:
        answer = QUEUED if self._state.has_something_to_retry else NOTHING_TO_RETRY
        self._queue(Command(kind="retry", at=workflow.now(), later=later))
        return answer

    @workflow.update
    def resync(self, recreate: bool = False, later: bool = False) -> str:
        return self._queue(Command(kind="resync", at=workflow.now(), recreate=recreate, later=later))

    @workflow.update
    def link_task(self, task_id: int) -> str:
        return self._queue(Command(kind="link", at=workflow.now(), task_id=task_id))

    @workflow.update
    def unlink_task(self) -> str:
        return self._queue(Command(kind="unlink", at=workflow.now()))

    @workflow.query
    def status(self) -> dict[str, Any]:
        """The state as JSON, with `sync_state` and `reason` as they are at this moment."""
        sync_state, reason = shown(self._state, busy=self._is_busy() or self._wake or self._is_deciding)
        return {**self._state.model_dump(mode="json"), "sync_state": sync_state, "reason": reason}

    def _queue(self, command: Command) -> str:
        self._state = self._state.model_copy(update={"commands": (*self._state.commands, command)})
        self._wake = True
        return QUEUED

    def _decoded(self, values: Sequence[RawValue]) -> Event:
        size = sum(len(value.payload.data) for value in values)
        try:
            (value,) = values
            event = workflow.payload_converter().from_payload(value.payload, Event)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, it says that something happened
            return self._unreadable_signal(size, type(error).__name__)
        # A null decodes to None, whatever was asked for.
        return event if isinstance(event, Event) else self._unreadable_signal(size, type(event).__name__)

    def _unreadable_signal(self, size: int, error: str) -> Event:
        return Event(
            id=f"unreadable-{workflow.info().run_id}-{self._signals}",
            ticket_id=self._state.ticket_id,
            kind=HINT,
            received_at=workflow.now(),
            hint=f"a signal of {size} bytes could not be read ({error})",
        )

    # --- the loop

    @workflow.run
    async def run(self, _: TicketState) -> TicketState:
        while not self._is_over():
            if ends_here(at_rest=not (self._wake or self._is_busy())):
                await self._roll_over()
            await workflow.wait_condition(self._has_something_to_do)
            self._count_outcomes()
            if self._must_roll_over():
                await self._roll_over()
            if self._wake:
                await self._decide()
            self._go_on()
            show(self._state, busy=self._is_busy())
        return self._state

    def _has_something_to_do(self) -> bool:
        ended = any(attempt is not None and attempt.done for attempt in (self._step, self._read))
        ended = ended or (self._pause is not None and self._pause.done())
        return self._wake or ended or self._alarm.rang or self._must_roll_over()

    def _is_busy(self) -> bool:
        return bool(self._plan or self._step or self._read or self._inbox)

    def _is_over(self) -> bool:
        """After the grace period, and only in step; a ticket never read has nothing to be in step with."""
        state = self._state
        if state.end_at is None or workflow.now() < state.end_at or self._wake or self._is_busy():
            return False
        if state.snapshot is None and not state.lifecycle.deleted:
            return True
        return not any((state.trouble, state.refused, state.settle_until, state.waiting, state.read, state.commands))

    # --- decide

    async def _decide(self) -> None:
        self._wake, self._decided_at = False, workflow.now()
        events, self._inbox = self._inbox[:EVENTS_PER_DECISION], self._inbox[EVENTS_PER_DECISION:]
        commands = len(self._state.commands)
        self._is_deciding = True
        try:
            request = DecideRequest(state=self._state.for_the_rules, events=tuple(events), now=self._decided_at)
            decision = await ask_the_rules(request)
        except FailureError:
            self._inbox = events + self._inbox  # kept until the rule is mended
            self._state = blocked(self._state, "trouble", RULES, RULES_FAILED, workflow.now())
            return
        finally:
            self._is_deciding = False
        self._wake = self._wake or bool(self._inbox)
        self._state = self._state.with_decision(decision).without_commands(commands)
        self._heard.take(events)
        before, self._plan = self._plan, list(decision.plan)
        self._keep_or_cancel(more_urgent=self._urgency.take(decision))
        if self._plan != before:
            self._burst.planned(workflow.now())

    def _keep_or_cancel(self, *, more_urgent: bool) -> None:
        """What is under way goes on only if the new plan wants the same, at the same rank; a create does at any."""
        if self._step is not None and self._current is not None and not self._step.superseded:
            same = [step for step in self._plan if step.does_the_same_as(self._current)]
            if same and not (more_urgent and self._step.what != "create"):
                self._plan.remove(same[0])
            else:
                self._step.supersede()
        unwanted = self._state.read is None or more_urgent
        if self._read is not None and unwanted and not self._read.superseded:
            self._read.supersede()

    # --- go on

    def _go_on(self) -> None:
        if self._step is None and self._plan:
            self._begin_plan_or_pause()
        if self._read is None and self._state.read is not None and not self._waits_to_read():
            self._begin_read()
        self._heard.go_on(waits=self._is_busy() or bool(self._state.read and not self._state.read_trouble))
        moment = self._next_moment()
        if moment is not None and moment <= workflow.now():  # it passed while the rules decided
            self._wake, moment = True, None
        self._alarm.set(moment, "until the nearest of settle, grace and retry")

    def _begin_plan_or_pause(self) -> None:
        now, ends = workflow.now(), self._burst.ends
        if ends is None or ends <= now:
            self._burst.begun(now)
            self._begin_step(self._plan.pop(0))
        elif self._pause is None:
            self._pause = start_pause(ends - now)

    def _begin_step(self, step: Step, after: datetime | None = None) -> None:
        state = self._state
        after = after or (state.journal[-1].at if state.journal else None)
        if step.kind == "create" and state.create_started_at is None:
            # Before the first create is scheduled: an attempt number starts again after a cancel, this does not.
            self._state = state.model_copy(update={"create_started_at": workflow.now()})
        request = StepRequest(
            desk=state.desk,
            ticket_id=state.ticket_id,
            step=step,
            task=state.task,
            ticket_created_at=state.snapshot.created_at if state.snapshot else None,
            # Only where nothing can be older: a task of an earlier life was made before this run's first create.
            create_started_at=self._state.create_started_at if state.look == "no" else None,
            look=state.look if state.create_started_at is None else "patiently",
            cause=state.cause,
            heard_at=self._heard.since,
        )
        first_create = step.kind == "create" and state.create_started_at is None
        start = start_step(request, self._urgency.priority)
        self._current = step
        patient = self._is_to_be_patient(state.trouble)
        self._step = Attempt(step.kind, start, patient=patient, first_create=first_create, after=after)

    def _begin_read(self) -> None:
        wanted = self._state.read
        if wanted is None:
            return
        request = ReadRequest(
            desk=self._state.desk,
            ticket_id=self._state.ticket_id,
            asked=wanted.asked,
            settled=wanted.settled,
            cause=self._state.cause,
        )
        start = start_read(request, wanted.reason, self._urgency.priority)
        self._read = Attempt("read", start, patient=self._is_to_be_patient(self._state.read_trouble))

    def _is_to_be_patient(self, trouble: Trouble | None) -> bool:
        return trouble is not None and trouble.phase == "retrying" and not too_long(trouble, workflow.now())

    def _waits_to_read(self) -> bool:
        state, now = self._state, workflow.now()
        if state.trouble is not None and state.trouble.what == RULES:
            return True  # nobody would understand the answer
        not_before = state.read.not_before if state.read is not None else None
        retry_at = state.read_trouble.retry_at if state.read_trouble is not None else None
        return any(moment is not None and now < moment for moment in (not_before, retry_at))

    def _next_moment(self) -> datetime | None:
        state = self._state
        moments = [state.settle_until, state.end_at, state.read.not_before if state.read is not None else None]
        moments += [waiting.retry_at for waiting in (state.refused, state.waiting) if waiting is not None]
        moments += [trouble.retry_at or trouble.since + PATIENCE for trouble in state.troubles]
        return min((moment for moment in moments if moment is not None and moment > self._decided_at), default=None)

    # --- count outcomes

    def _count_outcomes(self) -> None:
        if self._alarm.rang:
            self._alarm.stop()
            self._wake = True
        self._count_pause()
        self._count_step()
        self._count_read()

    def _count_pause(self) -> None:
        if self._pause is not None and self._pause.done():
            if self._pause.exception() is not None:  # nobody was there to wait
                self._burst = Burst()
            self._pause = None

    def _count_step(self) -> None:
        attempt, step, now = self._step, self._current, workflow.now()
        if attempt is None or step is None:
            return
        if not attempt.done:
            self._stop_when_too_long(attempt, too_long(self._state.trouble, now))
            return
        outcome = attempt.outcome()
        if isinstance(outcome, StepResult):
            self._state = after_success(self._state, step, outcome, now, attempt.after)
            self._plan = [] if attempt.superseded else self._plan
            again = outcome.decide_again or attempt.superseded or self._is_past_the_end()
            self._wake = self._wake or again
        elif self._goes_on_patiently(attempt, outcome):
            self._state = retrying(self._state, "trouble", step.kind, outcome, now)
            self._go_on_patiently(attempt, step, outcome)
            return
        else:
            self._step_failed(attempt, step, outcome)
        self._step = self._current = None

    def _goes_on_patiently(self, attempt: Attempt, failure: Failure) -> bool:
        trouble = self._state.read_trouble if attempt.what == "read" else self._state.trouble
        out_of_reach = self._is_out_of_reach(attempt, failure)
        return out_of_reach and not attempt.superseded and not too_long(trouble, workflow.now())

    def _is_out_of_reach(self, attempt: Attempt, failure: Failure) -> bool:
        return failure.passing and not failure.cancelled and not attempt.patient

    def _go_on_patiently(self, attempt: Attempt, step: Step, failure: Failure) -> None:
        """Begin the same step anew: a create must know by now that the quick attempts may have landed."""
        self._take_back(attempt, failure)
        self._begin_step(step, attempt.after)

    def _take_back(self, attempt: Attempt, failure: Failure) -> None:
        if attempt.first_create and failure.nothing_sent:
            self._state = without_the_create(self._state)

    def _step_failed(self, attempt: Attempt, step: Step, failure: Failure) -> None:
        self._take_back(attempt, failure)
        self._state = unsure_of(self._state, step, nothing_sent=failure.nothing_sent)
        if attempt.superseded and not attempt.given_up:
            self._superseded_failed(attempt, step, failure)
            return
        self._state = blocked(self._state, "trouble", step.kind, failure, workflow.now())
        holds_up_all = failure.details is not None and (failure.details.desk_wide or failure.details.paused)
        if holds_up_all or failure.passing or step.kind in STAND_ALONE:
            self._plan = []

    def _superseded_failed(self, attempt: Attempt, step: Step, failure: Failure) -> None:
        """What is wanted instead follows: at once, and patiently if the other side was not reached."""
        self._wake = True
        if self._is_out_of_reach(attempt, failure):
            self._state = retrying(self._state, "trouble", step.kind, failure, workflow.now())

    def _count_read(self) -> None:
        attempt, now = self._read, workflow.now()
        if attempt is None:
            return
        if not attempt.done:
            self._stop_when_too_long(attempt, too_long(self._state.read_trouble, now))
            return
        outcome = attempt.outcome()
        if isinstance(outcome, Event):
            self._inbox.append(outcome)
            self._wake = True
        elif self._goes_on_patiently(attempt, outcome):
            self._state = retrying(self._state, "read_trouble", "read", outcome, now)
            attempt.be_patient()
            return
        elif not attempt.superseded or attempt.given_up:
            self._state = blocked(self._state, "read_trouble", "read", outcome, now)
        self._read = None

    def _stop_when_too_long(self, attempt: Attempt, is_too_long: bool) -> None:
        if is_too_long and attempt.patient and not attempt.superseded:
            attempt.given_up = True
            attempt.cancel()

    def _is_past_the_end(self) -> bool:
        """What was still to be done at the end of the grace period is done: the rules say whether that was all."""
        return self._state.end_at is not None and workflow.now() >= self._state.end_at

    # --- continue-as-new

    def _must_roll_over(self) -> bool:
        return is_too_long(self._signals)

    async def _roll_over(self) -> None:
        """Carry the state into a new run.

        What is under way is stopped and its outcome counted first: continue-as-new drops timers and activities while a
        running call still lands, beside the next one. The inbox is folded, never carried: over 2 MiB the workflow would
        be stuck for good. It is not waited for either: under a flood it would never be empty.
        """
        await self._stop_what_is_under_way()
        if self._wake or self._inbox:
            await self._decide()
        # What the last decision planned is not carried: the next run decides anew, as if the event had just come.
        self._state = self._state.model_copy(update={"anew": bool(self._plan)})
        if self._inbox:
            self._state = wants_read(self._state, "rolled_over").with_lines(
                journal_line(
                    workflow.now(), "hint", f"{len(self._inbox)} events could not be decided on: the ticket is read"
                )
            )
        self._alarm.stop()
        workflow.continue_as_new(self._state)

    async def _stop_what_is_under_way(self) -> None:
        under_way = [attempt for attempt in (self._step, self._read) if attempt is not None and not attempt.done]
        for attempt in under_way:
            attempt.cancel()
        await workflow.wait_condition(lambda: all(attempt.done for attempt in under_way))
        self._count_outcomes()
