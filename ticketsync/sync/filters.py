"""Which tickets a policy wants: per part of a ticket a list that includes and one that excludes."""

from collections.abc import Callable, Collection, Hashable
from typing import NamedTuple

from ticketsync.sync.snapshot import TicketSnapshot


class Filter(NamedTuple):
    """One part of a ticket that a policy may name.

    `include` and `exclude` are the policy's fields, `field` the snapshot's; `values` are what a ticket shows there.
    `excluded` and `not_included` are the codes of the two reasons for which a ticket gets no task.
    """

    include: str
    exclude: str
    field: str
    values: Callable[[TicketSnapshot], frozenset[Hashable]]
    excluded: str
    not_included: str

    def shares(self, snapshot: TicketSnapshot, named: Collection[Hashable]) -> bool:
        """Whether the ticket shows something of what is named."""
        return not self.values(snapshot).isdisjoint(named)


def _filter(what: str, plural: str, field: str, values: Callable[[TicketSnapshot], frozenset[Hashable]]) -> Filter:
    return Filter(f"include_{plural}", f"exclude_{plural}", field, values, f"excluded_{what}", f"no_included_{what}")


def _one(field: str) -> Callable[[TicketSnapshot], frozenset[Hashable]]:
    def values(snapshot: TicketSnapshot) -> frozenset[Hashable]:
        value = getattr(snapshot, field)
        return frozenset() if value is None else frozenset({value})

    return values


def _tags(snapshot: TicketSnapshot) -> frozenset[Hashable]:
    return frozenset(tag.lower() for tag in snapshot.tags)


FILTERS = (
    _filter("tag", "tags", "tags", _tags),
    _filter("group", "groups", "group_id", _one("group_id")),
    _filter("brand", "brands", "brand_id", _one("brand_id")),
    _filter("form", "forms", "form_id", _one("form_id")),
    _filter("priority", "priorities", "priority", _one("priority")),
    _filter("organization", "organizations", "organization_id", _one("organization_id")),
)
REFUSALS = frozenset(code for one in FILTERS for code in (one.excluded, one.not_included))
