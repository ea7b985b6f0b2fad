"""Which tickets a command is for: by their numbers, by a filter, or all of a desk."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

import click
from temporalio.client import Client

from ticketsync import names
from ticketsync.cli.output import Failed
from ticketsync.cli.ticket_list import TIMEOUT, Wanted
from ticketsync.reasons import REASONS
from ticketsync.sync.state import SyncState

STATES = get_args(SyncState)
STATUSES = ("new", "open", "pending", "hold", "solved", "closed", "deleted")
ID = click.IntRange(1, 2**63 - 1)
A_CODE = re.compile(r"[a-z_]{1,60}")

Callback = TypeVar("Callback", bound=Callable[..., Any])


@dataclass(frozen=True)
class Chosen:
    """What was asked for on the command line."""

    desk: str
    ids: Sequence[int]
    state: str | None
    status: str | None
    assignee: int | None
    reason: str | None
    all_tickets: bool

    @property
    def is_filter(self) -> bool:
        return any(value is not None for value in (self.state, self.status, self.assignee, self.reason))

    def check(self) -> None:
        """Raises UsageError unless it says in exactly one way which tickets are meant."""
        ways = [bool(self.ids), self.is_filter, self.all_tickets]
        if sum(ways) == 0:
            raise click.UsageError("say which tickets: their numbers, a filter, or --all")
        if sum(ways) > 1:
            raise click.UsageError("give numbers, a filter or --all, not several of them")

    @property
    def query(self) -> str:
        """For visibility; without numbers. Raises Failed when no reason says what is asked for."""
        wanted = Wanted(desk=self.desk, status=self.status, assignee=self.assignee).in_state(self.state)
        return wanted if self.reason is None else f"{wanted} AND {_for_a_reason(self.reason)}"


def chosen_tickets(command: Callback) -> Callback:
    """Numbers as arguments, and the filters."""
    options = (
        click.option("--all", "all_tickets", is_flag=True, help="all tickets of the desk whose workflow runs"),
        click.option("--reason", metavar="TEXT", help="only tickets whose reason has this code or these words"),
        click.option("--assignee", type=ID, metavar="ID", help="only tickets whose agent is this Zendesk user"),
        click.option("--status", type=click.Choice(STATUSES), help="only tickets with this status in Zendesk"),
        click.option("--state", type=click.Choice(STATES), help="only tickets in this state"),
        click.argument("ticket_ids", metavar="[ID]...", type=ID, nargs=-1),
    )
    for option in options:
        command = option(command)
    return command


async def ids_of(client: Client, chosen: Chosen) -> list[int]:
    """The tickets, each once; by a filter those whose workflow runs, the newest first. Raises Failed, RPCError."""
    if chosen.ids:
        return list(dict.fromkeys(chosen.ids))
    found = client.list_workflows(chosen.query, rpc_timeout=TIMEOUT)
    return [int(run.id.rpartition("-")[2]) async for run in found]


def _for_a_reason(text: str) -> str:
    """A code may be one of another version's: then it is taken as it is."""
    words = text.strip().casefold()
    codes = {code for code, reason in REASONS.items() if words in code or words in reason.meaning.casefold()}
    codes |= {words} if A_CODE.fullmatch(words) else set()
    if not words or not codes:
        raise Failed(f"--reason: no reason says '{text}': see the reasons below ticketsync tickets list", exit_code=2)
    return f"{names.REASON.name} IN ({', '.join(repr(code) for code in sorted(codes))})"
