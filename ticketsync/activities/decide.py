"""The decide activity: brings the look-ups that one decision needs and calls the rules. It changes nothing anywhere.

It runs as a local activity, so that its answer is recorded in history before anything is done.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus
from temporalio.exceptions import TemporalError
from temporalio.service import RPCError

from ticketsync import names
from ticketsync.activities.board import DeskBoard
from ticketsync.activities.following import follow_decision
from ticketsync.directory import Directory
from ticketsync.hints import Hints
from ticketsync.metrics.table import CHANGES
from ticketsync.settings import DeskSettings
from ticketsync.sync.decide import EarlierLife, decide
from ticketsync.sync.desired import agents_named
from ticketsync.sync.event import Event
from ticketsync.sync.fold import EVENT_ID_SHOWN, Rules
from ticketsync.sync.known import decided_on
from ticketsync.sync.requests import DecideRequest
from ticketsync.sync.state import Decision, TicketState

LOOK_TIMEOUT = timedelta(milliseconds=700)  # two of these and Redis fit into the two seconds of one attempt
HINT_SECONDS = 0.25
ASK_DIRECTORY_EVERY = 5.0
TOOK_EFFECT = frozenset({"first", "applied", "deleted", "undeleted"})
JUST_LINKED = timedelta(minutes=5)


class DecideActivities:
    def __init__(
        self, desks: Mapping[str, DeskSettings], client: Client, board: DeskBoard, directory: Directory, hints: Hints
    ) -> None:
        self._desks = desks
        self._client = client
        self._board = board
        self._directory = directory
        self._hints = hints
        self._asked: dict[str, float] = {}
        self._working_since = datetime.now(UTC)

    @activity.defn(name=names.DECIDE)
    async def decide(self, request: DecideRequest) -> Decision:
        """The decision on these events. Raises when the rules do; the workflow then keeps the events."""
        began_ns = time.time_ns()
        state, policy = request.state, self._desks[request.state.desk].policy
        facts = await self._board.linked_at(state.desk)
        linked_at = facts.linked_at if facts is not None else None
        rules = Rules(policy=policy, linked_at=linked_at)
        people, earlier = await asyncio.gather(
            self._directory.people(state.desk, agents_named(state, request.events)), self._earlier_life(request, rules)
        )
        decision = decide(
            state,
            request.events,
            rules=rules,
            people=people,
            now=request.now,
            earlier=earlier,
            working_since=self._working_since,
        )
        if decision.changes.get("waiting"):
            await self._ask_for_directory(state.desk)
        _count_changes(state.desk, request.events, decision)
        follow_decision(request, decision, began_ns)
        if request.events and linked_at is not None:
            await self._remember(state.with_decision(decision), linked_at)
        return decision

    async def _remember(self, state: TicketState, linked_at: datetime) -> None:
        """The hint that spares this ticket the export's rows of what it has decided on now.

        Not earlier than now: the events are in Temporal, so whatever becomes of this attempt they will be decided on.
        """
        decided = decided_on(state, linked_at)
        if decided is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(HINT_SECONDS):
                await self._hints.put_decided(state.desk, state.ticket_id, decided)

    # --- an earlier life of the same ticket

    async def _earlier_life(self, request: DecideRequest, rules: Rules) -> EarlierLife | None:
        """The newest closed run knows most, then the hint in Redis; no answer means that anything may have been.

        None for a run that has decided before: it knows itself.
        """
        if not request.state.first_decision:
            return None
        desk, ticket_id = request.state.desk, request.state.ticket_id
        hint, run = await asyncio.gather(self._hints.task_id(desk, ticket_id), self._ended_run(desk, ticket_id))
        if run is None:
            return EarlierLife(task_id=hint, may_be_creating=True)
        closed, ended = run
        if ended is not None:
            return EarlierLife(state=ended)
        if hint is not None:
            return EarlierLife(task_id=hint)
        if closed is not None:
            task_id = closed.typed_search_attributes.get(names.TASK_ID, "")
            return EarlierLife(task_id=int(task_id)) if task_id.isdigit() else EarlierLife(may_be_creating=True)
        return EarlierLife(no_trace=True, may_be_creating=_is_just_linked(request, rules))

    async def _ended_run(self, desk: str, ticket_id: int) -> tuple[WorkflowExecution | None, TicketState | None] | None:
        """The newest run that ended, and its last state if it has one; None when Temporal does not answer in time."""
        try:
            async with asyncio.timeout(LOOK_TIMEOUT.total_seconds()):
                closed = await self._closed_run(desk, ticket_id)
                return closed, await self._result(closed) if closed is not None else None
        except (RPCError, TimeoutError):
            return None

    async def _closed_run(self, desk: str, ticket_id: int) -> WorkflowExecution | None:
        """The newest run of this ticket that ended. Raises RPCError."""
        query = (
            f"WorkflowId = '{names.ticket_workflow_id(desk, ticket_id)}' "
            "AND ExecutionStatus != 'Running' AND ExecutionStatus != 'ContinuedAsNew'"
        )
        async for run in self._client.list_workflows(query, page_size=1, limit=1, rpc_timeout=LOOK_TIMEOUT):
            return run
        return None

    async def _result(self, run: WorkflowExecution) -> TicketState | None:
        """The last state of a run that completed; None of one that was ended in another way. Raises RPCError."""
        if run.status != WorkflowExecutionStatus.COMPLETED:
            return None
        handle = self._client.get_workflow_handle(run.id, run_id=run.run_id, result_type=TicketState)
        try:
            state: TicketState = await handle.result(follow_runs=False, rpc_timeout=LOOK_TIMEOUT)
        except (TemporalError, ValueError):
            return None
        return state

    # --- the directory

    async def _ask_for_directory(self, desk: str) -> None:
        """Tell the desk that its directory is missing or lacks somebody: a wish that may be repeated."""
        now = asyncio.get_running_loop().time()
        if now - self._asked.get(desk, -ASK_DIRECTORY_EVERY) < ASK_DIRECTORY_EVERY:
            return
        self._asked[desk] = now
        handle = self._client.get_workflow_handle(names.desk_workflow_id(desk))
        try:
            await handle.signal(names.DIRECTORY_WANTED, rpc_timeout=LOOK_TIMEOUT)
        except RPCError:
            self._asked.pop(desk)


def _count_changes(desk: str, events: tuple[Event, ...], decision: Decision) -> None:
    """Count what took effect by where it came from: what came by the export only is what no webhook told.

    A decision that Temporal has made again counts again, which is rare.
    """
    codes = {line.event_id: line.code for line in decision.lines}
    effective = Counter(event.source for event in events if codes.get(event.id[:EVENT_ID_SHOWN]) in TOOK_EFFECT)
    for source, count in effective.items():
        changes = activity.metric_meter().create_counter(CHANGES.instrument, CHANGES.says)
        changes.add(count, {"desk": desk, "source": source})


def _is_just_linked(request: DecideRequest, rules: Rules) -> bool:
    """A desk linked just now may be one whose Temporal was lost in the middle of a create."""
    return rules.linked_at is None or request.now - rules.linked_at < JUST_LINKED
