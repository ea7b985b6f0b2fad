"""What a v3 task write may carry. The names differ from those a read shows (reference/teamwork-api §2.1, §2.4)."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ticketsync.sandbox.teamwork.calls import Body
from ticketsync.sandbox.teamwork.custom_values import FieldValue
from ticketsync.sandbox.teamwork.tags import NewTag

Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class Group(Body):
    """Who: assignees or followers. The site has no companies, teams or job roles that could be assigned."""

    user_ids: list[int] | None = None
    company_ids: list[int] | None = None
    team_ids: list[int] | None = None
    job_role_ids: list[int] | None = None

    @property
    def names_others(self) -> bool:
        return bool(self.company_ids or self.team_ids or self.job_role_ids)


class TaskFields(Body):
    """Fields left out stay as they are. Followers are accepted: the sandbox sends no mail."""

    name: str | None = None
    description: str | None = None
    assignees: Group | None = None
    priority: Literal["low", "medium", "high", "none"] | None = None
    start_at: Day | None = None
    due_at: Day | None = None
    estimated_minutes: int | None = Field(None, ge=0)
    progress: int | None = Field(None, ge=0, le=100)
    parent_task_id: int | None = None
    tag_ids: list[int] | None = None
    custom_fields: list[FieldValue] | None = None
    private: bool | None = None
    change_followers: Group | None = None
    comment_followers: Group | None = None
    complete_followers: Group | None = None


class TaskChanges(TaskFields):
    tasklist_id: int | None = None


class TaskOptions(Body):
    """Only `check_invalidusers` (that exact letter case) and `append_assignees` change what is written."""

    check_invalidusers: bool = False
    append_assignees: bool = False
    notify: bool = False
    fire_webhook: bool = True
    log_activity: bool = True


class NewTaskBody(Body):
    task: TaskFields
    task_options: TaskOptions = TaskOptions()
    tags: tuple[NewTag, ...] = ()


class TaskChangesBody(Body):
    task: TaskChanges
    task_options: TaskOptions = TaskOptions()
    tags: tuple[NewTag, ...] = ()
