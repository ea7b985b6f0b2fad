"""A server that speaks just enough gRPC to accept a Temporal client and then refuse, or swallow, all its calls.

Temporal itself cannot be brought to most of the codes that a proxy, a cloud or a full disk answer with.
"""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from temporalio.service import RPCStatusCode

PREFACE = 24
DATA, HEADERS, SETTINGS, PING = 0, 1, 4, 6
ACK = END_STREAM = 1
END_HEADERS = 4
EMPTY_MESSAGE = bytes(5)


@asynccontextmanager
async def refusing_temporal(status: RPCStatusCode | None) -> AsyncIterator[str]:
    """The address of a server that answers the client's first call (its greeting) and then only with `status`.

    None: no answer at all.
    """
    connections = _Connections(status)
    server = await asyncio.start_server(connections.run, "127.0.0.1")
    try:
        yield "{}:{}".format(*server.sockets[0].getsockname())
    finally:
        server.close()
        await connections.cut()


class _Connections:
    def __init__(self, status: RPCStatusCode | None) -> None:
        self._status = status
        self._open: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}

    async def cut(self) -> None:
        for writer in self._open:
            writer.transport.abort()
        await asyncio.gather(*filter(None, self._open.values()))

    async def run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open[writer] = asyncio.current_task()
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await self._talk(reader, writer)
        writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        greeted = False
        await reader.readexactly(PREFACE)
        writer.write(_frame(SETTINGS, 0, 0))
        while True:
            kind, flags, stream, payload = await _read_frame(reader)
            if kind in (SETTINGS, PING) and not flags & ACK:
                writer.write(_frame(kind, ACK, 0, payload if kind == PING else b""))
            elif kind in (DATA, HEADERS) and flags & END_STREAM:
                self._answer(writer, stream, greeted=greeted)
                greeted = True

    def _answer(self, writer: asyncio.StreamWriter, stream: int, *, greeted: bool) -> None:
        if not greeted:
            writer.write(_frame(HEADERS, END_HEADERS, stream, _OK + _header("content-type", "application/grpc")))
            writer.write(_frame(DATA, 0, stream, EMPTY_MESSAGE))
            writer.write(_frame(HEADERS, END_HEADERS | END_STREAM, stream, _header("grpc-status", "0")))
        elif self._status is not None:
            refusal = _header("content-type", "application/grpc") + _header("grpc-status", str(int(self._status)))
            writer.write(_frame(HEADERS, END_HEADERS | END_STREAM, stream, _OK + refusal))


_OK = b"\x88"  # HPACK's static entry ":status: 200"


def _header(name: str, value: str) -> bytes:
    """An HPACK literal without indexing and without Huffman."""
    return b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def _frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


async def _read_frame(reader: asyncio.StreamReader) -> tuple[int, int, int, bytes]:
    head = await reader.readexactly(9)
    kind, flags, stream = struct.unpack(">BBI", head[3:])
    return kind, flags, stream, await reader.readexactly(int.from_bytes(head[:3], "big"))
