"""TaskListWorkflow: the one that may find or create a list in a Teamwork project, which several desks may share.

And how a desk has that done. Workers may have different settings for a while, and change them at any moment: so the
place is asked for first, and only a worker that has the same one in its settings finds the list.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy

with workflow.unsafe.imports_passed_through():
    from ticketsync import names
    from ticketsync.sync.desk import DeskRequest

LOCK_AT_MOST = timedelta(minutes=10)  # one desk without a worker keeps no other from their common project
FEW_TRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=3)


@workflow.defn(name=names.TASK_LIST_WORKFLOW)
class TaskListWorkflow:
    """Finds or creates a desk's task list. Its id is the lock: one at a time for each project."""

    @workflow.run
    async def run(self, request: DeskRequest) -> int:
        tasklist_id: int = await workflow.execute_activity(
            names.FIND_TASK_LIST,
            request,
            task_queue=names.teamwork_queue(request.desk),
            result_type=int,
            start_to_close_timeout=timedelta(seconds=40),
            priority=Priority(priority_key=1),
            summary="find or create the task list",
        )
        return tasklist_id


async def find_list(desk: str) -> tuple[int, str]:
    """The desk's task list, and the place for which it was found.

    Raises FailureError, and WorkflowAlreadyStartedError while another desk of the same place is about it.
    """
    place = await _place(desk)
    tasklist_id: int = await workflow.execute_child_workflow(
        names.TASK_LIST_WORKFLOW,
        DeskRequest(desk=desk, place=place),
        id=place,
        result_type=int,
        execution_timeout=LOCK_AT_MOST,
        parent_close_policy=workflow.ParentClosePolicy.ABANDON,
    )
    return tasklist_id, place


async def _place(desk: str) -> str:
    place: str = await workflow.execute_local_activity(
        names.NAME_PROJECT,
        DeskRequest(desk=desk),
        result_type=str,
        start_to_close_timeout=timedelta(seconds=2),
        retry_policy=FEW_TRIES,
        summary="which project is the desk's",
    )
    return place
