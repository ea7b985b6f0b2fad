"""What the site remembers. Records never change: a write puts a new one in the place of the old one, so that lists can
still show the old one for a while (`Switches.stale_lists_seconds`). Times are UTC, in whole seconds as Teamwork's are.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Priority = Literal["low", "medium", "high"]
TaskStatus = Literal["new", "reopened", "completed", "deleted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    id: int
    first_name: str
    last_name: str
    email: str
    created_at: datetime
    updated_at: datetime
    is_admin: bool = False
    deleted: bool = False

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """`hidden`: nobody can reach it any more, so it and all in it answer 404."""

    id: int
    name: str
    created_by: int
    created_at: datetime
    updated_at: datetime
    description: str = ""
    member_ids: frozenset[int] = frozenset()
    archived: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tasklist:
    id: int
    project_id: int
    name: str
    created_at: datetime
    updated_at: datetime
    description: str = ""
    completed: bool = False
    deleted_by: int | None = None
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """`start_at` and `due_at` are days, `YYYY-MM-DD`. `parent_id` 0: no parent."""

    id: int
    tasklist_id: int
    name: str
    created_by: int
    created_at: datetime
    updated_by: int
    updated_at: datetime
    description: str | None = None
    priority: Priority | None = None
    progress: int = 0
    start_at: str | None = None
    due_at: str | None = None
    estimated_minutes: int = 0
    parent_id: int = 0
    assignee_ids: tuple[int, ...] = ()
    tag_ids: tuple[int, ...] = ()
    private: bool = False
    reopened: bool = False
    completed_by: int | None = None
    completed_at: datetime | None = None
    deleted_by: int | None = None
    deleted_at: datetime | None = None

    @property
    def status(self) -> TaskStatus:
        if self.deleted_at:
            return "deleted"
        if self.completed_at:
            return "completed"
        return "reopened" if self.reopened else "new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    id: int
    task_id: int
    body: str
    content_type: str
    posted_by: int
    posted_at: datetime
    edited_by: int | None = None
    edited_at: datetime | None = None
    deleted_by: int | None = None
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLog:
    """Logged time. `user_id` worked, `logged_by` wrote it down."""

    id: int
    task_id: int
    user_id: int
    logged_by: int
    minutes: int
    time_logged: datetime
    created_at: datetime
    description: str = ""
    billable: bool = False
    tag_ids: tuple[int, ...] = ()
    updated_by: int | None = None
    updated_at: datetime | None = None
    deleted_by: int | None = None
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file attached to a task; only its name is kept."""

    id: int
    task_id: int
    name: str
    uploaded_by: int
    uploaded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """`project_id` 0: usable on the whole site."""

    id: int
    name: str
    color: str
    project_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomField:
    """`choices` are the texts of a dropdown, status or multiselect field. `project_id` 0: usable on the whole site."""

    id: int
    name: str
    type: str
    created_by: int
    created_at: datetime
    updated_at: datetime
    description: str = ""
    required: bool = False
    project_id: int = 0
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomValue:
    """The value of one custom field on one task."""

    id: int
    field_id: int
    task_id: int
    value: Any
    created_by: int
    created_at: datetime
    updated_at: datetime
