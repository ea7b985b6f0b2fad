"""The day as a table: each ticket, its task, what was done and how long after the event; and whether all is right."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ticketsync.demo.day import AT_REST, Day
from ticketsync.demo.measure import Write, median_and_p95, writes_by_ticket
from ticketsync.demo.rules import RULES, wrong_with
from ticketsync.demo.world import Json, SeenTask, Ticket, World, get

LONGEST_TEXT = 28
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
DONE = {
    "create_done": "created",
    "rename_done": "renamed",
    "reassign_done": "reassigned",
    "complete_done": "completed",
    "reopen_done": "reopened",
    "delete_done": "deleted",
    "restore_done": "restored",
}
ANSWERS = {"completed, not deleted": "completed, not deleted", "404: somebody deleted": "found it deleted by hand"}
HEADS = ("ticket", "story", "subject", "status", "task", "title", "assignee", "state", "what was done", "after")
# On a narrow terminal these stand below each other.
PAIRS = ((0, 1), (2, 5), (3, 4), (6, 7), (8, 9))
NARROW = 130


@dataclass(frozen=True)
class Line:
    """One ticket at the end of the day. `why` is what ticketsync says of it, `wrong` what must be otherwise."""

    ticket_id: int
    story: str
    subject: str
    status: str
    task: SeenTask | None
    why: str
    done: str
    writes: tuple[Write, ...]
    wrong: tuple[str, ...]

    @property
    def cells(self) -> tuple[str, ...]:
        task = self.task
        of_task = (str(task.id), _short(task.title), task.assignee or "nobody") if task else ("-",) * 3
        state = ": ".join(filter(None, [task.state if task else "no task", self.why]))
        after = ", ".join(_duration(write.delay) for write in self.writes)
        subject = _short(self.subject) or "(empty)"
        return (str(self.ticket_id), self.story, subject, self.status, *of_task, state, self.done, after or "-")


@dataclass(frozen=True)
class Report:
    """All lines, by ticket; `problems` are stories that could not be told to their end, `untold` rules without one."""

    lines: tuple[Line, ...]
    problems: dict[str, str]
    settle_window: timedelta

    @property
    def untold(self) -> list[str]:
        return sorted(RULES.keys() - {line.story for line in self.lines})

    @property
    def wrong(self) -> list[str]:
        """What is not as it must be, a line each; empty when the day is right."""
        stuck = [f"story {name}: {problem}" for name, problem in self.problems.items()]
        untold = [f"no ticket was opened for the rule {name!r}" for name in self.untold]
        lines = [f"ticket {line.ticket_id} ({line.story}): {what}" for line in self.lines for what in line.wrong]
        return stuck + untold + lines

    @property
    def summary(self) -> list[str]:
        writes = [write for line in self.lines for write in line.writes]
        at_once = [write.delay for write in writes if not write.settled]
        settled = [write.delay - self.settle_window for write in writes if write.settled]
        window = f"{self.settle_window.total_seconds():g} s"
        return [
            f"From event to Teamwork: {_spread(at_once)}",
            f"A delete first waits out the settle window of {window}; after that: {_spread(settled)}",
        ]

    def print(self, console: Console) -> None:
        """On a terminal within its width, else unwrapped and without frame."""
        arranged = _in_pairs if console.width < NARROW else tuple
        table = Table(box=box.SIMPLE_HEAD if console.is_terminal else None, pad_edge=False, show_edge=False)
        for head in arranged(HEADS):
            table.add_column(head, overflow="fold")
        for line in self.lines:
            table.add_row(*(Text(cell) for cell in arranged(line.cells)), style="red" if line.wrong else "")
        with console.capture() as captured:
            console.print(table)
        # Columns are filled with blanks up to the widest cell: no use at the end of a line.
        console.out("\n".join(row.rstrip() for row in captured.get().splitlines()), highlight=False)


def _in_pairs(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{cells[upper]}\n{cells[lower]}" for upper, lower in PAIRS)


async def report_on(day: Day, since: datetime, settle_window: timedelta) -> Report:
    """Read from both sites how each ticket and its task stand, and compare with the rules. Raises httpx.HTTPError."""
    tickets = sorted((ticket for ticket in day.tickets if ticket.is_open), key=lambda ticket: ticket.id)
    shown = await _zendesk_shows(day.world, [ticket.id for ticket in tickets])
    writes = await writes_by_ticket(day.world, since, settle_window)
    lines = [await _line(ticket, shown.get(ticket.id, {}), writes.get(ticket.id, [])) for ticket in tickets]
    return Report(tuple(lines), day.problems, settle_window)


async def _zendesk_shows(world: World, ids: Sequence[int]) -> dict[int, Json]:
    """Each ticket's subject and status, by id; those in the trash as `deleted`."""
    live = await get(world.zendesk, "/api/v2/tickets/show_many.json", ids=",".join(map(str, ids)))
    gone = await get(world.zendesk, "/api/v2/deleted_tickets.json", sort_by="deleted_at", sort_order="desc")
    deleted = {row["id"]: {"subject": row["subject"], "status": "deleted"} for row in gone["deleted_tickets"]}
    return deleted | {row["id"]: row for row in live["tickets"]}


async def _line(ticket: Ticket, shown: Json, writes: Iterable[Write]) -> Line:
    try:
        status = await ticket.status()
    except httpx.HTTPError:
        status = {}
    sync_state, reason = status.get("sync_state", "unknown"), status.get("reason", "")
    tasks = ticket.tasks
    wrong = list(wrong_with(ticket.name, ticket.id, tasks))
    if sync_state not in AT_REST:
        reason = f"{sync_state} {reason}"
        wrong.append(f"it did not come to rest: {reason}")
    return Line(
        ticket_id=ticket.id,
        story=ticket.name,
        subject=shown.get("subject", ""),
        status=shown.get("status", "unknown"),
        task=tasks[0] if tasks else None,
        why=reason.replace("_", " "),
        done=_done(status),
        writes=tuple(writes),
        wrong=tuple(wrong),
    )


def _done(status: Json) -> str:
    """The steps in their order, by the ticket's journal: `created, renamed 3 times, completed`."""
    words: list[tuple[str, int]] = []
    for line in status.get("journal", ()):
        word = _word(line["code"], line["text"])
        if word is None:
            continue
        count = words.pop()[1] if words and words[-1][0] == word else 0
        words.append((word, count + 1))
    return ", ".join(word if count == 1 else f"{word} {count} times" for word, count in words) or "nothing"


def _word(code: str, text: str) -> str | None:
    if code not in DONE:
        return None
    return next((words for answer, words in ANSWERS.items() if answer in text), DONE[code])


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 8]}… ({len(text)})"


def _duration(delay: timedelta) -> str:
    milliseconds = delay.total_seconds() * 1000
    number, unit = (f"{milliseconds:.0f}", "ms") if milliseconds < 1000 else (f"{milliseconds / 1000:.2f}", "s")  # noqa: PLR2004
    return f"{number}{NO_BREAK_SPACE}{unit}"


def _spread(delays: Sequence[timedelta]) -> str:
    spread = median_and_p95(delays)
    if spread is None:
        return "too few to tell"
    median, p95 = spread
    return f"median {_duration(median)}, p95 {_duration(p95)} ({len(delays)} changes)"
