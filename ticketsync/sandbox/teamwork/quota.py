"""The site's calls per minute, shared by all keys (reference/teamwork-api §6.3).

A call is accepted while fewer than `Switches.calls_per_minute` were accepted in the 60 s before it. That is never more
than a limit counted by the clock's minutes would accept, so a client that holds this one holds both.
"""

import math
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ticketsync.sandbox.faults import CALLS_KEPT, CONTROL_PREFIX
from ticketsync.sandbox.teamwork.errors import ErrorAnswer
from ticketsync.sandbox.teamwork.settings import Switches
from ticketsync.sandbox.teamwork.site import Clock

WINDOW = timedelta(minutes=1)


class Meter:
    """When calls came in, refused and faulty ones included."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.times: deque[datetime] = deque(maxlen=CALLS_KEPT)

    def count(self) -> None:
        self.times.append(self._clock.now())

    def max_per_minute(self) -> int:
        """The most calls in any 60 s."""
        within: deque[datetime] = deque()
        most = 0
        for moment in self.times:
            within.append(moment)
            while within[0] <= moment - WINDOW:
                within.popleft()
            most = max(most, len(within))
        return most


class MeterMiddleware:
    """Outermost, so that it sees what a fault or the quota turns away."""

    def __init__(self, app: ASGIApp, meter: Meter) -> None:
        self.app = app
        self.meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(CONTROL_PREFIX):
            self.meter.count()
        await self.app(scope, receive, send)


class QuotaMiddleware:
    """Adds the rate-limit headers to every answer and refuses what is too much; a refused call is not counted."""

    def __init__(self, app: ASGIApp, switches: Switches, clock: Clock) -> None:
        self.app = app
        self._switches = switches
        self._clock = clock
        self._accepted: deque[datetime] = deque()
        self.refused = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(CONTROL_PREFIX):
            await self.app(scope, receive, send)
        elif self._admit():
            headers = rate_headers(self._switches, self._clock, self._left(), self._wait())
            await self.app(scope, receive, _with_headers(send, headers))
        else:
            self.refused += 1
            await rate_limited(self._switches, self._clock, self._wait())(scope, receive, send)

    def start_over(self) -> None:
        self._accepted.clear()
        self.refused = 0

    def _admit(self) -> bool:
        now = self._clock.now()
        while self._accepted and self._accepted[0] <= now - WINDOW:
            self._accepted.popleft()
        if self._left() <= 0:
            return False
        self._accepted.append(now)
        return True

    def _left(self) -> int:
        return self._switches.calls_per_minute - len(self._accepted)

    def _wait(self) -> float:
        """Seconds until the oldest accepted call no longer counts."""
        return (self._accepted[0] + WINDOW - self._clock.now()).total_seconds()


def rate_limited(
    switches: Switches, clock: Clock, wait_seconds: float, more_headers: Mapping[str, str] | None = None
) -> ErrorAnswer:
    """The refusal of a call that was one too many."""
    headers = rate_headers(switches, clock, 0, wait_seconds)
    asked = {"Retry-After": str(math.ceil(wait_seconds))} if switches.retry_after else {}
    return ErrorAnswer(switches.rate_limit_status, "too many requests", headers | asked | dict(more_headers or {}))


def rate_headers(switches: Switches, clock: Clock, left: int, wait_seconds: float) -> dict[str, str]:
    epoch = clock.now().timestamp() if switches.rate_limit_reset == "epoch" else 0.0
    values = {"Limit": switches.calls_per_minute, "Remaining": max(left, 0), "Reset": math.ceil(epoch + wait_seconds)}
    dashed = {f"X-Rate-Limit-{name}": str(value) for name, value in values.items()}
    joined = {f"x-ratelimit-{name.lower()}": str(value) for name, value in values.items()}
    return {"both": dashed | joined, "dashed": dashed, "joined": joined, "none": {}}[switches.rate_limit_headers]


def _with_headers(send: Send, headers: dict[str, str]) -> Send:
    async def add(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(headers)
        await send(message)

    return add
