"""How a ticket stands, in one word and one reason: for search attributes, lists and the status card."""

from ticketsync.sync.desired import DesiredTask
from ticketsync.sync.plan import Plan
from ticketsync.sync.state import SyncState, TicketState


def at_rest(state: TicketState, wanted: DesiredTask | None, the_plan: Plan) -> tuple[SyncState, str]:
    """How the ticket will stand when the plan is carried out and nothing went wrong."""
    if state.settle_until is not None and not the_plan.steps:
        return "pending", "settling"
    if wanted is None:
        return "pending", "nothing_known"
    if state.end_at is not None:
        return "ended", wanted.why
    if state.waiting is not None:
        return "pending", "waiting_for_directory"
    if state.is_let_go or (state.task.standing == "none" and not state.wanted_once):
        return "filtered", "unlinked" if state.is_let_go else (wanted.outside or wanted.why)
    return "in_step", _note(state, wanted, the_plan)


def _note(state: TicketState, wanted: DesiredTask, the_plan: Plan) -> str:
    if state.task.gone and not the_plan.steps:
        return "gone_by_hand"
    return wanted.who if wanted.who == "no_mapping" else ""


def shown(state: TicketState, *, busy: bool) -> tuple[SyncState, str]:
    """How the ticket stands now. Runs in workflow code: a change of this function needs `workflow.patched`."""
    for trouble in (state.trouble, state.read_trouble):
        if trouble is not None:
            return trouble.phase, trouble.code
    if state.refused is not None and state.task.assignee_id != state.refused.user_id:
        return "blocked", "not_a_member"
    if busy:
        return "pending", "working"
    return state.sync_state, state.reason
