"""TaskListWorkflow: the one that may find or create a list in a Teamwork project, which several desks may share."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority

with workflow.unsafe.imports_passed_through():
    from ticketsync import names
    from ticketsync.sync.desk import DeskRequest


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
