"""Routes of tickets and their comments (reference/zendesk-api §7, §10)."""

import hashlib
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request, Response

from ticketsync.sandbox.zendesk.account import Account, AccountHere
from ticketsync.sandbox.zendesk.auth import AGENTS_ONLY, Agent
from ticketsync.sandbox.zendesk.endings import delete_ticket, mark_as_spam, merge_tickets
from ticketsync.sandbox.zendesk.errors import bad_request
from ticketsync.sandbox.zendesk.inputs import (
    MergeInput,
    TicketInput,
    json_object,
    read_ids,
    read_noun,
    read_object,
)
from ticketsync.sandbox.zendesk.jobs import finished_job
from ticketsync.sandbox.zendesk.limits import TICKET_UPDATES_SECONDS
from ticketsync.sandbox.zendesk.models import KeptAnswer, Ticket
from ticketsync.sandbox.zendesk.paging import address_of, listed, wants_cursor
from ticketsync.sandbox.zendesk.sideloads import with_sideloads
from ticketsync.sandbox.zendesk.views import comment_json, job_json, ticket_json
from ticketsync.sandbox.zendesk.warnings import warn_of_body, warn_of_extra
from ticketsync.sandbox.zendesk.writing import Written, create_ticket, update_ticket

router = APIRouter(prefix="/api/v2", dependencies=[AGENTS_ONLY])

IDEMPOTENCY_KEPT = timedelta(hours=2)
LONGEST_IDEMPOTENCY_KEY = 255
TICKET_CREATES = 300  # a minute; told by a header only (§14)
PEOPLE = ("requester_id", "submitter_id", "assignee_id")


def shown(account: Account, request: Request, ticket: Ticket) -> dict[str, Any]:
    return ticket_json(ticket, address_of(request), account.settings.custom_fields)


@router.get("/tickets")
async def list_tickets(account: AccountHere, request: Request, response: Response) -> dict[str, Any]:
    window = account.windows.require("index", "tickets index", account.tuning.limits.tickets_index)
    response.headers["zendesk-ratelimit-tickets-index"] = window.header()
    tickets = account.store.live_tickets()
    if external_id := request.query_params.get("external_id"):
        tickets = [ticket for ticket in tickets if ticket.external_id == external_id]
    return ticket_page(account, request, tickets)


def ticket_page(account: Account, request: Request, tickets: list[Ticket]) -> dict[str, Any]:
    """A page of these tickets, which are sorted by id; by cursor without `fields` (§14)."""
    dropped = {"fields"} if wants_cursor(request) else set()

    def view(ticket: Ticket) -> dict[str, Any]:
        return {name: value for name, value in shown(account, request, ticket).items() if name not in dropped}

    answer = listed(request, "tickets", tickets, view, descending=_newest_first(request))
    return with_sideloads(account, request, answer, "tickets", PEOPLE)


def _newest_first(request: Request) -> bool:
    query = request.query_params
    return query.get("sort", "").startswith("-") or query.get("sort_order") == "desc"


@router.get("/tickets/show_many")
async def show_many(account: AccountHere, request: Request, ids: str = "") -> dict[str, Any]:
    """Ids that are unknown or deleted are left out."""
    wanted = set(read_ids(ids))
    tickets = [ticket for ticket in account.store.live_tickets() if ticket.id in wanted]
    rows = [shown(account, request, ticket) for ticket in tickets]
    answer = {"tickets": rows, "next_page": None, "previous_page": None, "count": len(rows)}
    return with_sideloads(account, request, answer, "tickets", PEOPLE)


@router.post("/tickets", status_code=201)
async def create(account: AccountHere, caller: Agent, request: Request, response: Response) -> dict[str, Any]:
    body = await request.body()
    kept = _kept_answer(account, request, body)
    if kept is not None:
        response.headers["x-idempotency-lookup"] = "hit"
        answer = kept.answer
    else:
        data = read_noun(await json_object(request), "ticket", TicketInput)
        warn_of_extra(response, "tickets", "create", "ticket", data)
        answer = _written_json(account, request, create_ticket(account, data, caller))
        answer["ticket"]["generated_timestamp"] = 0  # recorded: it is not generated yet
        _keep_answer(account, request, response, body, answer)
    window = account.windows.hit(f"creates by {caller.id}", TICKET_CREATES)
    response.headers["zendesk-ratelimit-ticket-request-create-by-user-and-ip"] = window.header()
    response.headers["location"] = answer["ticket"]["url"]
    return answer


def _kept_answer(account: Account, request: Request, body: bytes) -> KeptAnswer | None:
    key = request.headers.get("idempotency-key", "")
    if len(key) > LONGEST_IDEMPOTENCY_KEY:
        raise bad_request("IdempotentRequestError", "The idempotency key must not be longer than 255 characters")
    kept = account.store.state.kept_answers.get(key)
    if kept is None or account.clock.now() - kept.at > IDEMPOTENCY_KEPT:
        return None
    if kept.digest != hashlib.sha256(body).hexdigest():
        raise bad_request("IdempotentRequestError", "The idempotency key was used with another request body")
    return kept


def _keep_answer(account: Account, request: Request, response: Response, body: bytes, answer: dict[str, Any]) -> None:
    if key := request.headers.get("idempotency-key"):
        response.headers["x-idempotency-lookup"] = "miss"
        kept = KeptAnswer(digest=hashlib.sha256(body).hexdigest(), answer=answer, at=account.clock.now())
        account.store.state.kept_answers[key] = kept


def _written_json(account: Account, request: Request, written: Written) -> dict[str, Any]:
    return {"ticket": shown(account, request, written.ticket), "audit": written.audit}


@router.get("/tickets/{ticket_id}")
async def show(account: AccountHere, request: Request, ticket_id: int) -> dict[str, Any]:
    answer = {"ticket": shown(account, request, account.store.ticket(ticket_id))}
    return with_sideloads(account, request, answer, "ticket", PEOPLE)


@router.put("/tickets/{ticket_id}")
async def update(
    account: AccountHere, caller: Agent, request: Request, response: Response, ticket_id: int
) -> dict[str, Any]:
    ticket = account.store.ticket(ticket_id)
    data = read_noun(await json_object(request), "ticket", TicketInput)
    window = account.windows.require(
        f"updates of {ticket_id} by {caller.id}",
        "ticket update",
        account.tuning.limits.ticket_updates,
        TICKET_UPDATES_SECONDS,
    )
    response.headers["zendesk-ratelimit-per-ticket-updates"] = window.header()
    warn_of_extra(response, "tickets", "update", "ticket", data)
    return _written_json(account, request, update_ticket(account, ticket, data, caller))


@router.delete("/tickets/destroy_many")
async def delete_many(
    account: AccountHere, caller: Agent, request: Request, response: Response, ids: str = ""
) -> dict[str, Any]:
    await warn_of_body(request, response, "tickets", "destroy_many", "tickets")
    wanted = set(read_ids(ids))
    found = [ticket for ticket in account.store.live_tickets() if ticket.id in wanted]
    for ticket in found:
        delete_ticket(account, ticket, caller)
    job = finished_job(account, [{"id": ticket.id, "status": "Deleted"} for ticket in found])
    return {"job_status": job_json(job, address_of(request), finished=False)}


@router.delete("/tickets/{ticket_id}", status_code=204)
async def delete(account: AccountHere, caller: Agent, request: Request, response: Response, ticket_id: int) -> None:
    await warn_of_body(request, response, "tickets", "destroy", "ticket")
    delete_ticket(account, account.store.ticket(ticket_id), caller)


@router.put("/tickets/{ticket_id}/mark_as_spam")
async def spam(account: AccountHere, caller: Agent, ticket_id: int) -> dict[str, Any]:
    mark_as_spam(account, account.store.ticket(ticket_id), caller)
    return {}


@router.post("/tickets/{ticket_id}/merge")
async def merge(account: AccountHere, caller: Agent, request: Request, ticket_id: int) -> dict[str, Any]:
    target = account.store.ticket(ticket_id)
    data = read_object(await json_object(request), "merge", MergeInput)
    job = merge_tickets(account, target, data, caller)
    return {"job_status": job_json(job, address_of(request), finished=False)}


@router.get("/tickets/{ticket_id}/comments")
async def comments(account: AccountHere, request: Request, ticket_id: int) -> dict[str, Any]:
    rows = account.store.ticket(ticket_id).comments
    answer = listed(request, "comments", rows, comment_json, descending=_newest_first(request))
    return with_sideloads(account, request, answer, "comments", ["author_id"])
