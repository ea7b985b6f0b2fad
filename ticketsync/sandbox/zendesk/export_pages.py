"""Both ways to read an incremental export, for any kind of row (reference/zendesk-api §8, recorded)."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from fastapi import Request

from ticketsync.sandbox.zendesk.account import Account
from ticketsync.sandbox.zendesk.errors import bad_request
from ticketsync.sandbox.zendesk.paging import address_of

MOST_ROWS = 1000


class Position(NamedTuple):
    """Where a row stands: by the moment of its last change, then by its id."""

    timestamp: int
    row_id: int

    def cursor(self) -> str:
        return base64.b64encode(f"{self.timestamp}.0||{self.row_id}|".encode()).decode()


class ExportRow(NamedTuple):
    """A row of an export; `show` makes its JSON."""

    place: Position
    show: Callable[[], dict[str, Any]]


def last_second(account: Account) -> int:
    """The last second that is not withheld: what is younger comes with a later call."""
    return int(account.clock.now().timestamp()) - account.tuning.export_withheld_seconds


def checked_start(account: Account, start_time: int | None) -> int:
    """ApiError 400 for a start that is missing or too recent."""
    if start_time is None:
        raise bad_request("MissingParameter", "start_time or cursor is required")
    if start_time > last_second(account):
        raise bad_request("StartTimeTooRecent", "Too recent start_time. Use a start_time older than 60 seconds")
    return start_time


def _position_of(cursor: str) -> Position:
    try:
        timestamp, _, row_id = base64.b64decode(cursor, validate=True).decode().partition(".0||")
        return Position(int(timestamp), int(row_id.removesuffix("|")))
    except (binascii.Error, ValueError) as error:
        raise bad_request("InvalidCursor", "cursor is not one of this export") from error


def _ready(account: Account, rows: Sequence[ExportRow]) -> list[ExportRow]:
    until = last_second(account)
    return sorted((row for row in rows if row.place.timestamp <= until), key=lambda row: row.place)


# --- by cursor


def cursor_page(
    account: Account,
    request: Request,
    noun: str,
    rows: Sequence[ExportRow],
    *,
    start_time: int | None,
    cursor: str | None,
    per_page: int,
) -> dict[str, Any]:
    """The rows strictly after the cursor."""
    after = _position_of(cursor) if cursor else Position(checked_start(account, start_time), 0)
    left = [row for row in _ready(account, rows) if row.place > after]
    page = left[: min(per_page, MOST_ROWS)]
    last = page[-1].place.cursor() if page else None
    return {
        noun: [row.show() for row in page],
        "after_url": _next_by_cursor(request, last, per_page) if last else None,
        "after_cursor": last,
        "before_url": None,
        "before_cursor": None,
        "end_of_stream": len(page) == len(left),
    }


def _next_by_cursor(request: Request, cursor: str, per_page: int) -> str:
    size = f"&per_page={per_page}" if "per_page" in request.query_params else ""
    return f"{address_of(request)}{request.url.path}.json?cursor={quote(cursor, safe='')}{size}"


# --- by time


def time_page(
    account: Account, request: Request, noun: str, rows: Sequence[ExportRow], *, start_time: int | None, per_page: int
) -> dict[str, Any]:
    """The rows from a second on. A page is extended to the whole of its last second, unless it is full at the cap; the
    last page names its own last second again, so that its rows come twice.
    """
    start = checked_start(account, start_time)
    left = [row for row in _ready(account, rows) if row.place.timestamp >= start]
    page = left[: min(per_page, MOST_ROWS)]
    if len(page) < MOST_ROWS:
        page += [row for row in left[len(page) :] if page and row.place.timestamp == page[-1].place.timestamp]
    at_end = len(page) == len(left)
    last = page[-1].place.timestamp if page else start
    end_time = last if at_end or len(page) >= MOST_ROWS else last + 1
    size = f"&per_page={per_page}" if "per_page" in request.query_params else ""
    return {
        noun: [row.show() for row in page],
        "count": len(page),
        "end_of_stream": at_end,
        "end_time": end_time,
        "next_page": f"{address_of(request)}{request.url.path}.json?start_time={end_time}{size}",
    }
