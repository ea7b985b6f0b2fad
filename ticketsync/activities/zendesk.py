"""Reading a ticket from Zendesk when its events alone do not decide."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

from temporalio import activity

from ticketsync import names
from ticketsync.activities.attempts import Attempts
from ticketsync.activities.failures import not_yet
from ticketsync.desks import Desk
from ticketsync.sync.event import UNREADABLE, Event
from ticketsync.sync.requests import ReadRequest
from ticketsync.zendesk import DeletedTicket
from ticketsync.zendesk.errors import NotFound

READ_AT_MOST_EVERY = 10.0  # seconds between two readings of the list of deleted tickets
LOOK_BACK = timedelta(days=31)  # Zendesk keeps deleted tickets for 30 days
SECOND_OVER = 1.1


async def read_ticket(desk: Desk, ticket_id: int, *, settled: bool) -> Event:
    """The ticket as a `read`; `settled`: after the second of its last change is over. Raises ZendeskError."""
    event = await desk.zendesk.ticket(ticket_id)
    if settled and not event.settled:
        await asyncio.sleep(SECOND_OVER)  # until the second of its last change is over by Zendesk's clock
        event = await desk.zendesk.ticket(ticket_id)
    return event


def when_not_found(ticket_id: int, deleted: DeletedTicket | None) -> Event:
    """What a 404 of a ticket means: its line in the list of deleted tickets, or that it cannot be read."""
    now = datetime.now(UTC)
    if deleted is None:
        event_id = f"unreadable-{now:%Y%m%d%H%M%S%f}"
        return Event(id=event_id, ticket_id=ticket_id, kind=UNREADABLE, source="read", received_at=now)
    return Event(
        id=f"deleted-{ticket_id}-{deleted.deleted_at:%Y%m%d%H%M%S}",
        ticket_id=ticket_id,
        kind="soft_deleted",
        source="read",
        received_at=now,
        as_of=deleted.deleted_at,
    )


def in_answer_to(asked: int, event: Event) -> Event:
    """The read as the answer to that wish for one; each answer has an id of its own."""
    return event.model_copy(update={"asked": asked, "id": f"{event.id}-{asked}"})


class ReadActivities:
    def __init__(self, attempts: Attempts) -> None:
        self._attempts = attempts
        self._deleted: dict[str, tuple[float, dict[int, DeletedTicket]]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    @activity.defn(name=names.READ_TICKET)
    async def read(self, request: ReadRequest) -> Event:
        """The ticket as an event: a `read`, a `soft_deleted` of the list of deleted tickets, or `unreadable`."""
        async with self._attempts.attempt(request.desk, "zendesk") as (desk, _):
            try:
                event = await read_ticket(desk, request.ticket_id, settled=request.settled)
            except NotFound:
                event = await self._deleted_or_unreadable(desk, request)
        return in_answer_to(request.asked, event)

    async def _deleted_or_unreadable(self, desk: Desk, request: ReadRequest) -> Event:
        deleted = (await self._deleted_tickets(desk, time.monotonic())).get(request.ticket_id)
        return when_not_found(request.ticket_id, deleted)

    async def _deleted_tickets(self, desk: Desk, asked_at: float) -> dict[int, DeletedTicket]:
        """The list of deleted tickets as of the 404 at `asked_at` or later, read once for all that wait.

        Zendesk allows ten readings a minute: who comes too soon after the last is asked to come again.
        """
        async with self._locks.setdefault(desk.name, asyncio.Lock()):
            read_at, tickets = self._deleted.get(desk.name, (-READ_AT_MOST_EVERY, {}))
            if read_at >= asked_at:
                return tickets
            if time.monotonic() - read_at < READ_AT_MOST_EVERY:
                not_yet("deleted_list_just_read", "the list of deleted tickets is read at most every 10 s")
            begun = time.monotonic()
            listed = await desk.zendesk.deleted_tickets(since=datetime.now(UTC) - LOOK_BACK)
            tickets = {ticket.id: ticket for ticket in listed}
            self._deleted[desk.name] = (begun, tickets)
            return tickets
