"""`python -m benchmarks.encryption`: what the encryption of payloads costs a delivery. It needs no server.

A delivery has three payloads encoded, in the process that answers the webhook: what starts the workflow, its summary,
and the event. Workers decode them, and encode and decode what they do themselves.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click
from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter

from ticketsync.settings import new_key
from ticketsync.sync.event import Event
from ticketsync.sync.snapshot import TicketSnapshot
from ticketsync.sync.state import TicketState
from ticketsync.temporal import data_converter

ROUNDS = 7
TIMES = 2000
MICRO = 1e6
NOW = datetime(2026, 1, 15, 10, 0, 1, tzinfo=UTC)


def delivery() -> list[list[Any]]:
    """What `tickets.store_event` hands over, as the SDK encodes it: in calls of their own."""
    start = TicketState(desk="acme", ticket_id=35436).model_dump(mode="json", exclude_unset=True)
    snapshot = TicketSnapshot(
        id=35436, subject="Checkout broken since this morning", status="open", tags=("checkout", "vip"), updated_at=NOW
    )
    event = Event(
        id="6f3c2a10-0000-4000-8000-000000000001",
        ticket_id=35436,
        kind="subject_changed",
        received_at=NOW,
        snapshot=snapshot,
    )
    return [[start], ["acme #35436"], [event]]


async def encoding(converter: DataConverter, times: int) -> float:
    """Microseconds for each delivery; the best of some rounds, for what else the machine does only adds."""
    calls = delivery()

    async def once() -> None:
        for values in calls:
            await converter.encode(values)

    return await _best(once, times)


async def decoding(converter: DataConverter, times: int) -> float:
    """The same for the codec alone, as a worker decodes what a delivery stored."""
    stored: Sequence[Payload] = [(await converter.encode(values))[0] for values in delivery()]

    async def once() -> None:
        if converter.payload_codec is not None:
            await converter.payload_codec.decode(stored)

    return await _best(once, times)


async def _best(once: Any, times: int) -> float:
    return min([await _round(once, times) for _ in range(ROUNDS)])


async def _round(once: Any, times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        await once()
    return (time.perf_counter() - began) / times * MICRO


async def measure(times: int = TIMES) -> dict[str, float]:
    """Microseconds for each delivery."""
    off, on = data_converter(), data_converter([new_key()])
    figures = {
        "encoded, encryption off": await encoding(off, times),
        "encoded, encryption on": await encoding(on, times),
        "decrypted by a worker": await decoding(on, times),
    }
    return {name: round(figure, 1) for name, figure in figures.items()}


def sizes() -> tuple[int, int]:
    """Bytes of a delivery's payloads, without and with encryption."""
    off, on = (
        sum(asyncio.run(converter.encode(values))[0].ByteSize() for values in delivery())
        for converter in (data_converter(), data_converter([new_key()]))
    )
    return off, on


@click.command()
def main() -> None:
    """What the encryption of payloads costs a delivery."""
    for name, figure in asyncio.run(measure()).items():
        click.echo(f"{name:<24} {figure:6.1f} us for each delivery")
    off, on = sizes()
    click.echo(f"{'stored':<24} {off} bytes off, {on} on")


if __name__ == "__main__":
    main()
