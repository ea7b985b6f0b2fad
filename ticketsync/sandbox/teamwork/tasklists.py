"""Task lists: read by v3, written by v1 (reference/teamwork-api §5.4)."""

from dataclasses import replace

from pydantic import Field
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from ticketsync.sandbox.teamwork.calls import Body, Call, NoBody, WriteQuery, read, write
from ticketsync.sandbox.teamwork.errors import invalid
from ticketsync.sandbox.teamwork.pages import PageQuery, ReadQuery, list_answer
from ticketsync.sandbox.teamwork.records import Tasklist
from ticketsync.sandbox.teamwork.shapes import iso, ok, ref
from ticketsync.sandbox.teamwork.site import Json, Site
from ticketsync.sandbox.teamwork.versions import V1, V3

INBOX = "Inbox"


class TasklistsQuery(PageQuery):
    search_term: str = ""
    show_completed: bool = False


class TasklistFields(Body):
    name: str | None = Field(None, min_length=1)
    description: str | None = None


class TasklistBody(Body):
    todo_list: TasklistFields = Field(alias="todo-list")


def tasklist_view(tasklist: Tasklist) -> Json:
    return {
        "id": tasklist.id,
        "name": tasklist.name,
        "description": tasklist.description,
        "project": ref(tasklist.project_id, "projects"),
        "projectId": tasklist.project_id,
        "milestone": None,
        "milestoneId": None,
        "status": "completed" if tasklist.completed else "new",
        "displayOrder": tasklist.id,
        "createdAt": iso(tasklist.created_at),
        "updatedAt": iso(tasklist.updated_at),
    }


def new_tasklist(site: Site, project_id: int, name: str, description: str = "") -> Tasklist:
    now = site.now()
    tasklist = Tasklist(
        id=site.new_id(), project_id=project_id, name=name, description=description, created_at=now, updated_at=now
    )
    site.state.tasklists[tasklist.id] = tasklist
    return tasklist


def inbox(site: Site, project_id: int) -> Tasklist:
    """The list for tasks without one, made when missing."""
    of_project = (t for t in site.state.tasklists.values() if t.project_id == project_id and not t.deleted_at)
    return next((t for t in of_project if t.name == INBOX), None) or new_tasklist(site, project_id, INBOX)


def _answer(call: Call[TasklistsQuery, NoBody], tasklists: list[Tasklist]) -> Response:
    query = call.query
    shown = [
        tasklist_view(t)
        for t in tasklists
        if (query.show_completed or not t.completed) and query.search_term.casefold() in t.name.casefold()
    ]
    return list_answer("tasklists", shown, query)


def _all(site: Site) -> list[Tasklist]:
    return [
        t for t in site.state.tasklists.values() if not t.deleted_at and not site.state.projects[t.project_id].hidden
    ]


def list_all(call: Call[TasklistsQuery, NoBody]) -> Response:
    return _answer(call, _all(call.site))


def list_of_project(call: Call[TasklistsQuery, NoBody]) -> Response:
    project = call.site.project(call.ids["project_id"])
    return _answer(call, [t for t in _all(call.site) if t.project_id == project.id])


def show(call: Call[ReadQuery, NoBody]) -> Response:
    return JSONResponse({"tasklist": tasklist_view(call.site.tasklist(call.ids["tasklist_id"])), "included": {}})


def create(call: Call[WriteQuery, TasklistBody]) -> Response:
    project, fields = call.site.project(call.ids["project_id"]), call.body.todo_list
    if fields.name is None:
        raise invalid("Field 'name' is required")
    tasklist = new_tasklist(call.site, project.id, fields.name, fields.description or "")
    return ok({"tasklistId": str(tasklist.id)}, status=201)


def update(call: Call[WriteQuery, TasklistBody]) -> Response:
    tasklist = call.site.tasklist(call.ids["tasklist_id"])
    changes = call.body.todo_list.model_dump(exclude_none=True)
    call.site.state.tasklists[tasklist.id] = replace(tasklist, updated_at=call.site.now(), **changes)
    return ok()


def delete(call: Call[WriteQuery, NoBody]) -> Response:
    """The list goes to the trash with all its tasks."""
    site, now = call.site, call.site.now()
    tasklist = site.tasklist(call.ids["tasklist_id"])
    site.state.tasklists[tasklist.id] = replace(tasklist, deleted_by=call.person.id, deleted_at=now)
    for task in [t for t in site.state.tasks.values() if t.tasklist_id == tasklist.id and not t.deleted_at]:
        site.put_task(replace(task, deleted_by=call.person.id, deleted_at=now, updated_at=now))
    return ok()


routes: list[BaseRoute] = [
    read(V3, "/tasklists", list_all, TasklistsQuery),
    read(V3, "/tasklists/{tasklist_id:int}", show, ReadQuery),
    read(V3, "/projects/{project_id:int}/tasklists", list_of_project, TasklistsQuery),
    write("POST", V1, "/projects/{project_id:int}/tasklists", create, TasklistBody),
    write("PUT", V1, "/tasklists/{tasklist_id:int}", update, TasklistBody),
    write("DELETE", V1, "/tasklists/{tasklist_id:int}", delete, NoBody),
]
