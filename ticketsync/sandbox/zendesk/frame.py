"""What is the same for every call of `/api/`: paths with and without `.json`, the account's limit, the headers."""

import hashlib
from email.utils import format_datetime

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ticketsync.sandbox.zendesk.clock import Clock
from ticketsync.sandbox.zendesk.errors import ACCOUNT_LIMIT_TEXT
from ticketsync.sandbox.zendesk.ids import new_uuid
from ticketsync.sandbox.zendesk.limits import Window, Windows
from ticketsync.sandbox.zendesk.settings import Tuning

API_PREFIX = "/api/"
WEBHOOKS_PREFIX = "/api/v2/webhooks"
WEBHOOK_TESTS = f"{WEBHOOKS_PREFIX}/test"


class ApiFrame:
    """Pure ASGI. The webhook family counts by its own limit and has neither etag nor `ratelimit-*` headers."""

    def __init__(self, app: ASGIApp, clock: Clock, windows: Windows, tuning: Tuning) -> None:
        self.app = app
        self.clock = clock
        self.windows = windows
        self.tuning = tuning

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(API_PREFIX):
            await self.app(scope, receive, send)
            return
        scope = {**scope, "path": scope["path"].removesuffix(".json")}
        webhooks = scope["path"].startswith(WEBHOOKS_PREFIX)
        window = self._count(scope["path"])
        framed = _Answer(send, window, self.clock, webhooks=webhooks)
        answer = _limited(window) if window.exceeded else self.app
        await answer(scope, receive, framed.send)

    def _count(self, path: str) -> Window:
        limits = self.tuning.limits
        if path == WEBHOOK_TESTS:
            return self.windows.hit("webhook tests", limits.webhook_tests)
        if path.startswith(WEBHOOKS_PREFIX):
            return self.windows.hit("webhooks", limits.webhooks)
        return self.windows.hit("account", limits.account)


def _limited(window: Window) -> ASGIApp:
    return PlainTextResponse(ACCOUNT_LIMIT_TEXT, 429, {"Retry-After": str(window.resets)})


class _Answer:
    """Holds the start of an answer back until its body is there, because the etag is made of the body."""

    def __init__(self, send: Send, window: Window, clock: Clock, *, webhooks: bool) -> None:
        self._send = send
        self._window = window
        self._clock = clock
        self._webhooks = webhooks
        self._start: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        if self._start is not None:
            self._add_headers(
                MutableHeaders(raw=self._start["headers"]), self._start["status"], message.get("body", b"")
            )
            await self._send(self._start)
            self._start = None
        await self._send(message)

    def _add_headers(self, headers: MutableHeaders, status: int, body: bytes) -> None:
        headers["date"] = format_datetime(self._clock.now(), usegmt=True)
        headers["x-zendesk-api-version"] = "v2"
        headers["x-request-id"] = new_uuid()
        headers["x-rate-limit"] = str(self._window.total)
        headers["x-rate-limit-remaining"] = str(self._window.remaining)
        if not self._webhooks:
            self._add_support_headers(headers, status, body)

    def _add_support_headers(self, headers: MutableHeaders, status: int, body: bytes) -> None:
        headers["ratelimit-limit"] = str(self._window.total)
        headers["ratelimit-remaining"] = str(self._window.remaining)
        headers["ratelimit-reset"] = str(self._window.resets)
        if status == 200:  # noqa: PLR2004
            headers["etag"] = f'W/"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
