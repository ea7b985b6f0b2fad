"""What holds for every address: nothing is written without a token, tokens are compared in constant time, and browsers
are told to do nothing with the answers.
"""

import hmac
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import SecretStr
from starlette.requests import Request
from temporalio.client import Client

from tests.server.desks import API_TOKEN, a_desk, some_settings
from tests.server.test_serving import Program, answer_to, bounded, server
from ticketsync.sandbox.http import serve
from ticketsync.server import create_app
from ticketsync.server.answers import Refusal
from ticketsync.server.token import ApiToken
from ticketsync.settings import Settings, new_key

__all__ = ["bounded", "server"]  # fixtures

HARMLESS = {"GET", "HEAD", "OPTIONS"}
SIGNED = {"/webhooks/zendesk/{desk}", "/webhook"}  # theirs is the webhook's secret: test_webhook.py
VALUES = {"desk": "acme", "ticket_id": "1"}


def writes(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Method and path of whatever may change something."""
    for path, methods in app.openapi()["paths"].items():
        yield from ((method.upper(), path) for method in methods if method.upper() not in HARMLESS)


def an_app(token: SecretStr | None) -> FastAPI:
    return create_app(
        some_settings(a_desk("acme"), a_desk("default"), api_token=token, encryption_keys=(new_key(),)), lambda: None
    )


async def answers(app: FastAPI, headers: dict[str, str]) -> dict[str, int]:
    """The status of each writing address, for somebody with these headers."""
    async with serve(app) as served, httpx.AsyncClient(base_url=served.url, headers=headers) as http:
        return {
            path: (await http.request(method, path.format(**VALUES), content=b"{}")).status_code
            for method, path in writes(app)
        }


async def test_nothing_is_written_without_the_token() -> None:
    """Whatever address is added: it is found here, and must refuse."""
    found = await answers(an_app(SecretStr(API_TOKEN)), {})
    assert found.keys() >= SIGNED
    assert len(found) >= 8
    assert set(found.values()) == {401}


async def test_nothing_is_written_where_no_token_is_set() -> None:
    for headers in ({}, {"Authorization": "Bearer"}, {"Authorization": "Bearer None"}):
        found = await answers(an_app(None), headers)
        assert {path: status for path, status in found.items() if status != (401 if path in SIGNED else 404)} == {}


async def test_what_writes_takes_no_password_that_a_browser_would_send_by_itself() -> None:
    headers = {"Authorization": httpx.BasicAuth("x", API_TOKEN)._auth_header}
    found = await answers(an_app(SecretStr(API_TOKEN)), headers)
    assert {path for path, status in found.items() if status != 401} == {"/codec/encode", "/codec/decode"}


def test_no_route_is_left_out_of_the_description() -> None:
    """Or the tests above would not find it."""
    routes = [route for route in create_app(Settings(), lambda: None).routes if isinstance(route, APIRoute)]
    assert [route.path for route in routes if not route.include_in_schema] == []


# --- constant time


class Watched(bytes):
    """A token whose comparison byte by byte would be seen: `hmac.compare_digest` looks at its memory."""

    def __eq__(self, other: object) -> bool:
        raise AssertionError("the token was compared with ==")

    def __ne__(self, other: object) -> bool:
        raise AssertionError("the token was compared with !=")

    __hash__ = bytes.__hash__


class Token(SecretStr):
    """Gives out the same, whoever asks for its text."""

    def get_secret_value(self) -> str:
        return _Text(super().get_secret_value())


class _Text(str):
    __slots__ = ()

    def encode(self, *_: object, **__: object) -> bytes:
        return Watched(super().encode())

    def __eq__(self, other: object) -> bool:
        raise AssertionError("the token was compared with ==")

    __hash__ = str.__hash__


def asking(authorization: str) -> Request:
    return Request({"type": "http", "headers": [(b"authorization", authorization.encode())]})


async def test_the_token_is_compared_in_constant_time() -> None:
    token = ApiToken(Token(API_TOKEN))
    for check in (token.as_bearer, token.as_bearer_or_password):
        await check(asking(f"Bearer {API_TOKEN}"))
        with pytest.raises(Refusal):
            await check(asking(f"Bearer {API_TOKEN[:-1]}x"))


def test_a_comparison_that_ends_early_would_be_seen() -> None:
    with pytest.raises(AssertionError, match="compared"):
        _ = Watched(b"x") == b"x"
    assert hmac.compare_digest(Watched(b"x"), b"x")


# --- browsers

TOLD = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


async def test_every_answer_tells_browsers_to_do_nothing_with_it(server: Program, client: Client) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{await server.port()}") as http:
        for method, path in (
            ("GET", "/livez"),
            ("GET", "/nowhere"),
            ("GET", "/openapi.json"),
            ("POST", "/webhooks/zendesk/acme"),
            ("POST", "/codec/decode"),
        ):
            answer = await http.request(method, path)
            assert TOLD.items() <= dict(answer.headers).items(), path
            assert "server" not in answer.headers


async def test_what_is_no_http_is_told_the_same(bounded: int) -> None:
    answer = await answer_to(bounded, b"nonsense\r\n\r\n")
    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert head.startswith(b"http/1.1 400 ")
    assert [name for name, value in TOLD.items() if f"\r\n{name}: {value.lower()}".encode() not in head] == []
