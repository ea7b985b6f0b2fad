"""What stands before several servers: each new connection goes to the next of them that takes it. Nothing is parsed."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, closing, suppress
from itertools import count
from typing import Any

from ticketsync.embedded.ports import LOOPBACK

CHUNK = 65536


@asynccontextmanager
async def round_robin(ports: Sequence[int]) -> AsyncIterator[int]:
    """The port on which it listens, for servers on these ports."""
    turns = count()
    under_way: set[asyncio.Task[None]] = set()

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        under_way.add(task := asyncio.create_task(_forward(reader, writer, ports, next(turns))))
        task.add_done_callback(under_way.discard)

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def _forward(reader: StreamReader, writer: StreamWriter, ports: Sequence[int], turn: int) -> None:
    with closing(writer):
        for place in range(len(ports)):
            with suppress(ConnectionError):
                behind = await asyncio.open_connection(LOOPBACK, ports[(turn + place) % len(ports)])
                break
        else:
            return  # nobody there: the sender's connection ends without an answer
        with closing(behind[1]), suppress(ConnectionError):
            await _until_one_ends(_copy(reader, behind[1]), _copy(behind[0], writer))


async def _until_one_ends(*ways: Coroutine[Any, Any, None]) -> None:
    copying = [asyncio.create_task(way) for way in ways]
    try:
        await asyncio.wait(copying, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in copying:
            way.cancel()
        await asyncio.gather(*copying, return_exceptions=True)


async def _copy(reader: StreamReader, writer: StreamWriter) -> None:
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
