"""Reading tasks: one, and filtered lists of them (reference/teamwork-api §2.3, §2.8)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BeforeValidator
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from ticketsync.sandbox.teamwork.calls import Call, Ids, NoBody, read
from ticketsync.sandbox.teamwork.pages import PageQuery, ReadQuery, page_of, sparse
from ticketsync.sandbox.teamwork.records import Task
from ticketsync.sandbox.teamwork.search import finder
from ticketsync.sandbox.teamwork.sideloads import included
from ticketsync.sandbox.teamwork.site import Json, Site
from ticketsync.sandbox.teamwork.task_views import subtask_ids, task_view
from ticketsync.sandbox.teamwork.versions import V3


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


OrderBy = Literal[
    "id", "createdat", "updatedat", "duedate", "startdate", "priority", "completedat", "taskname", "displayorder"
]


class TaskQuery(ReadQuery):
    include_related_tasks: bool = False


class TasksQuery(PageQuery, TaskQuery):
    """The filters the sandbox knows. Times are compared exclusively: `createdAfter` leaves out its own second."""

    search_term: str = ""
    ids: Ids = ()
    project_ids: Ids = ()
    tasklist_ids: Ids = ()
    parent_task_id: int = 0
    responsible_party_ids: Ids = ()
    only_unassigned_tasks: bool = False
    created_by_user_ids: Ids = ()
    tag_ids: Ids = ()
    created_after: AwareDatetime | None = None
    created_before: AwareDatetime | None = None
    updated_after: AwareDatetime | None = None
    updated_before: AwareDatetime | None = None
    completed_after: AwareDatetime | None = None
    completed_before: AwareDatetime | None = None
    deleted_after: AwareDatetime | None = None
    include_completed_tasks: bool = False
    completed_only: bool = False
    show_deleted: bool = False
    show_completed_lists: bool = False
    include_archived_projects: bool = False
    include_custom_fields: bool = False
    order_by: Annotated[OrderBy, BeforeValidator(_lower)] = "duedate"
    order_mode: Annotated[Literal["asc", "desc"], BeforeValidator(_lower)] = "asc"


Keep = Callable[[Task], bool]


def _kept(site: Site, query: TasksQuery) -> Iterator[Keep]:
    """The conditions that a task has to meet, cheap ones first."""
    yield from _by_state(query)
    yield from _by_id(query)
    yield from _by_time(query)
    yield from _by_place(site, query)
    if query.search_term:
        yield finder(site, query.search_term)


def _by_state(query: TasksQuery) -> Iterator[Keep]:
    if not query.show_deleted:
        yield lambda task: task.deleted_at is None
    if query.completed_only:
        yield lambda task: task.completed_at is not None
    elif not query.include_completed_tasks:
        yield lambda task: task.completed_at is None
    if query.only_unassigned_tasks:
        yield lambda task: not task.assignee_ids


def _by_id(query: TasksQuery) -> Iterator[Keep]:
    if ids := frozenset(query.ids):
        yield lambda task: task.id in ids
    if lists := frozenset(query.tasklist_ids):
        yield lambda task: task.tasklist_id in lists
    if parent := query.parent_task_id:
        yield lambda task: task.parent_id == parent
    if creators := frozenset(query.created_by_user_ids):
        yield lambda task: task.created_by in creators
    if people := frozenset(query.responsible_party_ids):
        yield lambda task: not people.isdisjoint(task.assignee_ids)
    if tags := frozenset(query.tag_ids):
        yield lambda task: not tags.isdisjoint(task.tag_ids)


def _by_time(query: TasksQuery) -> Iterator[Keep]:
    yield from _between(lambda task: task.created_at, query.created_after, query.created_before)
    yield from _between(lambda task: task.updated_at, query.updated_after, query.updated_before)
    yield from _between(lambda task: task.completed_at, query.completed_after, query.completed_before)
    yield from _between(lambda task: task.deleted_at, query.deleted_after, None)


def _between(
    time_of: Callable[[Task], datetime | None], after: datetime | None, before: datetime | None
) -> Iterator[Keep]:
    if after:
        yield lambda task: (moment := time_of(task)) is not None and moment > after
    if before:
        yield lambda task: (moment := time_of(task)) is not None and moment < before


def _by_place(site: Site, query: TasksQuery) -> Iterator[Keep]:
    """Only lists that the caller may see; a completed list needs both flags (reference/teamwork-api §2.8)."""
    completed_lists = query.show_completed_lists and query.include_completed_tasks
    visible = {
        tasklist.id
        for tasklist in site.state.tasklists.values()
        if (completed_lists or not tasklist.completed) and _shown(site, query, tasklist.project_id)
    }
    yield lambda task: task.tasklist_id in visible


def _shown(site: Site, query: TasksQuery, project_id: int) -> bool:
    project = site.state.projects[project_id]
    asked = not query.project_ids or project_id in query.project_ids
    return asked and not project.hidden and (query.include_archived_projects or not project.archived)


_ORDER: dict[OrderBy, Callable[[Task], Any]] = {
    "id": lambda task: task.id,
    "displayorder": lambda task: task.id,
    "createdat": lambda task: task.created_at,
    "updatedat": lambda task: task.updated_at,
    "completedat": lambda task: task.completed_at,
    "duedate": lambda task: task.due_at,
    "startdate": lambda task: task.start_at,
    "priority": lambda task: {"high": 0, "medium": 1, "low": 2}.get(task.priority or ""),
    "taskname": lambda task: task.name.casefold(),
}


def _ordered(tasks: Iterable[Task], query: TasksQuery) -> list[Task]:
    """Equal ones by id; those without a value are last, turned around first."""
    value_of = _ORDER[query.order_by]

    def key(task: Task) -> tuple[bool, Any, int]:
        value = value_of(task)
        return value is None, value, task.id

    return sorted(tasks, key=key, reverse=query.order_mode == "desc")


def _answer(call: Call[TasksQuery, NoBody], *more: Keep) -> Response:
    site, query = call.site, call.query
    kept = [*more, *_kept(site, query)]
    as_of = site.tasks_as_of(site.switches.stale_lists_seconds)
    found = _ordered((task for task in as_of if all(keep(task) for keep in kept)), query)
    tasks, meta = page_of(found, query)
    return JSONResponse({"tasks": _rows(site, tasks, query), "included": _included(site, tasks, query), "meta": meta})


def _rows(site: Site, tasks: Iterable[Task], query: TaskQuery) -> list[Json]:
    return [sparse(_row(site, task, query), query.fields.get("tasks")) for task in tasks]


def _row(site: Site, task: Task, query: TaskQuery) -> Json:
    related = {"subTaskIds": subtask_ids(site, task)} if query.include_related_tasks else {}
    return task_view(site, task) | related


def _included(site: Site, tasks: Sequence[Task], query: TasksQuery) -> Json:
    custom = ("customfields", "customfieldTasks") if query.include_custom_fields else ()
    return included(site, tasks, (*query.include, *custom))


def list_all(call: Call[TasksQuery, NoBody]) -> Response:
    return _answer(call)


def list_of_project(call: Call[TasksQuery, NoBody]) -> Response:
    project = call.site.project(call.ids["project_id"])
    return _answer(call, lambda task: call.site.project_of(task).id == project.id)


def list_of_tasklist(call: Call[TasksQuery, NoBody]) -> Response:
    tasklist = call.site.tasklist(call.ids["tasklist_id"])
    return _answer(call, lambda task: task.tasklist_id == tasklist.id)


def list_subtasks(call: Call[TasksQuery, NoBody]) -> Response:
    parent = call.site.task(call.ids["task_id"])
    return _answer(call, lambda task: task.parent_id == parent.id)


def show(call: Call[TaskQuery, NoBody]) -> Response:
    site, query = call.site, call.query
    shown = site.task_or_trash if site.switches.get_deleted == 200 else site.task  # noqa: PLR2004 - an HTTP status
    task = shown(call.ids["task_id"])
    loaded = included(site, [task], query.include)
    return JSONResponse({"task": _rows(site, [task], query)[0], "included": loaded, "meta": {}})


routes: list[BaseRoute] = [
    read(V3, "/tasks", list_all, TasksQuery),
    read(V3, "/tasks/{task_id:int}", show, TaskQuery),
    read(V3, "/tasks/{task_id:int}/subtasks", list_subtasks, TasksQuery),
    read(V3, "/tasklists/{tasklist_id:int}/tasks", list_of_tasklist, TasksQuery),
    read(V3, "/projects/{project_id:int}/tasks", list_of_project, TasksQuery),
]
