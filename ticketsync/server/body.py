"""Reading a request's body with an end to it: in bytes and in time, whatever the sender does."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from ticketsync.server.answers import CLOSE, Refusal


async def read_body(request: Request, limit: int, seconds: float) -> bytes:
    """The whole body, byte for byte as it was sent.

    Raises Refusal: 413 above `limit` bytes, at once when the sender says so beforehand; 408 after `seconds`; 400 when
    the sender hangs up.
    """
    if _announced(request) > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(seconds):
            return await _collect(request, limit)
    except TimeoutError:
        raise Refusal(408, "body_too_slow", f"The body was not there after {seconds:g} s.", CLOSE) from None
    except ClientDisconnect:
        raise Refusal(400, "body_cut_off", "The connection ended before the body did.", CLOSE) from None


async def _collect(request: Request, limit: int) -> bytes:
    chunks = bytearray()
    async for chunk in request.stream():
        chunks += chunk
        if len(chunks) > limit:
            raise _too_large(limit)
    return bytes(chunks)


def _announced(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else 0


def _too_large(limit: int) -> Refusal:
    return Refusal(413, "body_too_large", f"A body may have {limit} bytes at most.", CLOSE)
