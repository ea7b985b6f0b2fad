"""One thing that Zendesk, the desk or an operator told a ticket: what a `zendesk_event` signal carries.

The shape is stored in Temporal for as long as workflows live: fields are added with defaults, never renamed or removed.
"""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from ticketsync.sync.snapshot import Clock, TicketSnapshot, nine_digits

Source = Literal["webhook", "trigger", "export", "read", "desk", "operator", "backfill"]

CREATED = "created"
MERGED = "merged"
UNDELETED = "undeleted"
PERMANENTLY_DELETED = "permanently_deleted"
DELETIONS = frozenset({"soft_deleted", PERMANENTLY_DELETED, "marked_as_spam"})

ROW = "row"  # a row of the incremental export
READ = "read"  # the answer of a read that the workflow asked for
UNREADABLE = "unreadable"  # such a read answered 404, and the list of deleted tickets does not have the ticket
HINT = "hint"  # something happened, read the ticket
DIRECTORY_CHANGED = "directory_changed"  # decide again: who is who has changed
DESK_HEALED = "desk_healed"  # try again: what held up the whole desk is over


LONGEST_DELIVERY = 64


class Cause(BaseModel):
    """What a step or a read goes back to: the delivery (Zendesk's invocation id, else the event's own), and its trace.

    `traceparent` is W3C's, None where nothing is traced.
    """

    model_config = ConfigDict(frozen=True)

    delivery: str
    traceparent: str | None = Field(default=None, exclude_if=lambda value: value is None)


class Event(BaseModel):
    """What happened to one ticket.

    `snapshot` is the whole ticket after the change; without one, or with `hint` set, the event only says "read me".
    `time` is Zendesk's event time with nine fractional digits, `position` its place among the events of one action.
    `as_of` is for reads (Zendesk's `Date`) and rows (`generated_timestamp`): the moment at which the snapshot was true.
    `previous_assignee_id` and `merged_into` are facts that stay true however late the event arrives.
    `generation` is the directory generation that a `directory_changed` asks for, `asked` the number of the read that a
    `read` answers. `invocation_id` and `traceparent` are the delivery's, for whoever follows it. `own_note`: a row
    that only shows a note of ours, so that nothing that is blocked is tried again for it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int = 1
    id: str
    ticket_id: int
    kind: str
    source: Source = "webhook"
    received_at: AwareDatetime
    snapshot: TicketSnapshot | None = None
    time: str = ""
    position: int = 0
    as_of: AwareDatetime | None = None
    previous_assignee_id: int | None = None
    merged_into: int | None = None
    scrubbed: bool = False
    hint: str | None = None
    generation: int | None = None
    asked: int = 0
    invocation_id: str | None = None
    traceparent: str | None = Field(default=None, exclude_if=lambda value: value is None)
    own_note: bool = Field(default=False, exclude_if=lambda value: not value)

    @property
    def cause(self) -> Cause:
        """What comes of it goes back to this."""
        return Cause(delivery=(self.invocation_id or self.id)[:LONGEST_DELIVERY], traceparent=self.traceparent)

    @property
    def clock(self) -> Clock | None:
        """The event's place in the order, or None when it has no snapshot or no clock."""
        if self.snapshot is None or self.snapshot.updated_at is None or self.hint is not None:
            return None
        if self.kind in (ROW, READ):
            taken = nine_digits(self.as_of) if self.settled and self.as_of is not None else ""
            return Clock(updated_at=self.snapshot.updated_at, settled=self.settled, time=taken, event_id=self.id)
        return Clock(updated_at=self.snapshot.updated_at, time=self.time, position=self.position, event_id=self.id)

    @property
    def settled(self) -> bool:
        """A read or row taken in a later second than its `updated_at`: that second holds no further change."""
        if self.snapshot is None or self.snapshot.updated_at is None or self.as_of is None:
            return False
        return self.as_of.replace(microsecond=0) > self.snapshot.updated_at
