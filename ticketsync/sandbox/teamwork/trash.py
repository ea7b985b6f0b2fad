"""The trash of a project, and back out of it (reference/teamwork-api §2.6)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from starlette.responses import Response
from starlette.routing import BaseRoute

from ticketsync.sandbox.teamwork.calls import Call, NoBody, Query, WriteQuery, read, write
from ticketsync.sandbox.teamwork.errors import not_found
from ticketsync.sandbox.teamwork.records import Task
from ticketsync.sandbox.teamwork.shapes import iso, ok
from ticketsync.sandbox.teamwork.site import Json, Site
from ticketsync.sandbox.teamwork.tasklists import inbox
from ticketsync.sandbox.teamwork.versions import V1

OTHERS = (
    "comments",
    "timelogs",
    "links",
    "milestones",
    "files",
    "forms",
    "messages",
    "messagereplies",
    "notebooks",
)


def _row(site: Site, record_id: int, name: str, deleted_at: datetime, deleted_by: int | None) -> Json:
    return {
        "id": str(record_id),
        "name": name,
        "date": iso(deleted_at),
        "days": str((site.now() - deleted_at).days),
        "username": site.state.people[deleted_by].name if deleted_by else "",
        "commentCount": "0",
    }


def _tasks(site: Site, project_id: int) -> Iterable[Json]:
    parents = {task.parent_id for task in site.state.tasks.values()}
    for task in site.state.tasks.values():
        if task.deleted_at and site.project_of(task).id == project_id:
            row = _row(site, task.id, task.name, task.deleted_at, task.deleted_by)
            yield row | {"hasSubtasks": task.id in parents}


def _tasklists(site: Site, project_id: int) -> Iterable[Json]:
    for tasklist in site.state.tasklists.values():
        if tasklist.deleted_at and tasklist.project_id == project_id:
            yield _row(site, tasklist.id, tasklist.name, tasklist.deleted_at, tasklist.deleted_by)


def show(call: Call[Query, NoBody]) -> Response:
    """Ids and counts are strings here; the newest come first."""
    project = call.site.project(call.ids["project_id"])
    tasks = sorted(_tasks(call.site, project.id), key=lambda row: row["date"], reverse=True)
    tasklists = list(_tasklists(call.site, project.id))
    return ok({name: [] for name in OTHERS} | {"tasks": tasks, "tasklists": tasklists})


def restore_task(call: Call[WriteQuery, NoBody]) -> Response:
    """With what was deleted together with it; completed stays completed. Without its list it goes to the Inbox."""
    site = call.site
    task = site.task_or_trash(call.ids["task_id"])
    if task.deleted_at is None:
        return _not_in_trash(site, task)
    for back in site.subtree(task):
        if back.deleted_at == task.deleted_at:
            _put_back(site, call.person.id, back)
    return ok()


def _not_in_trash(site: Site, task: Task) -> Response:
    if site.switches.second_restore == 200:  # noqa: PLR2004 - an HTTP status
        return ok()
    raise not_found(f"task {task.id} in the trash")


def _put_back(site: Site, person_id: int, task: Task) -> None:
    tasklist = site.state.tasklists[task.tasklist_id]
    home = inbox(site, tasklist.project_id) if tasklist.deleted_at else tasklist
    site.put_task(
        replace(
            task, tasklist_id=home.id, deleted_by=None, deleted_at=None, updated_by=person_id, updated_at=site.now()
        )
    )


routes: list[BaseRoute] = [
    read(V1, "/trashcan/projects/{project_id:int}", show, Query),
    write("PUT", V1, "/trashcan/tasks/{task_id:int}/restore", restore_task, NoBody),
]
