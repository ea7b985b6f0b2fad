"""Waiting for what other tasks, processes and servers do: the one place in the tests that sleeps."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

PAUSE = 0.01
LONGEST_PAUSE = 0.1

Result = TypeVar("Result")


@overload
async def eventually(
    condition: Callable[[], Awaitable[Result | None]], deadline: float = 90.0, *, what: str = "the condition"
) -> Result: ...


@overload
async def eventually(
    condition: Callable[[], Result | None], deadline: float = 90.0, *, what: str = "the condition"
) -> Result: ...


async def eventually(
    condition: Callable[[], Awaitable[Result | None] | Result | None],
    deadline: float = 90.0,
    *,
    what: str = "the condition",
) -> Result:
    """The first true answer of `condition`, sync or async, asked until `deadline` seconds have passed.

    Raises AssertionError that says `what` did not happen and what the last answer was.
    """
    end, pause = time.monotonic() + deadline, PAUSE
    while True:
        answer = condition()
        result = await answer if inspect.isawaitable(answer) else answer
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {deadline:g} s; the last answer was {result!r}")
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)
