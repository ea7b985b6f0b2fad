"""Routing: which task list a ticket's task belongs in.

A route is written `group:360000123456=1235`: tickets of that group go to task list 1235. The first that fits counts.
"""

import re
from functools import cache
from typing import NamedTuple

from ticketsync.sync.snapshot import TicketSnapshot
from ticketsync.sync.step import OWN_LIST

LARGEST_ID = 2**63 - 1
FIELD_OF_ROUTE = {"group": "group_id", "form": "form_id", "brand": "brand_id", "tag": "tags"}

_ROUTE = re.compile(r"(group|form|brand|tag)\s*:\s*(\S+?)\s*=\s*(\d{1,19})", re.ASCII)


class Route(NamedTuple):
    """`field` is the snapshot's, `value` what it must hold (for tags: among others)."""

    field: str
    value: int | str
    tasklist_id: int

    def fits(self, snapshot: TicketSnapshot) -> bool:
        if self.field == "tags":
            return any(tag.lower() == self.value for tag in snapshot.tags)
        return bool(getattr(snapshot, self.field) == self.value)


@cache
def route_of(text: str) -> Route:
    """A route from its text; ValueError when it is none."""
    match = _ROUTE.fullmatch(text.strip())
    if match is None:
        raise ValueError("a route is group:NUMBER=LIST, form:NUMBER=LIST, brand:NUMBER=LIST or tag:TAG=LIST")
    by, value, tasklist_id = match[1], match[2], _number(match[3])
    return Route(FIELD_OF_ROUTE[by], value.lower() if by == "tag" else _number(value), tasklist_id)


def _number(text: str) -> int:
    if not re.fullmatch(r"\d{1,19}", text, re.ASCII) or not 1 <= int(text) <= LARGEST_ID:
        raise ValueError("groups, forms, brands and task lists of a route are given by their numbers")
    return int(text)


def list_wanted(snapshot: TicketSnapshot, routes: tuple[str, ...]) -> tuple[int | None, str]:
    """The task list for this ticket and the route that says so; None without any routes: then any list will do."""
    if not routes:
        return None, ""
    for text in routes:
        route = route_of(text)
        if route.fits(snapshot):
            return route.tasklist_id, text
    return OWN_LIST, "no route fits"
