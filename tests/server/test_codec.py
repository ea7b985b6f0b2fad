"""The codec endpoint: who may ask it, what it answers, and whose pages may read that."""

import asyncio
import base64
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from google.protobuf import json_format
from pydantic import SecretStr
from temporalio.api.common.v1 import Payloads

from tests.server.desks import API_TOKEN, a_desk, some_settings
from tests.server.test_limits import MEBIBYTE, connected
from ticketsync.sandbox.http import Served, serve
from ticketsync.server import create_app
from ticketsync.server.codec import origin_of
from ticketsync.settings import EncryptionKey, new_key
from ticketsync.stored_payloads import ENCRYPTED
from ticketsync.temporal import data_converter

OLD, NEW, LOST = new_key(), new_key(), new_key()
UI = "https://temporal.acme.example"
WORD = "Xylographer"
TOKEN = {"Authorization": f"Bearer {API_TOKEN}"}
BODY = b'{"payloads": []}'


def as_password(password: str, user: str = "anybody") -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


@asynccontextmanager
async def served_with(**settings: Any) -> AsyncIterator[Served]:
    """The app without Temporal, which decoding does not need."""
    given = {"encryption_keys": (NEW, OLD), "temporal_ui": f"{UI}/", **settings}
    async with serve(create_app(some_settings(a_desk("acme"), **given), lambda: None)) as served:
        yield served


@pytest.fixture
async def codec() -> AsyncIterator[httpx.AsyncClient]:
    async with served_with() as served, httpx.AsyncClient(base_url=served.url) as codec:
        yield codec


async def stored(*values: Any, key: EncryptionKey | None = OLD) -> dict[str, Any]:
    """As Temporal's API shows it to its UI."""
    payloads = await data_converter([key] if key else []).encode(values)
    shown: dict[str, Any] = json_format.MessageToDict(Payloads(payloads=payloads))
    return shown


def texts(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200
    return [base64.b64decode(payload["data"]).decode() for payload in answer.json()["payloads"]]


# --- decoding


async def test_what_is_encrypted_is_told_in_plain_each_in_its_place(codec: httpx.AsyncClient) -> None:
    both = {"payloads": [*(await stored({"subject": WORD}, "ü"))["payloads"], *(await stored(5, key=None))["payloads"]]}
    answer = await codec.post("/codec/decode", json=both, headers=TOKEN | {"X-Namespace": "default"})
    assert texts(answer) == [json.dumps({"subject": WORD}, separators=(",", ":")), '"ü"', "5"]
    assert answer.headers["Content-Type"] == "application/json"
    encodings = [base64.b64decode(payload["metadata"]["encoding"]) for payload in answer.json()["payloads"]]
    assert encodings == [b"json/plain"] * 3


async def test_every_key_of_the_settings_decodes(codec: httpx.AsyncClient) -> None:
    for key in (OLD, NEW):
        answer = await codec.post("/codec/decode", json=await stored(WORD, key=key), headers=TOKEN)
        assert texts(answer) == [f'"{WORD}"']


async def test_a_key_that_is_not_set_is_named(codec: httpx.AsyncClient) -> None:
    answer = await codec.post("/codec/decode", json=await stored(WORD, key=LOST), headers=TOKEN)
    assert (answer.status_code, answer.json()["error"]) == (422, "undecodable")
    assert LOST.id in answer.json()["message"]


async def test_what_is_encoded_is_encrypted_with_the_first_key(codec: httpx.AsyncClient) -> None:
    answer = await codec.post("/codec/encode", json=await stored(WORD, key=None), headers=TOKEN)
    payloads = json_format.ParseDict(answer.json(), Payloads()).payloads
    assert payloads[0].metadata["encoding"] == ENCRYPTED
    assert await data_converter([NEW]).decode(payloads) == [WORD]


async def test_what_the_ui_adds_to_the_address_does_no_harm(codec: httpx.AsyncClient) -> None:
    answer = await codec.post("/codec/decode?preserveStorageRefs=true", json=await stored(WORD), headers=TOKEN)
    assert texts(answer) == [f'"{WORD}"']


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1]", b"\xff", b'{"payloads": 5}', b'{"payloads": [{"data": 1}]}', b"[" * 100_000]
)
async def test_a_body_without_payloads_is_422(codec: httpx.AsyncClient, body: bytes) -> None:
    answer = await codec.post("/codec/decode", content=body, headers=TOKEN)
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_request")


async def test_as_much_as_temporal_takes_at_once_is_decoded(codec: httpx.AsyncClient) -> None:
    large = await stored("x" * 4 * MEBIBYTE)
    assert len(texts(await codec.post("/codec/decode", json=large, headers=TOKEN, timeout=60))[0]) == 4 * MEBIBYTE + 2


async def test_a_body_over_8_mebibytes_is_413() -> None:
    async with served_with() as served, connected(served) as raw:
        head = f"Host: x\r\nAuthorization: Bearer {API_TOKEN}\r\nContent-Length: {8 * MEBIBYTE + 1}"
        raw.writer.write(f"POST /codec/decode HTTP/1.1\r\n{head}\r\n\r\n".encode())
        assert await raw.status() == 413


# --- the token

WRONG = [
    {},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer wrong"},
    {"Authorization": API_TOKEN},
    {"Authorization": f"Basic {API_TOKEN}"},
    {"Authorization": "Basic %%%"},
    {"Authorization": f"Digest {API_TOKEN}"},
    as_password("wrong"),
    as_password("", user=API_TOKEN),
    as_password(f"{API_TOKEN}x"),
]


@pytest.mark.parametrize("headers", WRONG)
@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/decode"), ("POST", "/encode")])
async def test_without_the_token_nothing_is_decoded(
    codec: httpx.AsyncClient, headers: dict[str, str], method: str, path: str
) -> None:
    body = json.dumps(await stored(WORD)).encode()
    answer = await codec.request(method, f"/codec{path}", content=body, headers=headers | {"Origin": UI})
    assert (answer.status_code, answer.json()["error"]) == (401, "wrong_token")
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


async def test_a_browser_signs_in_with_the_token_as_password(codec: httpx.AsyncClient) -> None:
    assert (await codec.get("/codec", headers=as_password(API_TOKEN))).json() == {"status": "signed_in"}
    answer = await codec.post("/codec/decode", json=await stored(WORD), headers=as_password(API_TOKEN) | {"Origin": UI})
    assert texts(answer) == [f'"{WORD}"']


async def test_a_token_with_a_colon_works_as_a_password_too() -> None:
    token = SecretStr("with:colon")
    async with served_with(api_token=token) as served, httpx.AsyncClient(base_url=served.url) as http:
        assert (await http.get("/codec", headers=as_password("with:colon"))).status_code == 200


async def test_the_body_is_not_read_before_the_token_was_looked_at() -> None:
    async with served_with() as served, connected(served) as raw:
        raw.writer.write(b"POST /codec/decode HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
        assert await raw.status() == 401


@pytest.mark.parametrize(
    ("settings", "error"), [({"encryption_keys": ()}, "no_encryption"), ({"api_token": None}, "no_api_token")]
)
async def test_without_token_or_keys_in_the_settings_there_is_none(settings: dict[str, Any], error: str) -> None:
    async with served_with(**settings) as served, httpx.AsyncClient(base_url=served.url, headers=TOKEN) as http:
        for method, path in (("GET", "/codec"), ("POST", "/codec/decode"), ("POST", "/codec/encode")):
            answer = await http.request(method, path, content=BODY)
            assert (answer.status_code, answer.json()["error"]) == (404, error)


# --- whose pages may read it


def asks_first(origin: str) -> dict[str, str]:
    """What a browser sends before it lets a page of the Temporal UI ask."""
    headers = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-namespace"}
    return headers | {"Origin": origin}


async def test_a_page_of_the_ui_may_ask_with_the_browsers_password_and_read_it(
    codec: httpx.AsyncClient,
) -> None:
    first = await codec.options("/codec/decode", headers=asks_first(UI))
    assert first.status_code == 200
    allowed = {name.strip().lower() for name in first.headers["Access-Control-Allow-Headers"].split(",")}
    assert {"content-type", "x-namespace", "authorization"} <= allowed
    assert "POST" in first.headers["Access-Control-Allow-Methods"]
    answer = await codec.post("/codec/decode", json=await stored(WORD), headers=as_password(API_TOKEN) | {"Origin": UI})
    for one in (first, answer):
        assert one.headers["Access-Control-Allow-Origin"] == UI
        assert one.headers["Access-Control-Allow-Credentials"] == "true"
        assert "Origin" in one.headers["Vary"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", f"{UI}.evil.example", f"{UI}:8443", UI.replace("https", "http")]
)
async def test_a_page_of_anybody_else_may_not(codec: httpx.AsyncClient, origin: str) -> None:
    first = await codec.options("/codec/decode", headers=asks_first(origin))
    answer = await codec.post("/codec/decode", json=await stored(WORD), headers=TOKEN | {"Origin": origin})
    assert first.status_code == 400
    for one in (first, answer):
        assert "Access-Control-Allow-Origin" not in one.headers


async def test_without_the_uis_address_no_page_may() -> None:
    async with served_with(temporal_ui=None) as served, httpx.AsyncClient(base_url=served.url) as http:
        first = await http.options("/codec/decode", headers=asks_first(UI))
        answer = await http.post("/codec/decode", json=await stored(WORD), headers=TOKEN | {"Origin": UI})
    assert first.status_code == 405
    assert not any(name.startswith("access-control") for one in (first, answer) for name in one.headers)


@pytest.mark.parametrize("path", ["/api/v1/desks/acme/tickets/1", "/webhook", "/livez", "/openapi.json", "/codecs"])
async def test_the_uis_pages_may_read_nothing_else(codec: httpx.AsyncClient, path: str) -> None:
    answers = [await codec.options(path, headers=asks_first(UI)), await codec.get(path, headers=TOKEN | {"Origin": UI})]
    assert not any(name.startswith("access-control") for answer in answers for name in answer.headers)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://UI.Acme.example/path", "https://ui.acme.example"),
        ("https://ui.acme.example:443", "https://ui.acme.example"),
        ("http://ui.acme.example:80", "http://ui.acme.example"),
        ("http://localhost:8233", "http://localhost:8233"),
        ("https://ui.acme.example:80", "https://ui.acme.example:80"),
        ("http://[::1]:8233/", "http://[::1]:8233"),
    ],
)
def test_an_origin_is_named_as_browsers_do(url: str, origin: str) -> None:
    assert origin_of(url) == origin


async def test_a_body_that_takes_long_to_read_holds_up_nobody(
    codec: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    others_were_answered, parse = threading.Event(), json_format.Parse

    def slow(*args: Any, **kwargs: Any) -> Any:
        assert others_were_answered.wait(10)
        return parse(*args, **kwargs)

    monkeypatch.setattr(json_format, "Parse", slow)
    decoding = asyncio.create_task(codec.post("/codec/decode", json=await stored(WORD), headers=TOKEN, timeout=20))
    assert (await codec.get("/livez", timeout=20)).status_code == 200
    others_were_answered.set()
    assert texts(await decoding) == [f'"{WORD}"']
