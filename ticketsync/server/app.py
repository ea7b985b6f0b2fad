"""The server's app: the edge, the ticket API and health, around whatever Temporal client there is at the moment."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from ticketsync import __version__
from ticketsync.redis_client import close_redis, connect_redis
from ticketsync.server.answers import Refusal
from ticketsync.server.codec import CodecCors, codec_routes, origin_of
from ticketsync.server.edge import Edge, Limits
from ticketsync.server.health import ClientProvider, health_routes
from ticketsync.server.metrics import ServerMetrics
from ticketsync.server.ticket_api import TicketApi, ticket_routes
from ticketsync.server.token import ApiToken
from ticketsync.server.webhooks import AppWithShortcut, webhook_routes
from ticketsync.settings import DeskSettings, Settings
from ticketsync.stored_payloads import UndecodableError


def create_app(
    settings: Settings,
    temporal: ClientProvider,
    *,
    desks: Mapping[str, DeskSettings] | None = None,
    metrics: ServerMetrics | None = None,
    limits: Limits | None = None,
) -> FastAPI:
    """The app for these settings. `temporal` gives the client, or None until Temporal answers: then events get 503.

    `desks` are those of the settings, unless given: a change in it counts from the next request on.
    """
    redis, desks = connect_redis(settings.redis), settings.desks if desks is None else desks
    token = ApiToken(settings.api_token)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await close_redis(redis)

    app = AppWithShortcut(
        title="ticketsync",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # whether Zendesk follows a redirect is not known: a wrong address shows at once
        lifespan=lifespan,
    )
    edge = Edge(desks, settings.signature_age, temporal, metrics or ServerMetrics(), limits or Limits())
    app.include_webhooks(webhook_routes(edge))
    if settings.temporal_ui is not None:
        app.add_middleware(CodecCors, origin=origin_of(settings.temporal_ui))
    app.include_router(ticket_routes(TicketApi(desks, token, temporal)))
    app.include_router(codec_routes(settings.encryption_keys, token))
    app.include_router(health_routes(temporal, redis))
    app.exception_handler(Refusal)(_refuse)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(HTTPException)(_http_error)
    app.exception_handler(UndecodableError)(_undecodable)
    app.exception_handler(Exception)(_unexpected)
    return app


async def _refuse(_request: Request, refusal: Refusal) -> Response:
    return refusal.response


async def _invalid(_request: Request, error: RequestValidationError) -> Response:
    """Names the fields; what was sent in them is not repeated."""
    fields = ", ".join(sorted({".".join(map(str, problem["loc"])) for problem in error.errors()}))
    return _answer(422, "invalid_request", f"Not understood: {fields}.")


async def _http_error(_request: Request, error: HTTPException) -> Response:
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "_")
    answer = _answer(error.status_code, code, f"{phrase}: see /openapi.json for what is here.")
    answer.headers.update(error.headers or {})
    return answer


async def _undecodable(_request: Request, error: UndecodableError) -> Response:
    return _answer(503, "undecodable", f"Not to be read here: {error}.")


async def _unexpected(_request: Request, _error: Exception) -> Response:
    return _answer(500, "internal_error", "An error of ours: see the server's log.")


def _answer(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"error": code, "message": message}, status)
