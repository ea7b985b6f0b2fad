"""Counting HTTP calls by what was answered, for both clients."""

from collections.abc import Awaitable, Callable

import httpx

CountCall = Callable[[str], None]
NO_ANSWER = "none"


def not_counted(_status: str) -> None:
    """For commands, which nobody watches."""


async def counted(count: CountCall, answer: Awaitable[httpx.Response]) -> httpx.Response:
    """The answer, counted by its status; a call without one as `none`, whether or not it was sent."""
    try:
        response = await answer
    except Exception:
        count(NO_ANSWER)
        raise
    count(str(response.status_code))
    return response
