"""Serving an app on loopback: ports, the Date header, and a stop that leaves nothing behind."""

import asyncio
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median

import httpx
import pytest
from fastapi import FastAPI

from ticketsync.sandbox.http import serve


def _app() -> FastAPI:
    app = FastAPI()

    @app.get("/hello")
    async def hello() -> str:
        return "hello"

    @app.get("/never")
    async def never() -> None:
        await asyncio.Event().wait()

    return app


async def test_a_free_port_is_taken_and_given_back() -> None:
    async with serve(_app()) as served, httpx.AsyncClient(base_url=served.url) as client:
        assert (await client.get("/hello")).json() == "hello"
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", served.port)


async def test_the_preferred_port_is_used_again_after_a_stop() -> None:
    async with serve(_app()) as first:
        pass
    async with serve(_app(), port=first.port) as second:
        assert second.port == first.port


async def test_a_taken_port_is_answered_by_the_next_free_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        async with serve(_app(), port=taken.getsockname()[1]) as served:
            assert served.port > taken.getsockname()[1]


async def test_an_answer_carries_one_date() -> None:
    async with serve(_app()) as served, httpx.AsyncClient() as client:
        answer = await client.get(f"{served.url}/hello")
    assert len(answer.headers.get_list("date")) == 1
    assert "server" not in answer.headers


async def test_the_signal_handlers_stay_as_they_were() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    async with serve(_app()):
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


async def test_a_request_that_never_ends_does_not_hold_up_the_stop() -> None:
    loop = asyncio.get_running_loop()
    async with httpx.AsyncClient() as client:
        async with serve(_app()) as served:
            waiting = asyncio.create_task(client.get(f"{served.url}/never", timeout=30))
            await client.get(f"{served.url}/hello")
            started = loop.time()
        assert loop.time() - started < 5
        with pytest.raises(httpx.HTTPError):
            (await waiting).raise_for_status()


async def test_an_app_that_fails_to_start_is_an_error_and_leaves_its_port() -> None:
    @asynccontextmanager
    async def broken(_: FastAPI) -> AsyncIterator[None]:
        raise OSError
        yield

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(RuntimeError, match="did not start"):
        async with serve(FastAPI(lifespan=broken), port=port):
            pass
    async with serve(_app(), port=port) as served:
        assert served.port == port


async def test_an_answer_does_not_wait_for_a_delayed_acknowledgement() -> None:
    async with serve(_app()) as served, httpx.AsyncClient(base_url=served.url) as client:
        took = [await _seconds(client) for _ in range(60)]
    assert median(took) < 0.03, "one waits for 40 ms"


async def _seconds(client: httpx.AsyncClient) -> float:
    began = time.monotonic()
    await client.get("/hello")
    return time.monotonic() - began
