"""Control routes of the sandbox itself, under `/sandbox/` and without credentials: it serves loopback only.

`/sandbox/faults` and `/sandbox/calls` are in `ticketsync.sandbox.faults`.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from ticketsync.sandbox.zendesk.account import Account, AccountHere
from ticketsync.sandbox.zendesk.errors import ApiError, bad_request, not_found
from ticketsync.sandbox.zendesk.events import Happened
from ticketsync.sandbox.zendesk.invocation import DeliveryRule
from ticketsync.sandbox.zendesk.models import Ending, Priority, Ticket, TicketStatus
from ticketsync.sandbox.zendesk.paging import address_of
from ticketsync.sandbox.zendesk.seed import CUSTOMER_ID
from ticketsync.sandbox.zendesk.views import exported_ticket_json
from ticketsync.sandbox.zendesk.writing import close_by_automation

router = APIRouter(prefix="/sandbox")

LONGEST_WAIT_SECONDS = 60


class ImportedTicket(BaseModel):
    """A ticket put in as it is, with its own times; no event tells of it unless `events` is true (then `created`).
    Without `generated_timestamp` it is that of `updated_at`.
    """

    model_config = ConfigDict(extra="forbid")

    id: int | None = None
    subject: str = ""
    description: str = "Imported"
    status: TicketStatus = "new"
    priority: Priority | None = None
    requester_id: int = CUSTOMER_ID
    submitter_id: int | None = None
    assignee_id: int | None = None
    group_id: int | None = None
    tags: list[str] = []
    created_at: AwareDatetime | None = None
    updated_at: AwareDatetime | None = None
    generated_timestamp: int | None = None
    deleted: bool = False
    events: bool = False


class ImportedTickets(BaseModel):
    tickets: list[ImportedTicket]


@router.post("/tickets", status_code=201)
async def import_tickets(account: AccountHere, request: Request, body: ImportedTickets) -> dict[str, Any]:
    taken = [one.id for one in body.tickets if one.id in account.store.state.tickets]
    if taken:
        raise bad_request("InvalidValue", f"tickets already there: {', '.join(str(one) for one in taken)}")
    tickets = [_imported(account, one) for one in body.tickets]
    account.store.changed()
    base, fields = address_of(request), account.settings.custom_fields
    return {"tickets": [exported_ticket_json(ticket, base, fields) for ticket in tickets]}


def _imported(account: Account, data: ImportedTicket) -> Ticket:
    created = data.created_at or account.clock.now()
    updated = data.updated_at or created
    kept = data.model_dump(exclude={"events", "deleted"})
    submitter_id = data.submitter_id or data.requester_id
    kept |= {
        "id": _ticket_id(account, data.id),
        "submitter_id": submitter_id,
        "created_at": created,
        "updated_at": updated,
        "generated_timestamp": data.generated_timestamp or int(updated.timestamp()),
        "custom_status_id": account.settings.status_of_category(data.status),
        "brand_id": account.settings.brand_id,
        "ticket_form_id": account.settings.ticket_form_id,
        "ending": Ending(kind="deleted", at=updated, actor_id=submitter_id) if data.deleted else None,
    }
    ticket = Ticket.model_validate(kept)
    account.store.state.tickets[ticket.id] = ticket
    if data.events:
        account.tell(ticket, submitter_id, [Happened("created")])
    return ticket


def _ticket_id(account: Account, wanted: int | None) -> int:
    if wanted is None:
        return account.store.new_ticket_id()
    account.store.state.next_ticket_id = max(account.store.state.next_ticket_id, wanted + 1)
    return wanted


@router.post("/tickets/{ticket_id}/close")
async def close_ticket(account: AccountHere, ticket_id: int) -> dict[str, Any]:
    """Close it as the account's automation does, by nobody (actor -1)."""
    return {"status": close_by_automation(account, account.store.ticket(ticket_id)).ticket.status}


@router.get("/deliveries")
async def list_deliveries(
    account: AccountHere, ticket_id: int | None = None, event_type: str = "", state: str | None = None
) -> dict[str, Any]:
    """The log, oldest first; `event_type` is a part of the type."""
    found = [
        one
        for one in account.deliveries.log
        if ticket_id in {None, one.ticket_id} and event_type in one.event_type and state in {None, one.state}
    ]
    return {"count": len(found), "deliveries": found}


@router.delete("/deliveries", status_code=204)
async def forget_deliveries(account: AccountHere) -> None:
    """Empty the log; what is under way stays."""
    account.deliveries.forget_finished()


@router.post("/deliveries/{delivery_id}/resend", status_code=201)
async def resend(account: AccountHere, delivery_id: str) -> dict[str, Any]:
    """Send an old event again, as it was then."""
    for delivery in account.deliveries.log:
        if delivery.id == delivery_id:
            return {"delivery": account.deliveries.resend(delivery)}
    raise not_found()


@router.get("/delivery-rules")
async def list_rules(account: AccountHere) -> dict[str, Any]:
    return {"rules": account.deliveries.rules}


@router.post("/delivery-rules", status_code=201)
async def add_rule(account: AccountHere, rule: DeliveryRule) -> dict[str, Any]:
    account.deliveries.rules.append(rule)
    return {"rule": rule}


@router.delete("/delivery-rules", status_code=204)
async def clear_rules(account: AccountHere) -> None:
    account.deliveries.rules.clear()


@router.get("/settings")
async def show_settings(account: AccountHere) -> dict[str, Any]:
    return {"settings": account.tuning}


@router.patch("/settings")
async def change_settings(account: AccountHere, patch: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
    """Takes any part of what GET shows; 422 and no change when something in it does not fit."""
    try:
        account.tuning.merge(patch)
    except ValidationError as error:
        places = [".".join(str(part) for part in one["loc"]) for one in error.errors()]
        raise ApiError(422, {"error": "InvalidValue", "description": f"Invalid value for {places}"}) from error
    return {"settings": account.tuning}


@router.put("/clock")
async def shift_clock(account: AccountHere, offset_seconds: Annotated[float, Body(embed=True)]) -> dict[str, Any]:
    """Let the sandbox live `offset_seconds` from real time on."""
    account.clock.shift_to(offset_seconds)
    return {"now": account.clock.now()}


@router.get("/idle")
async def idle(
    account: AccountHere, wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT_SECONDS)] = 0
) -> dict[str, Any]:
    """Whether no delivery is under way, delayed or to be retried; `wait`: seconds to wait for that."""
    if wait:
        await account.deliveries.wait_idle(wait)
    return {"idle": account.deliveries.idle}


@router.post("/reset", status_code=204)
async def reset(account: AccountHere) -> None:
    await account.reset()
