"""A Teamwork project in memory, which carries out steps as the step activities do."""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from ticketsync.sync.labels import each_once
from ticketsync.sync.requests import StepRequest
from ticketsync.sync.step import OWN_LIST, AppliedTask, Standing, Step, StepResult, TaskPriority
from ticketsync.sync.taken import when_taken

ANN_IN_TEAMWORK, BOB_IN_TEAMWORK = 201, 202
FIRST_TASK = 5001


@dataclass
class Task:
    """`deleted`: who put it into the trash. `purged`: it is not even there any more. `marked`: as whose."""

    id: int
    title: str
    assignee_id: int | None = None
    completed: bool = False
    worked_on: bool = False
    deleted: Literal["by us", "by people"] | None = None
    purged: bool = False
    tasklist_id: int = OWN_LIST
    priority: TaskPriority = "none"
    tags: set[str] = field(default_factory=set)
    marked: Literal["ours", "another's"] | None = "ours"

    @property
    def standing(self) -> Standing:
        return "deleted" if self.deleted else "completed" if self.completed else "open"


class UnansweredError(Exception):
    """The answer of a step was lost; the step may have landed."""


class RefusedError(Exception):
    """The step cannot succeed until a person changes something. `code` is the reason; `sent`: a part of it was done."""

    def __init__(self, code: str, *, sent: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.sent = sent


class Teamwork:
    """`protects`: policy protect_worked_tasks. `lose`: which of the next steps get no answer, and whether they land."""

    def __init__(self, *, protects: bool = True) -> None:
        self.protects = protects
        self.tasks: dict[int, Task] = {}
        self.strangers: set[int] = set()  # people whom the project does not take
        self.missing_lists: set[int] = set()  # task lists that are not there
        self.bad_tags: set[str] = set()  # tags that nobody may put on a task
        self.tagged = False  # whether the policy has tags for tasks
        self.lose: deque[Literal["answered", "landed", "not landed"]] = deque()
        self.calls: list[StepRequest] = []

    @property
    def visible(self) -> list[Task]:
        return [task for task in self.tasks.values() if task.deleted is None]

    def carry_out(self, request: StepRequest) -> StepResult:
        """What came of the step. Raises UnansweredError, RefusedError."""
        self.calls.append(request)
        fate = self.lose.popleft() if self.lose else "answered"
        if fate == "not landed":
            raise UnansweredError
        result = self._carry_out(request)
        if fate == "landed":
            raise UnansweredError
        return result

    def _carry_out(self, request: StepRequest) -> StepResult:
        match request.step.kind:
            case "create":
                return self._create(request)
            case "inspect":
                return self._inspect(request)
            case "restore":
                return self._restore(request)
            case "delete":
                return self._delete(request)
            case "link" | "unlink":
                return self._by_hand(request)
            case _:
                return self._change(request)

    def _create(self, request: StepRequest) -> StepResult:
        found = self._found() if request.look != "no" else None
        if found is not None:
            return StepResult(task=self._as_found(found, request.task), answer="found by its marker", decide_again=True)
        person = request.step.assignee_id
        refused = person if person in self.strangers else None
        task = Task(id=FIRST_TASK + len(self.tasks), title=request.step.title or "")
        task.assignee_id = None if refused else person
        plain = request.step.tasklist_id in self.missing_lists or bool(self.bad_tags & set(request.step.tags))
        if not plain:
            task.tasklist_id = request.step.tasklist_id or OWN_LIST
            task.priority, task.tags = request.step.priority or "none", set(request.step.tags)
        self.tasks[task.id] = task
        again = refused is not None or plain
        return StepResult(task=_applied(task), answer="201", refused_assignee_id=refused, decide_again=again)

    def _inspect(self, request: StepRequest) -> StepResult:
        task = self._there(request)
        found = task or self._found()
        if found is not None:
            return StepResult(task=self._as_found(found, request.task), answer="read", decide_again=True)
        if request.task.id is None:
            return StepResult(task=AppliedTask(), answer="there is none", looked=True, decide_again=True)
        gone = _standing(request.task, "deleted").model_copy(update={"gone": True})
        return StepResult(task=gone, answer="404", decide_again=True)

    def _restore(self, request: StepRequest) -> StepResult:
        task = self.tasks[request.task.id or 0]
        if task.purged:
            return StepResult(task=AppliedTask(), answer="404", decide_again=True)
        task.deleted = None
        back = _standing(request.task, task.standing).model_copy(update={"gone": False, "protected": False})
        return StepResult(task=back, answer="restored", decide_again=True)

    def _delete(self, request: StepRequest) -> StepResult:
        task = self._there(request)
        if task is None:
            return StepResult(task=_standing(request.task, "deleted"), answer="404")
        if task.worked_on and self.protects:
            task.completed = True
            kept = _standing(request.task, "completed").model_copy(update={"protected": True})
            return StepResult(task=kept, answer="completed, not deleted", decide_again=True)
        task.deleted = "by us"
        return StepResult(task=_standing(request.task, "deleted"), answer="200")

    def _by_hand(self, request: StepRequest) -> StepResult:
        if request.step.kind == "unlink":
            self._let_go(self._there(request) or self._found())
            return StepResult(task=AppliedTask(), answer="let go", looked=True)
        task = self.tasks.get(request.step.task_id or 0)
        if task is None or task.deleted is not None or task.marked == "another's":
            return StepResult(task=request.task, answer="refused: no", refused=True, decide_again=True)
        if request.task.id != task.id:
            self._let_go(self._there(request))
        task.marked = "ours"
        return StepResult(task=self._as_found(task, request.task), answer="the task is the ticket's", decide_again=True)

    def _let_go(self, task: Task | None) -> None:
        if task is not None and task.marked == "ours":
            task.marked = None

    def _change(self, request: StepRequest) -> StepResult:
        task, step, applied = self._there(request), request.step, request.task
        if task is None:
            return self._gone(request)
        match step.kind:
            case "rename":
                task.title = step.title or ""
                return StepResult(task=_with(applied, "title", title=step.title), answer="200")
            case "reassign":
                return self._reassign(task, request)
            case "move":
                return self._move(task, request)
            case "update":
                return self._update(task, request)
            case "complete" | "reopen":
                task.completed = step.kind == "complete"
        return StepResult(task=_standing(applied, task.standing), answer="200")

    def _reassign(self, task: Task, request: StepRequest) -> StepResult:
        person = request.step.assignee_id
        if person in self.strangers:
            return StepResult(task=request.task, answer="refused", refused_assignee_id=person, decide_again=True)
        task.assignee_id = person
        return StepResult(task=_with(request.task, "assignee", assignee_id=person), answer="200")

    def _move(self, task: Task, request: StepRequest) -> StepResult:
        wanted = request.step.tasklist_id
        assert wanted is not None
        if wanted in self.missing_lists:
            raise RefusedError("tasklist_unknown")
        task.tasklist_id = wanted
        return StepResult(task=_with(request.task, "list", tasklist_id=wanted), answer="200")

    def _update(self, task: Task, request: StepRequest) -> StepResult:
        step = request.step
        task.priority = step.priority or task.priority
        if self.bad_tags & set(step.tags):
            raise RefusedError("refused", sent=step.priority is not None)
        task.tags = _tagged(task.tags, step)
        return StepResult(task=when_taken(step, request.task), answer="200")

    def _gone(self, request: StepRequest) -> StepResult:
        if "standing" in request.task.uncertain:
            deleted = request.task.model_copy(update={"standing": "deleted", "uncertain": ()})
            return StepResult(task=deleted, answer="404: it is deleted", decide_again=True)
        gone = request.task.model_copy(update={"gone": True, "uncertain": ()})
        return StepResult(task=gone, answer="404: somebody deleted it", decide_again=True)

    def _there(self, request: StepRequest) -> Task | None:
        task = self.tasks.get(request.task.id or 0)
        return task if task is not None and task.deleted is None else None

    def _as_found(self, task: Task, known: AppliedTask) -> AppliedTask:
        """Which of its tags are ours cannot be told, but for a task that we remember."""
        update: dict[str, object] = {"gone": task.deleted == "by people", "tags": ()}
        if known.id != task.id or known.title is None:
            update |= {"uncertain": ("labels",) if self.tagged else ()}
        else:
            update |= {"tags": tuple(tag for tag in each_once((*known.tags, *known.unsure_tags)) if tag in task.tags)}
        return _applied(task).model_copy(update=update)

    def _found(self) -> Task | None:
        left = [task for task in self.tasks.values() if not task.purged and task.marked == "ours"]
        return min(left, key=lambda task: (task.deleted is not None, task.id), default=None)


def _tagged(tags: set[str], step: Step) -> set[str]:
    """Upper and lower case are the same to Teamwork. First it adds, then it takes off."""
    there, off = {tag.casefold() for tag in tags}, {tag.casefold() for tag in step.untag}
    more = {tag.casefold(): tag for tag in reversed(step.tags) if tag.casefold() not in there}
    return {tag for tag in (*tags, *more.values()) if tag.casefold() not in off}


def _applied(task: Task) -> AppliedTask:
    return AppliedTask(
        id=task.id,
        standing=task.standing,
        title=task.title,
        assignee_id=task.assignee_id,
        tasklist_id=task.tasklist_id,
        priority=task.priority,
        tags=tuple(sorted(task.tags)),
    )


def _with(task: AppliedTask, field: str, **values: object) -> AppliedTask:
    return task.model_copy(update={**values, "uncertain": tuple(name for name in task.uncertain if name != field)})


def _standing(task: AppliedTask, standing: Standing) -> AppliedTask:
    return _with(task, "standing", standing=standing)
