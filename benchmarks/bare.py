"""What the server is compared with: signal-with-start and nothing else, with the same client, payload and start.

`python -m benchmarks.bare PORT` has it done for every HTTP message that comes in, whatever is in it, so that the sender
of both sides is the same; the loop without any sender is one of the ways of `benchmarks.load`.
"""

import asyncio
import sys
from datetime import UTC, datetime
from typing import cast

import httptools
import uvloop
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError

from benchmarks.connection import LOOPBACK
from benchmarks.deliveries import EDITS, Traffic, a_ticket, created, renamed
from benchmarks.floor import QUEUE, TELL, Floor
from ticketsync import names
from ticketsync.settings import DEFAULT_DESK
from ticketsync.sync.event import Event
from ticketsync.temporal import connect
from ticketsync.zendesk.events import parse_event

STORED, FAILED = 202, 503
ANSWERS = {status: f"HTTP/1.1 {status} -\r\nContent-Length: 2\r\n\r\n{{}}".encode() for status in (STORED, FAILED)}
FIRST = 10**12  # no ticket of the other side, nor of another process of this one


class BareSignals:
    """Starts and signals tickets' workflows with events that were parsed once."""

    def __init__(self, client: Client, traffic: Traffic) -> None:
        self._client = client
        self._traffic = traffic
        self._number = 0
        self._created, self._renamed = _event(created(a_ticket(1))), _event(renamed(a_ticket(1)))

    async def store_next(self) -> int:
        number, self._number = self._number, self._number + 1
        return await self.store(*self._traffic.delivery(number))

    async def store(self, ticket_id: int, is_first: bool) -> int:
        event = self._created if is_first else self._renamed
        try:
            await self._client.start_workflow(
                names.TICKET_WORKFLOW,
                {"desk": DEFAULT_DESK, "ticket_id": ticket_id},
                id=names.ticket_workflow_id(DEFAULT_DESK, ticket_id),
                task_queue=names.WORKFLOW_QUEUE,
                search_attributes=_search_attributes(ticket_id),
                static_summary=f"{DEFAULT_DESK} #{ticket_id}",
                start_signal=names.ZENDESK_EVENT,
                start_signal_args=[event.model_copy(update={"ticket_id": ticket_id})],
            )
        except RPCError:
            return FAILED
        return STORED


class FloorSignals:
    """Starts and signals floor workflows, one for each ticket."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def store(self, ticket_id: int, is_first: bool) -> int:  # noqa: ARG002 - every event is the same here
        try:
            await self._client.start_workflow(
                Floor.run, ticket_id, id=f"floor-{ticket_id}", task_queue=QUEUE, start_signal=TELL
            )
        except RPCError:
            return FAILED
        return STORED


def _event(body: bytes) -> Event:
    event = parse_event(body, now=datetime.now(UTC)).event
    if event is None:
        raise RuntimeError("a delivery that is not stored measures nothing")
    return event


def _search_attributes(ticket_id: int) -> TypedSearchAttributes:
    return TypedSearchAttributes(
        [
            SearchAttributePair(names.DESK, DEFAULT_DESK),
            SearchAttributePair(names.TICKET_ID, str(ticket_id)),
            SearchAttributePair(names.SYNC_STATE, "pending"),
            SearchAttributePair(names.TICKET_STATUS, "new"),
        ]
    )


class BareEndpoint(asyncio.Protocol):
    """Every message stores the next event."""

    def __init__(self, signals: BareSignals) -> None:
        self._signals = signals
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._under_way: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's do not descend from it

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._under_way = asyncio.get_running_loop().create_task(self._store())

    async def _store(self) -> None:
        status = await self._signals.store_next()
        if self._transport is not None:
            self._transport.write(ANSWERS[status])


async def _serve(port: int) -> None:
    signals = BareSignals(await connect(), Traffic(first=FIRST * (1 + port), edits=EDITS))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: BareEndpoint(signals), LOOPBACK, port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
