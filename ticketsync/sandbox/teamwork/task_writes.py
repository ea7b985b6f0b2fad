"""Creating and updating tasks through v3 (reference/teamwork-api §2.1, §2.4)."""

from dataclasses import replace
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from ticketsync.sandbox.teamwork.calls import Call, WriteQuery, write
from ticketsync.sandbox.teamwork.custom_values import check_values, replace_values
from ticketsync.sandbox.teamwork.errors import Refused, invalid
from ticketsync.sandbox.teamwork.records import Person, Project, Task, Tasklist
from ticketsync.sandbox.teamwork.site import Site
from ticketsync.sandbox.teamwork.tags import ids_of_names
from ticketsync.sandbox.teamwork.task_bodies import Group, NewTaskBody, TaskChangesBody, TaskFields, TaskOptions
from ticketsync.sandbox.teamwork.task_views import task_answer
from ticketsync.sandbox.teamwork.versions import V3

# These are called the same in a write, in the record and nowhere else.
PLAIN_FIELDS = {
    "name",
    "description",
    "priority",
    "progress",
    "start_at",
    "due_at",
    "estimated_minutes",
    "private",
}
NULL_MEANS = {"progress": 0, "estimated_minutes": 0, "private": False}


def add_task(site: Site, person: Person, tasklist: Tasklist, **fields: Any) -> Task:
    """`fields` are those of the record."""
    now = site.now()
    made: dict[str, Any] = {"created_by": person.id, "created_at": now, "updated_by": person.id, "updated_at": now}
    return site.put_task(Task(id=site.new_id(), tasklist_id=tasklist.id, **made, **fields))


def change_task(site: Site, person: Person, task: Task, **fields: Any) -> Task:
    """`fields` are those of the record. What changes nothing leaves no trace, not even in `updated_at`."""
    changed = replace(task, **fields)
    if changed == task:
        return task
    return site.put_task(replace(changed, updated_by=person.id, updated_at=site.now()))


def valid_assignees(site: Site, project: Project, wanted: Group, *, refuse: bool) -> tuple[int, ...]:
    """Those of `wanted` who are members of the project.

    Raises Refused (`Switches.invalid_assignee`) if `refuse` and somebody is not, as `checkInvalidusers` does.
    """
    asked = tuple(dict.fromkeys(wanted.user_ids or ()))
    valid = tuple(i for i in asked if i in project.member_ids and not site.state.people[i].deleted)
    if refuse and (wanted.names_others or valid != asked):
        raise Refused(site.switches.invalid_assignee, f"assignees are not valid for project {project.id}")
    return valid


def _plain_changes(fields: TaskFields) -> dict[str, Any]:
    given = fields.model_dump(include=PLAIN_FIELDS, exclude_unset=True)
    if given.get("priority") == "none":
        given["priority"] = None
    if "name" in given and not (given["name"] or "").strip():
        raise invalid("the task has to have a name")
    return {name: NULL_MEANS.get(name) if value is None else value for name, value in given.items()}


def checked_changes(
    site: Site, project: Project, body: NewTaskBody | TaskChangesBody, before: Task | None
) -> dict[str, Any]:
    """The record's fields that the body changes. Raises Refused before anything is written, tags excepted."""
    fields, changes = body.task, _plain_changes(body.task)
    if fields.assignees is not None:
        changes["assignee_ids"] = _assignees(site, project, fields.assignees, body.task_options, before)
    check_values(site, fields.custom_fields or ())
    if fields.tag_ids is not None or body.tags:
        changes["tag_ids"] = _tags(site, project, body, before)
    return changes


def _assignees(
    site: Site, project: Project, wanted: Group, options: TaskOptions, before: Task | None
) -> tuple[int, ...]:
    valid = valid_assignees(site, project, wanted, refuse=options.check_invalidusers)
    kept = before.assignee_ids if before and options.append_assignees else ()
    return tuple(dict.fromkeys(kept + valid))


def _tags(site: Site, project: Project, body: NewTaskBody | TaskChangesBody, before: Task | None) -> tuple[int, ...]:
    asked = body.task.tag_ids
    for tag_id in asked or ():
        if tag_id not in site.state.tags:
            raise invalid(f"there is no tag {tag_id}")
    kept = tuple(asked) if asked is not None else before.tag_ids if before else ()
    return tuple(dict.fromkeys(kept + ids_of_names(site, (tag.name for tag in body.tags), project.id)))


def _parent(site: Site, parent_id: int | None, tasklist_id: int) -> int:
    if not parent_id:
        return 0
    parent = site.task(parent_id)
    if parent.tasklist_id != tasklist_id:
        raise Refused(422, f"the parent task {parent_id} is in another list")
    return parent.id


def _create(call: Call[WriteQuery, NewTaskBody], tasklist: Tasklist, parent_id: int | None) -> Response:
    site, fields = call.site, call.body.task
    if fields.name is None:
        raise invalid("the task has to have a name")
    parent = _parent(site, parent_id, tasklist.id)
    changes = checked_changes(site, site.project(tasklist.project_id), call.body, None)
    task = add_task(site, call.person, tasklist, parent_id=parent, **changes)
    replace_values(site, task, call.person.id, fields.custom_fields or [])
    return task_answer(site, task, status=201)


def create(call: Call[WriteQuery, NewTaskBody]) -> Response:
    try:
        tasklist = call.site.tasklist(call.ids["tasklist_id"])
    except Refused as refused:
        raise Refused(call.site.switches.missing_tasklist, refused.detail) from None
    return _create(call, tasklist, call.body.task.parent_task_id)


def create_subtask(call: Call[WriteQuery, NewTaskBody]) -> Response:
    parent = call.site.task(call.ids["task_id"])
    return _create(call, call.site.tasklist(parent.tasklist_id), parent.id)


def update(call: Call[WriteQuery, TaskChangesBody]) -> Response:
    """Partial, by PATCH and by PUT alike. Whether the task is completed cannot be changed here."""
    site, fields = call.site, call.body.task
    task = site.task(call.ids["task_id"])
    if task.completed_at and site.switches.patch_completed == 409:  # noqa: PLR2004 - an HTTP status
        raise Refused(409, f"task {task.id} is completed")
    place = _place(site, task, call.body)
    changed = change_task(
        site, call.person, task, **place, **checked_changes(site, site.project_of(task), call.body, task)
    )
    for below in site.subtree(changed)[1:] if changed.tasklist_id != task.tasklist_id else ():
        change_task(site, call.person, below, tasklist_id=changed.tasklist_id)
    if fields.custom_fields is not None:
        replace_values(site, changed, call.person.id, fields.custom_fields)
    return task_answer(site, changed)


def _place(site: Site, task: Task, body: TaskChangesBody) -> dict[str, int]:
    """List and parent. A task that changes its list leaves its parent. Parent 0 means none, null means no change."""
    list_id = body.task.tasklist_id or task.tasklist_id
    if site.tasklist(list_id).project_id != site.project_of(task).id:
        raise Refused(422, f"task list {list_id} is in another project")
    moved, parent_id = list_id != task.tasklist_id, body.task.parent_task_id
    if parent_id is None:
        return {"tasklist_id": list_id, "parent_id": 0 if moved else task.parent_id}
    parent = _parent(site, parent_id, list_id)
    if any(below.id == parent for below in site.subtree(task)):
        raise invalid(f"task {parent} cannot be above itself")
    return {"tasklist_id": list_id, "parent_id": parent}


routes: list[BaseRoute] = [
    write("POST", V3, "/tasklists/{tasklist_id:int}/tasks", create, NewTaskBody),
    write("POST", V3, "/tasks/{task_id:int}/subtasks", create_subtask, NewTaskBody),
    write("PATCH", V3, "/tasks/{task_id:int}", update, TaskChangesBody),
    write("PUT", V3, "/tasks/{task_id:int}", update, TaskChangesBody),
]
