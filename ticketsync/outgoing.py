"""Each call to Zendesk and Teamwork, for whoever follows a delivery: a line at level debug, and a span where traced.

With method and path and never a query: a search term is ticket text.
"""

import logging
import re
import time
from collections.abc import Awaitable
from typing import Literal, Self

import httpx
import structlog

from ticketsync import tracing

Side = Literal["zendesk", "teamwork"]

_NUMBER = re.compile(r"(?<=/)\d+")

log = structlog.get_logger(__name__)


async def followed(side: Side, method: str, path: str, sending: Awaitable[httpx.Response]) -> httpx.Response:
    """What is being sent, to be followed; raises what it raises."""
    with OutgoingCall(side, method, path) as call:
        answer = await sending
        call.answered(answer.status_code)
    return answer


class OutgoingCall:
    """Around one HTTP call; `answered` takes its status. Without an answer, the exception's name is put down."""

    def __init__(self, side: Side, method: str, path: str) -> None:
        self._side, self._method, self._path = side, method, path
        self._status: int | None = None

    def __enter__(self) -> Self:
        self._began = time.perf_counter()
        name = f"{self._method} {_NUMBER.sub('{id}', self._path)}" if tracing.is_on() else ""
        told = {"peer.service": self._side, "http.request.method": self._method, "url.path": self._path}
        self._span = tracing.span(name, told, kind="client")
        self._put = self._span.__enter__()
        return self

    def answered(self, status: int) -> None:
        self._status = status
        self._put({"http.response.status_code": status})

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        milliseconds = round((time.perf_counter() - self._began) * 1000)
        outcome = self._status if kind is None else kind.__name__
        if logging.getLogger().isEnabledFor(logging.DEBUG):  # a command that has configured no logs writes none
            log.debug("called", side=self._side, call=f"{self._method} {self._path}", answer=outcome, ms=milliseconds)
        self._span.__exit__(kind, error, trace)  # type: ignore[arg-type]
