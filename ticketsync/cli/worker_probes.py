"""What an orchestrator asks of a worker: `GET /livez` and `GET /readyz`, answered by the loop that does the work.

`/livez` is 200 while that loop turns. A worker that waits for Temporal is alive: to kill it brings no Temporal back.
`/readyz` is 200 only while it takes work, so that a rolling update takes no old worker away before a new one polls.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ticketsync.cli.output import Failed
from ticketsync.settings.values import parse_address


@asynccontextmanager
async def answering_probes(address: str, takes_work: Callable[[], bool]) -> AsyncIterator[None]:
    """Answer on `host:port` until the block ends. Raises Failed when the address cannot be had."""
    server = _Server(uvicorn.Config(_app(takes_work), log_config=None, access_log=False, ws="none", lifespan="off"))
    listener = _listen(address)
    serving = asyncio.create_task(server.serve([listener]))
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        await serving
        listener.close()


class _Server(uvicorn.Server):
    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """They are the worker's."""
        return nullcontext()


def _app(takes_work: Callable[[], bool]) -> Starlette:
    async def livez(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_request: Request) -> Response:
        return PlainTextResponse("ok\n") if takes_work() else PlainTextResponse("takes no work now\n", 503)

    return Starlette(routes=[Route("/livez", livez), Route("/readyz", readyz)])


def _listen(address: str) -> socket.socket:
    host, port = parse_address(address)
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise Failed(f"cannot listen on {address} ({reason}): choose another TICKETSYNC_HEALTH_ADDRESS") from None
