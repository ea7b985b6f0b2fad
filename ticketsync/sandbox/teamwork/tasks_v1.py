"""Tasks in the v1 API, where they are called to-do items (reference/teamwork-api §2.10, §5.1)."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AliasChoices, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from starlette.responses import Response
from starlette.routing import BaseRoute

from ticketsync.sandbox.teamwork.calls import Body, Call, Ids, NoBody, Query, Words, WriteQuery, read, write
from ticketsync.sandbox.teamwork.errors import Refused
from ticketsync.sandbox.teamwork.records import Comment, File, Task, TimeLog
from ticketsync.sandbox.teamwork.shapes import iso, ok
from ticketsync.sandbox.teamwork.site import Json, Site
from ticketsync.sandbox.teamwork.tags import ids_of_names
from ticketsync.sandbox.teamwork.task_bodies import TaskChangesBody
from ticketsync.sandbox.teamwork.task_writes import add_task, change_task, checked_changes
from ticketsync.sandbox.teamwork.versions import V1

COMPACT_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})")


def _day(value: object) -> object:
    """`YYYYMMDD` as v3 writes it; empty means none."""
    return COMPACT_DAY.sub(r"\1-\2-\3", value) or None if isinstance(value, str) else value


V1Day = Annotated[str | None, BeforeValidator(_day)]


def _both(name: str) -> AliasChoices:
    return AliasChoices(name.replace("_", "-"), to_camel(name))


class TodoItem(Body):
    """Kebab and camel case are both read; numbers may come as strings."""

    model_config = ConfigDict(strict=False, coerce_numbers_to_str=True)

    content: str | None = None
    description: str | None = None
    responsible_party_id: Ids | None = Field(None, validation_alias=_both("responsible_party_id"))
    start_date: V1Day = Field(None, validation_alias=_both("start_date"))
    due_date: V1Day = Field(None, validation_alias=_both("due_date"))
    priority: str | None = None
    estimated_minutes: int | None = Field(None, validation_alias=_both("estimated_minutes"))
    progress: int | None = None
    parent_task_id: int | None = None
    tag_ids: Ids | None = None
    tags: Words = ()
    private: bool | None = None
    notify: bool = False
    completed: bool | None = None


class TodoBody(Body):
    todo_item: TodoItem = Field(alias="todo-item")


class TagNames(Body):
    content: Words

    model_config = ConfigDict(strict=False)


class TagNamesBody(Body):
    tags: TagNames
    replace_existing_tags: bool = False
    remove_provided_tags: bool = False


V3_NAMES = {
    "content": "name",
    "description": "description",
    "responsible_party_id": "assignees",
    "start_date": "startAt",
    "due_date": "dueAt",
    "priority": "priority",
    "estimated_minutes": "estimatedMinutes",
    "progress": "progress",
    "tag_ids": "tagIds",
    "private": "private",
}


def _in_v3_words(item: TodoItem) -> TaskChangesBody:
    given = item.model_dump(exclude_unset=True)
    fields: Json = {V3_NAMES[name]: value for name, value in given.items() if name in V3_NAMES}
    if "assignees" in fields:
        fields["assignees"] = {"userIds": fields["assignees"] or ()}
    if "priority" in fields:
        fields["priority"] = fields["priority"] or None
    try:
        return TaskChangesBody.model_validate(
            {"task": fields, "tags": [{"name": name} for name in item.tags]}, strict=False
        )
    except ValidationError as error:
        raise Refused(422, f"invalid todo-item: {error.errors()[0]['loc'][-1]}") from None


def todo_view(site: Site, task: Task) -> Json:
    """Empty strings stand for nothing."""
    project, creator = site.project_of(task), site.person(task.created_by)
    return {
        "id": task.id,
        "content": task.name,
        "description": task.description or "",
        "status": task.status,
        "completed": task.completed_at is not None,
        "project-id": project.id,
        "project-name": project.name,
        "todo-list-id": task.tasklist_id,
        "todo-list-name": site.state.tasklists[task.tasklist_id].name,
        "creator-id": creator.id,
        "creator-firstname": creator.first_name,
        "creator-lastname": creator.last_name,
        "responsible-party-ids": ",".join(str(i) for i in task.assignee_ids),
        "start-date": (task.start_at or "").replace("-", ""),
        "due-date": (task.due_at or "").replace("-", ""),
        "priority": task.priority or "",
        "progress": task.progress,
        "estimated-minutes": task.estimated_minutes,
        "private": int(task.private),
        "parentTaskId": str(task.parent_id or ""),
        "created-on": iso(task.created_at),
        "last-changed-on": iso(task.updated_at),
        "comments-count": _count(site.state.comments, task),
        "attachments-count": _count(site.state.files, task),
        "timeIsLogged": "1" if _count(site.state.time_logs, task) else "0",
    }


def _count(records: Mapping[int, Comment | File | TimeLog], task: Task) -> int:
    return sum(1 for r in records.values() if r.task_id == task.id and not getattr(r, "deleted_at", None))


def show(call: Call[Query, NoBody]) -> Response:
    return ok({"todo-item": todo_view(call.site, call.site.task(call.ids["task_id"]))})


def create(call: Call[WriteQuery, TodoBody]) -> Response:
    site, item = call.site, call.body.todo_item
    tasklist = site.tasklist(call.ids["tasklist_id"])
    if not item.content:
        raise Refused(422, "content is required")
    parent = site.task(item.parent_task_id).id if item.parent_task_id else 0
    changes = checked_changes(site, site.project(tasklist.project_id), _in_v3_words(item), None)
    task = add_task(site, call.person, tasklist, parent_id=parent, **changes)
    return ok({"id": str(task.id)}, status=201)


def update(call: Call[WriteQuery, TodoBody]) -> Response:
    """A completed task can only be changed together with `"completed": false`, which opens nothing."""
    site, item = call.site, call.body.todo_item
    task = site.task(call.ids["task_id"])
    if task.completed_at and item.completed is not False:
        raise Refused(422, f"task {task.id} is completed")
    change_task(site, call.person, task, **checked_changes(site, site.project_of(task), _in_v3_words(item), task))
    return ok()


def update_tags(call: Call[WriteQuery, TagNamesBody]) -> Response:
    """Adds the named tags, or replaces all by them, or takes them away."""
    site, body = call.site, call.body
    task = site.task(call.ids["task_id"])
    named = ids_of_names(site, body.tags.content, site.project_of(task).id)
    if body.remove_provided_tags:
        tag_ids = tuple(i for i in task.tag_ids if i not in named)
    else:
        tag_ids = tuple(dict.fromkeys((() if body.replace_existing_tags else task.tag_ids) + named))
    change_task(site, call.person, task, tag_ids=tag_ids)
    return ok()


routes: list[BaseRoute] = [
    read(V1, "/tasks/{task_id:int}", show, Query),
    write("PUT", V1, "/tasks/{task_id:int}", update, TodoBody),
    write("PUT", V1, "/tasks/{task_id:int}/tags", update_tags, TagNamesBody),
    write("POST", V1, "/tasklists/{tasklist_id:int}/tasks", create, TodoBody),
]
