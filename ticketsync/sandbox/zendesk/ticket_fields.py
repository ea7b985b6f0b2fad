"""The fields that tickets of this account have: the system's, and its own (developer.zendesk.com: Ticket Fields)."""

from typing import Any

from fastapi import APIRouter, Request

from ticketsync.sandbox.zendesk.account import Account, AccountHere
from ticketsync.sandbox.zendesk.auth import AGENTS_ONLY
from ticketsync.sandbox.zendesk.errors import not_found
from ticketsync.sandbox.zendesk.paging import address_of, listed
from ticketsync.sandbox.zendesk.settings import CustomField

router = APIRouter(prefix="/api/v2", dependencies=[AGENTS_ONLY])

FIRST_ID = 8447320460001
OF_THE_SYSTEM = {
    number: CustomField(id=number, title=title, type=kind)
    for number, (kind, title) in enumerate(
        {
            "subject": "Subject",
            "description": "Description",
            "status": "Status",
            "tickettype": "Type",
            "priority": "Priority",
            "group": "Group",
            "assignee": "Assignee",
        }.items(),
        start=FIRST_ID,
    )
}


def _all(account: Account) -> list[CustomField]:
    return sorted([*OF_THE_SYSTEM.values(), *account.settings.custom_fields], key=lambda one: one.id)


def _shown(field: CustomField, base: str) -> dict[str, Any]:
    return {
        "url": f"{base}/api/v2/ticket_fields/{field.id}.json",
        "id": field.id,
        "type": field.type,
        "title": field.title,
        "raw_title": field.title,
        "active": True,
        "removable": field.id not in OF_THE_SYSTEM,
    }


@router.get("/ticket_fields")
async def list_fields(account: AccountHere, request: Request) -> dict[str, Any]:
    return listed(request, "ticket_fields", _all(account), lambda one: _shown(one, address_of(request)))


@router.get("/ticket_fields/{field_id}")
async def show(account: AccountHere, request: Request, field_id: int) -> dict[str, Any]:
    found = next((one for one in _all(account) if one.id == field_id), None)
    if found is None:
        raise not_found()
    return {"ticket_field": _shown(found, address_of(request))}
