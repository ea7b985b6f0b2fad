"""What the Temporal UI shows before anything is opened: a summary on each activity and timer, and a ticket's card."""

import ast
import json
from collections.abc import Iterator

from temporalio.api.enums.v1 import EventType
from temporalio.api.sdk.v1 import WorkflowMetadata

from tests.docs.code_words import modules
from tests.support.stack import Stack
from tests.support.tickets import BEN, Ticket
from tests.support.wait import eventually
from tests.workflows.recorded import at_rest

ALWAYS_TOLD = ("start_activity", "execute_activity", "execute_local_activity", "start_local_activity", "sleep")


def _calls() -> Iterator[tuple[ast.Call, str]]:
    """Each that becomes an activity or a timer, and where its summary is given."""
    for source in modules("workflows"):
        yield from ((call, "summary") for name in ALWAYS_TOLD for call in source.calls(name))
        for call in source.calls("wait_condition"):
            if any(word.arg == "timeout" for word in call.keywords):
                yield call, "timeout_summary"


def test_every_activity_and_timer_has_a_summary() -> None:
    without = [ast.unparse(call) for call, summary in _calls() if summary not in [word.arg for word in call.keywords]]
    assert without == []
    assert len(list(_calls())) > 15


async def test_a_decision_has_one_too_and_the_card_tells_the_ticket(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    workflow = await stack.signal(ticket.assigned(BEN))
    history = await at_rest(workflow, signals=2)
    decisions = [event for event in history.events if event.event_type == EventType.EVENT_TYPE_MARKER_RECORDED]
    told = [json.loads(event.user_metadata.summary.data) for event in decisions]
    assert told[0] == "decide on 1 event"
    assert all(told)

    async def card() -> str:
        metadata: WorkflowMetadata = await workflow.query("__temporal_workflow_metadata")
        return metadata.current_details

    async def tells_all() -> bool:
        shown = await card()
        return f"Ticket {ticket.id} of {stack.desk}: in_step" in shown and "reassign_done" in shown

    await eventually(tells_all, what="the card tells of the last step")
    assert f"task {task_id}, open, `Checkout broken`" in await card()
