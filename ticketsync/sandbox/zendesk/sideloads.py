"""What `include=` adds beside rows: the people, groups and organizations that they name (reference/zendesk-api §7)."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fastapi import Request

from ticketsync.sandbox.zendesk.account import Account
from ticketsync.sandbox.zendesk.paging import address_of
from ticketsync.sandbox.zendesk.views import group_json, organization_json, user_json

View = Callable[[Any, str], dict[str, Any]]


def with_sideloads(
    account: Account, request: Request, answer: dict[str, Any], noun: str, people: Iterable[str]
) -> dict[str, Any]:
    """`answer` with what is asked for. `people` are the fields of a row that name users."""
    asked = request.query_params.get("include", "").split(",")
    rows = answer[noun] if isinstance(answer[noun], list) else [answer[noun]]
    state = account.store.state
    sources: dict[str, tuple[Iterable[str], Mapping[int, Any], View]] = {
        "users": (people, state.users, user_json),
        "groups": (("group_id",), state.groups, group_json),
        "organizations": (("organization_id",), state.organizations, organization_json),
    }
    loaded = {}
    for name, (fields, known, view) in sources.items():
        if name in asked:
            wanted = {row[field] for row in rows for field in fields if row.get(field) is not None}
            loaded[name] = [view(known[one], address_of(request)) for one in sorted(wanted) if one in known]
    return answer | loaded
