"""Activities attempted one by one, as Temporal has a worker attempt them, on a desk whose sandboxes are real."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from temporalio.common import RetryPolicy, WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from tests.support.stack import TASK_LIST, Stack
from tests.support.tickets import Ticket
from ticketsync import names
from ticketsync.activities.looks import list_place
from ticketsync.desks import Desk, open_desks
from ticketsync.sandbox.faults import Call
from ticketsync.settings import DeskSettings
from ticketsync.sync.desk import FACTS, DeskFacts, DeskState, DeskTrouble
from ticketsync.sync.requests import StepRequest
from ticketsync.sync.state import Look
from ticketsync.sync.step import OWN_LIST, AppliedTask, Step, StepFailure, StepKind, StepResult
from ticketsync.worker import Activities, build_activities

LIMIT = timedelta(seconds=60)
AT_ONCE = timedelta(0)
FIRST_ATTEMPT = datetime(2026, 1, 15, 9, tzinfo=UTC)
NO_TASK = AppliedTask()
NOTHING_MORE: Mapping[str, Any] = {}
MOST_LIKELY: Mapping[StepKind, Mapping[str, Any]] = {"move": {"tasklist_id": OWN_LIST}, "update": {"priority": "low"}}
T = TypeVar("T")


@dataclass(frozen=True)
class Failed:
    """How an attempt failed. `passing`: Temporal makes another."""

    details: StepFailure
    passing: bool
    text: str
    again_in: timedelta | None = None


@dataclass
class Bench:
    """A desk with its activities. `said` is what the attempts so far said in their heartbeats."""

    stack: Stack
    desk: Desk
    activities: Activities
    said: list[tuple[Any, ...]] = field(default_factory=list)

    # --- attempts

    async def run(
        self,
        activity: Callable[[Any], Awaitable[T]],
        request: Any,
        *,
        number: int = 1,
        heard: tuple[Any, ...] = (),
        limit: timedelta = LIMIT,
        at: timedelta = AT_ONCE,
        policy: RetryPolicy | None = None,
    ) -> T:
        """The `number`th attempt; `heard` is what the heartbeats of those before it left. Raises ApplicationError.

        `at`: so long after the first attempt.
        """
        environment = ActivityEnvironment()
        environment.info = replace(
            environment.info,
            attempt=number,
            heartbeat_details=list(heard),
            start_to_close_timeout=limit,
            current_attempt_scheduled_time=FIRST_ATTEMPT + at,
            started_time=FIRST_ATTEMPT + at,
            retry_policy=policy,
        )
        environment.on_heartbeat = lambda *details: self.said.append(details)
        return await environment.run(activity, request)

    async def do(
        self,
        kind: StepKind,
        ticket: Ticket,
        task: AppliedTask = NO_TASK,
        *,
        title: str | None = None,
        assignee_id: int | None = None,
        look: Look = "no",
        wants: Mapping[str, Any] = NOTHING_MORE,
        **attempt: Any,
    ) -> StepResult:
        """One attempt at a step of this ticket; `wants` are more fields of the step, `attempt` is as for `run`."""
        step = Step(kind=kind, reason="test", title=title, assignee_id=assignee_id)
        request = StepRequest(
            desk=self.desk.name,
            ticket_id=ticket.id,
            step=step.model_copy(update={**MOST_LIKELY.get(kind, {}), **wants}),
            task=task,
            ticket_created_at=ticket.snapshot.created_at,
            look=look,
        )
        result: StepResult = await self.run(getattr(self.activities.steps, kind), request, **attempt)
        return result

    async def failure(self, kind: StepKind, ticket: Ticket, task: AppliedTask = NO_TASK, **attempt: Any) -> Failed:
        """What an attempt that fails says of itself."""
        with pytest.raises(ApplicationError) as failed:
            await self.do(kind, ticket, task, **attempt)
        (details,) = failed.value.details
        assert failed.value.type == details.code
        again_in = failed.value.next_retry_delay
        return Failed(details, passing=not failed.value.non_retryable, text=str(failed.value), again_in=again_in)

    async def created(self, ticket: Ticket, **fields: Any) -> AppliedTask:
        """The ticket's task, made as its first create makes it."""
        return (await self.do("create", ticket, title="Checkout broken", **fields)).task

    # --- what came of them

    @contextmanager
    def counted(self) -> Iterator[list[Call]]:
        """The calls that Teamwork gets inside the block, filled in at its end."""
        calls, made = self.stack.teamwork.faults.calls, list[Call]()
        before = len(calls)
        yield made
        made += list(calls)[before:]

    async def told(self) -> list[DeskTrouble]:
        """The troubles that the desk's workflow was told of."""
        history = await self.stack.desk_workflow.fetch_history()
        signals = [event.workflow_execution_signaled_event_attributes for event in history.events]
        payloads = [signal.input.payloads for signal in signals if signal.signal_name == names.DESK_TROUBLE]
        converter = self.stack.client.data_converter
        return [(await converter.decode(told, [DeskTrouble]))[0] for told in payloads]


@asynccontextmanager
async def bench_of(stack: Stack, settings: DeskSettings | None = None) -> AsyncIterator[Bench]:
    """The stack's desk, with other settings if given. It has to be published: nobody works on its workflow."""
    mine = settings or stack.desk_settings
    all_settings = stack.settings.model_copy(update={"desks": {mine.name: mine}})
    async with open_desks(all_settings, stack.redis) as desks:
        activities = build_activities(desks, stack.client, stack.redis)
        yield Bench(stack, desks[mine.name], activities)


async def publish(stack: Stack, **facts: Any) -> None:
    """Have the desk say this of itself, in the place where its workflow says it."""
    now, place = datetime.now(UTC), list_place(stack.desk_settings.teamwork)
    await stack.client.start_workflow(
        names.DESK_WORKFLOW,
        DeskState(desk=stack.desk, linked_at=now),
        id=names.desk_workflow_id(stack.desk),
        task_queue=names.WORKFLOW_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
        memo={FACTS: DeskFacts(linked_at=now, **{"tasklist_id": TASK_LIST, "tasklist_of": place, **facts})},
    )
