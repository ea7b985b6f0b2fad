"""Telling many tickets the same: at a bounded pace, so that a command to ten thousand of them disturbs nobody.

What they then do has the lower of the two priorities on the desk's queues: live changes go first.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel
from temporalio.client import Client

from ticketsync.cli.progress import Done
from ticketsync.sync.state import NOTHING_TO_RETRY
from ticketsync.tickets import CommandName, CommandRefusedError, NoAnswerError, UnknownTicketError, command_ticket

PER_SECOND = 25.0
AT_ONCE = 10
SILENT = 20  # so many in a row without an answer: there is nobody


class Told(BaseModel):
    """What came of a command to many tickets. `nothing_to_retry` were told too: they decide anew.

    `no_answer` may have been told, `not_told` surely were not: it was given up before.
    """

    desk: str
    command: CommandName
    tickets: int
    told: int = 0
    nothing_to_retry: int = 0
    no_answer: list[int] = []
    unknown: list[int] = []
    refused: list[int] = []
    not_told: list[int] = []

    @property
    def is_whole(self) -> bool:
        return self.told == self.tickets


class Telling:
    """One command to all of these tickets. `args` are those of the command, but for `later`, which comes last."""

    def __init__(self, client: Client, desk: str, ids: Sequence[int], command: CommandName, *args: Any) -> None:
        self.told = Told(desk=desk, command=command, tickets=len(ids))
        self._client = client
        self._ids: Iterator[int] = iter(ids)
        self._args = (*args, True)
        self._next = 0.0
        self._silent = 0

    async def run(self, done: Done) -> Told:
        await asyncio.gather(*(self._tell_on(done) for _ in range(AT_ONCE)))
        return self.told

    async def _tell_on(self, done: Done) -> None:
        for ticket_id in self._ids:
            if self._silent >= SILENT:
                self.told.not_told.append(ticket_id)
                continue
            await self._turn()
            await self._tell(ticket_id)
            done(1)

    async def _turn(self) -> None:
        now = asyncio.get_running_loop().time()
        turn = max(now, self._next)
        self._next = turn + 1 / PER_SECOND
        await asyncio.sleep(turn - now)

    async def _tell(self, ticket_id: int) -> None:
        told = self.told
        try:
            answer = await command_ticket(self._client, told.desk, ticket_id, told.command, args=self._args)
        except NoAnswerError:
            told.no_answer.append(ticket_id)
            self._silent += 1
            return
        except UnknownTicketError:
            told.unknown.append(ticket_id)
        except CommandRefusedError:
            told.refused.append(ticket_id)
        else:
            told.told += 1
            told.nothing_to_retry += answer == NOTHING_TO_RETRY
        self._silent = 0
