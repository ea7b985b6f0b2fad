"""What became of every event of one ticket, as the histories of all its runs tell."""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TypeVar

from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory

from tests.support.stack import Stack
from tests.workflows.recorded import ACTIVITY, MARKER, runs_of
from ticketsync import names
from ticketsync.activities.decide import TOOK_EFFECT
from ticketsync.sync.requests import StepRequest
from ticketsync.sync.state import Decision, TicketState

LEFT_TO_A_READ = re.compile(r"(\d+) events could not be decided on: the ticket is read")
Shape = TypeVar("Shape", Decision, StepRequest, TicketState)


@dataclass
class Accounts:
    """`decided`: how often each event was decided on; `applied`: how often it changed a thing. `left_to_a_read`: events
    that no decision took before a run was over; the ticket was read instead. `titles`: of the renames carried out, in
    order. `largest`: bytes of the largest state that a run began with.
    """

    runs: int = 0
    decided: Counter[str] = field(default_factory=Counter)
    applied: Counter[str] = field(default_factory=Counter)
    left_to_a_read: int = 0
    titles: list[str] = field(default_factory=list)
    largest: int = 0


async def accounts_of(stack: Stack, ticket_id: int) -> Accounts:
    runs = await runs_of(stack.client, stack.ticket(ticket_id))
    accounts, left = Accounts(runs=len(runs)), {}
    for run in runs:
        (begun_with,) = run.events[0].workflow_execution_started_event_attributes.input.payloads
        accounts.largest = max(accounts.largest, len(begun_with.data))
        for line in (await _decoded(stack, begun_with, TicketState)).journal:
            if found := LEFT_TO_A_READ.fullmatch(line.text):
                left[line.at] = int(found[1])  # each run hands its journal on to the next
        for decision in await _decisions(stack, run):
            accounts.decided.update(line.event_id for line in decision.lines if line.event_id)
            accounts.applied.update(
                line.event_id for line in decision.lines if line.event_id and line.code in TOOK_EFFECT
            )
        accounts.titles += await _titles(stack, run)
    accounts.left_to_a_read = sum(left.values())
    return accounts


async def _decisions(stack: Stack, run: WorkflowHistory) -> list[Decision]:
    markers = [event.marker_recorded_event_attributes for event in run.events if event.event_type == MARKER]
    results = [marker.details["result"].payloads[0] for marker in markers if "result" in marker.details]
    return [await _decoded(stack, result, Decision) for result in results]


async def _titles(stack: Stack, run: WorkflowHistory) -> list[str]:
    scheduled = {
        event.event_id: event.activity_task_scheduled_event_attributes
        for event in run.events
        if event.event_type == ACTIVITY
    }
    done = [
        scheduled[event.activity_task_completed_event_attributes.scheduled_event_id]
        for event in run.events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
    ]
    renames = [step for step in done if step.activity_type.name == names.STEP_ACTIVITIES["rename"]]
    requests = [await _decoded(stack, step.input.payloads[0], StepRequest) for step in renames]
    return [request.step.title or "" for request in requests]


async def _decoded(stack: Stack, payload: Payload, shape: type[Shape]) -> Shape:
    (value,) = await stack.client.data_converter.decode([payload], [shape])
    assert isinstance(value, shape)
    return value
