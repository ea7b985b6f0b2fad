"""Stopping in order: the first SIGTERM or Ctrl-C asks, a second one ends the process as it would without us.

One of several processes (`processes.py`) is also asked by the end of the one that started it.
"""

import asyncio
import signal
from collections.abc import Awaitable
from multiprocessing import parent_process
from typing import TypeVar

Result = TypeVar("Result")

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def stop_on_signals() -> asyncio.Event:
    """An event that the first of these signals sets. Call it inside the running loop."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def on_signal() -> None:
        stop.set()
        for number in SIGNALS:
            loop.remove_signal_handler(number)

    for number in SIGNALS:
        loop.add_signal_handler(number, on_signal)
    _stop_with_parent(stop)
    return stop


def _stop_with_parent(stop: asyncio.Event) -> None:
    parent, loop = parent_process(), asyncio.get_running_loop()
    if parent is None:
        return

    def on_end() -> None:
        stop.set()
        loop.remove_reader(parent.sentinel)

    loop.add_reader(parent.sentinel, on_end)


async def unless_stopped(work: Awaitable[Result], stop: asyncio.Event) -> Result | None:
    """The result of `work`; None when `stop` came first, and then the work is cancelled."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        return working.result()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    return None
