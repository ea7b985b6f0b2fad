"""A desk whose days pass in seconds: a Temporal server of its own that skips time without a pause of its own.

Usually the server looks for what is due a second late and twenty times a second; with hundreds of tries to skip over, a
test would do nothing but wait for that.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.testing import TimeSkipper

from tests.conftest import SEARCH_ATTRIBUTES, TIME_SKIPPING
from tests.support.stack import QUICK, Stack, running_stack
from tests.support.tickets import Ticket
from ticketsync.embedded import Say, find_temporal, temporal_server
from ticketsync.sync.policy import Policy

WITHOUT_A_PAUSE = TIME_SKIPPING | {
    "history.timerProcessorMaxTimeShift": '"1ms"',
    "history.timerProcessorMaxPollRPS": "2000",
    "history.transferProcessorMaxPollRPS": "2000",
}
NOTHING_MORE: Mapping[str, str] = {}
A_SESSION = timedelta(hours=1)  # after two hundred timers the server skips no further, and says nothing
AT_MOST_SECONDS = 900


@asynccontextmanager
async def skipping_stack(
    say: Say,
    redis_port: int,
    *,
    policy: Policy = QUICK,
    calls_per_minute: int = 3000,
    dynamic_config: Mapping[str, str] = NOTHING_MORE,
) -> AsyncIterator[Stack]:
    """One desk on a server of its own, which may be told more."""
    binary = await find_temporal(say)
    config = {**WITHOUT_A_PAUSE, **dynamic_config}
    async with (
        temporal_server(
            say=say, binary=binary, port=0, dynamic_config=config, search_attributes=SEARCH_ATTRIBUTES
        ) as server,
        running_stack(server.address, redis_port, policy=policy, calls_per_minute=calls_per_minute) as stack,
    ):
        yield stack


async def skip(stack: Stack, workflow: WorkflowHandle[Any, Any], time: timedelta) -> None:
    """Let so much time pass for one workflow, or what is left of its life, with all that falls due in it."""
    skipper = TimeSkipper(stack.client)
    until = await skipper.get_current_time(workflow) + time
    async with asyncio.timeout(AT_MOST_SECONDS):
        goes_on = True
        while goes_on and (left := until - await skipper.get_current_time(workflow)) > timedelta(0):
            goes_on = await skipper.fast_forward(workflow, min(left, A_SESSION))


async def skip_all(stack: Stack, tickets: Iterable[Ticket], time: timedelta) -> None:
    """Let so much time pass for each of these tickets, side by side."""
    await asyncio.gather(*(skip(stack, stack.ticket(ticket.id), time) for ticket in tickets))
