"""A Teamwork project in memory, which carries out steps as the step activities do."""

from collections import deque
from dataclasses import dataclass
from typing import Literal

from ticketsync.sync.requests import StepRequest
from ticketsync.sync.step import AppliedTask, Standing, StepResult

ANN_IN_TEAMWORK, BOB_IN_TEAMWORK = 201, 202
FIRST_TASK = 5001


@dataclass
class Task:
    """`deleted`: who put it into the trash. `purged`: it is not even there any more."""

    id: int
    title: str
    assignee_id: int | None = None
    completed: bool = False
    worked_on: bool = False
    deleted: Literal["by us", "by people"] | None = None
    purged: bool = False

    @property
    def standing(self) -> Standing:
        return "deleted" if self.deleted else "completed" if self.completed else "open"


class UnansweredError(Exception):
    """The answer of a step was lost; the step may have landed."""


class Teamwork:
    """`protects`: policy protect_worked_tasks. `lose`: which of the next steps get no answer, and whether they land."""

    def __init__(self, *, protects: bool = True) -> None:
        self.protects = protects
        self.tasks: dict[int, Task] = {}
        self.strangers: set[int] = set()  # people whom the project does not take
        self.lose: deque[Literal["answered", "landed", "not landed"]] = deque()
        self.calls: list[StepRequest] = []

    @property
    def visible(self) -> list[Task]:
        return [task for task in self.tasks.values() if task.deleted is None]

    def carry_out(self, request: StepRequest) -> StepResult:
        """What came of the step. Raises UnansweredError."""
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
            case _:
                return self._change(request)

    def _create(self, request: StepRequest) -> StepResult:
        found = self._found() if request.look != "no" else None
        if found is not None:
            return StepResult(task=_as_found(found), answer="found by its marker", decide_again=True)
        person = request.step.assignee_id
        refused = person if person in self.strangers else None
        task = Task(id=FIRST_TASK + len(self.tasks), title=request.step.title or "")
        task.assignee_id = None if refused else person
        self.tasks[task.id] = task
        applied = AppliedTask(id=task.id, standing="open", title=task.title, assignee_id=task.assignee_id)
        return StepResult(task=applied, answer="201", refused_assignee_id=refused, decide_again=refused is not None)

    def _inspect(self, request: StepRequest) -> StepResult:
        task = self._there(request)
        found = task or self._found()
        if found is not None:
            return StepResult(task=_as_found(found), answer="read", decide_again=True)
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
            case "complete" | "reopen":
                task.completed = step.kind == "complete"
        return StepResult(task=_standing(applied, task.standing), answer="200")

    def _reassign(self, task: Task, request: StepRequest) -> StepResult:
        person = request.step.assignee_id
        if person in self.strangers:
            return StepResult(task=request.task, answer="refused", refused_assignee_id=person, decide_again=True)
        task.assignee_id = person
        return StepResult(task=_with(request.task, "assignee", assignee_id=person), answer="200")

    def _gone(self, request: StepRequest) -> StepResult:
        if "standing" in request.task.uncertain:
            deleted = request.task.model_copy(update={"standing": "deleted", "uncertain": ()})
            return StepResult(task=deleted, answer="404: it is deleted", decide_again=True)
        gone = request.task.model_copy(update={"gone": True, "uncertain": ()})
        return StepResult(task=gone, answer="404: somebody deleted it", decide_again=True)

    def _there(self, request: StepRequest) -> Task | None:
        task = self.tasks.get(request.task.id or 0)
        return task if task is not None and task.deleted is None else None

    def _found(self) -> Task | None:
        left = [task for task in self.tasks.values() if not task.purged]
        return min(left, key=lambda task: (task.deleted is not None, task.id), default=None)


def _as_found(task: Task) -> AppliedTask:
    gone = task.deleted == "by people"
    return AppliedTask(id=task.id, standing=task.standing, title=task.title, assignee_id=task.assignee_id, gone=gone)


def _with(task: AppliedTask, field: str, **values: object) -> AppliedTask:
    return task.model_copy(update={**values, "uncertain": tuple(name for name in task.uncertain if name != field)})


def _standing(task: AppliedTask, standing: Standing) -> AppliedTask:
    return _with(task, "standing", standing=standing)
