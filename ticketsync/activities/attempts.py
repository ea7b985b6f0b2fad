"""What all attempts of Teamwork and Zendesk activities have in common.

The look at the desk before the first call, the time an attempt may take, and what its errors mean.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from datetime import timedelta

from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError

from ticketsync import names
from ticketsync.activities.between_attempts import nothing_was_sent
from ticketsync.activities.board import DeskBoard
from ticketsync.activities.failures import answer_of, fail, hold_up
from ticketsync.activities.looks import ProjectDoesNotAnswer
from ticketsync.desks import Desk
from ticketsync.limiter import behind_others
from ticketsync.sync.desk import CREDENTIALS_REFUSED, PROJECT_UNREACHABLE, DeskFacts, DeskTrouble, Side
from ticketsync.teamwork import errors as teamwork
from ticketsync.zendesk import errors as zendesk

MARGIN = 2.0  # seconds before Temporal gives an attempt up that it gives up itself: nothing may land after that
TELL_TIMEOUT = timedelta(seconds=1)
LOST: dict[Side, type[teamwork.AnswerLost | zendesk.AnswerLost]] = {
    "teamwork": teamwork.AnswerLost,
    "zendesk": zendesk.AnswerLost,
}


class Attempts:
    """Begins attempts for all desks."""

    def __init__(self, desks: Mapping[str, Desk], client: Client, board: DeskBoard) -> None:
        self._desks = desks
        self._client = client
        self._board = board

    def desk(self, name: str) -> Desk:
        return self._desks[name]

    @asynccontextmanager
    async def attempt(
        self, name: str, side: Side, *, even_paused: bool = False
    ) -> AsyncIterator[tuple[Desk, DeskFacts | None]]:
        """One attempt on a desk: it begins only when the desk is neither paused nor in trouble.

        Raises ApplicationError for everything that can go wrong; a cause that holds up the whole desk is told to it.
        """
        try:
            async with asyncio.timeout(_time_left()):  # from the very start: Temporal counts the look at the desk too
                facts = await self._board.facts(name)
                _stop_if_held_up(facts, side, even_paused=even_paused)
                with _in_its_place():
                    yield self._desks[name], facts
        except (teamwork.Unauthorized, zendesk.Unauthorized) as error:
            await self.tell_trouble(name, side, CREDENTIALS_REFUSED[side])
            hold_up(CREDENTIALS_REFUSED[side], f"give desk {name} a working {side} token", answer=answer_of(error))
        except ProjectDoesNotAnswer as error:
            await self.tell_trouble(name, side, PROJECT_UNREACHABLE)
            hold_up(PROJECT_UNREACHABLE, str(error))
        except (teamwork.TeamworkError, zendesk.ZendeskError) as error:
            fail(error, nothing_sent=nothing_was_sent() and not getattr(error, "sent", False))
        except TimeoutError:
            fail(LOST[side]("the whole attempt", cause="it took too long"))

    async def tell_trouble(self, desk: str, side: Side, code: str) -> None:
        """Tell the desk's workflow, which asks once a minute whether it is over and then wakes all its tickets."""
        handle = self._client.get_workflow_handle(names.desk_workflow_id(desk))
        try:
            await handle.signal(names.DESK_TROUBLE, DeskTrouble(side=side, code=code), rpc_timeout=TELL_TIMEOUT)
        except RPCError:
            activity.logger.warning("the desk could not be told of its trouble", extra={"desk": desk, "code": code})


def _stop_if_held_up(facts: DeskFacts | None, side: Side, *, even_paused: bool) -> None:
    if facts is None:
        return
    if facts.paused and not even_paused:
        hold_up("paused", 'the desk is paused: "ticketsync desks resume" goes on', paused=True)
    trouble = facts.trouble_of(side)
    if trouble is not None:
        hold_up(trouble, "the whole desk waits for this; it is looked at once a minute")


def _in_its_place() -> AbstractContextManager[None]:
    """In the quotas what a backfill brought in is behind all others, as it is on the queues."""
    brought_in = activity.info().priority.priority_key == names.BACKFILL_PRIORITY
    return behind_others() if brought_in else nullcontext()


def _time_left() -> float | None:
    limit = activity.info().start_to_close_timeout
    return limit.total_seconds() - MARGIN if limit is not None else None
