"""Runs of tickets as Temporal's visibility lists them, undecoded: to decode all takes longer than to fetch them."""

from collections.abc import AsyncIterator
from datetime import timedelta

from pydantic_core import from_json
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import ListWorkflowExecutionsRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey

from ticketsync import names

AT_ONCE = 1_000  # what the server gives in one answer at most
TIMEOUT = timedelta(seconds=3)
TROUBLES = ("blocked", "retrying", "paused")


async def found_runs(client: Client, query: str, most: int | None = None) -> AsyncIterator[WorkflowExecutionInfo]:
    """As they come, `most` of them at most. Raises RPCError."""
    left, token = most, b""
    while left is None or left > 0:
        size = AT_ONCE if left is None else min(left, AT_ONCE)
        request = ListWorkflowExecutionsRequest(
            namespace=client.namespace, query=query, page_size=size, next_page_token=token
        )
        answer = await client.workflow_service.list_workflow_executions(request, retry=True, timeout=TIMEOUT)
        for run in answer.executions:
            yield run
        left, token = None if left is None else left - size, answer.next_page_token
        if not token:
            return


def attribute_of(run: WorkflowExecutionInfo, key: SearchAttributeKey[str]) -> str:
    """A search attribute of a run, empty where it is not set."""
    stored = run.search_attributes.indexed_fields.get(key.name)
    return str(from_json(stored.data) or "") if stored is not None else ""


def since_of(run: WorkflowExecutionInfo) -> str:
    """Since when its state is what it is; a run that an older version has written last tells its start only."""
    return attribute_of(run, names.SINCE) or names.since(run.start_time.ToDatetime())
