"""TicketWorkflow: one per Zendesk ticket. Memory and the order of things; the rules are in the decide activity.

The loop waits until there is something to do, counts what came of steps and reads, has the rules decide on what is in
the inbox, and goes on with the plan. Everything that must survive continue-as-new is in one `TicketState`.
"""

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
    from ticketsync.sync.state import Command, TicketState, journal_line
    from ticketsync.sync.status import shown
    from ticketsync.sync.step import Step, StepResult

from ticketsync.workflows.alarm import Alarm
from ticketsync.workflows.attempt import Attempt, Failure
from ticketsync.workflows.calls import ask_the_rules, start_read, start_step
from ticketsync.workflows.outcomes import PATIENCE, after_success, blocked, retrying, too_long, unsure_of
from ticketsync.workflows.show import show

SIGNALS_PER_RUN = 2_000  # the server refuses the 10,001st of a run for good
EVENTS_PER_DECISION = 500
RULES = "decide"
RULES_FAILED = Failure(code="rule_error", passing=False)
STEPS_THAT_STAND_ALONE = frozenset({"create", "restore", "inspect", "delete"})


@workflow.defn(name=names.TICKET_WORKFLOW)
class TicketWorkflow:
    @workflow.init
    def __init__(self, state: TicketState) -> None:
        self._state = state  # everything that survives continue-as-new
        self._inbox: list[Event] = []
        self._wake = True  # there is something to decide on
        self._plan: list[Step] = []
        self._step: Attempt | None = None
        self._current: Step | None = None  # what `_step` carries out
        self._read: Attempt | None = None
        self._live = True
        self._signals = 0
        self._alarm = Alarm()
        self._attributes: dict[str, str] = {}

    # --- what others tell this ticket: put down at once, looked at by the loop

    @workflow.signal(name=names.ZENDESK_EVENT)
    def zendesk_event(self, payload: RawValue) -> None:
        # Raw, because the SDK drops a typed signal that does not decode, for good.
        self._signals += 1
        self._inbox.append(self._decoded(payload))
        self._wake = True

    @workflow.update
    def retry(self) -> str:
        return self._queue(Command(kind="retry", at=workflow.now()))

    @workflow.update
    def resync(self, recreate: bool = False) -> str:
        return self._queue(Command(kind="resync", at=workflow.now(), recreate=recreate))

    @workflow.query
    def status(self) -> dict[str, Any]:
        """The state as JSON, with `sync_state` and `reason` as they are at this moment."""
        sync_state, reason = shown(self._state, busy=self._is_busy())
        return {**self._state.model_dump(mode="json"), "sync_state": sync_state, "reason": reason}

    def _queue(self, command: Command) -> str:
        self._state = self._state.model_copy(update={"commands": (*self._state.commands, command)})
        self._wake = True
        return "queued"

    def _decoded(self, payload: RawValue) -> Event:
        try:
            event: Event = workflow.payload_converter().from_payload(payload.payload, Event)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, it says that something happened
            return self._unreadable_signal(len(payload.payload.data), type(error).__name__)
        return event

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
        self._wake = False
        events, self._inbox = self._inbox[:EVENTS_PER_DECISION], self._inbox[EVENTS_PER_DECISION:]
        commands = len(self._state.commands)
        try:
            decision = await ask_the_rules(DecideRequest(state=self._state, events=tuple(events), now=workflow.now()))
        except FailureError:
            self._inbox = events + self._inbox  # kept until the rule is mended
            self._state = blocked(self._state, "trouble", RULES, RULES_FAILED, workflow.now())
            return
        self._wake = self._wake or bool(self._inbox)
        self._state = self._state.with_decision(decision).without_commands(commands)
        self._plan = list(decision.plan)
        self._live = self._live if decision.live is None else decision.live
        self._keep_or_cancel()

    def _keep_or_cancel(self) -> None:
        """What is under way goes on only if the new plan wants the same; then it is not begun again."""
        if self._step is not None and self._current is not None and not self._step.superseded:
            same = [step for step in self._plan if step.does_the_same_as(self._current)]
            create = [step for step in self._plan if step.kind == self._current.kind == "create"]
            if same:
                self._plan.remove(same[0])
            elif create and not self._step.patient:
                # Another create would have to look for the task of this one first, for 22 s: what changed follows.
                self._plan.remove(create[0])
                self._step.outdated = True
            else:
                self._step.cancel()
        if self._read is not None and self._state.read is None and not self._read.superseded:
            self._read.cancel()

    # --- go on

    def _go_on(self) -> None:
        if self._step is None and self._plan:
            self._begin_step(self._plan.pop(0))
        if self._read is None and self._state.read is not None and not self._waits_to_read():
            self._begin_read()
        moment = self._next_moment()
        self._alarm.set(moment, "until the nearest of settle, grace and retry")

    def _begin_step(self, step: Step) -> None:
        state = self._state
        if step.kind == "create" and state.create_started_at is None:
            # Before the first create is scheduled: an attempt number starts again after a cancel, this does not.
            self._state = state.model_copy(update={"create_started_at": workflow.now()})
        request = StepRequest(
            desk=state.desk,
            ticket_id=state.ticket_id,
            step=step,
            task=state.task,
            ticket_created_at=state.snapshot.created_at if state.snapshot else None,
            create_started_at=self._state.create_started_at,
            look=state.look if state.create_started_at is None else "patiently",
        )
        trouble = state.trouble
        patient = (
            trouble is not None and trouble.phase == "retrying" and not too_long(trouble, step.kind, workflow.now())
        )
        self._current = step
        self._step = Attempt(step.kind, start_step(request, live=self._live), patient=patient)

    def _begin_read(self) -> None:
        wanted, trouble = self._state.read, self._state.read_trouble
        if wanted is None:
            return
        request = ReadRequest(
            desk=self._state.desk, ticket_id=self._state.ticket_id, asked=wanted.asked, settled=wanted.settled
        )
        patient = trouble is not None and trouble.phase == "retrying" and not too_long(trouble, "read", workflow.now())
        self._read = Attempt("read", start_read(request, wanted.reason, live=self._live), patient=patient)

    def _waits_to_read(self) -> bool:
        trouble = self._state.read_trouble
        return trouble is not None and trouble.retry_at is not None and workflow.now() < trouble.retry_at

    def _next_moment(self) -> datetime | None:
        state, now = self._state, workflow.now()
        moments = [state.settle_until, state.end_at]
        moments += [waiting.retry_at for waiting in (state.refused, state.waiting) if waiting is not None]
        for trouble in (state.trouble, state.read_trouble):
            if trouble is not None:
                moments.append(trouble.retry_at or trouble.since + PATIENCE)
        return min((moment for moment in moments if moment is not None and moment > now), default=None)

    # --- count outcomes

    def _count_outcomes(self) -> None:
        if self._alarm.rang:
            self._alarm.stop()
            self._wake = True
        self._count_step()
        self._count_read()

    def _count_step(self) -> None:
        attempt, step, now = self._step, self._current, workflow.now()
        if attempt is None or step is None:
            return
        if not attempt.done:
            self._stop_when_too_long(attempt, too_long(self._state.trouble, step.kind, now))
            return
        outcome = attempt.outcome()
        if isinstance(outcome, StepResult):
            self._state = after_success(self._state, step, outcome, now)
            self._wake = self._wake or outcome.decide_again or attempt.superseded or attempt.outdated
        elif self._goes_on_patiently(attempt, outcome):
            self._state = retrying(self._state, "trouble", step.kind, outcome, now)
            attempt.be_patient()
            return
        else:
            self._step_failed(attempt, step, outcome)
        self._step = self._current = None

    def _goes_on_patiently(self, attempt: Attempt, failure: Failure) -> bool:
        trouble = self._state.read_trouble if attempt.what == "read" else self._state.trouble
        wanted = not attempt.superseded and not failure.cancelled
        return (
            wanted and failure.passing and not attempt.patient and not too_long(trouble, attempt.what, workflow.now())
        )

    def _step_failed(self, attempt: Attempt, step: Step, failure: Failure) -> None:
        nothing_sent = failure.details is not None and failure.details.nothing_sent
        self._state = unsure_of(self._state, step, nothing_sent=nothing_sent)
        if attempt.superseded and not attempt.given_up:
            self._wake = True
            return
        self._state = blocked(self._state, "trouble", step.kind, failure, workflow.now())
        holds_up_all = failure.details is not None and (failure.details.desk_wide or failure.details.paused)
        if holds_up_all or failure.passing or step.kind in STEPS_THAT_STAND_ALONE:
            self._plan = []

    def _count_read(self) -> None:
        attempt, now = self._read, workflow.now()
        if attempt is None:
            return
        if not attempt.done:
            self._stop_when_too_long(attempt, too_long(self._state.read_trouble, "read", now))
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
        if is_too_long and not attempt.superseded:
            attempt.given_up = True
            attempt.cancel()

    # --- continue-as-new

    def _must_roll_over(self) -> bool:
        return workflow.info().is_continue_as_new_suggested() or self._signals >= SIGNALS_PER_RUN

    async def _roll_over(self) -> None:
        """Carry the state into a new run.

        What is under way is stopped and its outcome counted first: continue-as-new drops timers and activities while a
        running call still lands, beside the next one. The inbox is folded, never carried: over 2 MiB the workflow would
        be stuck for good. It is not waited for either: under a flood it would never be empty.
        """
        await self._stop_what_is_under_way()
        if self._wake or self._inbox:
            await self._decide()
            await self._stop_what_is_under_way()
        if self._inbox:
            self._state = wants_read(self._state, "rolled_over").with_lines(
                journal_line(
                    workflow.now(), "hint", f"{len(self._inbox)} events could not be decided on: the ticket is read"
                )
            )
        self._alarm.stop()
        workflow.continue_as_new(self._state)

    async def _stop_what_is_under_way(self) -> None:
        under_way = [attempt for attempt in (self._step, self._read) if attempt is not None]
        for attempt in under_way:
            if not attempt.superseded:
                attempt.cancel()
        await workflow.wait_condition(lambda: all(attempt.done for attempt in under_way))
        self._count_outcomes()
