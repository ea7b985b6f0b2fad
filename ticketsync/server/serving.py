"""Running the server: it listens first, finds Temporal in the background, drains on SIGTERM and Ctrl-C, ends with 0.

uvicorn would raise the signal again after its drain, so that the process ended with -15; it sets no limit to the head
of a request, in bytes or in time; and it would answer garbage before the good request that came in front of it. All of
it is made up for here.
"""

import asyncio
import os
import signal
import socket
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import structlog
import uvicorn
import uvloop
from starlette.types import ASGIApp
from temporalio.client import Client
from temporalio.service import RPCError
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from ticketsync.garbage import collect_rarely
from ticketsync.server.answers import CLOSE, Refusal
from ticketsync.server.app import create_app
from ticketsync.server.edge import expect_desks
from ticketsync.server.metrics import ServerMetrics, metrics_app
from ticketsync.settings import DeskSettings, EncryptionKey, Settings
from ticketsync.settings.values import parse_address
from ticketsync.settings.watch import SettingsWatch
from ticketsync.temporal import (
    TemporalError,
    connect,
    missing_search_attributes,
    search_attributes_command,
    wait_for_temporal,
)

DRAIN_SECONDS = 20
KEEP_ALIVE_SECONDS = 75  # longer than a load balancer's usual 60 s: it must be the one who closes
HEAD_SECONDS = 10.0
HEAD_BYTES = 32 * 1024
# Nothing here is a page: no browser is to guess, keep, frame or run any of it, or to tell others where it was.
SECURITY_HEADERS = [
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
]
BACKLOG = 2048

log = structlog.get_logger()


class CannotListenError(Exception):
    """The address is taken or not ours; the message says which and what to do."""


def serve(settings: Settings, watch: SettingsWatch | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C, finish what is under way, and return. The desks are those that `watch` tells of.

    Raises CannotListenError, and BadTemporalConfigError for `TEMPORAL_*` that cannot be used.
    """
    collect_rarely()
    uvloop.run(_serve(settings, watch))


async def _serve(settings: Settings, watch: SettingsWatch | None) -> None:
    await connect(lazy=True)  # settings that cannot be used end the server now, not in the background
    metrics, link, desks = ServerMetrics(), _TemporalLink(settings.encryption_keys), dict(settings.desks)
    app = create_app(settings, lambda: link.client, desks=desks, metrics=metrics)
    servers = [_Server(app, settings.host, settings.port)]
    if settings.metrics_address is not None:
        servers.append(_Server(metrics_app(metrics), *parse_address(settings.metrics_address)))
    _stop_on_signals(servers)
    async with asyncio.TaskGroup() as group:
        beside = [group.create_task(link.connect())]
        if watch is not None:
            beside.append(group.create_task(_follow(watch, desks, metrics)))
        await asyncio.gather(*(server.run_until_stopped() for server in servers))
        for task in beside:
            task.cancel()


async def _follow(watch: SettingsWatch, desks: dict[str, DeskSettings], metrics: ServerMetrics) -> None:
    """Have the desks of the settings as they are now, from the next request on."""
    async for settings in watch.changes():
        desks.clear()
        desks.update(settings.desks)
        expect_desks(metrics, desks)


class _TemporalLink:
    """The server's client, from the moment Temporal answers; it finds back by itself after an outage."""

    def __init__(self, keys: Sequence[EncryptionKey]) -> None:
        self.client: Client | None = None
        self._keys = keys

    async def connect(self) -> None:
        client = await wait_for_temporal(partial(connect, keys=self._keys), log.warning)
        self.client = client
        log.info("connected to Temporal", address=client.service_client.config.target_host, namespace=client.namespace)
        await _warn_of_missing_search_attributes(client)


async def _warn_of_missing_search_attributes(client: Client) -> None:
    """Without them Temporal refuses every start. A worker adds them; where nobody may, this line says what to type."""
    try:
        missing = await missing_search_attributes(client)
    except (RPCError, TemporalError) as error:
        log.warning("cannot tell whether the search attributes are registered", exc_info=error)
        return
    if missing:
        command = search_attributes_command(client)
        log.warning(
            "search attributes are missing: start a worker, or run the command", missing=missing, command=command
        )


def _stop_on_signals(servers: "list[_Server]") -> None:
    def stop() -> None:
        for server in servers:
            server.force_exit = server.should_exit
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


class _Server(uvicorn.Server):
    """One app on one address. Stopping twice does not wait for requests under way."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self._socket = listen(host, port)
        super().__init__(
            uvicorn.Config(
                app,
                http=BoundedProtocol,
                ws="none",
                lifespan="auto",
                log_config=None,
                access_log=False,
                server_header=False,
                headers=SECURITY_HEADERS,
                proxy_headers=False,
                backlog=BACKLOG,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=DRAIN_SECONDS,
            )
        )

    async def run_until_stopped(self) -> None:
        host, port = self._socket.getsockname()[:2]
        log.info("listening", host=host, port=port)
        await self.serve([self._socket])

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any. Raises CannotListenError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise CannotListenError(f"cannot listen on {host}:{port} ({reason}): choose another address or port") from None


class BoundedProtocol(HttpToolsProtocol):
    """HTTP whose request heads have a limit: a connection that does not send one in time is closed.

    So is one that goes on sending what nobody waits for: the rest of a body after its answer, or a line without end,
    which the parser would keep whole and say nothing of.
    """

    _head_bytes = 0
    _unread_bytes = 0  # since the parser last told of anything
    _head_begun = False
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unread_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._unread_bytes > HEAD_BYTES:
            self.send_400_response("")
        elif self._nothing_limits_it():
            self._start_timer()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes, self._head_begun, self._unread_bytes = 0, True, 0
        self._start_timer()

    def on_url(self, url: bytes) -> None:
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(name + value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._head_begun = False
        self._stop_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unread_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unread_bytes = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn has logged it
        """To what is not HTTP, in the form of all our answers."""
        if self._owes_an_answer():
            self.cycle.keep_alive = False  # it hangs up after that
            self.flow.pause_reading()
        else:
            self._hang_up(Refusal(400, "not_http", "Not understood as HTTP, or its head is too long.", CLOSE))

    def _owes_an_answer(self) -> bool:
        """Whether a request came in whole before what is wrong now."""
        cycle = self.cycle
        return cycle is not None and not cycle.response_complete and not cycle.more_body

    def _nothing_limits_it(self) -> bool:
        """Data came outside of a head, and no request is being answered: uvicorn has stopped its own timer for it."""
        is_waiting = self._head_timer is None and self.timeout_keep_alive_task is None
        return is_waiting and (self.cycle is None or self.cycle.response_complete)

    def _head_too_slow(self) -> None:
        """Who has said nothing hears nothing either."""
        if self._head_begun and (self.cycle is None or self.cycle.response_complete):
            self._hang_up(Refusal(408, "head_too_slow", f"The head was not there after {HEAD_SECONDS:g} s.", CLOSE))
        else:
            self.transport.close()

    def _hang_up(self, refusal: Refusal) -> None:
        answer = refusal.response
        headers = [*self.server_state.default_headers, *answer.raw_headers]
        lines = [STATUS_LINE[refusal.status], *(name + b": " + value + b"\r\n" for name, value in headers)]
        self.transport.write(b"".join([*lines, b"\r\n", bytes(answer.body)]))
        self.transport.close()

    def _count(self, part: bytes) -> None:
        self._unread_bytes = 0
        self._head_bytes += len(part)
        if self._head_bytes > HEAD_BYTES:
            raise ValueError(f"the head of the request is over {HEAD_BYTES} bytes")  # answered by send_400_response

    def _start_timer(self) -> None:
        self._stop_timer()
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_too_slow)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
