"""Attempts that go on where another one was: on another worker, and with what the one before has said."""

import signal
from functools import partial
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflowservice.v1 import ResetStickyTaskQueueRequest, UpdateActivityOptionsRequest

from tests.support.stack import Stack, running_stack, working
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from tests.support.worker_process import worker_process
from ticketsync import names
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.sandbox.faults import Fault, FaultMatch

CREATE = FaultMatch(method="POST", path=r"/tasklists/\d+/tasks\.json")
OVER_ALREADY = Duration(seconds=1)


async def test_another_worker_finds_the_task_that_a_killed_one_made(
    temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis, tmp_path: Path
) -> None:
    async with running_stack(temporal_server.address, redis_server.port, work=False) as stack:
        async with working(stack):
            ticket = Ticket()  # surely its first create: the desk was linked before
        stack.teamwork.faults.add(Fault(kind="slow", match=CREATE, seconds=30, times=1))
        async with worker_process(stack, tmp_path) as worker:
            await stack.signal(ticket.created())
            await eventually(lambda: stack.tasks_of(ticket.id), what="the create is under way")
            assert await worker.stopped(signal.SIGKILL) == -signal.SIGKILL
        await _pass_the_time_that_the_attempt_had(stack, ticket)
        async with working(stack):
            status = await stack.settled(ticket.id)
        assert await stack.tasks_of(ticket.id) == [status["task"]["id"]]
        assert len(stack.teamwork.faults.matching_calls(CREATE.method, CREATE.path)) == 1
        assert "found task" in " ".join(line["text"] for line in status["journal"])


async def test_that_nothing_was_sent_reaches_the_next_attempt_through_temporal(
    temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis
) -> None:
    async with running_stack(temporal_server.address, redis_server.port) as stack:
        ticket = Ticket()
        stack.teamwork.faults.add(Fault(kind="rate_limited", match=CREATE, seconds=1, times=2))
        await stack.signal(ticket.created())
        await stack.settled(ticket.id)
        assert len(stack.teamwork.faults.matching_calls(CREATE.method, CREATE.path)) == 3
        assert [call.query for call in stack.teamwork.faults.calls if "createdAfter" in call.query] == []


async def _pass_the_time_that_the_attempt_had(stack: Stack, ticket: Ticket) -> None:
    """Temporal gives the attempt up after 60 s. Time cannot be skipped under one, so it is told that they are over."""
    service, namespace = stack.client.workflow_service, stack.client.namespace
    execution = WorkflowExecution(workflow_id=names.ticket_workflow_id(stack.desk, ticket.id))
    change = partial(
        UpdateActivityOptionsRequest, namespace=namespace, execution=execution, type=names.STEP_ACTIVITIES["create"]
    )
    over = ActivityOptions(start_to_close_timeout=OVER_ALREADY)
    await service.update_activity_options(
        change(activity_options=over, update_mask=FieldMask(paths=["start_to_close_timeout"]))
    )
    await eventually(lambda: _waits_for_a_worker(stack, ticket), what="the attempt is given up")
    await service.update_activity_options(change(restore_original=True))
    await service.reset_sticky_task_queue(ResetStickyTaskQueueRequest(namespace=namespace, execution=execution))


async def _waits_for_a_worker(stack: Stack, ticket: Ticket) -> bool:
    (create,) = (await stack.ticket(ticket.id).describe()).raw_description.pending_activities
    return create.attempt == 2 and create.state == PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
