"""One ticket from the command line: a command to it, and what to say when that goes wrong."""

import asyncio
from collections.abc import Sequence
from typing import Any

from ticketsync.cli.output import Failed
from ticketsync.cli.reach import reach_temporal
from ticketsync.tickets import (
    CommandName,
    CommandRefusedError,
    TicketCallError,
    UnknownTicketError,
    command_ticket,
)


def tell_one(
    desk: str, ticket_id: int, command: CommandName, args: Sequence[Any], *, even_unknown: bool = False
) -> None:
    """Raises Failed."""
    try:
        asyncio.run(_tell(desk, ticket_id, command, args, even_unknown=even_unknown))
    except UnknownTicketError:
        raise unknown(desk, ticket_id) from None
    except CommandRefusedError as error:
        raise Failed(f"ticket {ticket_id} of desk {desk} refuses: {error.code}") from None
    except TicketCallError as error:
        look = f"ticketsync tickets show {ticket_id} --desk {desk}"
        raise Failed(f"no worker answers ({error.code}): start one, then look whether it was done: {look}") from None


async def _tell(desk: str, ticket_id: int, command: CommandName, args: Sequence[Any], *, even_unknown: bool) -> None:
    await command_ticket(await reach_temporal(), desk, ticket_id, command, args=args, even_unknown=even_unknown)


def unknown(desk: str, ticket_id: int) -> Failed:
    why = "no event of it has come, or it ended longer ago than Temporal keeps closed workflows"
    return Failed(f"ticket {ticket_id} of desk {desk} has no workflow: {why}")
