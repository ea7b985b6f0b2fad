"""Routes of the trash, and of the jobs that deleting and merging start (reference/zendesk-api §7.2, §7.3, §14)."""

from typing import Any

from fastapi import APIRouter, Request, Response

from ticketsync.sandbox.zendesk.account import Account, AccountHere
from ticketsync.sandbox.zendesk.auth import AGENTS_ONLY, Agent
from ticketsync.sandbox.zendesk.endings import destroy_ticket, restore_ticket
from ticketsync.sandbox.zendesk.errors import not_found
from ticketsync.sandbox.zendesk.inputs import read_ids
from ticketsync.sandbox.zendesk.jobs import finished_destroy_job
from ticketsync.sandbox.zendesk.models import Ticket
from ticketsync.sandbox.zendesk.paging import address_of, listed, wants_cursor
from ticketsync.sandbox.zendesk.views import deleted_ticket_json, job_json

router = APIRouter(prefix="/api/v2", dependencies=[AGENTS_ONLY])


def _trash(account: Account) -> list[Ticket]:
    tickets = sorted(account.store.state.tickets.items())
    return [ticket for _, ticket in tickets if ticket.ending is not None and ticket.ending.kind != "permanent"]


@router.get("/deleted_tickets")
async def list_deleted(account: AccountHere, request: Request, response: Response) -> dict[str, Any]:
    """Sorted by id, or by `sort_by=deleted_at` in offset paging; `sort_order=desc` turns it round."""
    window = account.windows.require("deleted", "deleted tickets", account.tuning.limits.deleted_tickets)
    response.headers["zendesk-ratelimit-deleted-tickets"] = window.header()
    users = account.store.state.users
    descending = request.query_params.get("sort_order") == "desc"
    trash = _trash(account)
    if request.query_params.get("sort_by") == "deleted_at" and not wants_cursor(request):
        trash.sort(key=_deleted_at)
    return listed(request, "deleted_tickets", trash, lambda one: deleted_ticket_json(one, users), descending=descending)


def _deleted_at(ticket: Ticket) -> float:
    return ticket.ending.at.timestamp() if ticket.ending is not None else 0.0


@router.put("/deleted_tickets/restore_many")
async def restore_many(account: AccountHere, caller: Agent, ids: str = "") -> dict[str, Any]:
    for ticket in [account.store.deleted_ticket(one) for one in read_ids(ids)]:
        restore_ticket(account, ticket, caller)
    return {}


@router.put("/deleted_tickets/{ticket_id}/restore")
async def restore(account: AccountHere, caller: Agent, ticket_id: int) -> dict[str, Any]:
    restore_ticket(account, account.store.deleted_ticket(ticket_id), caller)
    return {}


@router.delete("/deleted_tickets/destroy_many")
async def destroy_many(account: AccountHere, caller: Agent, request: Request, ids: str = "") -> dict[str, Any]:
    return _destroy(account, caller, request, read_ids(ids))


@router.delete("/deleted_tickets/{ticket_id}")
async def destroy(account: AccountHere, caller: Agent, request: Request, ticket_id: int) -> dict[str, Any]:
    return _destroy(account, caller, request, [ticket_id])


def _destroy(account: Account, caller: Agent, request: Request, ids: list[int]) -> dict[str, Any]:
    for ticket in [account.store.deleted_ticket(one) for one in ids]:
        destroy_ticket(account, ticket, caller)
    return {"job_status": job_json(finished_destroy_job(account), address_of(request), finished=False)}


@router.get("/job_statuses/{job_id}")
async def show_job(account: AccountHere, request: Request, job_id: str) -> dict[str, Any]:
    job = account.store.state.jobs.get(job_id)
    if job is None:
        raise not_found()
    return {"job_status": job_json(job, address_of(request), finished=True)}
