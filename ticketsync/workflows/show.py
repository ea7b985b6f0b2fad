"""What a ticket's workflow shows of itself: the status card in the Temporal UI, and its search attributes."""

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributeUpdate

with workflow.unsafe.imports_passed_through():
    from ticketsync import names
    from ticketsync.sync.desired import wanted_agent
    from ticketsync.sync.state import TicketState
    from ticketsync.sync.status import shown

LINES_SHOWN = 8
WORKING = ("pending", "working")


def show(state: TicketState, *, busy: bool) -> None:
    """Put up the card (free, never part of history); upsert what has changed, but not while work is under way."""
    sync_state, reason = shown(state, busy=busy)
    workflow.set_current_details(status_card(state, sync_state, reason))
    if (sync_state, reason) != WORKING:
        _upsert(_attributes(state, sync_state, reason))


def _upsert(wanted: dict[SearchAttributeKey[str], str]) -> None:
    known = workflow.info().typed_search_attributes
    changed = {key: value for key, value in wanted.items() if known.get(key, "") != value}
    if changed.keys() & {names.SYNC_STATE, names.REASON}:
        changed[names.SINCE] = names.since(workflow.now())  # never alone: that would be one more event
    if changed:
        workflow.upsert_search_attributes([_update(key, value) for key, value in changed.items()])


def _update(key: SearchAttributeKey[str], value: str) -> SearchAttributeUpdate[str]:
    return key.value_set(value) if value else key.value_unset()


def _attributes(state: TicketState, sync_state: str, reason: str) -> dict[SearchAttributeKey[str], str]:
    snapshot = state.snapshot
    status = "deleted" if state.lifecycle.deleted else (snapshot.status if snapshot else None)
    return {
        names.DESK: state.desk,
        names.TICKET_ID: str(state.ticket_id),
        names.TICKET_STATUS: status or "",
        names.TASK_ID: str(state.task.id or ""),
        names.ASSIGNEE_ID: str((snapshot and wanted_agent(state, snapshot)) or ""),
        names.REASON: reason,
        names.SYNC_STATE: sync_state,
    }


def status_card(state: TicketState, sync_state: str, reason: str) -> str:
    """Markdown: how the ticket stands, its task, and the last things that happened."""
    task = state.task
    title = (task.title or "").replace("`", "'")
    return "\n".join(
        [
            f"### Ticket {state.ticket_id} of {state.desk}: {sync_state}{f' ({reason})' if reason else ''}",
            f"- Zendesk: {_zendesk(state)}",
            f"- Teamwork: task {task.id or 'none'}, {task.standing}, `{title}`, person {task.assignee_id or 'nobody'}",
            *_troubles(state),
            "",
            "| when (UTC) | what | why |",
            "| --- | --- | --- |",
            *(
                f"| {line.at:%m-%d %H:%M:%S} | {line.code} | {_cell(line.text)} |"
                for line in state.journal[-LINES_SHOWN:]
            ),
        ]
    )


def _zendesk(state: TicketState) -> str:
    if state.lifecycle.deleted:
        return f"deleted ({state.lifecycle.how})"
    if state.snapshot is None:
        return "not read yet"
    merged = f", merged into {state.lifecycle.merged_into or 'another'}" if state.lifecycle.merged else ""
    return f"{state.snapshot.status}, assignee {state.snapshot.assignee_id or 'nobody'}{merged}"


def _troubles(state: TicketState) -> list[str]:
    return [
        f"- {trouble.phase}: {trouble.what} since {trouble.since:%m-%d %H:%M:%S}, {trouble.code}, "
        f"next try {_next(trouble.retry_at)}"
        for trouble in state.troubles
    ]


def _next(moment: object) -> str:
    return f"{moment:%m-%d %H:%M:%S}" if moment else "by Temporal's retry"


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")
