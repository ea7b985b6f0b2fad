"""The incremental cursor export of tickets (reference/zendesk-api §8)."""

import base64
import binascii
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote

from fastapi import APIRouter, Query, Request

from ticketsync.sandbox.zendesk.account import Account, AccountHere
from ticketsync.sandbox.zendesk.auth import ADMINS_ONLY
from ticketsync.sandbox.zendesk.errors import bad_request
from ticketsync.sandbox.zendesk.models import Ticket
from ticketsync.sandbox.zendesk.paging import address_of
from ticketsync.sandbox.zendesk.tickets import PEOPLE, with_users
from ticketsync.sandbox.zendesk.views import exported_ticket_json

router = APIRouter(prefix="/api/v2/incremental", dependencies=[ADMINS_ONLY])

MOST_ROWS = 1000
PATH = "/api/v2/incremental/tickets/cursor.json"


class Position(NamedTuple):
    """Where a page ended: rows are ordered by `generated_timestamp`, then by id."""

    generated_timestamp: int
    ticket_id: int

    def cursor(self) -> str:
        return base64.b64encode(f"{self.generated_timestamp}.0||{self.ticket_id}|".encode()).decode()


def _position_of(cursor: str) -> Position:
    try:
        timestamp, _, ticket_id = base64.b64decode(cursor, validate=True).decode().partition(".0||")
        return Position(int(timestamp), int(ticket_id.removesuffix("|")))
    except (binascii.Error, ValueError) as error:
        raise bad_request("InvalidCursor", "cursor is not one of this export") from error


@router.get("/tickets/cursor")
async def export(
    account: AccountHere,
    request: Request,
    *,
    start_time: int | None = None,
    cursor: str | None = None,
    per_page: Annotated[int, Query(ge=1)] = MOST_ROWS,
    exclude_deleted: bool = False,
) -> dict[str, Any]:
    """Rows strictly after the cursor; what is younger than the withheld time comes with a later call."""
    account.windows.require("export", "incremental export", account.tuning.limits.incremental_exports)
    last_second = int(account.clock.now().timestamp()) - account.tuning.export_withheld_seconds
    after = _position_of(cursor) if cursor else _start(start_time, last_second)
    rows = [row for row in _rows(account, after, last_second) if not (exclude_deleted and row.ending)]
    page = rows[: min(per_page, MOST_ROWS)]
    answer = _page(account, request, page, end_of_stream=len(page) == len(rows))
    return with_users(account, request, answer, "tickets", *PEOPLE)


def _start(start_time: int | None, last_second: int) -> Position:
    if start_time is None:
        raise bad_request("MissingParameter", "start_time or cursor is required")
    if start_time > last_second:
        raise bad_request("StartTimeTooRecent", "Too recent start_time. Use a start_time older than 60 seconds")
    return Position(start_time, 0)


def _rows(account: Account, after: Position, last_second: int) -> list[Ticket]:
    placed = sorted(
        (Position(ticket.generated_timestamp, ticket.id), ticket) for ticket in account.store.state.tickets.values()
    )
    return [ticket for place, ticket in placed if place > after and place.generated_timestamp <= last_second]


def _page(account: Account, request: Request, page: list[Ticket], *, end_of_stream: bool) -> dict[str, Any]:
    base = address_of(request)
    cursor = Position(page[-1].generated_timestamp, page[-1].id).cursor() if page else None
    return {
        "tickets": [exported_ticket_json(ticket, base, account.settings.custom_fields) for ticket in page],
        "after_url": f"{base}{PATH}?cursor={quote(cursor, safe='')}" if cursor else None,
        "after_cursor": cursor,
        "before_url": None,
        "before_cursor": None,
        "end_of_stream": end_of_stream,
    }
