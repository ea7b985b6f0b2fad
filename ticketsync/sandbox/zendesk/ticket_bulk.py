"""Routes that write many tickets at once, and the tags of one (reference/zendesk-api §10, §14)."""

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, Request
from pydantic import JsonValue

from ticketsync.sandbox.zendesk.account import Account, AccountHere
from ticketsync.sandbox.zendesk.auth import AGENTS_ONLY, Agent
from ticketsync.sandbox.zendesk.bulk import bulk_job
from ticketsync.sandbox.zendesk.errors import not_found
from ticketsync.sandbox.zendesk.inputs import (
    RedactInput,
    TagsInput,
    TicketInput,
    json_object,
    read_ids,
    read_list,
    read_noun,
    read_object,
)
from ticketsync.sandbox.zendesk.jobs import updated_row
from ticketsync.sandbox.zendesk.models import User
from ticketsync.sandbox.zendesk.views import comment_json
from ticketsync.sandbox.zendesk.writing import create_ticket, redact_comment, update_ticket

router = APIRouter(prefix="/api/v2", dependencies=[AGENTS_ONLY])


@router.post("/tickets/create_many")
async def create_many(account: AccountHere, caller: Agent, request: Request) -> dict[str, Any]:
    def create(index: int, data: TicketInput) -> JsonValue:
        made = create_ticket(account, data, caller).ticket
        return {"index": index, "id": made.id, "account_id": account.settings.account_id}

    tickets = read_list(await json_object(request), "tickets", TicketInput)
    return bulk_job(account, request, "Bulk Create Ticket", tickets, create)


@router.put("/tickets/update_many")
async def update_many(account: AccountHere, caller: Agent, request: Request, ids: str = "") -> dict[str, Any]:
    """Either `{"tickets": [{"id", …}]}`, or `{"ticket": {…}}` for all of `ids`."""
    body = await json_object(request)
    if ids:
        data = read_noun(body, "ticket", TicketInput)
        changes = [(one, data) for one in read_ids(ids)]
    else:
        changes = [(data.row_id or 0, data) for data in read_list(body, "tickets", TicketInput)]

    def update(_: int, change: tuple[int, TicketInput]) -> JsonValue:
        return _update(account, caller, *change)

    return bulk_job(account, request, "Bulk Update Ticket", changes, update, id_of=lambda change: change[0] or None)


def _update(account: Account, caller: User, ticket_id: int, data: TicketInput) -> JsonValue:
    """`additional_tags` and `remove_tags` are known here only (§10)."""
    ticket = account.store.ticket(ticket_id)
    extra = data.model_extra or {}
    if {"additional_tags", "remove_tags"} & extra.keys():
        tags = {*ticket.tags, *extra.get("additional_tags", [])} - {*extra.get("remove_tags", [])}
        data = TicketInput.model_validate(data.sent_fields | {"tags": sorted(tags)})
    return updated_row(update_ticket(account, ticket, data, caller).ticket.id)


# --- tags


@router.get("/tickets/{ticket_id}/tags")
async def tags(account: AccountHere, ticket_id: int) -> dict[str, Any]:
    return {"tags": account.store.ticket(ticket_id).tags}


@router.post("/tickets/{ticket_id}/tags", status_code=201)
async def set_tags(account: AccountHere, caller: Agent, request: Request, ticket_id: int) -> dict[str, Any]:
    return _tagged(account, caller, ticket_id, (await _sent(request)).tags)


@router.put("/tickets/{ticket_id}/tags")
async def add_tags(account: AccountHere, caller: Agent, request: Request, ticket_id: int) -> dict[str, Any]:
    sent, own = await _sent(request), account.store.ticket(ticket_id).tags
    return _tagged(account, caller, ticket_id, sent.laid_over(own, "PUT"))


@router.delete("/tickets/{ticket_id}/tags")
async def remove_tags(
    account: AccountHere, caller: Agent, request: Request, ticket_id: int, tags: str = ""
) -> dict[str, Any]:
    """Either `?tags=a,b` or a body: sources disagree, so both are taken (§10)."""
    sent = TagsInput(tags=tags.split(",")) if tags else await _sent(request)
    return _tagged(account, caller, ticket_id, sent.laid_over(account.store.ticket(ticket_id).tags, "DELETE"))


async def _sent(request: Request) -> TagsInput:
    return read_object(await json_object(request), "tags", TagsInput)


def _tagged(account: Account, caller: User, ticket_id: int, tags: Iterable[str]) -> dict[str, Any]:
    data = TicketInput(tags=list(tags))
    return {"tags": update_ticket(account, account.store.ticket(ticket_id), data, caller).ticket.tags}


# --- comments


@router.put("/tickets/{ticket_id}/comments/{comment_id}/redact")
async def redact(
    account: AccountHere, caller: Agent, request: Request, ticket_id: int, comment_id: int
) -> dict[str, Any]:
    data = read_object(await json_object(request), "comment", RedactInput)
    ticket = account.store.ticket(ticket_id)
    comment = next((one for one in ticket.comments if one.id == comment_id), None)
    if comment is None:
        raise not_found()
    return {"comment": comment_json(redact_comment(account, ticket, comment, data.text, caller))}
