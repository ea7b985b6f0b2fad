"""The codec endpoint: what Temporal stores encrypted, in plain text for its UI and its command line.

The protocol is Temporal's: `{"payloads": […]}` goes in and comes out, as JSON of protobuf, at an address that ends in
`/encode` or `/decode`. Bodies are read by hand, after the token was looked at, and in a thread: they may be large, and
webhooks go on meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request, Response
from google.protobuf import json_format
from pydantic import BaseModel
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.converter import PayloadCodec

from ticketsync.server.answers import ErrorAnswer, Refusal
from ticketsync.server.body import read_body
from ticketsync.server.token import ApiToken
from ticketsync.settings import EncryptionKey
from ticketsync.stored_payloads import UndecodableError
from ticketsync.temporal import data_converter

PREFIX = "/codec"
BODY_BYTES = 8 * 1024 * 1024  # Temporal takes 4 MB at once; base64 makes it a third more
BODY_SECONDS = 15.0
# What the Temporal UI sends along (temporalio/ui, services/data-encoder.ts).
UI_HEADERS = ("Authorization", "Authorization-Extras", "Content-Type", "X-Namespace")

ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"model": ErrorAnswer, "description": "wrong token"},
    404: {"model": ErrorAnswer, "description": "no token or no encryption key is set"},
}
BODY_ERRORS: dict[int | str, dict[str, Any]] = {
    **ERRORS,
    408: {"model": ErrorAnswer, "description": "the body did not come in time"},
    413: {"model": ErrorAnswer, "description": "the body is over 8 MiB"},
    422: {"model": ErrorAnswer, "description": "no payloads, or encrypted with a key that is not set"},
}
PAYLOAD = {
    "type": "object",
    "properties": {
        "metadata": {"type": "object", "additionalProperties": {"type": "string", "format": "byte"}},
        "data": {"type": "string", "format": "byte"},
    },
}
PAYLOADS = {"type": "object", "properties": {"payloads": {"type": "array", "items": PAYLOAD}}}
CONTENT = {"application/json": {"schema": PAYLOADS}}

Work = Callable[[Sequence[Payload]], Awaitable[list[Payload]]]


class SignedIn(BaseModel):
    """The browser that asked has the token, and sends it when the Temporal UI asks for it."""

    status: str = "signed_in"


def codec_routes(keys: Sequence[EncryptionKey], token: ApiToken) -> APIRouter:
    """Without keys it is off: 404."""
    router = APIRouter(prefix=PREFIX, tags=["codec"], dependencies=[Depends(token.as_bearer_or_password)])
    codec = data_converter(keys).payload_codec
    answer = {200: {"description": "the payloads, each in its place", "content": CONTENT}}
    described: dict[str, Any] = {
        "response_class": Response,
        "responses": {**answer, **BODY_ERRORS},
        "openapi_extra": {"requestBody": {"required": True, "content": CONTENT}},
    }

    @router.get("", responses=ERRORS)
    async def sign_in() -> SignedIn:
        _must_be_on(codec)
        return SignedIn()

    @router.post("/decode", **described)
    async def decode(request: Request) -> Response:
        return await _converted(request, _must_be_on(codec).decode)

    @router.post("/encode", **described)
    async def encode(request: Request) -> Response:
        return await _converted(request, _must_be_on(codec).encode)

    return router


def _must_be_on(codec: PayloadCodec | None) -> PayloadCodec:
    if codec is None:
        raise Refusal(404, "no_encryption", "Nothing is encrypted: set TICKETSYNC_ENCRYPTION_KEYS to use it.")
    return codec


async def _converted(request: Request, work: Work) -> Response:
    body = await read_body(request, BODY_BYTES, BODY_SECONDS)
    try:
        given = await asyncio.to_thread(json_format.Parse, body, Payloads(), ignore_unknown_fields=True)
        done = Payloads(payloads=await work(given.payloads))
    except (json_format.ParseError, UnicodeDecodeError, RecursionError):
        raise Refusal(422, "invalid_request", "Not understood: body. It has no payloads in JSON.") from None
    except UndecodableError as error:
        raise Refusal(422, "undecodable", f"Not to be read here: {error}.") from None
    text = await asyncio.to_thread(json_format.MessageToJson, done, indent=None)
    return Response(text, media_type="application/json")


# --- who may read it in a browser


class CodecCors:
    """Lets the pages of one origin read what the codec endpoint answers, and those of no other."""

    def __init__(self, app: ASGIApp, origin: str) -> None:
        self._app = app
        self._cors = CORSMiddleware(
            app, allow_origins=[origin], allow_methods=["POST"], allow_headers=UI_HEADERS, allow_credentials=True
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_codec = scope["type"] == "http" and scope["path"].startswith(f"{PREFIX}/")
        await (self._cors if is_codec else self._app)(scope, receive, send)


def origin_of(url: str) -> str:
    """How browsers name where a page is from: scheme, host and port, without one that goes without saying."""
    parts = urlsplit(url.lower())
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in (None, usual) else "")
