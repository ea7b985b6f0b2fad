"""Tickets on paper: how `tickets list`, `show` and `why` are laid out."""

from collections.abc import Iterable, Iterator, Mapping

from ticketsync import names
from ticketsync.cli.output import note, print_facts, print_reasons, print_rows, print_table, say
from ticketsync.sync.state import JOURNAL_KEPT, JournalLine, TicketState
from ticketsync.ticket_list import TicketList
from ticketsync.tickets import PendingActivity, TicketView
from ticketsync.why import FieldStory, Why, explain

JOURNAL_SHOWN = 12


# --- list


def print_list(found: TicketList) -> None:
    heads = ("ticket", "status", "state", "reason", "task", "agent", "since")
    rows = [
        (row.ticket_id, row.status, row.state, row.reason, row.task_id, row.assignee_id, row.since or row.started_at)
        for row in found.tickets
    ]
    print_table(heads, rows)
    print_reasons(found.explained)
    counts = ", ".join(f"{count} {state}" for state, count in found.counts.items() if count)
    say(f"\n{counts or 'no tickets'}")
    if found.more or found.page > 1:
        note(_page(found))


def _page(found: TicketList) -> str:
    """Where we are: "1-50 of 10,000; next: --page 2"."""
    if not found.tickets:
        return f"page {found.page} is past the end: there are {found.total:,}"
    first = (found.page - 1) * found.limit + 1
    shown = f"{first:,}-{first + len(found.tickets) - 1:,} of {found.total:,}"
    return f"{shown}; next: --page {found.page + 1}" if found.more else shown


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
        **_tried(view),
    }


def _standing(view: TicketView) -> dict[str, object]:
    """How the ticket stands, what its reason means, and what to do about it."""
    told = view.explanation
    return {
        "ticket": f"{view.ticket_id} of desk {view.desk}",
        "state": f"{told.state} ({told.reason})" if told.reason not in ("", told.state) else told.state,
        "meaning": told.meaning,
        "to do": told.to_do,
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


def _tried(view: TicketView) -> dict[str, object]:
    """The steps and reads that are being tried."""
    return {f"pending {pending.activity}": _pending(pending) for pending in view.pending}


def _pending(pending: PendingActivity) -> str:
    failure = f"; the last one failed: {pending.last_failure}" if pending.last_failure else ""
    return f"attempt {pending.attempt}{failure}"


# --- why


def print_why(view: TicketView, story: Why) -> None:
    print_facts({**_standing(view), **_tried(view)})
    say("")
    print_facts({told.field: "\n".join(_told(told)) for told in story.fields})
    _print_part("waiting for", [(line,) for line in story.waiting])
    _print_part("not done, and why", [_with_remedy(line, story.remedies) for line in story.not_done])
    _print_part("events that changed nothing, and why (nothing to do)", map(_cells, story.changed_nothing))
    _print_part("events that said too little: the ticket was read (nothing to do)", map(_cells, story.not_enough))
    _print_part("troubles", map(_cells, story.troubles))


def _told(told: FieldStory) -> Iterator[str]:
    yield f"{told.value or 'none'}{'' if told.sure else ' (not sure that it landed: it is written once more)'}"
    if told.rule is not None:
        yield f"rule   {told.rule}"
    if told.step is not None:
        yield f"by     {_one_line(told.step)}"
        yield f"after  {_one_line(told.cause) if told.cause else 'something before the journal begins'}"
    elif told.value not in (None, "none"):
        yield f"set before the journal begins: it keeps the last {JOURNAL_KEPT} lines"


def _one_line(line: JournalLine) -> str:
    return f"{line.at:%Y-%m-%d %H:%M:%SZ}  {line.text}"


def _cells(line: JournalLine) -> tuple[str, ...]:
    return (f"{line.at:%Y-%m-%d %H:%M:%SZ}", line.code, line.text)


def _with_remedy(line: JournalLine, remedies: Mapping[str, str]) -> tuple[str, ...]:
    at, code, text = _cells(line)
    return (at, code, f"{text}; {remedies[code]}" if code in remedies else text)


def _print_part(head: str, rows: Iterable[tuple[str, ...]]) -> None:
    cells = list(rows)
    if cells:
        say(f"\n{head}:")
        print_rows(cells)
