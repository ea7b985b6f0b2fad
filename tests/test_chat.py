"""The way to a chat: what surely did not arrive is told apart from what may have."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ticketsync import chat
from ticketsync.embedded import free_port
from ticketsync.sandbox.http import serve

PATH = "/services/T000/B000/s3cretpart"


@asynccontextmanager
async def a_chat(answer: Callable[[Request], Awaitable[Response]]) -> AsyncIterator[SecretStr]:
    async with serve(Starlette(routes=[Route(PATH, answer, methods=["POST"])])) as served:
        yield SecretStr(f"{served.url}{PATH}")


async def test_a_message_is_json_with_a_text() -> None:
    got: list[Any] = []

    async def take(request: Request) -> Response:
        got.append(await request.json())
        return PlainTextResponse("ok")

    async with a_chat(take) as webhook:
        await chat.tell(webhook, "two\nlines & <more>")
    assert got == [{"text": "two\nlines & <more>"}]


@pytest.mark.parametrize("status", [302, 400, 403, 404, 410, 429, 500, 503])
async def test_a_refusal_means_that_it_was_not_taken(status: int) -> None:
    async with a_chat(partial(_refuse, status)) as webhook:
        with pytest.raises(chat.NotToldError, match=rf"127\.0\.0\.1 was not told \(answered {status}\)") as raised:
            await chat.tell(webhook, "x")
    assert "s3cretpart" not in str(raised.value)


async def _refuse(status: int, _request: Request) -> Response:
    return PlainTextResponse("invalid_payload", status)


@pytest.mark.parametrize("status", [408, 502, 504])
async def test_where_only_a_proxy_has_answered_it_may_have_been_told(status: int) -> None:
    async with a_chat(partial(_refuse, status)) as webhook:
        with pytest.raises(chat.MaybeToldError, match=f"answered {status}"):
            await chat.tell(webhook, "x")


async def test_where_nobody_listens_nothing_was_told() -> None:
    webhook = SecretStr(f"http://127.0.0.1:{free_port(0)}{PATH}")
    with pytest.raises(chat.NotToldError, match="ConnectError") as raised:
        await chat.tell(webhook, "x")
    assert "s3cretpart" not in str(raised.value)
    assert raised.value.__cause__ is None


async def test_without_an_answer_it_may_have_been_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat, "CALL_SECONDS", 2.0)
    taken = asyncio.Event()

    async def hang(request: Request) -> Response:
        await request.body()
        await taken.wait()
        return PlainTextResponse("ok")

    async with a_chat(hang) as webhook:
        with pytest.raises(chat.MaybeToldError) as raised:
            await chat.tell(webhook, "x")
        taken.set()
    assert "s3cretpart" not in str(raised.value)
