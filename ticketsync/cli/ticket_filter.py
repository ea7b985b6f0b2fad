"""Which tickets a command is for: by their numbers, by the filter that `tickets list` has too, or all of a desk."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import click
from temporalio.client import Client

from ticketsync.reasons import codes_asked_for
from ticketsync.ticket_list import STATES, STATUSES, TIMEOUT, Wanted

ID = click.IntRange(1, 2**63 - 1)

Callback = TypeVar("Callback", bound=Callable[..., Any])


@dataclass(frozen=True)
class Chosen:
    """What was asked for on the command line; `codes` are the reasons that `--reason` stands for."""

    desk: str
    ids: Sequence[int]
    state: str | None
    status: str | None
    assignee: int | None
    codes: tuple[str, ...] | None
    all_tickets: bool

    @property
    def is_filter(self) -> bool:
        return any(value is not None for value in (self.state, self.status, self.assignee, self.codes))

    def check(self) -> None:
        """Raises UsageError unless it says in exactly one way which tickets are meant."""
        ways = [bool(self.ids), self.is_filter, self.all_tickets]
        if sum(ways) == 0:
            raise click.UsageError("say which tickets: their numbers, a filter, or --all")
        if sum(ways) > 1:
            raise click.UsageError("give numbers, a filter or --all, not several of them")

    @property
    def query(self) -> str:
        """For visibility; without numbers."""
        wanted = Wanted(desk=self.desk, status=self.status, assignee=self.assignee, codes=self.codes)
        return wanted.query if self.state is None else wanted.in_state(self.state)


# --- on the command line


def codes_for(
    _context: click.Context | None, _option: click.Parameter | None, text: str | None
) -> tuple[str, ...] | None:
    """The reasons that `--reason` asks for, "" for that of tickets which have no code yet. Raises BadParameter."""
    if text is None:
        return None
    codes = codes_asked_for(text)
    if not codes:
        raise click.BadParameter(f"no reason says {text!r}: docs/on-call.md has them all")
    return codes


def filtered(command: Callback) -> Callback:
    """The filters."""
    options = (
        click.option(
            "--reason", "codes", callback=codes_for, metavar="TEXT", help="only tickets whose reason says this"
        ),
        click.option("--assignee", type=ID, metavar="ID", help="only tickets whose agent is this Zendesk user"),
        click.option("--status", type=click.Choice(STATUSES), help="only tickets with this status in Zendesk"),
        click.option("--state", type=click.Choice(STATES), help="only tickets in this state"),
    )
    for option in options:
        command = option(command)
    return command


def chosen_tickets(command: Callback) -> Callback:
    """Numbers as arguments, the filters, and all of a desk."""
    command = click.option("--all", "all_tickets", is_flag=True, help="all tickets of the desk whose workflow runs")(
        command
    )
    return click.argument("ticket_ids", metavar="[ID]...", type=ID, nargs=-1)(filtered(command))


# --- their numbers


async def ids_of(client: Client, chosen: Chosen) -> list[int]:
    """The tickets, each once; by a filter those whose workflow runs, the newest first. Raises RPCError."""
    if chosen.ids:
        return list(dict.fromkeys(chosen.ids))
    found = client.list_workflows(chosen.query, rpc_timeout=TIMEOUT)
    return [int(run.id.rpartition("-")[2]) async for run in found]
