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
    """What is listed: sorted by its id, unless a list says otherwise."""

    @property
    def id(self) -> int: ...


Row = TypeVar("Row", bound=Numbered)
Key = Callable[[Row], tuple[Any, ...]]


def by_id(row: Numbered) -> tuple[int]:
    return (row.id,)


def wants_cursor(request: Request) -> bool:
    return any(name.startswith("page[") for name in request.query_params)


def address_of(request: Request) -> str:
    """The address the client called, without a trailing slash."""
    return str(request.base_url).rstrip("/")


def listed(
    request: Request,
    noun: str,
    rows: Sequence[Row],
    view: Callable[[Row], dict[str, Any]],
    *,
    descending: bool = False,
    key: Key[Row] = by_id,
) -> dict[str, Any]:
    """One page of `rows`, which are sorted by `key`, as the query asks for it."""
    ordered = rows[::-1] if descending else rows
    if wants_cursor(request):
        return _cursor_page(request, noun, ordered, view, descending=descending, key=key)
    return offset_page(request, noun, ordered, view)


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
    request: Request,
    noun: str,
    ordered: Sequence[Row],
    view: Callable[[Row], dict[str, Any]],
    *,
    descending: bool,
    key: Key[Row],
) -> dict[str, Any]:
    size = min(_number(request, "page[size]", MOST_PER_PAGE), MOST_PER_PAGE)
    before, after = _cursor(request, "page[before]"), _cursor(request, "page[after]")
    if before is not None:
        eligible = [row for row in ordered if _precedes(key(row), before, descending=descending)]
        page = eligible[-size:]
    else:
        eligible = [row for row in ordered if after is None or _precedes(after, key(row), descending=descending)]
        page = eligible[:size]
    position = _position(request, [key(row) for row in page], has_more=len(eligible) > size)
    return {noun: [view(row) for row in page]} | position


def _precedes(left: tuple[Any, ...], right: tuple[Any, ...], *, descending: bool) -> bool:
    return left > right if descending else left < right


def _position(request: Request, keys: Sequence[tuple[Any, ...]], *, has_more: bool) -> dict[str, Any]:
    """`meta` and `links`; the last page has cursors and links too, only an empty one has none."""
    first, last = (_encoded(keys[0]), _encoded(keys[-1])) if keys else (None, None)
    bare = request.url.remove_query_params(["page[after]", "page[before]"])
    links = {
        "prev": str(bare.include_query_params(**{"page[before]": first})) if first else None,
        "next": str(bare.include_query_params(**{"page[after]": last})) if last else None,
    }
    return {"meta": {"has_more": has_more, "after_cursor": last, "before_cursor": first}, "links": links}


def _encoded(key: tuple[Any, ...]) -> str:
    return base64.b64encode(json.dumps({"o": "id", "v": key}).encode()).decode()


def _cursor(request: Request, name: str) -> tuple[Any, ...] | None:
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        return tuple(json.loads(base64.b64decode(text, validate=True))["v"])
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise bad_request("InvalidCursor", f"{name} is not a cursor of this list") from error
