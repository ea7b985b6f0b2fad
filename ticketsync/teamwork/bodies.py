"""What is sent to Teamwork and what its answers hold, in our names (reference/teamwork-api §2)."""

import html
import unicodedata
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from ticketsync.teamwork.answers import Call, Json
from ticketsync.teamwork.errors import Unexpected

M = TypeVar("M", bound=BaseModel)
Params = Mapping[str, str | int]


def assignees(user_id: int | None) -> Json:
    """All four lists, because one left out might stay as it is (§2.4)."""
    return {"userIds": [] if user_id is None else [user_id], "companyIds": [], "teamIds": [], "jobRoleIds": []}


def everything(newest_first: bool) -> dict[str, str | int]:
    shown = ("includeCompletedTasks", "showCompletedLists", "showDeleted", "includeArchivedProjects")
    return {**dict.fromkeys(shown, "true"), "orderBy": "createdat", "orderMode": "desc" if newest_first else "asc"}


def filters(
    created_after: datetime | None, created_by: Collection[int] | None, search: str | None
) -> dict[str, str | int]:
    given: dict[str, str | int] = {}
    if created_after is not None:
        given["createdAfter"] = created_after.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if created_by is not None:
        given["createdByUserIds"] = ",".join(map(str, created_by))
    if search is not None:
        given["searchTerm"] = search
    return given


def page_query(page: int, page_size: int) -> dict[str, str | int]:
    return {"page": page, "pageSize": page_size, "skipCounts": "true"}


def has_more(body: Json) -> bool:
    meta = body.get("meta")
    page = meta.get("page") if isinstance(meta, dict) else None
    return bool(page.get("hasMore")) if isinstance(page, dict) else False


def rows_of(model: type[M], body: Json, key: str, call: Call) -> list[M]:
    rows = body.get(key)
    if not isinstance(rows, list):
        raise Unexpected(str(call), status=200, sent=call.writes, field=key)
    return [parsed(model, {key: row}, key, call) for row in rows]


def parsed(model: type[M], body: Json, key: str, call: Call) -> M:
    """`body[key]` as a model. Pydantic's own error would quote the values, which are ticket text."""
    try:
        return model.model_validate(body.get(key))
    except ValidationError as error:
        place = ".".join(str(part) for part in (key, *error.errors(include_input=False)[0]["loc"]))
    raise Unexpected(str(call), status=200, sent=call.writes, field=place)


def not_taken(call: Call, field: str) -> Unexpected:
    return Unexpected(str(call), status=200, sent=True, field=field, cause="the answer does not show the change")


def plain_tag(name: str) -> str:
    return plain(name).casefold()


def plain(text: str) -> str:
    """A name as far as it must come back: white space, HTML entities and composed letters may differ."""
    return " ".join(unicodedata.normalize("NFC", html.unescape(text)).split())
