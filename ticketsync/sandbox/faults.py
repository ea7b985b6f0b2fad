"""The faults both sandboxes inject, and the record of every call they got.

A fault is asked for through `/sandbox/faults` and applied by `FaultMiddleware`, outside of everything else in the app,
so that a fault needs no help of the routes. Control calls under `/sandbox/` are neither disturbed nor recorded.
"""

import asyncio
import random
import re
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ticketsync.sandbox.http import DROP_CONNECTION

CONTROL_PREFIX = "/sandbox/"
CALLS_KEPT = 100_000
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})

FaultKind = Literal["lost_answer", "error", "rate_limited", "unauthorized", "slow", "hang"]


def _checked_pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return pattern


Pattern = Annotated[str, AfterValidator(_checked_pattern)]


class FaultMatch(BaseModel):
    """Which calls: `method` must match as a whole ("POST|PUT"), `path` anywhere (no query; anchor it if need be)."""

    model_config = ConfigDict(extra="forbid")

    method: Pattern = ".*"
    path: Pattern = ""

    def covers(self, method: str, path: str) -> bool:
        return re.fullmatch(self.method, method) is not None and re.search(self.path, path) is not None


class Fault(BaseModel):
    """One fault. The first that matches and whose dice fall is applied, and only that one.

    lost_answer: the call takes effect, then the connection is closed without an answer. error: answered with `status`
    and nothing happens. rate_limited: 429 with Retry-After `seconds`. unauthorized: 401. slow: the call takes effect at
    once, its answer comes `seconds` later. hang: nothing happens and no answer comes until the client gives up.
    `headers` are added to error, rate_limited and unauthorized. `times` None: until cleared.
    """

    model_config = ConfigDict(extra="forbid")

    kind: FaultKind
    match: FaultMatch = FaultMatch()
    status: int = Field(503, ge=400, le=599)
    seconds: float = Field(1.0, ge=0)
    headers: dict[str, str] = {}
    probability: float = Field(1.0, ge=0, le=1)
    times: int | None = Field(None, ge=0)


class Call(BaseModel):
    """One call as the sandbox saw it. `status` None: no answer was sent; `seconds`: from request to answer."""

    method: str
    path: str
    query: str
    at: datetime
    status: int | None = None
    seconds: float = 0.0
    fault: FaultKind | None = None


class FaultList:
    """The faults in force and the calls so far."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._random = random.Random(seed)  # noqa: S311 - dice that a test can repeat
        self.faults: list[Fault] = []
        self.calls: deque[Call] = deque(maxlen=CALLS_KEPT)

    def add(self, fault: Fault) -> Fault:
        self.faults.append(fault)
        return fault

    def clear(self) -> None:
        """Take all faults back; the dice start again."""
        self.faults.clear()
        self._random.seed(self._seed)

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for this call, counted as used."""
        for fault in self.faults:
            if fault.times != 0 and fault.match.covers(method, path) and self._random.random() < fault.probability:
                fault.times = None if fault.times is None else fault.times - 1
                return fault
        return None

    def matching_calls(self, method: str = ".*", path: str = "") -> list[Call]:
        match = FaultMatch(method=method, path=path)
        return [call for call in self.calls if match.covers(call.method, call.path)]

    def writes(self, path: str = "") -> list[Call]:
        return [call for call in self.matching_calls(path=path) if call.method in WRITES]


def plain_answer(fault: Fault) -> Response:
    """The answer of error, rate_limited and unauthorized for an app that has no words of its own for them."""
    status = {"rate_limited": 429, "unauthorized": 401}.get(fault.kind, fault.status)
    return JSONResponse({"error": fault.kind}, status_code=status, headers=answer_headers(fault))


def answer_headers(fault: Fault) -> dict[str, str]:
    asked = {"Retry-After": f"{fault.seconds:g}"} if fault.kind == "rate_limited" else {}
    return asked | fault.headers


class FaultMiddleware:
    """Pure ASGI: records each call and applies at most one fault to it. `answer` words the refusals."""

    def __init__(self, app: ASGIApp, faults: FaultList, answer: Callable[[Fault], Response] = plain_answer) -> None:
        self.app = app
        self.faults = faults
        self.answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(CONTROL_PREFIX):
            await self.app(scope, receive, send)
            return
        fault = self.faults.take(scope["method"], scope["path"])
        call = _call_of(scope, fault)
        self.faults.calls.append(call)
        started = time.perf_counter()
        await self._apply(fault, scope, receive, _recording(call, send, started))
        call.seconds = time.perf_counter() - started

    async def _apply(self, fault: Fault | None, scope: Scope, receive: Receive, send: Send) -> None:
        match fault:
            case None:
                await self.app(scope, receive, send)
            case Fault(kind="lost_answer"):
                await self.app(scope, receive, _swallow)
                await _drop(scope, receive)
            case Fault(kind="slow"):
                await self._answer_late(fault.seconds, scope, receive, send)
            case Fault(kind="hang"):
                await _client_gone(receive)
            case _:
                await self.answer(fault)(scope, receive, send)

    async def _answer_late(self, seconds: float, scope: Scope, receive: Receive, send: Send) -> None:
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        await self.app(scope, receive, keep)
        try:
            await asyncio.wait_for(_client_gone(receive), timeout=seconds)
        except TimeoutError:
            for message in answer:
                await send(message)


def _call_of(scope: Scope, fault: Fault | None) -> Call:
    return Call(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        at=datetime.now(UTC),
        fault=fault.kind if fault else None,
    )


def _recording(call: Call, send: Send, started: float) -> Send:
    async def record(message: Message) -> None:
        if message["type"] == "http.response.start":
            call.status = message["status"]
            call.seconds = time.perf_counter() - started
        await send(message)

    return record


async def _swallow(message: Message) -> None:
    """Takes an answer that nobody shall get."""


async def _drop(scope: Scope, receive: Receive) -> None:
    close: Callable[[], None] | None = scope.get("state", {}).get(DROP_CONNECTION)
    if close is None:
        raise RuntimeError("a lost answer needs a real socket: serve the app with ticketsync.sandbox.http.serve")
    close()
    await _client_gone(receive)


async def _client_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def fault_routes(faults: FaultList) -> APIRouter:
    """The control routes both sandboxes share: `/sandbox/faults` and `/sandbox/calls`."""
    router = APIRouter(prefix="/sandbox")

    @router.get("/faults")
    async def list_faults() -> dict[str, Any]:
        return {"faults": faults.faults}

    @router.post("/faults", status_code=201)
    async def add_fault(fault: Fault) -> dict[str, Any]:
        return {"fault": faults.add(fault)}

    @router.delete("/faults", status_code=204)
    async def clear_faults() -> None:
        faults.clear()

    @router.get("/calls")
    async def list_calls(method: Pattern = ".*", path: Pattern = "") -> dict[str, Any]:
        calls = faults.matching_calls(method, path)
        return {"count": len(calls), "calls": calls}

    @router.delete("/calls", status_code=204)
    async def forget_calls() -> None:
        faults.calls.clear()

    return router
