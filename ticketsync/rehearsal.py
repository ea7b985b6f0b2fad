"""What a ticket's next decision would do, found out without doing it.

The same rules decide, on the state that the ticket's workflow has now; each step is then taken for done, and the rules
are asked again, until nothing is left. What only the two sides can tell is read there: a ticket of which too little is
known, and a task that is to be found, changed, deleted or brought back. Nothing is written anywhere.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import get_args

from pydantic import BaseModel

from ticketsync.activities.linking import NotLinkableError, task_to_link
from ticketsync.activities.looks import (
    adopted,
    as_found,
    inspected,
    look_for,
    must_be_ours,
    project_answers,
    standing_of,
    worked_on,
)
from ticketsync.activities.zendesk import LOOK_BACK, in_answer_to, read_ticket, when_not_found
from ticketsync.desks import Desk
from ticketsync.directory import Directory
from ticketsync.sync.decide import EarlierLife, decide
from ticketsync.sync.desired import agents_named
from ticketsync.sync.event import Event
from ticketsync.sync.fold import Rules
from ticketsync.sync.requests import StepRequest
from ticketsync.sync.state import Command, Decision, JournalLine, TicketState
from ticketsync.sync.step import OWN_LIST, AppliedTask, Step, StepKind, StepResult
from ticketsync.sync.taken import when_back, when_gone, when_kept, when_made, when_taken
from ticketsync.teamwork import NotFound, UnknownTaskList
from ticketsync.workflows.outcomes import after_success
from ticketsync.zendesk import DeletedTicket
from ticketsync.zendesk import NotFound as NoSuchTicket

MOST_TURNS = 40  # what takes longer would never come to rest
MOST_READS = 3
NOT_MADE_YET = 0


class ForeseenStep(BaseModel):
    """One step: `what` in words, `why` the rule. `but` says what would become of it instead.

    `changes` is false where it would find the task gone, or be blocked.
    """

    kind: StepKind
    what: str
    why: str
    but: str | None = None
    changes: bool = True


class Foreseen(BaseModel):
    """What would be done to a ticket's task, and why nothing else. `task_id` is None while there is no task."""

    ticket_id: int
    task_id: int | None
    steps: list[ForeseenStep]
    notes: list[str]


@dataclass
class Stage:
    """What all rehearsals of a desk share. `open_lists` are the project's; `reads` are tickets read beforehand."""

    desk: Desk
    rules: Rules
    directory: Directory
    own_list: int | None
    open_lists: Collection[int]
    reads: dict[int, Event] = field(default_factory=dict)
    _deleted: dict[int, DeletedTicket] | None = None
    _reading_deleted: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def deleted(self, ticket_id: int, now: datetime) -> DeletedTicket | None:
        """The ticket's line in the list of deleted tickets, which is read once: Zendesk allows ten calls a minute."""
        async with self._reading_deleted:
            if self._deleted is None:
                listed = await self.desk.zendesk.deleted_tickets(since=now - LOOK_BACK)
                self._deleted = {ticket.id: ticket for ticket in listed}
            return self._deleted.get(ticket_id)


class Rehearsal:
    """One ticket's. Raises ZendeskError, TeamworkError, ProjectDoesNotAnswer, RedisError."""

    def __init__(self, stage: Stage, state: TicketState, earlier: EarlierLife, now: datetime) -> None:
        self._stage = stage
        self._state = state.model_copy(update={"commands": (*state.commands, Command(kind="retry", at=now))})
        self._earlier = earlier
        self._now = now
        self._reads = 0
        self._steps: list[ForeseenStep] = []
        self._blocked: set[StepKind] = set()
        self._task_is_there = False
        self._notes: list[str] = []

    async def run(self) -> Foreseen:
        events: tuple[Event, ...] = ()
        for _ in range(MOST_TURNS):
            decision = await self._decide(events)
            if self._state.read_trouble is not None and self._reads:
                self._notes.append(f"the ticket cannot be read: {self._state.read_trouble.code}")
                break
            events = await self._read()
            if not events and not await self._carry_out(decision) and not self._time_passes():
                break
        task = self._state.task
        return Foreseen(ticket_id=self._state.ticket_id, task_id=task.id or None, steps=self._steps, notes=self._notes)

    # --- the rules

    async def _decide(self, events: tuple[Event, ...]) -> Decision:
        state, stage = self._state, self._stage
        people = await stage.directory.people(state.desk, agents_named(state, events))
        earlier = self._earlier if state.first_decision else None
        decision = decide(state, events, rules=stage.rules, people=people, now=self._now, earlier=earlier)
        self._state = state.with_decision(decision).without_commands(len(state.commands))
        self._notes = [line.text for line in decision.lines if _says_why(line)]
        return decision

    async def _read(self) -> tuple[Event, ...]:
        """The ticket, where the rules want it read: what the read says comes before any step."""
        wanted, ticket_id = self._state.read, self._state.ticket_id
        if wanted is None or self._reads == MOST_READS:
            return ()
        self._reads += 1
        known = self._stage.reads.pop(ticket_id, None)
        if known is not None and (known.settled or not wanted.settled):
            return (in_answer_to(wanted.asked, known),)
        try:
            event = await read_ticket(self._stage.desk, ticket_id, settled=wanted.settled)
        except NoSuchTicket:
            event = when_not_found(ticket_id, await self._stage.deleted(ticket_id, self._now))
        return (in_answer_to(wanted.asked, event),)

    def _time_passes(self) -> bool:
        """To the end of a settle window, where there is one: the delete that waits for it would follow."""
        until = self._state.settle_until
        if until is None or until <= self._now:
            return False
        self._now = until + timedelta(microseconds=1)
        return True

    # --- the steps

    async def _carry_out(self, decision: Decision) -> bool:
        """Take the plan for done, up to a step whose outcome has to be decided on; whether there is one."""
        for step in decision.plan:
            if step.kind in self._blocked:
                continue
            result = await self._outcome(step)
            if result is None:
                self._blocked.add(step.kind)
                continue
            self._state = after_success(self._state, step, result, self._now)
            if result.decide_again:
                return True
        return False

    async def _outcome(self, step: Step) -> StepResult | None:
        """What would come of a step, put down; None where it would be blocked."""
        match step.kind:
            case "create":
                return await self._create(step)
            case "restore":
                return await self._restore(step)
            case "inspect":
                return await inspected(self._stage.desk, self._stage.own_list, self._request(step))
            case "delete":
                return await self._delete(step)
            case "link" | "unlink":
                return await self._by_hand(step)
            case _:
                return await self._change(step)

    async def _create(self, step: Step) -> StepResult:
        request = self._request(step)
        if self._state.look != "no" or self._state.create_started_at is not None:
            found = await look_for(self._stage.desk, request)
            if found is not None:
                return await adopted(self._stage.desk, self._stage.own_list, request, found)
        made = StepResult(task=when_made(step, NOT_MADE_YET), answer="", looked=True)
        if not self._is_unknown(step):
            self._foresee(step)
            return made
        self._foresee(step, f"list {step.tasklist_id} cannot be had: first in the desk's list, without labels")
        plain = when_made(step.model_copy(update={"tasklist_id": OWN_LIST, "priority": None, "tags": ()}), NOT_MADE_YET)
        return made.model_copy(update={"task": plain, "decide_again": True})

    async def _restore(self, step: Step) -> StepResult:
        """What is in the trash can only be seen in lists."""
        task = self._state.task
        found = next(iter(await self._stage.desk.teamwork.tasks_by_id([task.id or 0])), None)
        if found is None:
            return StepResult(task=AppliedTask(), answer="", looked=True, decide_again=True)
        self._foresee(step)
        self._task_is_there = True
        standing = "completed" if found.completed_by is not None else standing_of(found)
        return StepResult(task=when_back(task, standing), answer="", decide_again=True)

    async def _delete(self, step: Step) -> StepResult:
        desk, task = self._stage.desk, self._state.task
        deleted = StepResult(task=when_taken(step, task), answer="")
        try:
            await must_be_ours(desk, self._request(step))
            worked = await worked_on(desk, task.id or 0)
        except NotFound:
            await project_answers(desk)
            self._foresee(step, "there is no such task of the ticket", changes=False)
            return deleted
        if worked is None:
            self._foresee(step)
            return deleted
        self._foresee(step, f"it would be completed: {worked}")
        return StepResult(task=when_kept(task), answer="", decide_again=True)

    async def _by_hand(self, step: Step) -> StepResult:
        if step.kind == "unlink":
            self._foresee(step)
            return StepResult(task=AppliedTask(), answer="", looked=True)
        stage, request = self._stage, self._request(step)
        try:
            task = await task_to_link(stage.desk, stage.own_list, request)
        except NotLinkableError as error:
            self._foresee(step, str(error), changes=False)
            return StepResult(task=self._state.task, answer="", refused=True, decide_again=True)
        self._foresee(step)
        self._task_is_there = True
        found = await as_found(stage.desk, stage.own_list, request, task)
        return StepResult(task=found, answer="", decide_again=True)

    async def _change(self, step: Step) -> StepResult | None:
        task = self._state.task
        if not await self._is_there(task):
            self._foresee(step, "the task is gone: it stays so", changes=False)
            return StepResult(task=when_gone(task), answer="", decide_again=True)
        if self._is_unknown(step):
            self._foresee(step, f"it would be blocked: {UnknownTaskList.code}", changes=False)
            return None
        self._foresee(step)
        return StepResult(task=when_taken(step, task), answer="")

    # --- what the two sides show

    async def _is_there(self, task: AppliedTask) -> bool:
        """Whether the task is still there; one that is made in this rehearsal is."""
        if task.id and not self._task_is_there:
            try:
                if (await self._stage.desk.teamwork.task(task.id)).is_deleted:
                    return False
            except NotFound:
                await project_answers(self._stage.desk)
                return False
        self._task_is_there = True
        return True

    def _is_unknown(self, step: Step) -> bool:
        return bool(step.tasklist_id) and step.tasklist_id not in self._stage.open_lists

    def _request(self, step: Step) -> StepRequest:
        state = self._state
        return StepRequest(
            desk=state.desk,
            ticket_id=state.ticket_id,
            step=step,
            task=state.task,
            ticket_created_at=state.snapshot.created_at if state.snapshot is not None else None,
            look="once",
        )

    def _foresee(self, step: Step, but: str | None = None, *, changes: bool = True) -> None:
        told = ForeseenStep(kind=step.kind, what=step.summary, why=step.reason, but=but, changes=changes)
        self._steps.append(told)


def _says_why(line: JournalLine) -> bool:
    """Whether a line is about what is not done, and not about an event or a command."""
    return line.event_id is None and line.code not in get_args(Command.model_fields["kind"].annotation)
