"""The webhook addresses, with what they take and answer for `/openapi.json`."""

from typing import Any

from fastapi import APIRouter, Request, Response

from ticketsync.server.answers import ErrorAnswer, Ignored, Stored
from ticketsync.server.edge import Edge

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": Ignored, "description": "understood, and nothing that a task depends on"},
    202: {"model": Stored, "description": "stored in Temporal"},
    400: {"model": ErrorAnswer, "description": "not JSON, or not an event of a ticket"},
    401: {"model": ErrorAnswer, "description": "bad or missing signature, or an old one"},
    404: {"model": ErrorAnswer, "description": "unknown desk"},
    408: {"model": ErrorAnswer, "description": "the body did not come in time"},
    413: {"model": ErrorAnswer, "description": "the body is over 1 MiB"},
    503: {"model": ErrorAnswer, "description": "not stored: send it again after `Retry-After` seconds"},
}
JSON_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
}


def webhook_routes(edge: Edge) -> APIRouter:
    """The handlers take the bare request: the raw body is what is signed, and nothing else must read it before."""
    router = APIRouter(tags=["webhooks"])
    options: dict[str, Any] = {"status_code": 202, "responses": ANSWERS, "openapi_extra": JSON_BODY}

    @router.post("/webhooks/zendesk/{desk}", **options)
    async def zendesk_webhook(request: Request, desk: str) -> Response:
        return await edge.zendesk(request, desk)

    @router.post("/webhook", **options)
    async def older_webhook(request: Request) -> Response:
        return await edge.older_form(request)

    return router
