"""Tasks that were made before and are to be those of our tickets: what each of them is, and making it theirs.

A ticket's first decision adopts the task of its hint in Redis. But a hint may be wiped, and one that leads to a task
without the ticket's marker counts for nothing: it may be anybody's. So each task gets the marker as the last line of
its description, as those that we made have it, and then the ticket its hint. By the marker a task is found again when
hints are gone, if it was made in our user's name or in that of a former user of the settings.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar

from temporalio.client import Client

from ticketsync import names
from ticketsync.cli.older_service import TaskEntry
from ticketsync.cli.output import Failed
from ticketsync.cli.progress import Done
from ticketsync.cli.sides import ask_redis
from ticketsync.desks import Desk
from ticketsync.hints import Hints
from ticketsync.teamwork import Passing, Permanent, Task, Unauthorized, has_marker, marked, marker_line, markers_in

Outcome = Literal[
    "adopt",
    "marked",
    "ours",
    "deleted",
    "gone",
    "made_by_others",
    "of_another_ticket",
    "of_another_project",
    "has_another_task",
]
Answer = TypeVar("Answer")

WORDS: dict[Outcome, str] = {
    "adopt": "to be adopted: the task gets the ticket's marker",
    "marked": "to be adopted: the task has the ticket's marker",
    "ours": "taken over already",
    "deleted": "left out: the task is in Teamwork's trash",
    "gone": "left out: there is no such task any more",
    "made_by_others": "left out: the task was made by somebody else",
    "of_another_ticket": "left out: the task is marked as that of another ticket",
    "of_another_project": "left out: the task is in another project",
    "has_another_task": "left out: the ticket has another task already",
}
TAKEN: tuple[Outcome, ...] = ("adopt", "marked")
LOOKED_AT_ONCE = 200
MARKED_AT_ONCE = 50  # read again just before they are written, so that what people write meanwhile stays
PAUSES = (2.0, 5.0, 10.0, 20.0, 30.0, 60.0)


@dataclass(frozen=True)
class Looked:
    """What an entry's task is. `problem` says what a person should do about it, if anything."""

    entry: TaskEntry
    outcome: Outcome
    problem: str = ""


# --- looking


async def look_at(desk: Desk, entries: Sequence[TaskEntry], known: Mapping[int, int], done: Done) -> list[Looked]:
    """`known`: the tasks that tickets have with us already. Raises TeamworkError."""
    makers, looked = await desk.makers(), list[Looked]()
    for portion in _portions(entries, LOOKED_AT_ONCE):
        tasks, here = await _tasks(desk, portion), await _of_the_project(desk, portion)
        for entry in portion:
            task = tasks.get(entry.task_id)
            one = _looked(desk.name, entry, task, makers, known.get(entry.ticket_id))
            elsewhere = one.outcome == "adopt" and entry.task_id not in here
            looked.append(_elsewhere(desk, entry) if elsewhere else one)
        done(len(portion))
    return looked


async def known_tasks(client: Client | None, hints: Hints, desk: str, entries: Sequence[TaskEntry]) -> dict[int, int]:
    """Which of these tickets have a task with us, by their workflows and their hints. Raises RPCError, RedisError."""
    known: dict[int, int] = {}
    for portion in _portions(entries, LOOKED_AT_ONCE):
        known |= await ask_redis(partial(hints.task_ids, desk, [entry.ticket_id for entry in portion]))
    if client is not None:
        running = f"WorkflowType = '{names.TICKET_WORKFLOW}' AND ExecutionStatus = 'Running'"
        async for run in client.list_workflows(f"{running} AND {names.DESK.name} = '{desk}'"):
            ticket_id = run.typed_search_attributes.get(names.TICKET_ID, "")
            task_id = run.typed_search_attributes.get(names.TASK_ID, "")
            if ticket_id.isdigit() and task_id.isdigit():
                known[int(ticket_id)] = int(task_id)
    return known


def _looked(desk: str, entry: TaskEntry, task: Task | None, makers: Sequence[int], has: int | None) -> Looked:
    who, what = f"ticket {entry.ticket_id}", f"task {entry.task_id}"
    if has not in (None, entry.task_id):
        return Looked(entry, "has_another_task", f"{who} has task {has} already: delete that one or {what}")
    if task is None or task.is_deleted:
        return Looked(entry, "gone" if task is None else "deleted")
    markers = markers_in(task.description)
    if markers and (desk, entry.ticket_id) not in markers:
        others = ", ".join(f"{name}/{number}" for name, number in sorted(markers))
        return Looked(entry, "of_another_ticket", f"{what} of {who} is marked as that of {others}")
    if task.created_by not in makers:
        maker = f"{what} of {who} was made by Teamwork user {task.created_by}"
        return Looked(entry, "made_by_others", f"{maker}: if that was the older service, name it in former_users")
    return Looked(entry, "adopt" if not markers else "ours" if has is not None else "marked")


def _elsewhere(desk: Desk, entry: TaskEntry) -> Looked:
    """A marker is looked for in the desk's project only. One that has it was moved away by people, who may do that."""
    what = f"task {entry.task_id} of ticket {entry.ticket_id}"
    where = f"is not in project {desk.settings.teamwork.project_id}"
    return Looked(entry, "of_another_project", f"{what} {where}: move it there, then run this again")


# --- adopting


async def adopt(desk: Desk, hints: Hints, entries: Sequence[TaskEntry], done: Done) -> list[str]:
    """Mark each task that is not marked yet, and write the tickets' hints; the problems with some of them.

    May be done again at any time. Raises Failed without Redis, TeamworkError.
    """
    problems: list[str] = []
    for portion in _portions(entries, MARKED_AT_ONCE):
        tasks = await _tasks(desk, portion)
        for entry in portion:
            problem = await _adopt(desk, hints, entry, tasks.get(entry.task_id))
            if problem is not None:
                problems.append(f"task {entry.task_id} of ticket {entry.ticket_id}: {problem}")
            done(1)
    return problems


async def _adopt(desk: Desk, hints: Hints, entry: TaskEntry, task: Task | None) -> str | None:
    """The problem, if there is one. A ticket that got a task since the plan was made keeps that, and its hint."""
    problem = await _task_by_now(desk, hints, entry) or await _mark(desk, entry, task)
    problem = problem or await _task_by_now(desk, hints, entry)
    if problem is None and not await hints.put(desk.name, {entry.ticket_id: entry.task_id}):
        raise Failed("Redis does not take the hints: see REDIS_HOST and REDIS_PORT, then run it again")
    return problem


async def _task_by_now(desk: Desk, hints: Hints, entry: TaskEntry) -> str | None:
    found = await ask_redis(partial(hints.task_ids, desk.name, [entry.ticket_id]))
    has = found.get(entry.ticket_id, entry.task_id)
    return None if has == entry.task_id else f"the ticket has task {has} by now: delete that one or this"


async def _mark(desk: Desk, entry: TaskEntry, task: Task | None) -> str | None:
    if task is None or task.is_deleted:
        return "it is not there any more"
    if markers_in(task.description):
        ours = has_marker(task.description, desk.name, entry.ticket_id)
        return None if ours else "it is marked as that of another ticket"
    line = marker_line(desk.name, entry.ticket_id, desk.ticket_url(entry.ticket_id))
    try:
        await patiently(partial(desk.teamwork.describe_task, task.id, marked(task.description, line)))
    except Unauthorized:
        raise
    except Permanent as error:
        return f"it cannot be marked ({error.code}): {error.advice}"
    return None


async def _tasks(desk: Desk, entries: Sequence[TaskEntry]) -> dict[int, Task]:
    found = await patiently(partial(desk.teamwork.tasks_by_id, [entry.task_id for entry in entries]))
    return {task.id: task for task in found}


async def _of_the_project(desk: Desk, entries: Sequence[TaskEntry]) -> set[int]:
    """Which of these tasks are in the desk's project, by the very list in which markers are looked for."""
    task_ids, project_id = [entry.task_id for entry in entries], desk.settings.teamwork.project_id
    return {task.id for task in await patiently(partial(desk.teamwork.tasks_by_id, task_ids, project_id=project_id))}


async def patiently(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """What passes by itself, a full quota above all, is waited for: two minutes and more."""
    for pause in PAUSES:
        try:
            return await ask()
        except Passing as error:
            await asyncio.sleep(error.retry_after or pause)
    return await ask()


def _portions(entries: Sequence[TaskEntry], size: int) -> Iterator[Sequence[TaskEntry]]:
    return (entries[start : start + size] for start in range(0, len(entries), size))
