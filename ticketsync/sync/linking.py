"""Linking by hand: an operator says which task is a ticket's, or that it is to have none.

A wish to link stands beside what the ticket has until Teamwork has taken it: a link that is refused changes nothing.
"""

from datetime import datetime

from ticketsync.sync.desired import DesiredTask
from ticketsync.sync.fold import wants_read
from ticketsync.sync.plan import Plan, may_exist
from ticketsync.sync.state import Command, JournalLine, TicketState, journal_line
from ticketsync.sync.step import Step


def linked_by_hand(state: TicketState, command: Command) -> TicketState:
    """The wish to link. The ticket is read, so that the task is put in step with what it says now."""
    return wants_read(state, "link").model_copy(update={"link_to": command.task_id})


def unlinked_by_hand(state: TicketState) -> TicketState:
    """From now on nothing is wanted of the task but to let it go."""
    nothing_more = {"link_to": None, "revive": False, "inspect": False}
    return state.model_copy(update={**nothing_more, "unlinked": True})


def with_a_task_again(state: TicketState) -> TicketState:
    """A create looks first: the marker may still be on the task that was let go."""
    if not state.unlinked:
        return state
    return state.model_copy(update={"unlinked": False, "look": "once" if state.look == "no" else state.look})


def without_a_link_in_vain(
    state: TicketState, wanted: DesiredTask | None, now: datetime
) -> tuple[TicketState, list[JournalLine]]:
    """The wish is dropped where the ticket should have no task: the next step would be to delete it.

    Not before the ticket was read: it may be there again.
    """
    if state.link_to is None or state.read is not None or wanted is None or wanted.standing != "absent":
        return state, []
    why = f"task {state.link_to} is not linked: the ticket should have no task ({wanted.why}), and would delete it"
    return state.model_copy(update={"link_to": None}), [journal_line(now, "link_refused", why)]


def plan_by_hand(state: TicketState, wanted: DesiredTask | None) -> Plan | None:
    """What an operator's word makes of the plan; None where the rules alone decide."""
    if state.link_to is not None and wanted is not None and wanted.standing != "absent":
        return Plan(steps=(_link(state.link_to, wanted),))
    if not state.unlinked:
        return None
    if state.task.id is None and not may_exist(state):
        return Plan(notes=(("unlinked", "an operator took its task from the ticket: it has none, and makes none"),))
    return Plan(steps=(Step(kind="unlink", reason="by_hand", task_id=state.task.id),))


def _link(task_id: int, wanted: DesiredTask) -> Step:
    return Step(kind="link", reason="by_hand", task_id=task_id, assignee_id=wanted.assignee_id)
