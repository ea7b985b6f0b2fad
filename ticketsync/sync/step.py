"""One Teamwork change, and what came of it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

StepKind = Literal[
    "create",
    "restore",
    "reopen",
    "rename",
    "reassign",
    "move",
    "update",
    "complete",
    "delete",
    "inspect",
    "link",
    "unlink",
]
Field = Literal["title", "assignee", "list", "labels", "standing"]
Standing = Literal["none", "open", "completed", "deleted"]
TaskPriority = Literal["none", "low", "medium", "high"]

OWN_LIST = 0  # stands for the desk's own task list, whichever that is

# What such a step finds decides the rest: while it does not succeed, nothing else of the plan can be done.
STAND_ALONE: frozenset[StepKind] = frozenset({"create", "restore", "inspect", "delete", "link", "unlink"})

FIELD_OF: dict[StepKind, Field] = {
    "create": "standing",
    "restore": "standing",
    "reopen": "standing",
    "rename": "title",
    "reassign": "assignee",
    "move": "list",
    "update": "labels",
    "complete": "standing",
    "delete": "standing",
    "inspect": "standing",
    "link": "standing",
    "unlink": "standing",
}


class AppliedTask(BaseModel):
    """What we last told Teamwork of this ticket's task: the source of truth for ticket → task.

    `uncertain` names the fields whose last write may or may not have landed: they are written once more. "labels" is
    among them when it is not known at all which are ours; else `unsure_priority` and `unsure_tags` say of what a write
    may or may not have landed. `gone` says that people deleted the task by hand: it stays gone. `protected` says that a
    delete was answered by completing, because people had worked on the task. `tags` are only those that we put on it.
    """

    model_config = ConfigDict(frozen=True)

    id: int | None = None
    standing: Standing = "none"
    title: str | None = None
    assignee_id: int | None = None
    uncertain: tuple[Field, ...] = ()
    gone: bool = False
    protected: bool = False
    tasklist_id: int = OWN_LIST
    priority: TaskPriority = "none"
    tags: tuple[str, ...] = ()
    unsure_priority: bool = False
    unsure_tags: tuple[str, ...] = ()

    def is_sure_of(self, field: Field) -> bool:
        """Whether it is known what Teamwork has there."""
        doubtful = field == "labels" and (self.unsure_priority or self.unsure_tags)
        return field not in self.uncertain and not doubtful

    def not_sure_of(self, kind: StepKind) -> "AppliedTask":
        return self.model_copy(update={"uncertain": tuple(sorted({*self.uncertain, FIELD_OF[kind]}))})


class Step(BaseModel):
    """One change that brings the task closer to what the ticket says. `reason` is a code, `before` what it replaces.

    `tasklist_id`, `priority` and `tags` are what the task is to get, None and () where nothing is wanted of it; `untag`
    are tags of ours that it is to lose. `task_id` is the task to link, or to let go where it is known.
    """

    model_config = ConfigDict(frozen=True)

    kind: StepKind
    reason: str
    title: str | None = None
    assignee_id: int | None = None
    before: str | None = None
    tasklist_id: int | None = None
    priority: TaskPriority | None = None
    tags: tuple[str, ...] = ()
    untag: tuple[str, ...] = ()
    task_id: int | None = None

    def does_the_same_as(self, other: "Step") -> bool:
        return self.without_words == other.without_words

    @property
    def without_words(self) -> "Step":
        """What it does, without why and instead of what."""
        return self.model_copy(update={"reason": "", "before": None})

    @property
    def summary(self) -> str:
        """What the Temporal UI shows beside the activity: "rename: 'A' → 'B'"."""
        match self.kind:
            case "create":
                return f"create: {_quoted(self.title)} for {_person(self.assignee_id)}{self._extras}"
            case "rename":
                return f"rename: {_quoted(self.before)} → {_quoted(self.title)}"
            case "reassign":
                return f"reassign: {self.before or 'nobody'} → {_person(self.assignee_id)}"
            case "move":
                return f"move: {self.before} → {list_name(self.tasklist_id)}"
            case "update":
                return f"update: {', '.join(self.labels)}"
            case _:
                return f"{self.kind}: {f'task {self.task_id}' if self.task_id else self.reason}"

    @property
    def _extras(self) -> str:
        where = [f"in {list_name(self.tasklist_id)}"] if self.tasklist_id else []
        return "".join(f", {extra}" for extra in [*where, *self.labels])

    @property
    def labels(self) -> list[str]:
        """What is done to priority and tags, in words."""
        priority = [f"priority {self.priority}"] if self.priority is not None else []
        tags = [*(f"+{tag}" for tag in self.tags), *(f"-{tag}" for tag in self.untag)]
        return [*priority, *([f"tags {' '.join(tags)}"] if tags else [])]


class StepResult(BaseModel):
    """What came of a step: the task as it now is, and `answer`, a few words on what Teamwork said.

    `refused_assignee_id` is the person Teamwork would not take: the rest of the step was done without.
    `decide_again` says that the task is not simply what the step asked for. `looked` says that there surely is no task.
    `refused`: nothing was done, and it is not to be tried again; `answer` says why.
    """

    task: AppliedTask
    answer: str
    refused_assignee_id: int | None = None
    decide_again: bool = False
    looked: bool = False
    refused: bool = False


class StepFailure(BaseModel):
    """What a failed step says of itself, as the details of its error. `code` is the reason that people see.

    `answer` says which call was answered how, without a ticket's words; empty where no call was made.
    """

    code: str
    desk_wide: bool = False
    paused: bool = False
    nothing_sent: bool = False
    answer: str = ""


def list_name(tasklist_id: int | None) -> str:
    """A task list as people read it."""
    return f"list {tasklist_id}" if tasklist_id else "the desk's list"


def _quoted(title: str | None) -> str:
    return f"'{title[:60]}'" if title is not None else "an unknown title"


def _person(user_id: int | None) -> str:
    return "nobody" if user_id is None else f"person {user_id}"
