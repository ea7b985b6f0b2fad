"""Cancelling what talks to Redis.

Up to Python 3.11 `asyncio.wait_for`, by which Redis's client sends, forgets a cancel that comes as it has just sent
(https://github.com/python/cpython/issues/86296). A worker that stops would wait for ever, and an attempt whose time is
up would still call Teamwork.
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

AGAIN = 0.5  # seconds

Result = TypeVar("Result")


async def cancel(task: asyncio.Task[None]) -> None:
    """Cancel it until it has ended. An error that ended it before is left for asyncio to report."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=AGAIN)


async def heeding_cancel(work: Awaitable[Result]) -> Result:
    """Its result; CancelledError when this task was told to cancel meanwhile, even if the work has forgotten that."""
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    result = await work
    if task and task.cancelling() > before:
        raise asyncio.CancelledError
    return result
