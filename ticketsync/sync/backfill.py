"""A backfill: the tickets that were there before the desk was linked, and what becomes of each of them.

The shapes are stored in Temporal for as long as workflows live: fields are added with defaults, never renamed.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ticketsync.sync.event import Event
from ticketsync.sync.fold import CLOSED_STATUSES, GONE_STATUSES, Rules, makes_a_task
from ticketsync.sync.kept import unsaid
from ticketsync.sync.snapshot import TicketSnapshot

Fate = Literal["new", "adopted", "unclear", "known", "filtered", "ended"]
BROUGHT_IN: frozenset[Fate] = frozenset({"new", "adopted", "unclear"})

# Calls of Teamwork per ticket. A look for the marker takes one call in a project whose tasks of ours fit on a page of
# 250, and three in a larger one (activities/find_task.py). A task that is adopted is read, and mostly changed once.
LOOK, LONG_LOOK, PAGE_OF_TASKS = 1, 3, 250
POST, ADOPT = 1, 2
CALLS_AT_MOST = LONG_LOOK + POST


class Counts(BaseModel):
    """Tickets by what becomes of them.

    `new` get a task; `adopted` have one by its marker; `unclear` must be read first. Nothing is done for the others:
    `known` ones have decided on what the export says, `filtered` ones are outside the policy's filters, `ended` ones
    are solved, closed, merged or deleted.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    new: int = 0
    adopted: int = 0
    unclear: int = 0
    known: int = 0
    filtered: int = 0
    ended: int = 0

    @classmethod
    def of(cls, fates: Iterable[Fate]) -> "Counts":
        return cls.model_validate(Counter(fates))

    @property
    def read(self) -> int:
        return self.brought_in + self.known + self.filtered + self.ended

    @property
    def brought_in(self) -> int:
        return self.new + self.adopted + self.unclear

    @property
    def calls(self) -> int:
        """About how many calls of Teamwork it takes to bring them in."""
        look = LOOK if self.new + self.adopted + self.known <= PAGE_OF_TASKS else LONG_LOOK
        return (self.new + self.unclear) * (look + POST) + self.adopted * ADOPT

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(**{name: getattr(self, name) + count for name, count in other})


def fate_of(row: Event, rules: Rules, *, only_open: bool, known: bool, has_task: bool) -> Fate:
    """What becomes of the ticket of this row of the export.

    `known`: it has surely decided on what the row says, by the rules of that time; `has_task`: there is a task with its
    marker. Rules of the desk without its moment of linking would make tasks for tickets that ended long ago.
    """
    snapshot = row.snapshot
    if only_open and not known and snapshot is not None and _has_ended(row, snapshot):
        return "ended"
    if has_task:
        return "known" if known else "adopted"
    if snapshot is None or row.hint is not None or unsaid(snapshot, rules.policy):
        return "unclear"
    if not row.scrubbed and makes_a_task(snapshot, rules):
        return "new"
    if known:
        return "known"
    return "ended" if _has_ended(row, snapshot) else "filtered"


def _has_ended(row: Event, snapshot: TicketSnapshot) -> bool:
    ends = CLOSED_STATUSES | GONE_STATUSES | {"solved"}
    return row.scrubbed or snapshot.was_closed_by_merge or snapshot.status in ends


# --- how far it is


class Place(BaseModel):
    """A place in the export: in the page after `cursor`, behind the row of `moment` and `ticket_id`.

    Rows are in the order of their moment (`generated_timestamp`), then of their ticket (reference/zendesk-api §8).
    Without a cursor the page begins at `moment`, or with the first ticket there is.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    cursor: str | None = None
    moment: datetime | None = None
    ticket_id: int = 0

    def has_passed(self, row: Event) -> bool:
        """Never of a row without a moment: it comes once more, which changes nothing."""
        if self.moment is None or row.as_of is None:
            return False
        return (row.as_of, row.ticket_id) <= (self.moment, self.ticket_id)

    def behind(self, row: Event) -> "Place":
        if row.as_of is None:
            return self
        return self.model_copy(update={"moment": row.as_of, "ticket_id": row.ticket_id})


class BackfillState(BaseModel):
    """Everything that survives a backfill's continue-as-new; what its workflow returns in the end.

    `until`: rows of later moments are the business of webhooks and of the desk's own reading. `planned` is what its dry
    run counted, `counts` what was done so far. `on_their_way` are tickets that were handed over and have not come to
    rest; `blocked` counts those that have, and wait for a person. `trouble` is the code of why it does not go on.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = 1
    desk: str
    only_open: bool = False
    begun_at: datetime
    until: datetime
    place: Place = Place()
    all_read: bool = False
    on_their_way: tuple[int, ...] = ()
    planned: Counts = Counts()
    counts: Counts = Counts()
    blocked: int = 0
    trouble: str | None = None
    stopped: bool = False
    ended_at: datetime | None = None

    @property
    def is_done(self) -> bool:
        return self.all_read and not self.on_their_way

    @property
    def at_rest(self) -> int:
        """How many tickets of those to be brought in are."""
        return max(self.counts.brought_in - len(self.on_their_way), 0)

    def after(self, turn: "BackfillTurn") -> "BackfillState":
        return self.model_copy(
            update={
                "place": turn.place,
                "all_read": turn.all_read,
                "on_their_way": turn.on_their_way,
                "counts": self.counts + turn.counts,
                "blocked": self.blocked + turn.blocked,
                "trouble": None,
            }
        )

    def time_left(self, now: datetime) -> timedelta | None:
        """By the pace so far; None while nothing can be said."""
        left = self.planned.brought_in - self.at_rest
        if self.is_done or left <= 0:
            return timedelta(0)
        return (now - self.begun_at) / self.at_rest * left if self.at_rest else None


class BackfillRequest(BaseModel):
    """Bring in what comes next, for a few seconds."""

    desk: str
    only_open: bool
    until: datetime
    place: Place = Place()
    all_read: bool = False
    on_their_way: tuple[int, ...] = ()


class BackfillTurn(BaseModel):
    """How far it came; `counts` and `blocked` are of this turn only."""

    place: Place
    all_read: bool = False
    on_their_way: tuple[int, ...] = ()
    counts: Counts = Counts()
    blocked: int = 0
