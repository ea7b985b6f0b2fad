"""Routes of the incremental exports (reference/zendesk-api §8)."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from ticketsync.sandbox.zendesk.account import Account, AccountHere
from ticketsync.sandbox.zendesk.auth import ADMINS_ONLY
from ticketsync.sandbox.zendesk.export_pages import MOST_ROWS, ExportRow, Position, cursor_page, time_page
from ticketsync.sandbox.zendesk.models import Organization, User
from ticketsync.sandbox.zendesk.paging import address_of
from ticketsync.sandbox.zendesk.sideloads import with_sideloads
from ticketsync.sandbox.zendesk.tickets import PEOPLE
from ticketsync.sandbox.zendesk.views import exported_ticket_json, organization_json, user_json

router = APIRouter(prefix="/api/v2/incremental", dependencies=[ADMINS_ONLY])

PerPage = Annotated[int, Query(ge=1)]


def _count_call(account: Account) -> None:
    """All exports share one limit (§9)."""
    account.windows.require("export", "incremental export", account.tuning.limits.incremental_exports)


@router.get("/tickets/cursor")
async def tickets_by_cursor(
    account: AccountHere,
    request: Request,
    *,
    start_time: int | None = None,
    cursor: str | None = None,
    per_page: PerPage = MOST_ROWS,
    exclude_deleted: bool = False,
) -> dict[str, Any]:
    _count_call(account)
    rows = _tickets(account, request, exclude_deleted=exclude_deleted)
    answer = cursor_page(account, request, "tickets", rows, start_time=start_time, cursor=cursor, per_page=per_page)
    return with_sideloads(account, request, answer, "tickets", PEOPLE)


@router.get("/tickets")
async def tickets_by_time(
    account: AccountHere,
    request: Request,
    *,
    start_time: int | None = None,
    per_page: PerPage = MOST_ROWS,
    exclude_deleted: bool = False,
) -> dict[str, Any]:
    _count_call(account)
    rows = _tickets(account, request, exclude_deleted=exclude_deleted)
    answer = time_page(account, request, "tickets", rows, start_time=start_time, per_page=per_page)
    return with_sideloads(account, request, answer, "tickets", PEOPLE)


def _tickets(account: Account, request: Request, *, exclude_deleted: bool) -> list[ExportRow]:
    base, fields = address_of(request), account.settings.custom_fields
    found = [one for one in account.store.state.tickets.values() if not (exclude_deleted and one.ending)]
    return [
        ExportRow(Position(one.generated_timestamp, one.id), partial(exported_ticket_json, one, base, fields))
        for one in found
    ]


@router.get("/users/cursor")
async def users_by_cursor(
    account: AccountHere,
    request: Request,
    *,
    start_time: int | None = None,
    cursor: str | None = None,
    per_page: PerPage = MOST_ROWS,
) -> dict[str, Any]:
    _count_call(account)
    rows = [_user_row(request, user) for user in account.store.state.users.values()]
    return cursor_page(account, request, "users", rows, start_time=start_time, cursor=cursor, per_page=per_page)


@router.get("/users")
async def users_by_time(
    account: AccountHere, request: Request, *, start_time: int | None = None, per_page: PerPage = MOST_ROWS
) -> dict[str, Any]:
    _count_call(account)
    rows = [_user_row(request, user) for user in account.store.state.users.values()]
    return time_page(account, request, "users", rows, start_time=start_time, per_page=per_page)


def _user_row(request: Request, user: User) -> ExportRow:
    place = Position(int(user.updated_at.timestamp()), user.id)
    return ExportRow(place, lambda: user_json(user, address_of(request)))


@router.get("/organizations")
async def organizations_by_time(
    account: AccountHere, request: Request, *, start_time: int | None = None, per_page: PerPage = MOST_ROWS
) -> dict[str, Any]:
    _count_call(account)
    rows = [_organization_row(request, one) for one in account.store.state.organizations.values()]
    return time_page(account, request, "organizations", rows, start_time=start_time, per_page=per_page)


def _organization_row(request: Request, organization: Organization) -> ExportRow:
    place = Position(int(organization.updated_at.timestamp()), organization.id)
    return ExportRow(place, lambda: organization_json(organization, address_of(request)))
