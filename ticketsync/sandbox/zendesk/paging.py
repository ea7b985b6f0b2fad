"""Both of Zendesk's ways to page a list (reference/zendesk-api §6, §14)."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from fastapi import Request

from ticketsync.sandbox.zendesk.errors import bad_request

MOST_PER_PAGE = 100
MOST_OFFSET_PAGES = 100


class Numbered(Protocol):
    """What is listed: sorted by its id."""

    @property
    def id(self) -> int: ...


Row = TypeVar("Row", bound=Numbered)


def wants_cursor(request: Request) -> bool:
    return any(name.startswith("page[") for name in request.query_params)


def address_of(request: Request) -> str:
    """The address the client called, without a trailing slash."""
    return str(request.base_url).rstrip("/")


def listed(
    request: Request, noun: str, rows: Sequence[Row], view: Callable[[Row], dict[str, Any]], *, descending: bool = False
) -> dict[str, Any]:
    """One page of `rows`, which are sorted by id, as the query asks for it."""
    if wants_cursor(request):
        return _cursor_page(request, noun, rows, view, descending=descending)
    return offset_page(request, noun, rows[::-1] if descending else rows, view)


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise bad_request("InvalidPaginationParameter", f"{name} must be a whole number from 1 on")
    return int(text)


def offset_page(
    request: Request, noun: str, rows: Sequence[Row], view: Callable[[Row], dict[str, Any]]
) -> dict[str, Any]:
    """`page` and `per_page`; only the first hundred pages can be read."""
    page, size = _number(request, "page", 1), min(_number(request, "per_page", MOST_PER_PAGE), MOST_PER_PAGE)
    if page > MOST_OFFSET_PAGES:
        raise bad_request("InvalidPaginationDepth", "Number of pages exceeds 100: use cursor pagination")
    end = page * size
    return {
        noun: [view(row) for row in rows[end - size : end]],
        "next_page": str(request.url.include_query_params(page=page + 1)) if end < len(rows) else None,
        "previous_page": str(request.url.include_query_params(page=page - 1)) if page > 1 else None,
        "count": len(rows),
    }


def _cursor_page(
    request: Request, noun: str, rows: Sequence[Row], view: Callable[[Row], dict[str, Any]], *, descending: bool
) -> dict[str, Any]:
    size = min(_number(request, "page[size]", MOST_PER_PAGE), MOST_PER_PAGE)
    before, after = _cursor(request, "page[before]"), _cursor(request, "page[after]")
    ordered = rows[::-1] if descending else rows
    if before is not None:
        eligible = [row for row in ordered if _precedes(row.id, before, descending=descending)]
        page = eligible[-size:]
    else:
        eligible = [row for row in ordered if after is None or _precedes(after, row.id, descending=descending)]
        page = eligible[:size]
    return {noun: [view(row) for row in page]} | _position(request, page, has_more=len(eligible) > size)


def _precedes(left: int, right: int, *, descending: bool) -> bool:
    return left > right if descending else left < right


def _position(request: Request, page: Sequence[Numbered], *, has_more: bool) -> dict[str, Any]:
    """`meta` and `links`; the last page has cursors and links too, only an empty one has none."""
    first, last = (_encoded(page[0].id), _encoded(page[-1].id)) if page else (None, None)
    bare = request.url.remove_query_params(["page[after]", "page[before]"])
    links = {
        "prev": str(bare.include_query_params(**{"page[before]": first})) if first else None,
        "next": str(bare.include_query_params(**{"page[after]": last})) if last else None,
    }
    return {"meta": {"has_more": has_more, "after_cursor": last, "before_cursor": first}, "links": links}


def _encoded(row_id: int) -> str:
    return base64.b64encode(json.dumps({"o": "id", "v": row_id}).encode()).decode()


def _cursor(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        return int(json.loads(base64.b64decode(text, validate=True))["v"])
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise bad_request("InvalidCursor", f"{name} is not a cursor of this list") from error
