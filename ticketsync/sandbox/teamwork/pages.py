"""Paging of v3 lists and the shape of their answers (reference/teamwork-api §2.8)."""

from collections.abc import Sequence
from typing import TypeVar

from pydantic import Field
from starlette.responses import JSONResponse, Response

from ticketsync.sandbox.teamwork.calls import Query, Words
from ticketsync.sandbox.teamwork.errors import invalid
from ticketsync.sandbox.teamwork.site import Json

OFFSET_CEILING = 50_000

T = TypeVar("T")


class ReadQuery(Query):
    """`include` asks for sideloads, `fields[x]` for some fields only."""

    include: Words = ()
    fields: dict[str, Words] = Field(default_factory=dict)


class PageQuery(ReadQuery):
    page: int = Field(1, ge=1)
    page_size: int = Field(50, ge=1, le=500)
    skip_counts: bool = False


def page_of(rows: Sequence[T], query: PageQuery) -> tuple[Sequence[T], Json]:
    """The asked rows and `meta`. Raises Refused beyond the offset ceiling."""
    start = (query.page - 1) * query.page_size
    if start >= OFFSET_CEILING:
        raise invalid(f"the offset exceeds the maximum of {OFFSET_CEILING} records")
    shown = rows[start : start + query.page_size]
    return shown, {"page": _page_meta(query, total=len(rows), end=start + len(shown))}


def _page_meta(query: PageQuery, total: int, end: int) -> Json:
    more = end < total
    # Without the count query the site only knows that there is at least one more.
    count = query.page * query.page_size + 1 if query.skip_counts and more else total
    return {"pageOffset": query.page - 1, "pageSize": query.page_size, "count": count, "hasMore": more}


def list_answer(key: str, rows: Sequence[Json], query: PageQuery) -> Response:
    """A page of rows that are ready to be shown and need no sideloads."""
    shown, meta = page_of(rows, query)
    wanted = query.fields.get(key)
    return JSONResponse({key: [sparse(row, wanted) for row in shown], "included": {}, "meta": meta})


def sparse(row: Json, wanted: Sequence[str] | None) -> Json:
    return {name: value for name, value in row.items() if name in wanted} if wanted else row
