"""What a task is once Teamwork has taken a step, or may have: put down afterwards, and foreseen by a look ahead."""

from ticketsync.sync.labels import each_once, without
from ticketsync.sync.step import FIELD_OF, OWN_LIST, AppliedTask, Standing, Step, StepKind

STANDINGS: dict[StepKind, Standing] = {"complete": "completed", "reopen": "open", "delete": "deleted"}


def when_taken(step: Step, task: AppliedTask) -> AppliedTask:
    """The task with what a step that changes one field of it has told Teamwork: of that field we are sure again."""
    certain = tuple(name for name in task.uncertain if name != FIELD_OF[step.kind])
    return task.model_copy(update={**_told(step, task), "uncertain": certain})


def _told(step: Step, task: AppliedTask) -> dict[str, object]:
    match step.kind:
        case "rename":
            return {"title": step.title}
        case "reassign":
            return {"assignee_id": step.assignee_id}
        case "move":
            return {"tasklist_id": step.tasklist_id or OWN_LIST}
        case "update":
            return _labelled(step, task)
        case "complete" | "reopen" | "delete":
            return {"standing": STANDINGS[step.kind]}
        case _:
            raise ValueError(f"only Teamwork can say what comes of a {step.kind}")


def _labelled(step: Step, task: AppliedTask) -> dict[str, object]:
    return {
        "priority": step.priority or task.priority,
        "tags": without((*task.tags, *step.tags), step.untag),
        "unsure_priority": task.unsure_priority and step.priority is None,
        "unsure_tags": without(task.unsure_tags, (*step.tags, *step.untag)),
    }


def when_unsure(step: Step, task: AppliedTask) -> AppliedTask:
    """The task after a step that may or may not have landed: of an update, only what that very update was about."""
    if step.kind != "update":
        return task.not_sure_of(step.kind)
    unsure = each_once((*task.unsure_tags, *step.tags, *step.untag))
    priority = task.unsure_priority or step.priority is not None
    return task.model_copy(update={"unsure_priority": priority, "unsure_tags": unsure})


def when_made(step: Step, task_id: int) -> AppliedTask:
    """The task that a create has made, if everything was taken."""
    return AppliedTask(
        id=task_id,
        standing="open",
        title=step.title,
        assignee_id=step.assignee_id,
        tasklist_id=step.tasklist_id or OWN_LIST,
        priority=step.priority or "none",
        tags=step.tags,
    )


def when_gone(task: AppliedTask) -> AppliedTask:
    """A task that is not there any more: by a delete of ours that may have landed, else somebody deleted it."""
    if "standing" in task.uncertain:
        return task.model_copy(update={"standing": "deleted", "uncertain": ()})
    return task.model_copy(update={"gone": True, "uncertain": ()})


def when_seen(task: AppliedTask, standing: Standing, **more: bool) -> AppliedTask:
    """The task with the standing that Teamwork has shown, which is certain now."""
    certain = tuple(name for name in task.uncertain if name != "standing")
    return task.model_copy(update={"standing": standing, "uncertain": certain, **more})


def when_kept(task: AppliedTask) -> AppliedTask:
    """A task that was to be deleted, and is completed instead."""
    return when_seen(task, "completed", protected=True)


def when_back(task: AppliedTask, standing: Standing) -> AppliedTask:
    """A task out of the trash."""
    return when_seen(task, standing, gone=False, protected=False)
