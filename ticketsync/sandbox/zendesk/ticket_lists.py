"""Routes that list tickets from elsewhere: of a person, of an organization, of a problem (reference/zendesk-api §7)."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from ticketsync.sandbox.zendesk.account import Account, AccountHere
from ticketsync.sandbox.zendesk.auth import AGENTS_ONLY
from ticketsync.sandbox.zendesk.models import Ticket
from ticketsync.sandbox.zendesk.paging import listed
from ticketsync.sandbox.zendesk.tickets import ticket_page

router = APIRouter(prefix="/api/v2", dependencies=[AGENTS_ONLY])

TAGS_LISTED = 100  # calls a minute (§9, §14)
RECENT = 5


def _page(account: Account, request: Request, is_wanted: Callable[[Ticket], bool]) -> dict[str, Any]:
    return ticket_page(account, request, [ticket for ticket in account.store.live_tickets() if is_wanted(ticket)])


@router.get("/tickets/recent")
async def recent(account: AccountHere, request: Request) -> dict[str, Any]:
    """What the caller looked at last is not kept here: what was changed last stands for it."""
    newest = sorted(account.store.live_tickets(), key=lambda ticket: ticket.updated_at)[-RECENT:]
    return ticket_page(account, request, sorted(newest, key=lambda ticket: ticket.id))


@router.get("/tickets/{ticket_id}/incidents")
async def incidents(account: AccountHere, request: Request, ticket_id: int) -> dict[str, Any]:
    problem = account.store.ticket(ticket_id)
    return _page(account, request, lambda ticket: ticket.problem_id == problem.id)


@router.get("/organizations/{organization_id}/tickets")
async def of_organization(account: AccountHere, request: Request, organization_id: int) -> dict[str, Any]:
    organization = account.store.organization(organization_id)
    return _page(account, request, lambda ticket: ticket.organization_id == organization.id)


@router.get("/users/{user_id}/tickets/requested")
async def requested(account: AccountHere, request: Request, user_id: int) -> dict[str, Any]:
    user = account.store.user(user_id)
    return _page(account, request, lambda ticket: ticket.requester_id == user.id)


@router.get("/users/{user_id}/tickets/ccd")
async def copied(account: AccountHere, request: Request, user_id: int) -> dict[str, Any]:
    user = account.store.user(user_id)
    return _page(account, request, lambda ticket: user.id in ticket.email_cc_ids)


@router.get("/users/{user_id}/tickets/assigned")
async def assigned(account: AccountHere, request: Request, user_id: int) -> dict[str, Any]:
    user = account.store.user(user_id)
    return _page(account, request, lambda ticket: ticket.assignee_id == user.id)


# --- the account's tags


@dataclass(frozen=True)
class TagCount:
    """A tag, and how many tickets have it; its place in the list is its id."""

    id: int
    name: str
    count: int


@router.get("/tags")
async def tags(account: AccountHere, request: Request, response: Response) -> dict[str, Any]:
    """The most frequent first."""
    response.headers["zendesk-ratelimit-tags-index"] = account.windows.hit("tags index", TAGS_LISTED).header()
    counts = Counter(tag for ticket in account.store.live_tickets() for tag in ticket.tags)
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    rows = [TagCount(place, name, count) for place, (name, count) in enumerate(ranked)]
    return listed(request, "tags", rows, lambda row: {"name": row.name, "count": row.count})
