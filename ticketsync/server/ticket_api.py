"""The ticket API: what `ticketsync tickets` shows and does, over HTTP, for whoever has the token.

Bodies are read by hand, after the token was looked at: the framework would read them first, whole and for as long as
they come, from anybody.
"""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

import structlog
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from temporalio.client import Client
from temporalio.service import RPCError

from ticketsync import names
from ticketsync.server.answers import ErrorAnswer, Refusal, unknown_desk
from ticketsync.server.body import read_body
from ticketsync.server.health import ClientProvider
from ticketsync.server.ticket_query import TicketQuery
from ticketsync.server.token import ApiToken
from ticketsync.settings import DeskSettings
from ticketsync.ticket_list import TicketList, list_tickets
from ticketsync.tickets import (
    CommandName,
    CommandRefusedError,
    NoAnswerError,
    TicketView,
    UnknownTicketError,
    command_ticket,
    read_ticket,
)
from ticketsync.why import WhyOfTicket, why_of

ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"model": ErrorAnswer, "description": "wrong token"},
    404: {"model": ErrorAnswer, "description": "no token is set, or unknown desk or ticket"},
    422: {"model": ErrorAnswer, "description": "not a ticket id, a filter or a body that can be taken"},
    503: {"model": ErrorAnswer, "description": "Temporal or the worker does not answer"},
}
COMMAND_ERRORS: dict[int | str, dict[str, Any]] = {
    **ERRORS,
    409: {"model": ErrorAnswer, "description": "the ticket refuses the command"},
}
BODY_ERRORS: dict[int | str, dict[str, Any]] = {
    **COMMAND_ERRORS,
    408: {"model": ErrorAnswer, "description": "the body did not come in time"},
    413: {"model": ErrorAnswer, "description": "the body is over 4 KiB"},
}
BODY_BYTES = 4 * 1024
BODY_SECONDS = 15.0
LIST_SECONDS = 10.0

log = structlog.get_logger()

TicketId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Wanted = TypeVar("Wanted", bound=BaseModel)


class Resync(BaseModel):
    """`recreate` brings back a task that was deleted by hand."""

    model_config = ConfigDict(extra="forbid")

    recreate: bool = False


class Link(BaseModel):
    """`task_id` is the Teamwork task that is to be the ticket's."""

    model_config = ConfigDict(extra="forbid")

    task_id: int = Field(ge=1, le=2**63 - 1, strict=True)


def _body(model: type[BaseModel], *, required: bool) -> dict[str, Any]:
    """For the description of the interface: bodies are read by hand."""
    content = {"application/json": {"schema": model.model_json_schema()}}
    return {"requestBody": {"required": required, "content": content}}


class Queued(BaseModel):
    """The workflow has the command and carries it out in its turn."""

    status: Literal["queued"] = "queued"
    workflow_id: str


class TicketApi:
    def __init__(self, desks: Mapping[str, DeskSettings], token: ApiToken, temporal: ClientProvider) -> None:
        self._desks = desks
        self._temporal = temporal
        self.authorize = token.as_bearer

    async def list(self, desk: str, query: TicketQuery) -> TicketList:
        client, wanted = self._client(desk), query.wanted(desk)
        try:
            async with asyncio.timeout(LIST_SECONDS):
                return await list_tickets(client, wanted)
        except RPCError as error:
            raise _no_answer(NoAnswerError(error.status.name)) from None
        except TimeoutError:
            raise _no_answer(NoAnswerError("TIMEOUT")) from None

    async def read(self, desk: str, ticket_id: int) -> TicketView:
        client = self._client(desk)
        try:
            return await read_ticket(client, desk, ticket_id)
        except UnknownTicketError:
            raise _unknown_ticket() from None
        except NoAnswerError as error:
            raise _no_answer(error) from None

    async def why(self, desk: str, ticket_id: int) -> WhyOfTicket:
        story = why_of(await self.read(desk, ticket_id))
        if story is None:
            raise _no_answer(NoAnswerError("NO_WORKER"))
        return story

    async def command(self, desk: str, ticket_id: int, command: CommandName, *args: Any) -> Queued:
        client = self._client(desk)
        try:
            await command_ticket(client, desk, ticket_id, command, args=args)
        except UnknownTicketError:
            raise _unknown_ticket() from None
        except CommandRefusedError as error:
            raise Refusal(409, "refused", f"The ticket refuses: {error.code}") from None
        except NoAnswerError as error:
            raise _no_answer(error) from None
        log.info("command queued", desk=desk, ticket=ticket_id, command=command)
        return Queued(workflow_id=names.ticket_workflow_id(desk, ticket_id))

    def _client(self, desk: str) -> Client:
        if desk not in self._desks:
            raise unknown_desk()
        client = self._temporal()
        if client is None:
            raise _no_answer(NoAnswerError("NOT_CONNECTED"))
        return client


def ticket_routes(api: TicketApi) -> APIRouter:
    router = APIRouter(prefix="/api/v1/desks/{desk}/tickets", tags=["tickets"])
    router.include_router(_routes_of_one(api), prefix="/{ticket_id}")

    @router.get("", dependencies=[Depends(api.authorize)], responses=ERRORS)
    async def find_tickets(desk: str, query: Annotated[TicketQuery, Query()]) -> TicketList:
        return await api.list(desk, query)

    return router


def _routes_of_one(api: TicketApi) -> APIRouter:
    router = APIRouter()
    secured = [Depends(api.authorize)]

    @router.get("", dependencies=secured, responses=ERRORS)
    async def show_ticket(desk: str, ticket_id: TicketId) -> TicketView:
        return await api.read(desk, ticket_id)

    @router.get("/why", dependencies=secured, responses=ERRORS)
    async def explain_ticket(desk: str, ticket_id: TicketId) -> WhyOfTicket:
        return await api.why(desk, ticket_id)

    @router.post("/retry", status_code=202, dependencies=secured, responses=COMMAND_ERRORS)
    async def retry_ticket(desk: str, ticket_id: TicketId) -> Queued:
        return await api.command(desk, ticket_id, "retry")

    resync_body = _body(Resync, required=False)

    @router.post("/resync", status_code=202, dependencies=secured, responses=BODY_ERRORS, openapi_extra=resync_body)
    async def resync_ticket(desk: str, ticket_id: TicketId, request: Request) -> Queued:
        wanted = await _read(request, Resync)
        return await api.command(desk, ticket_id, "resync", wanted.recreate)

    link_body = _body(Link, required=True)

    @router.post("/link", status_code=202, dependencies=secured, responses=BODY_ERRORS, openapi_extra=link_body)
    async def link_ticket(desk: str, ticket_id: TicketId, request: Request) -> Queued:
        wanted = await _read(request, Link)
        return await api.command(desk, ticket_id, "link_task", wanted.task_id)

    @router.post("/unlink", status_code=202, dependencies=secured, responses=COMMAND_ERRORS)
    async def unlink_ticket(desk: str, ticket_id: TicketId) -> Queued:
        return await api.command(desk, ticket_id, "unlink_task")

    return router


async def _read(request: Request, model: type[Wanted]) -> Wanted:
    """No body is an empty one."""
    body = await read_body(request, BODY_BYTES, BODY_SECONDS)
    try:
        return model.model_validate_json(body if body.strip() else b"{}")
    except ValidationError:
        raise Refusal(422, "invalid_request", "Not understood: body.") from None


def _unknown_ticket() -> Refusal:
    return Refusal(404, "unknown_ticket", "This ticket has no workflow: nothing was heard of it within the retention.")


def _no_answer(error: NoAnswerError) -> Refusal:
    return Refusal(503, "no_answer", f"Temporal or a worker does not answer ({error.code}): look again, then repeat.")
