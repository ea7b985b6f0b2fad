"""Complete, reopen, delete and move (reference/teamwork-api §2.5 to §2.7)."""

from dataclasses import replace

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from ticketsync.sandbox.teamwork.calls import Body, Call, NoBody, WriteQuery, write
from ticketsync.sandbox.teamwork.errors import Refused
from ticketsync.sandbox.teamwork.records import Person, Task
from ticketsync.sandbox.teamwork.shapes import ok
from ticketsync.sandbox.teamwork.site import Site
from ticketsync.sandbox.teamwork.task_writes import change_task
from ticketsync.sandbox.teamwork.tasklists import inbox
from ticketsync.sandbox.teamwork.versions import V1, V1_ALIAS, V3


class MoveBody(Body):
    """`task_list_id` 0: the project's Inbox."""

    task_list_id: int
    parent_task_id: int = 0
    remove_dependencies: bool = False


def complete(call: Call[WriteQuery, NoBody]) -> Response:
    task = call.site.task(call.ids["task_id"])
    if task.completed_at:
        return _already(call.site, task)
    change_task(call.site, call.person, task, completed_by=call.person.id, completed_at=call.site.now())
    return ok()


def uncomplete(call: Call[WriteQuery, NoBody]) -> Response:
    task = call.site.task(call.ids["task_id"])
    if not task.completed_at:
        return _already(call.site, task)
    change_task(call.site, call.person, task, completed_by=None, completed_at=None, reopened=True)
    return ok()


def _already(site: Site, task: Task) -> Response:
    if site.switches.complete_twice == 200:  # noqa: PLR2004 - an HTTP status
        return ok()
    raise Refused(site.switches.complete_twice, f"task {task.id} is {task.status} already")


def to_trash(site: Site, person: Person, task: Task) -> list[int]:
    """The task and everything below it; answers their ids."""
    now = site.now()
    going = [t for t in site.subtree(task) if not t.deleted_at]
    for gone in going:
        site.put_task(replace(gone, deleted_by=person.id, deleted_at=now, updated_by=person.id, updated_at=now))
    return [gone.id for gone in going]


def _delete(call: Call[WriteQuery, NoBody]) -> list[int]:
    """What went with its parent may be deleted once more: the official client's own tests do so (§12)."""
    site, task_id = call.site, call.ids["task_id"]
    task = site.task_or_trash(task_id)
    lenient = site.switches.second_delete == 200  # noqa: PLR2004 - an HTTP status
    if not (lenient or _went_with_its_parent(site, task)):
        task = site.task(task_id)
    return to_trash(site, call.person, task)


def _went_with_its_parent(site: Site, task: Task) -> bool:
    parent = site.state.tasks.get(task.parent_id or 0)
    return task.deleted_at is not None and parent is not None and parent.deleted_at == task.deleted_at


def delete(call: Call[WriteQuery, NoBody]) -> Response:
    ids = _delete(call)
    if call.site.switches.delete_answer == 204:  # noqa: PLR2004 - an HTTP status
        return Response(status_code=204)
    return JSONResponse({"affected": {"taskIds": ids}})


def delete_v1(call: Call[WriteQuery, NoBody]) -> Response:
    _delete(call)
    return ok()


def move(call: Call[WriteQuery, MoveBody]) -> Response:
    """Works across projects. The answer names no tasks, as seen from the real one."""
    site, body = call.site, call.body
    task = site.task(call.ids["task_id"])
    source = site.project_of(task)
    target = site.tasklist(body.task_list_id) if body.task_list_id else inbox(site, source.id)
    parent = site.task(body.parent_task_id).id if body.parent_task_id else 0
    for moved in site.subtree(task):
        change_task(
            site, call.person, moved, tasklist_id=target.id, parent_id=parent if moved is task else moved.parent_id
        )
    projects = f"{source.id},{target.project_id}" if target.project_id != source.id else ""
    lists = f"{task.tasklist_id},{target.id}"
    return ok({"affectedTaskIds": "", "affectedTaskListIds": lists, "affectedProjectIds": projects})


routes: list[BaseRoute] = [
    write("DELETE", V3, "/tasks/{task_id:int}", delete, NoBody),
    write("DELETE", V1, "/tasks/{task_id:int}", delete_v1, NoBody),
    write("PUT", V1, "/tasks/{task_id:int}/move", move, MoveBody),
    *(
        write("PUT", version, f"/tasks/{{task_id:int}}/{verb}", handler, NoBody)
        for version in (V1, V1_ALIAS)
        for verb, handler in (("complete", complete), ("uncomplete", uncomplete))
    ),
]
