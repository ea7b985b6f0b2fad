"""The site: all records, and the look-ups every route needs. What is hidden or in the trash is "not found" here."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, NamedTuple, Protocol, TypeVar

from ticketsync.sandbox.teamwork.errors import not_found
from ticketsync.sandbox.teamwork.records import (
    Comment,
    CustomField,
    CustomValue,
    File,
    Person,
    Project,
    Tag,
    Task,
    Tasklist,
    TimeLog,
)
from ticketsync.sandbox.teamwork.settings import Switches

Json = dict[str, Any]
T = TypeVar("T")

FIRST_ID = 30_000_000
LONGEST_LAG = timedelta(minutes=10)


class Clock(Protocol):
    """Where the site takes its time from, in UTC; quota, lags and time stamps all follow it."""

    def now(self) -> datetime: ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(slots=True, kw_only=True)
class SiteState:
    """Everything that survives a stop. `keys` and `tokens`: credential → person."""

    last_id: int = FIRST_ID
    keys: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    people: dict[int, Person] = field(default_factory=dict)
    projects: dict[int, Project] = field(default_factory=dict)
    tasklists: dict[int, Tasklist] = field(default_factory=dict)
    tasks: dict[int, Task] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    time_logs: dict[int, TimeLog] = field(default_factory=dict)
    files: dict[int, File] = field(default_factory=dict)
    tags: dict[int, Tag] = field(default_factory=dict)
    custom_fields: dict[int, CustomField] = field(default_factory=dict)
    custom_values: dict[int, CustomValue] = field(default_factory=dict)


class _Replaced(NamedTuple):
    at: datetime
    task_id: int
    before: Task | None


class Site:
    """One Teamwork site. `state` may be put in its place as a whole (reset)."""

    def __init__(self, state: SiteState, switches: Switches, clock: Clock) -> None:
        self.state = state
        self.switches = switches
        self.clock = clock
        self._replaced: deque[_Replaced] = deque()

    def now(self) -> datetime:
        return self.clock.now().replace(microsecond=0)

    def new_id(self) -> int:
        self.state.last_id += 1
        return self.state.last_id

    def start_over(self, state: SiteState) -> None:
        self.state = state
        self._replaced.clear()

    def put_task(self, task: Task) -> Task:
        now = self.clock.now()
        self._replaced.append(_Replaced(now, task.id, self.state.tasks.get(task.id)))
        while self._replaced[0].at < now - LONGEST_LAG:
            self._replaced.popleft()
        self.state.tasks[task.id] = task
        return task

    def tasks_as_of(self, lag_seconds: float) -> Iterator[Task]:
        """All tasks, trash included, as they were that long ago; those made since are left out."""
        then = self.clock.now() - timedelta(seconds=lag_seconds)
        past: dict[int, Task | None] = {}
        for replaced in self._replaced if lag_seconds else ():
            if replaced.at > then:
                past.setdefault(replaced.task_id, replaced.before)
        for task in self.state.tasks.values():
            shown = past.get(task.id, task)
            if shown is not None:
                yield shown

    def person(self, person_id: int) -> Person:
        return _known(self.state.people.get(person_id), f"person {person_id}")

    def project(self, project_id: int) -> Project:
        project = self.state.projects.get(project_id)
        if project is None or project.hidden:
            raise not_found(f"project {project_id}")
        return project

    def tasklist(self, tasklist_id: int) -> Tasklist:
        tasklist = self.state.tasklists.get(tasklist_id)
        if tasklist is None or tasklist.deleted_at or self.state.projects[tasklist.project_id].hidden:
            raise not_found(f"task list {tasklist_id}")
        return tasklist

    def task_or_trash(self, task_id: int) -> Task:
        task = self.state.tasks.get(task_id)
        if task is None or self.project_of(task).hidden:
            raise not_found(f"task {task_id}")
        return task

    def task(self, task_id: int) -> Task:
        task = self.task_or_trash(task_id)
        if task.deleted_at:
            raise not_found(f"task {task_id}")
        return task

    def comment(self, comment_id: int) -> Comment:
        comment = self.state.comments.get(comment_id)
        if comment is None or comment.deleted_at:
            raise not_found(f"comment {comment_id}")
        self.task(comment.task_id)
        return comment

    def tag(self, tag_id: int) -> Tag:
        return _known(self.state.tags.get(tag_id), f"tag {tag_id}")

    def custom_field(self, field_id: int) -> CustomField:
        return _known(self.state.custom_fields.get(field_id), f"custom field {field_id}")

    def project_of(self, task: Task) -> Project:
        return self.state.projects[self.state.tasklists[task.tasklist_id].project_id]

    def subtree(self, task: Task) -> list[Task]:
        """The task and all below it, whatever their state."""
        children: dict[int, list[Task]] = {}
        for other in self.state.tasks.values():
            if other.parent_id:
                children.setdefault(other.parent_id, []).append(other)
        return list(_walk(task, children))


def _known(record: T | None, what: str) -> T:
    if record is None:
        raise not_found(what)
    return record


def _walk(task: Task, children: dict[int, list[Task]]) -> Iterator[Task]:
    below = (_walk(child, children) for child in children.get(task.id, []))
    return chain([task], *below)
