"""What we read from Teamwork, in our names (reference/teamwork-api §2.2, §3, §4, §5.4).

Made from the site's JSON or from our own field names. References may be ids, digit strings or `{"id": …, "type": …}`;
0 and "" mean none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import AliasChoices, AliasPath, BaseModel, BeforeValidator, ConfigDict, Field, PositiveInt
from pydantic.alias_generators import to_camel


def _id_of(reference: Any) -> Any:
    reference = reference.get("id") if isinstance(reference, dict) else reference
    return None if reference in (0, "0", "") else reference


def _ids_of(references: Iterable[Any] | None) -> tuple[Any, ...]:
    return tuple(_id_of(reference) for reference in references or ())


def _users_of(references: Iterable[Any] | None) -> tuple[Any, ...]:
    """Of relations to users, teams, companies and job roles only the users."""
    everyone = (ref for ref in references or () if not isinstance(ref, dict) or ref.get("type", "users") == "users")
    return _ids_of(everyone)


def _count(things: Any) -> Any:
    return things if isinstance(things, int) else len(things or ())


def _text(value: Any) -> Any:
    return "" if value is None else value


def _no_moment(value: Any) -> Any:
    return value or None


Reference = Annotated[int | None, BeforeValidator(_id_of)]
References = Annotated[tuple[int, ...], BeforeValidator(_ids_of)]
Users = Annotated[tuple[int, ...], BeforeValidator(_users_of)]
Count = Annotated[int, BeforeValidator(_count)]
Text = Annotated[str, BeforeValidator(_text)]
Flag = Annotated[bool, BeforeValidator(bool)]
Moment = Annotated[datetime | None, BeforeValidator(_no_moment)]


class _Record(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )

    id: PositiveInt


class Task(_Record):
    """A task. `status` is new, reopened, completed or deleted; anything else is open.

    `subtask_ids` is filled only by the reading of one task. `created_by` and the like are ids of users.
    """

    name: str
    description: str | None = None
    status: str = "new"
    assignee_ids: Users = Field((), validation_alias=AliasChoices("assignees", "assigneeUserIds"))
    priority: str | None = None
    tag_ids: References = ()
    tasklist_id: Reference = Field(None, validation_alias=AliasChoices("tasklistId", AliasPath("tasklist", "id")))
    created_by: Reference = Field(None, validation_alias=AliasChoices("createdBy", "createdByUserId"))
    created_at: Moment = None
    completed_by: Reference = None
    deleted_by: Reference = None
    subtask_ids: References = Field((), validation_alias=AliasChoices("subTaskIds", "subtaskIds"))
    attachment_count: Count = Field(0, validation_alias="attachments")

    @property
    def is_completed(self) -> bool:
        return self.status == "completed"

    @property
    def is_deleted(self) -> bool:
        return self.status == "deleted"


class Person(_Record):
    """Somebody on the site. `email` may be empty (placeholders, contacts)."""

    first_name: Text = ""
    last_name: Text = ""
    email: Text = ""
    deleted: Flag = False


class Project(_Record):
    name: Text = ""


class TaskList(_Record):
    name: Text = ""
    project_id: Reference = Field(None, validation_alias=AliasChoices("projectId", AliasPath("project", "id")))


class Tag(_Record):
    name: Text = ""


class Comment(_Record):
    posted_by: Reference = Field(None, validation_alias=AliasChoices("postedByUserId", "postedBy"))
    deleted: Flag = False


class TimeLog(_Record):
    """Time that somebody logged on a task."""

    minutes: int | None = None
    deleted: Flag = False
    user_id: Reference = Field(None, validation_alias=AliasChoices("userId", AliasPath("user", "id")))


@dataclass(frozen=True)
class TaskPage:
    """One page of a list of tasks. `has_more`: the next page is not empty."""

    tasks: tuple[Task, ...]
    has_more: bool
