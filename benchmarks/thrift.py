"""Question 3: what a change costs in calls of Teamwork, in history events and in Temporal's actions."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from benchmarks.connection import Connection
from benchmarks.deliveries import a_ticket, bodies, changed, created, renamed, request
from benchmarks.figures import Figure, at_most, ratio_of
from benchmarks.plan import PAIRS, Plan
from benchmarks.question import Question
from benchmarks.service import Service, until
from ticketsync import names
from ticketsync.sandbox.faults import WRITES
from ticketsync.sandbox.zendesk.events import what_changed
from ticketsync.sandbox.zendesk.models import Ticket
from ticketsync.sandbox.zendesk.seed import ANN_ID
from ticketsync.settings import DEFAULT_DESK
from ticketsync.workflows.burst import LONGEST

METHOD = """\
Tickets live one after the other: created, a new subject, assigned, solved, reopened; then what changes no task: a
delivery sent again, and `pending`. Each is one delivery, and the next comes when the workflow has rested for a second.
Calls are those that the sandbox Teamwork was asked for; history is read without queries, which would add to it. Ten
edits come at once, on ten connections, and again spread over a second.

*Budget* is that of the design: 13 history events for a create, 12 for a change of status or assignee, 11 for a new
subject, 6 for an event that changes nothing. Actions are counted by what Temporal Cloud bills: one for a
signal-with-start, a signal, an attempt of an activity, all local activities of a workflow task, an upsert of search
attributes, a timer. Zendesk tells a change of status twice, as `status_changed` and `custom_status_changed`: *as
Zendesk tells it* has both."""

EDITS = 10

SIGNALED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
SCHEDULED = EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
STARTED = EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED
MARKER = EventType.EVENT_TYPE_MARKER_RECORDED
TASK_DONE = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
ENDED = frozenset(
    {
        EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED,
        EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED,
        EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED,
        EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT,
    }
)
ONE_ACTION = frozenset(
    {
        SIGNALED,  # with the start, where it started the workflow
        EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
        EventType.EVENT_TYPE_TIMER_STARTED,
    }
)
AT_REST = frozenset(
    {
        TASK_DONE,
        MARKER,
        EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
        EventType.EVENT_TYPE_TIMER_STARTED,
        EventType.EVENT_TYPE_TIMER_CANCELED,
    }
)


@dataclass(frozen=True)
class Cost:
    """What one change came to."""

    writes: int
    reads: int
    events: int
    actions: int


class _Life:
    """One ticket, told one change after the other."""

    def __init__(self, service: Service, port: int, ticket_id: int) -> None:
        self._service = service
        self._port = port
        self._handle = service.client.get_workflow_handle(names.ticket_workflow_id(DEFAULT_DESK, ticket_id))
        self._signals = 0
        self._known = 0
        self._last: list[bytes] = []
        self.ticket: Ticket = a_ticket(ticket_id)

    async def begins(self) -> Cost:
        return await self._told([created(self.ticket)])

    async def changes(self, *, events: int = 1, **fields: object) -> Cost:
        """Told by the first so many of the events that Zendesk makes of it."""
        after = changed(self.ticket, **fields)
        told = bodies(after, what_changed(self.ticket, after, []))[:events]
        self.ticket = after
        return await self._told(told)

    async def is_told_again(self) -> Cost:
        return await self._told(self._last)

    async def is_edited(self, times: int, within: float) -> Cost:
        """New subjects, evenly over so many seconds; with 0 all at once."""
        return await self._told([renamed(self.ticket) for _ in range(times)], pause=within / times)

    async def _told(self, told: list[bytes], pause: float = 0.0) -> Cost:
        before, self._last = len(self._service.teamwork.faults.calls), told
        async with asyncio.TaskGroup() as under_way:
            for number, body in enumerate(told):
                under_way.create_task(self._send(body, pause * number))
        self._signals += len(told)
        added = await self._at_rest()
        calls = list(self._service.teamwork.faults.calls)[before:]
        writes = sum(call.method in WRITES for call in calls)
        return Cost(writes, len(calls) - writes, len(added), _actions(added))

    async def _send(self, body: bytes, wait: float) -> None:
        connection = await Connection.to(self._port)
        await asyncio.sleep(wait)
        status = await connection.send(request(body))
        connection.close()
        if status // 100 != 2:  # noqa: PLR2004
            raise RuntimeError(f"a delivery was answered {status}")

    async def _at_rest(self) -> list[HistoryEvent]:
        """The history events since the last time, when nothing is under way."""
        events: list[HistoryEvent] = []

        async def rests() -> bool:
            events[:] = await self._history()
            return _count(events, SIGNALED) == self._signals and _rests(events)

        await until(rests, "the workflow rests")
        added, self._known = events[self._known :], len(events)
        return added

    async def _history(self) -> list[HistoryEvent]:
        """Of all runs: one that is long is continued as new when it rests."""
        newest = (await self._handle.fetch_history()).events
        first = newest[0].workflow_execution_started_event_attributes.first_execution_run_id
        events = list((await self._of_run(first)).events)
        while run_id := _next_run(events[-1]):
            events += (await self._of_run(run_id)).events
        return events

    async def _of_run(self, run_id: str) -> WorkflowHistory:
        return await self._service.client.get_workflow_handle(self._handle.id, run_id=run_id).fetch_history()


def _next_run(event: HistoryEvent) -> str:
    """Empty where the run goes on."""
    return event.workflow_execution_continued_as_new_event_attributes.new_execution_run_id


def _rests(events: Sequence[HistoryEvent]) -> bool:
    """Nothing is under way, and what comes now is done at once, whatever was done last."""
    under_way = _count(events, SCHEDULED) - sum(event.event_type in ENDED for event in events)
    burst_is_over = datetime.now(UTC) > events[-1].event_time.ToDatetime(UTC) + LONGEST
    return under_way == 0 and events[-1].event_type in AT_REST and burst_is_over


def _count(events: Sequence[HistoryEvent], kind: int) -> int:
    return sum(event.event_type == kind for event in events)


def _actions(events: Sequence[HistoryEvent]) -> int:
    """Attempts of activities count each; local activities once for the workflow task that recorded them."""
    attempts = sum(event.activity_task_started_event_attributes.attempt for event in events if _is(event, STARTED))
    tasks = {event.marker_recorded_event_attributes.workflow_task_completed_event_id for event in events}
    return sum(event.event_type in ONE_ACTION for event in events) + attempts + len(tasks - {0})


def _is(event: HistoryEvent, kind: int) -> bool:
    return event.event_type == kind


Costs = dict[str, list[Cost]]
CHANGES = ("create", "subject", "assignee", "solved", "reopened")
BUDGETS = {"create": 13, "subject": 11, "assignee": 12, "solved": 12, "reopened": 12, "told again": 6, "pending": 6}


async def measure(plan: Plan, service: Service) -> list[Figure]:
    port = await service.server()
    await service.worker()
    plan.say("thrift: tickets live, one after the other")
    costs: Costs = {}
    for number in range(plan.either(2, PAIRS)):
        await _live(_Life(service, port, 1 + number), costs)
    return _figures(costs)


async def _live(life: _Life, costs: Costs) -> None:
    def put(name: str, cost: Cost) -> None:
        costs.setdefault(name, []).append(cost)

    put("create", await life.begins())
    put("subject", await life.changes(subject="Checkout broken on mobile"))
    put("assignee", await life.changes(assignee_id=ANN_ID))
    put("solved", await life.changes(status="solved"))
    put("reopened", await life.changes(status="open"))
    put("told again", await life.is_told_again())
    put("pending", await life.changes(status="pending"))
    put("at once", await life.is_edited(EDITS, within=0))
    put("in a second", await life.is_edited(EDITS, within=1))
    put("both events", await life.changes(events=2, status="solved", custom_status_id=8447320465910))


def _figures(costs: Costs) -> list[Figure]:
    visible = [cost for name in CHANGES for cost in costs[name]]
    if not all(cost.writes for cost in visible):
        raise RuntimeError("a visible change was not told to Teamwork: nothing is measured")
    nothing = [cost for name in ("told again", "pending") for cost in costs[name]]
    return [
        _calls("writes", "Teamwork writes per visible change", _writes(visible), limit=1),
        _calls("reads", "Teamwork reads per visible change", _reads(visible), limit=0),
        _calls("nothing", "Teamwork calls of an event that changes no task", _all(nothing), limit=0),
        *(_burst(costs, name) for name in ("at once", "in a second")),
        *(_history(name, costs[name], budget) for name, budget in BUDGETS.items()),
        *(_billed(name, costs[name]) for name in ("create", "subject", "assignee", "solved", "pending", "both events")),
    ]


def _writes(costs: Sequence[Cost]) -> list[float]:
    return [cost.writes for cost in costs]


def _reads(costs: Sequence[Cost]) -> list[float]:
    return [cost.reads for cost in costs]


def _all(costs: Sequence[Cost]) -> list[float]:
    return [cost.writes + cost.reads for cost in costs]


def _calls(name: str, what: str, ours: Sequence[float], limit: float) -> Figure:
    """The worst counts, not the median: a call too many must not hide behind the others."""
    worst = (max(ours),)
    goals = (at_most(limit),)
    return Figure(name=f"thrift.{name}", what=what, unit="calls", better="less", ours=worst, goals=goals)


def _burst(costs: Costs, name: str) -> Figure:
    what = f"Teamwork writes of {EDITS} edits of one ticket {name}"
    return _calls(f"burst {name}", what, _writes(costs[name]), limit=2)


def _history(name: str, costs: Sequence[Cost], budget: int) -> Figure:
    return Figure(
        name=f"thrift.history {name}",
        what=f"history events: {name}",
        unit="events",
        better="less",
        ours=tuple(float(cost.events) for cost in costs),
        against=tuple(float(budget) for _ in costs),
        beside="budget",
        goals=(ratio_of(1),),
    )


def _billed(name: str, costs: Sequence[Cost]) -> Figure:
    what = "solved, as Zendesk tells it" if name == "both events" else name
    return Figure(
        name=f"thrift.actions {name}",
        what=f"Temporal actions: {what}",
        unit="actions",
        better="less",
        ours=tuple(float(cost.actions) for cost in costs),
    )


QUESTION = Question(name="thrift", title="Thrift", method=METHOD, measure=measure)
