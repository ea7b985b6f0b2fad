"""How far a backfill is: watched with a bar and a forecast, or told once."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from temporalio.client import Client

from ticketsync.backfill_calls import BackfillView, read_backfill
from ticketsync.cli.output import print_facts, print_json, say
from ticketsync.cli.reach import reach_temporal
from ticketsync.cli.stopping import stop_on_signals, unless_stopped
from ticketsync.desk_calls import DeskSilentError
from ticketsync.reasons import NOT_LISTED, REASONS
from ticketsync.sync.backfill import Counts

LOOK_EVERY = 1.0
SILENCE = timedelta(minutes=2)  # how long Temporal may be away before a watching command gives up
PACE_OF_THE_LAST = 600.0  # seconds by which the bar forecasts: tickets come in lumps, as the quota allows


def watch(name: str, *, as_json: bool) -> None:
    view = asyncio.run(_watched(name))
    if not as_json and view is not None and view.running:
        say(f"the backfill of desk {name} goes on without you: {command_line(name, 'status')} tells how far it is,")
        say(f"{command_line(name, 'stop')} stops it; after that {command_line(name)} goes on where it stopped")
        return
    tell(name, view, as_json=as_json)


def command_line(name: str, action: str = "") -> str:
    return " ".join(filter(None, ["ticketsync backfill", action, f"--desk {name}"]))


async def _watched(name: str) -> BackfillView | None:
    """How it stood when it ended, or when this command was told to end."""
    client, stop = await reach_temporal(), stop_on_signals()
    ended = await unless_stopped(_until_its_end(client, name), stop)
    return ended or await read_backfill(client, name)


async def _until_its_end(client: Client, name: str) -> BackfillView | None:
    silent_since: datetime | None = None
    with _bar() as progress:
        task = progress.add_task(f"desk {name}", total=None, trouble="")
        while True:
            try:
                view = await read_backfill(client, name)
            except DeskSilentError:
                silent_since = silent_since or datetime.now(UTC)
                if datetime.now(UTC) - silent_since > SILENCE:
                    raise
            else:
                silent_since = None
                if view is None or not view.running:
                    return view
                _show(progress, task, view)
            await asyncio.sleep(LOOK_EVERY)


def _show(progress: Progress, task: TaskID, view: BackfillView) -> None:
    state = view.state
    if state is None:
        progress.update(task, trouble=view.note or "")
        return
    total = max(state.planned.brought_in, state.at_rest)
    progress.update(task, total=total, completed=state.at_rest, trouble=state.trouble or "")


@contextmanager
def reading() -> Iterator[Callable[[int], None]]:
    """How many tickets were read, in a terminal only."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("reading tickets: {task.completed:.0f}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None)
        yield lambda number: progress.advance(task, number)


def _bar() -> Progress:
    """A bar with a forecast, in a terminal only."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[trouble]}"),
    )
    disable = not console.is_terminal
    return Progress(*columns, console=console, transient=True, disable=disable, speed_estimate_period=PACE_OF_THE_LAST)


# --- telling


def tell(name: str, view: BackfillView | None, *, as_json: bool) -> None:
    if as_json:
        print_json({"desk": name, "dry_run": False, "plan": None, "backfill": _as_json(view) if view else None})
    elif view is None:
        say(f"desk {name} had no backfill yet, or none that Temporal remembers")
    else:
        print_facts(_facts(name, view))


def _as_json(view: BackfillView) -> dict[str, Any]:
    state = view.state
    told: dict[str, Any] = {"state": _word(view), "note": view.note}
    if state is None:
        return told
    left = state.time_left(datetime.now(UTC)) if view.running else None
    counts, planned = state.counts.model_dump(), state.planned.brought_in
    told |= {"only_open": state.only_open, "planned": planned, "at_rest": state.at_rest, "blocked": state.blocked}
    told |= {"counts": counts, "trouble": state.trouble, "begun_at": state.begun_at, "ended_at": state.ended_at}
    return {**told, "seconds_left": round(left.total_seconds()) if left is not None else None}


def _word(view: BackfillView) -> str:
    if view.running:
        return "stopping" if view.state is not None and view.state.stopped else "running"
    return "done" if view.state is not None and view.state.is_done else "stopped"


def _facts(name: str, view: BackfillView) -> dict[str, object]:
    facts: dict[str, object] = {"desk": name, "backfill": _word(view), "note": view.note}
    state = view.state
    if state is None:
        return facts
    left = state.time_left(datetime.now(UTC)) if view.running else None
    return {
        **facts,
        "brought in": f"{state.at_rest} of {max(state.planned.brought_in, state.at_rest)} tickets",
        "of these": _of_these(state.counts),
        "blocked": _blocked(name, state.blocked),
        "time left": in_words(left) if left is not None else None,
        "waits": _trouble(state.trouble),
        "begun": state.begun_at,
        "ended": state.ended_at,
        "which": "only open tickets" if state.only_open else "all tickets",
    }


def _of_these(counts: Counts) -> str | None:
    words = {"new": counts.new, "adopted": counts.adopted, "read first": counts.unclear}
    return ", ".join(f"{count} {word}" for word, count in words.items() if count) or None


def _blocked(name: str, number: int) -> str | None:
    return f"{number}: ticketsync tickets list --state blocked --desk {name} says why" if number else None


def _trouble(code: str | None) -> str | None:
    if code is None:
        return None
    reason = REASONS.get(code, NOT_LISTED)
    return f"{code}: {reason.meaning}; {reason.remedy or 'nothing to do'}"


def in_words(time: timedelta) -> str:
    """`less than a minute`, `5 min`, `3 h 20 min`."""
    hours, minutes = divmod(round(time / timedelta(minutes=1)), 60)
    if not hours and not minutes:
        return "less than a minute"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
