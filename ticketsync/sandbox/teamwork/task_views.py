"""A task as v3 shows it (reference/teamwork-api §2.2)."""

from starlette.responses import JSONResponse, Response

from ticketsync.sandbox.teamwork.records import Task
from ticketsync.sandbox.teamwork.shapes import iso, iso_or_none, ref, ref_or_none
from ticketsync.sandbox.teamwork.site import Json, Site

PERMISSIONS = ("canEdit", "canComplete", "canAddSubtasks", "canLogTime", "canViewEstTime")


def _midnight(day: str | None) -> str | None:
    return f"{day}T00:00:00Z" if day else None


def task_view(site: Site, task: Task) -> Json:
    return _content(task) | _place(site, task) | _people(task) | _history(task) | _attached(site, task)


def _content(task: Task) -> Json:
    return {
        "id": task.id,
        "name": task.name,
        "description": task.description,
        "descriptionContentType": "TEXT",
        "priority": task.priority,
        "progress": task.progress,
        "status": task.status,
        "startDate": _midnight(task.start_at),
        "dueDate": _midnight(task.due_at),
        "estimateMinutes": task.estimated_minutes,
        "isPrivate": int(task.private),
        "isArchived": False,
        "hasReminders": False,
        "displayOrder": task.id,
    }


def _place(site: Site, task: Task) -> Json:
    tasklist = ref(task.tasklist_id, "tasklists") | {"meta": {"projectId": site.project_of(task).id}}
    return {
        "tasklist": tasklist,
        "tasklistId": task.tasklist_id,
        "parentTask": ref_or_none(task.parent_id, "tasks"),
        "parentTaskId": task.parent_id,
        "predecessors": [],
        "workflowStages": [],
    }


def _people(task: Task) -> Json:
    return {
        "assignees": [ref(i, "users") for i in task.assignee_ids],
        "assigneeUsers": [ref(i, "users") for i in task.assignee_ids],
        "assigneeUserIds": list(task.assignee_ids),
        "assigneeTeamIds": [],
        "assigneeCompanyIds": [],
        "userPermissions": dict.fromkeys(PERMISSIONS, True),
    }


def _history(task: Task) -> Json:
    return {
        "createdBy": task.created_by,
        "createdByUserId": task.created_by,
        "createdAt": iso(task.created_at),
        "updatedBy": task.updated_by,
        "updatedAt": iso(task.updated_at),
        "completedBy": task.completed_by,
        "completedAt": iso_or_none(task.completed_at),
        "deletedBy": task.deleted_by,
        "deletedAt": iso_or_none(task.deleted_at),
    }


def _attached(site: Site, task: Task) -> Json:
    return {
        "tags": [ref(i, "tags") for i in task.tag_ids],
        "tagIds": list(task.tag_ids),
        "attachments": [ref(file.id, "files") for file in site.state.files.values() if file.task_id == task.id],
    }


def subtask_ids(site: Site, task: Task) -> list[int]:
    return [t.id for t in site.state.tasks.values() if t.parent_id == task.id and not t.deleted_at]


def task_answer(site: Site, task: Task, status: int = 200) -> Response:
    """The answer of a write."""
    return JSONResponse(
        {"task": task_view(site, task), "affected": {"taskIds": [task.id]}, "included": {}, "meta": {}},
        status_code=status,
    )
