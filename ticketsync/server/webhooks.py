"""The webhook addresses, with what they take and answer for `/openapi.json`."""

from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from ticketsync.server.answers import ErrorAnswer, Ignored, Stored
from ticketsync.server.edge import Edge
from ticketsync.zendesk.fields import LARGEST_ID
from ticketsync.zendesk.kinds import KNOWN

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
ID: dict[str, Any] = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": LARGEST_ID},
        {"type": "string", "pattern": "^[1-9][0-9]{0,17}$"},
    ]
}
TRIGGER = {"type": "object", "required": ["ticket_id"], "properties": {"ticket_id": ID}}
EVENT = {
    "type": "object",
    "required": ["type", "subject", "detail"],
    "properties": {
        "type": {"type": "string", "pattern": f"^zen:event-type:ticket[.]({'|'.join(sorted(KNOWN))})$"},
        "subject": {"type": "string", "pattern": "^zen:ticket:[1-9][0-9]{0,17}$"},
        "detail": {"type": "object"},
        "event": {"type": "object"},
        "id": {"type": "string"},
        "time": {"type": "string", "format": "date-time"},
    },
}
OLDER_FORM = {
    "type": "object",
    "required": ["ticket"],
    "properties": {
        "event_type": {"type": "string"},
        "ticket": {"type": "object", "required": ["id"], "properties": {"id": ID}},
        "merged_into_ticket_id": {"anyOf": [ID, {"type": "null"}]},
    },
}


class AppWithShortcut(FastAPI):
    """Hands what is posted to its webhooks straight to their endpoints, past everything that is around other routes.

    FastAPI has nothing to read or check there, and takes as long to find that out as verifying and parsing take.
    """

    _shortcuts: tuple[APIRoute, ...] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            for route in self._shortcuts:
                if found := route.path_regex.match(scope["path"]):
                    response = await route.endpoint(Request(scope, receive, send), **found.groupdict())
                    await response(scope, receive, send)
                    return
        await super().__call__(scope, receive, send)

    def include_webhooks(self, router: APIRouter) -> None:
        self.include_router(router)
        self._shortcuts = tuple(route for route in router.routes if isinstance(route, APIRoute))


def webhook_routes(edge: Edge) -> APIRouter:
    """The handlers take the bare request: the raw body is what is signed, and nothing else must read it before."""
    router = APIRouter(tags=["webhooks"])
    options: dict[str, Any] = {"status_code": 202, "responses": ANSWERS}

    @router.post("/webhooks/zendesk/{desk}", **options, openapi_extra=_body({"anyOf": [EVENT, TRIGGER]}))
    async def zendesk_webhook(request: Request, desk: str) -> Response:
        return await edge.zendesk(request, desk)

    @router.post("/webhook", **options, openapi_extra=_body(OLDER_FORM))
    async def older_webhook(request: Request) -> Response:
        return await edge.older_form(request)

    return router


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
