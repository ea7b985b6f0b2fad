"""A ticket in Zendesk, its task in Teamwork, and the rules between them: what the workflow does, without Temporal.

Time stands still unless it is moved. Every decision on the way is held against what must be true of each.
"""

from datetime import datetime, timedelta
from typing import Any

from tests.sync.teamwork import ANN_IN_TEAMWORK, BOB_IN_TEAMWORK, RefusedError, Task, Teamwork, UnansweredError
from tests.sync.zendesk import ANN, BOB, START, UMA, MovableClock, ZendeskTicket
from ticketsync.sync.decide import EarlierLife, decide
from ticketsync.sync.event import Event
from ticketsync.sync.fold import Rules
from ticketsync.sync.people import People
from ticketsync.sync.policy import Policy
from ticketsync.sync.requests import StepRequest
from ticketsync.sync.state import Command, Decision, TicketState
from ticketsync.sync.step import Step
from ticketsync.workflows.attempt import Failure
from ticketsync.workflows.outcomes import after_success, blocked, unsure_of

PEOPLE = People(generation=1, known={ANN: ANN_IN_TEAMWORK, BOB: BOB_IN_TEAMWORK, UMA: None})
NO_ANSWER = Failure(code="answer_lost", passing=True)
LONG_AGO = START - timedelta(days=365)
MOST_TURNS = 60  # what takes longer never comes to rest


class World:
    def __init__(
        self,
        policy: Policy | None = None,
        *,
        people: People = PEOPLE,
        linked_at: datetime | None = LONG_AGO,
        earlier: EarlierLife | None = None,
        zendesk: ZendeskTicket | None = None,
    ) -> None:
        self.zendesk = zendesk or ZendeskTicket()
        self.clock: MovableClock = self.zendesk.clock
        self.teamwork = Teamwork()
        self.policy = policy or Policy()
        self.people = people
        self.linked_at = linked_at
        self.earlier = earlier or EarlierLife(no_trace=True)
        self.state = TicketState(desk="acme", ticket_id=self.zendesk.snapshot.id)
        self.decisions: list[Decision] = []
        self.steps: list[Step] = []
        self._plan: list[Step] = []

    # --- what there is to see

    @property
    def task(self) -> Task:
        """The one task that people see."""
        (task,) = self.teamwork.visible
        return task

    @property
    def no_task(self) -> bool:
        return not self.teamwork.visible

    @property
    def kinds(self) -> list[str]:
        return [step.kind for step in self.steps]

    @property
    def changes(self) -> list[str]:
        """The steps that change anything in Teamwork."""
        return [kind for kind in self.kinds if kind != "inspect"]

    @property
    def codes(self) -> list[str]:
        return [line.code for line in self.state.journal]

    @property
    def last(self) -> Decision:
        return self.decisions[-1]

    # --- what happens

    def hear(self, *events: Event) -> None:
        """One batch of events, and the steps that follow at once."""
        self._decide(events)
        self._carry_out()

    def hear_each(self, *events: Event) -> None:
        for event in events:
            self.hear(event)

    def command(self, kind: str, **more: Any) -> None:
        command = Command.model_validate({"kind": kind, "at": self.clock.now, **more})
        self.state = self.state.model_copy(update={"commands": (*self.state.commands, command)})
        self.hear()

    def later(self, **duration: float) -> None:
        """Time passes, and a timer rings."""
        self.clock.forward(timedelta(**duration).total_seconds())
        self.hear()

    def until_the_next_moment(self) -> timedelta:
        """Time passes until something comes by itself; how long that was."""
        before, moment = self.clock.now, self._next_moment()
        assert moment is not None
        self.clock.forward_to(moment)
        self.hear()
        return moment - before

    def rest(self) -> None:
        """Reads are answered, settle windows and pauses pass, until there is nothing left to do."""
        for _ in range(MOST_TURNS):
            if self._reads_now():
                self._read()
            elif (moment := self._next_moment()) is not None:
                self.clock.forward_to(moment)
                self.hear()
            else:
                return
        raise AssertionError(f"never comes to rest: {self.codes[-6:]}, {self.state.read}, {self.kinds[-6:]}")

    def continue_as_new(self) -> None:
        """The state goes through Temporal and on in a new run."""
        self.state = TicketState.model_validate_json(self.state.model_dump_json())

    def new_run(self, earlier: EarlierLife | None = None) -> None:
        """The run ends; the next event finds a fresh one, which is told of the last state, or of what is left of it."""
        self.earlier = earlier or EarlierLife(state=self.state)
        self.state = TicketState(desk="acme", ticket_id=self.zendesk.snapshot.id)

    # --- how the workflow goes about it

    def _decide(self, events: tuple[Event, ...]) -> None:
        before = self.state
        rules = Rules(policy=self.policy, linked_at=self.linked_at)
        earlier = self.earlier if before.first_decision else None
        asked = before.for_the_rules
        decision = decide(asked, events, rules=rules, people=self.people, now=self.clock.now, earlier=earlier)
        self.state = before.with_decision(decision).without_commands(len(before.commands))
        check(decision, events, self.state)
        self.decisions.append(decision)
        self._plan = list(decision.plan)

    def _carry_out(self) -> None:
        for _ in range(MOST_TURNS):
            if not self._plan:
                return
            self._carry_out_one(self._plan.pop(0))
        raise AssertionError(f"steps without end: {self.kinds[-6:]}")

    def _carry_out_one(self, step: Step) -> None:
        self.steps.append(step)
        self.teamwork.tagged = bool(self.policy.task_tags)
        try:
            result = self.teamwork.carry_out(self._request(step))
        except RefusedError as error:
            failure = Failure(code=error.code, passing=False)
            unsure = unsure_of(self.state, step, nothing_sent=not error.sent)
            self.state = blocked(unsure, "trouble", step.kind, failure, self.clock.now)
            return
        except UnansweredError:
            unsure = unsure_of(self.state, step, nothing_sent=False)
            self.state = blocked(unsure, "trouble", step.kind, NO_ANSWER, self.clock.now)
            self._plan = []
            return
        self.state = after_success(self.state, step, result, self.clock.now)
        if result.decide_again:
            self._decide(())

    def _request(self, step: Step) -> StepRequest:
        state = self.state
        if step.kind == "create" and state.create_started_at is None:
            self.state = state.model_copy(update={"create_started_at": self.clock.now})
        return StepRequest(
            desk=state.desk,
            ticket_id=state.ticket_id,
            step=step,
            task=state.task,
            create_started_at=self.state.create_started_at,
            look=state.look if state.create_started_at is None else "patiently",
        )

    def _reads_now(self) -> bool:
        wanted, trouble = self.state.read, self.state.read_trouble
        if wanted is None:
            return False
        waits_for = [wanted.not_before, trouble.retry_at if trouble is not None else None]
        return all(moment is None or moment <= self.clock.now for moment in waits_for)

    def _read(self) -> None:
        """As the read activity does: one that must be settled is made after the second of the last change."""
        wanted = self.state.read
        assert wanted is not None
        self.clock.forward(0.05)
        if wanted.settled and self.zendesk.snapshot.updated_at == self.clock.second:
            self.clock.forward(1.1)
        self.hear(self.zendesk.read(wanted.asked))

    def _next_moment(self) -> datetime | None:
        """The next thing that comes by itself; a refused person and an unreadable ticket are waited for elsewhere."""
        wanted = self.state.read
        moments = [self.state.settle_until, *(trouble.retry_at for trouble in self.state.step_troubles)]
        moments.append(wanted.not_before if wanted is not None else None)
        return min((moment for moment in moments if moment is not None and moment > self.clock.now), default=None)


def check(decision: Decision, events: tuple[Event, ...], after: TicketState) -> None:
    """What must be true of every decision."""
    explained = [line.event_id for line in decision.lines if line.event_id is not None]
    assert explained == [event.id for event in events], "each event has its line in the journal"
    assert all(line.code and line.text for line in decision.lines)
    assert all(step.reason for step in decision.plan), "no step without a reason"
    nothing_known = after.snapshot is None and not after.lifecycle.deleted
    if events and not decision.plan and not nothing_known:
        assert len(decision.lines) > len(events), "nothing is left undone without a reason"
