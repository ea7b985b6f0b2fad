"""HTTP spoken byte by byte, so that it can be spoken badly."""

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

BYTES_AT_ONCE = 65536


@dataclass(frozen=True)
class Answer:
    """All that came back. `statuses` of the responses in their order, without 1xx; `body` of the first of them."""

    raw: bytes
    seconds: float

    @property
    def statuses(self) -> list[int]:
        return [int(head.split()[1]) for head, _ in self._responses]

    @property
    def body(self) -> bytes:
        return self._responses[0][1] if self._responses else b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def _responses(self) -> list[tuple[bytes, bytes]]:
        found, rest = [], self.raw
        while rest:
            head, _, rest = rest.partition(b"\r\n\r\n")
            length = _content_length(head)
            if not head.startswith(b"HTTP/1.1 1"):
                found.append((head, rest[:length]))
            rest = rest[length:]
        return found


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


async def converse(port: int, parts: Iterable[bytes], *, within: float, hang_up: bool = False) -> Answer:
    """Send the parts one after the other, and listen until the server hangs up.

    With `hang_up` the sender says at the end that nothing more will come. Raises TimeoutError after `within` seconds.
    """
    loop, began = asyncio.get_running_loop(), time.monotonic()
    with socket.socket() as connection:
        connection.setblocking(False)
        await loop.sock_connect(connection, ("127.0.0.1", port))
        sending = loop.create_task(_send(connection, parts, hang_up=hang_up))
        try:
            async with asyncio.timeout(within):
                raw = await _all(connection)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        return Answer(raw, time.monotonic() - began)


async def _send(connection: socket.socket, parts: Iterable[bytes], *, hang_up: bool) -> None:
    """As a good client does: a server that no longer listens may still have answered."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError):
        for part in parts:
            await loop.sock_sendall(connection, part)
        if hang_up:
            connection.shutdown(socket.SHUT_WR)


async def _all(connection: socket.socket) -> bytes:
    loop, received = asyncio.get_running_loop(), bytearray()
    with contextlib.suppress(ConnectionResetError):
        while part := await loop.sock_recv(connection, BYTES_AT_ONCE):
            received += part
    return bytes(received)


def request(method: bytes, path: bytes, headers: Iterable[tuple[bytes, bytes]], body: bytes | None = None) -> bytes:
    """One request after which the server hangs up; `body` with its length announced."""
    lines = [method + b" " + path + b" HTTP/1.1", b"Host: localhost", b"Connection: close"]
    lines += [name + b": " + value for name, value in headers]
    if body is not None:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")
