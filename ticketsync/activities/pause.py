"""A short wait that is as long as was asked for. Temporal's own timers come up to a second late."""

import asyncio

from temporalio import activity

from ticketsync import names


@activity.defn(name=names.PAUSE)
async def pause(seconds: float) -> None:
    await asyncio.sleep(seconds)
