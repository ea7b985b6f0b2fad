"""What each ticket of the day must end as, put down by hand from what was agreed: nothing here asks ticketsync.

Names are those that `day.py` gives its tickets. `{id}` in a title is the ticket's number.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ticketsync.demo.world import SeenTask

ANN, BEN, NOBODY = "Ann Archer", "Ben Baker", None


@dataclass(frozen=True)
class Must:
    """How many tasks were ever made for a ticket (one or none), and what the one must show; `task` "none": none."""

    task: Literal["open", "completed", "deleted", "none"]
    title: str = ""
    assignee: str | None = NOBODY


NO_TASK = Must("none")

RULES = {
    # created: the mapped assignee; never assigned yet: the agent who opened it, if mapped; else nobody
    "by a customer": Must("open", "Where is my parcel?", NOBODY),
    "by an agent": Must("open", "Call back about the offer", ANN),
    "by an unmapped agent": Must("open", "Two seats for the fair", NOBODY),
    # assigned, reassigned; to nobody where the new assignee has no mapping; unassigned: nobody
    "assigned": Must("open", "Invoice is wrong", ANN),
    "reassigned": Must("open", "Cannot log in since Monday", BEN),
    "unassigned": Must("open", "Contract for next year", NOBODY),
    "to an unmapped agent": Must("open", "Discount code refused", NOBODY),
    # subject changed: renamed; empty: Ticket #N; cut at 250 with …
    "renamed": Must("open", "Checkout fails on mobile", NOBODY),
    "ten edits": Must("open", "Order 1001: edit 10", NOBODY),
    "empty subject": Must("open", "Ticket #{id}", NOBODY),
    "long subject": Must("open", "x" * 249 + "…", NOBODY),
    "delivered thrice": Must("open", "The same news, once", BEN),
    # pending, hold, custom statuses: stays open; solved: completed; reopened: reopened
    "pending, on hold": Must("open", "Waiting for the supplier", BEN),
    "custom status": Must("open", "Export has no header", ANN),
    "solved": Must("completed", "Password reset", BEN),
    "reopened": Must("open", "Printer is offline again", ANN),
    # closed, deleted, marked as spam: deleted; undeleted: restored
    "closed": Must("deleted", "Receipt for March", ANN),
    "deleted": Must("deleted", "Sent by mistake", NOBODY),
    "undeleted": Must("open", "Data protection request", BEN),
    "spam": Must("deleted", "You have won", NOBODY),
    # merged: completed, whatever the order
    "merge target": Must("open", "Shop is down", ANN),
    "merged, then closed": Must("completed", "Shop does not load", NOBODY),
    "closed, then merged": Must("completed", "Error 500 in the shop", NOBODY),
    # first seen already ended
    "first seen merged": NO_TASK,
    "first seen solved": Must("completed", "Opening hours?", NOBODY),
    "first seen closed": NO_TASK,
    "first seen deleted": NO_TASK,
    "older than the desk": NO_TASK,
    # never destroy work; deleted by hand stays gone, reopened brings it back
    "worked on, deleted": Must("completed", "Install the new terminal", ANN),
    "commented, closed": Must("completed", "Special terms for us", BEN),
    "task deleted by hand": Must("deleted", "Not worth a task", NOBODY),
    "by hand, reopened": Must("open", "Heating makes noise", ANN),
    # outside the filter: no task; leaving it later: kept
    "tag no_task": NO_TASK,
    "tag taken away": Must("open", "Bounced, but important", NOBODY),
    "tagged later": Must("open", "Already at work on this", BEN),
}


def wrong_with(name: str, ticket_id: int, tasks: list[SeenTask]) -> Iterable[str]:
    """What is not as it must be, in words; nothing when all is right."""
    must = RULES[name]
    ever = 0 if must.task == "none" else 1
    if len(tasks) != ever:
        yield f"{len(tasks)} tasks were made, must be {ever}"
    for task in tasks[:ever]:
        yield from _wrong(task, must, must.title.replace("{id}", str(ticket_id)))


def _wrong(task: SeenTask, must: Must, title: str) -> Iterable[str]:
    if task.state != must.task:
        yield f"the task is {task.state}, must be {must.task}"
    if task.title != title:
        yield f"the title is {task.title!r}, must be {title!r}"
    if task.assignee != must.assignee:
        yield f"the task is {task.assignee or 'nobody'}'s, must be {must.assignee or 'nobody'}'s"
