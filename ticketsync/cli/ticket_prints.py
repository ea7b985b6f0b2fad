"""Tickets on paper: how `tickets list`, `show` and `why` are laid out."""

from collections.abc import Iterable, Iterator

from ticketsync import names
from ticketsync.cli.output import note, print_facts, print_reasons, print_rows, print_table, say
from ticketsync.cli.ticket_list import TicketList, TicketRow
from ticketsync.cli.why import FieldStory, Why, explain
from ticketsync.reasons import Reason, explained
from ticketsync.sync.state import JOURNAL_KEPT, JournalLine, TicketState
from ticketsync.tickets import PendingActivity, TicketView

JOURNAL_SHOWN = 12


# --- list


def print_list(found: TicketList) -> None:
    heads = ("ticket", "status", "state", "reason", "task", "agent", "run since")
    rows = [
        (row.ticket_id, row.status, row.state, row.reason, row.task_id, row.assignee_id, row.started_at)
        for row in found.tickets
    ]
    print_table(heads, rows)
    print_reasons(_reasons(found.tickets))
    counts = ", ".join(f"{count} {state}" for state, count in found.counts.items() if count)
    say(f"\n{counts or 'no tickets'}")
    if found.more:
        note(f"there are more than {len(found.tickets)}: see --limit")


def _reasons(rows: Iterable[TicketRow]) -> dict[str, Reason]:
    """Those that the table shows, each once, in its order; a ticket that has none yet is explained by its state."""
    told = {row.reason or row.state or "": explained(row.state or "", row.reason or "") for row in rows}
    return {code: reason for code, reason in told.items() if reason is not None}


# --- show


def print_view(view: TicketView, state: TicketState | None) -> None:
    if view.note:
        note(f"{view.note}: this is what Temporal stores")
    print_facts(_facts(view, state))
    if state is not None and state.journal:
        say("")
        print_table(("when", "what", "why"), [_cells(line) for line in state.journal[-JOURNAL_SHOWN:]])


def _facts(view: TicketView, state: TicketState | None) -> dict[str, object]:
    known = _known(state) if state is not None else _stored(view.search_attributes)
    return {
        **_standing(view),
        **known,
        "workflow": f"{view.workflow_id}, {view.run} since {view.started_at:%Y-%m-%d %H:%M:%SZ}",
        **{f"pending {pending.activity}": _pending(pending) for pending in view.pending},
    }


def _standing(view: TicketView) -> dict[str, object]:
    """How the ticket stands, what its reason means, and what to do about it."""
    status, stored = view.status or {}, view.search_attributes
    code = status.get("reason") or stored.get(names.REASON.name, "")
    state = status.get("sync_state") or stored.get(names.SYNC_STATE.name, "unknown")
    reason = explained(state, code)
    return {
        "ticket": f"{view.ticket_id} of desk {view.desk}",
        "state": f"{state} ({code})" if code not in ("", state) else state,
        "meaning": reason.meaning if reason else None,
        "to do": (reason.remedy or "nothing") if reason else None,
    }


def _known(state: TicketState) -> dict[str, object]:
    task, waiting = state.task, explain(state).waiting
    return {
        "zendesk": _zendesk(state),
        "task": f"{task.id}, {task.standing}, person {task.assignee_id or 'nobody'}" if task.id else "none",
        "title": task.title,
        "waiting for": "\n".join(waiting) or None,
    }


def _zendesk(state: TicketState) -> str:
    snapshot, lifecycle = state.snapshot, state.lifecycle
    seen = f"{snapshot.status}, assignee {snapshot.assignee_id or 'nobody'}" if snapshot else "not read yet"
    deleted = f", deleted ({lifecycle.how})" if lifecycle.deleted else ""
    merged = f", merged into {lifecycle.merged_into or 'another'}" if lifecycle.merged else ""
    return f"{seen}{deleted}{merged}"


def _stored(attributes: dict[str, str]) -> dict[str, object]:
    return {
        "zendesk": attributes.get(names.TICKET_STATUS.name, "not read yet"),
        "agent": attributes.get(names.ASSIGNEE_ID.name, "nobody"),
        "task": attributes.get(names.TASK_ID.name, "none"),
    }


def _pending(pending: PendingActivity) -> str:
    failure = f"; the last one failed: {pending.last_failure}" if pending.last_failure else ""
    return f"attempt {pending.attempt}{failure}"


# --- why


def print_why(view: TicketView, story: Why) -> None:
    print_facts(_standing(view))
    say("")
    print_facts({told.field: "\n".join(_told(told)) for told in story.fields})
    _print_part("waiting for", [(line,) for line in story.waiting])
    _print_part("not done, and why", map(_cells, story.not_done))
    _print_part("events that changed nothing", map(_cells, story.changed_nothing))
    _print_part("troubles", map(_cells, story.troubles))


def _told(told: FieldStory) -> Iterator[str]:
    yield f"{told.value or 'none'}{'' if told.sure else ' (not sure that it landed: it is written once more)'}"
    if told.step is not None:
        yield f"by     {_one_line(told.step)}"
        yield f"after  {_one_line(told.cause) if told.cause else 'something before the journal begins'}"
    elif told.value not in (None, "none"):
        yield f"set before the journal begins: it keeps the last {JOURNAL_KEPT} lines"


def _one_line(line: JournalLine) -> str:
    return f"{line.at:%Y-%m-%d %H:%M:%SZ}  {line.text}"


def _cells(line: JournalLine) -> tuple[str, ...]:
    return (f"{line.at:%Y-%m-%d %H:%M:%SZ}", line.code, line.text)


def _print_part(head: str, rows: Iterable[tuple[str, ...]]) -> None:
    cells = list(rows)
    if cells:
        say(f"\n{head}:")
        print_rows(cells)
