"""Serving an ASGI app on loopback inside the running event loop.

uvicorn's own `serve` takes over the signal handlers and looks every 100 ms whether it should stop. Here several servers
share one process whose signals belong to somebody else, and tests start and stop many, so both are replaced.
"""

import asyncio
import errno
import logging
import socket
from collections.abc import AsyncIterator, MutableMapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

NEXT_PORTS = 50
GRACE_SECONDS = 2
KEEP_ALIVE_SECONDS = 75  # as long as real sites: one that closes as early as the client meets its next request
DROP_CONNECTION = "drop_connection"


@dataclass(frozen=True)
class Served:
    """Where an app is served: `url` has no trailing slash."""

    url: str
    port: int


@asynccontextmanager
async def serve(app: ASGIApp, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Served]:
    """Serve `app` until the block ends; a taken port is answered by the next free one, port 0 takes any.

    On leaving, requests under way get two seconds, then their connections are dropped.
    Raises OSError when none of the next fifty ports is free.
    """
    listener = _listen(host, port)
    server = _LoopServer(_config(app))
    running = asyncio.create_task(server.serve([listener]))
    await server.ready(running)
    bound = listener.getsockname()[1]
    try:
        yield Served(url=f"http://{host}:{bound}", port=bound)
    finally:
        server.stop()
        await running
        await server.drop_the_rest()


def _listen(host: str, port: int) -> socket.socket:
    candidates = range(port, min(port + NEXT_PORTS, 65536)) if port else [0]
    for candidate in candidates:
        try:
            return _bound(host, candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, f"no free port on {host} from {port} on: choose another port")


def _bound(host: str, port: int) -> socket.socket:
    # asyncio switches Nagle's algorithm off only where the protocol is named; with it every answer would take 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def _config(app: ASGIApp) -> uvicorn.Config:
    # log_config None would let uvicorn's loggers reach the root logger of whoever uses this.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    return uvicorn.Config(
        _Dated(app),
        http=_DroppableProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        date_header=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


class _LoopServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopping = asyncio.Event()
        self._listening = asyncio.Event()

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit as error:  # out of a task it would tear down the whole loop
            for listener in sockets or []:
                listener.close()
            raise RuntimeError("the app did not start: its lifespan handler failed") from error

    async def main_loop(self) -> None:
        self._listening.set()
        await self._stopping.wait()

    async def ready(self, running: "asyncio.Task[None]") -> None:
        listening = asyncio.create_task(self._listening.wait())
        await asyncio.wait({listening, running}, return_when=asyncio.FIRST_COMPLETED)
        listening.cancel()
        if running.done():
            await running

    def stop(self) -> None:
        self._stopping.set()

    async def drop_the_rest(self) -> None:
        """Close what outlived the grace: an open socket would be reported as leaked."""
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.gather(*self.server_state.tasks, return_exceptions=True)
        await asyncio.sleep(0)  # the loop reports the lost connections in its next round


class _DroppableProtocol(HttpToolsProtocol):
    """Hands every request a way to close its socket without an answer, which ASGI has no message for."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"][DROP_CONNECTION] = self.transport.abort


class _Dated:
    """Adds the `Date` header unless the app sets its own (an app with a shifted clock does)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_date(message)
            await send(message)

        await self.app(scope, receive, send_dated)


def _add_date(start: MutableMapping[str, Any]) -> None:
    headers = list(start.get("headers", []))
    if not any(name.lower() == b"date" for name, _ in headers):
        headers.append((b"date", formatdate(usegmt=True).encode()))
    start["headers"] = headers
