"""Find the task of a ticket by its marker: what keeps a create from being done twice.

Teamwork knows no idempotency key. How two tasks would come to be, and what is done about it:

1. A create is sent, the answer is lost. The task may exist. A second attempt that simply posts makes another.
2. So every attempt but a ticket's surely first one looks for the marker before it posts.
3. The lost write may land after the look: it is looked at once, then after 2, 5 and 15 s, and only then posted.
4. People move tasks, complete and delete them: the look is project-wide and includes completed tasks and the trash.
5. Lists are read from the database, the search is an index that may lag: the list by creation time comes first. It is
   read upwards from just before the ticket, then one page downwards from now; the search is for tasks between the two.
"""

from datetime import datetime, timedelta

from temporalio import activity

from ticketsync.activities.between_attempts import LOOKING, looking_since, say_looking
from ticketsync.activities.failures import not_yet
from ticketsync.desks import Desk
from ticketsync.sync.requests import LOOKS, StepRequest
from ticketsync.teamwork.marker import has_marker
from ticketsync.teamwork.models import Task

BEFORE_THE_TICKET = timedelta(minutes=5)
NEARLY = 0.1


async def find_task(desk: Desk, request: StepRequest) -> Task | None:
    """The ticket's task, looked for once: at most three calls, however many tasks the project has.

    Raises TeamworkError.
    """
    project_id, by = desk.settings.teamwork.project_id, await desk.makers()
    oldest = await desk.teamwork.tasks_page(project_id, created_after=_since(request), created_by=by)
    found = _marked(oldest.tasks, request)
    if found is not None or not oldest.has_more:
        return found
    newest = await desk.teamwork.tasks_page(project_id, created_after=_since(request), created_by=by, newest_first=True)
    found = _marked(newest.tasks, request)
    if found is not None:
        return found
    marker = f"ticketsync:{request.desk}/{request.ticket_id}"
    searched = await desk.teamwork.tasks_page(project_id, created_after=None, created_by=by, search=marker)
    return _marked(searched.tasks, request)


def _since(request: StepRequest) -> datetime | None:
    """From when on the task can have been made: a create of this very run was begun at a known moment."""
    begun = request.create_started_at if request.look == "patiently" else None
    moments = [moment for moment in (request.ticket_created_at, begun) if moment is not None]
    return max(moments) - BEFORE_THE_TICKET if moments else None


def _marked(tasks: tuple[Task, ...], request: StepRequest) -> Task | None:
    """The oldest task with the marker that is not deleted, else the oldest at all."""
    ours = [task for task in tasks if has_marker(task.description, request.desk, request.ticket_id)]
    return min(ours, key=lambda task: (task.is_deleted, task.id), default=None)


def look_again_until_surely_not_there() -> None:
    """What may be landing was not found: look again a few times, and go on only when 22 s have passed.

    Each look is an attempt of its own: nobody holds a slot while he waits. The times are those of Temporal's server.
    """
    since = looking_since()
    passed = (activity.info().started_time - since).total_seconds()
    later = [look for look in LOOKS if look > passed + NEARLY]
    if not later:
        return
    say_looking(since)
    not_yet(LOOKING, "a create may still be landing: it is looked for again", timedelta(seconds=later[0] - passed))
