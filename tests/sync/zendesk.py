"""One ticket in Zendesk, as far as the rules see it: what is done to it, and the events, rows and reads that tell."""

import hashlib
from datetime import UTC, datetime, timedelta

from ticketsync.sync.event import READ, ROW, UNREADABLE, Event
from ticketsync.sync.snapshot import CLOSED_BY_MERGE, TicketSnapshot

START = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
TICKET = 3543
CUSTOMER = 9001
ANN, BOB, UMA, NEW_AGENT = 101, 102, 103, 104  # agents: Uma has no Teamwork person, nobody knows the new one yet

NANO = 10**9


class MovableClock:
    """Time with nanoseconds, because Zendesk's events have them."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self.nanoseconds = 0

    @property
    def now(self) -> datetime:
        return self._start + timedelta(microseconds=self.nanoseconds // 1000)

    @property
    def second(self) -> datetime:
        return self.now.replace(microsecond=0)

    def text(self, later_by: int = 0) -> str:
        seconds, rest = divmod(self.nanoseconds + later_by, NANO)
        return f"{self._start + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"

    def forward(self, seconds: float) -> None:
        self.nanoseconds += round(seconds * NANO)

    def forward_to(self, moment: datetime) -> None:
        self.nanoseconds = max(self.nanoseconds, (moment - self._start) // timedelta(microseconds=1) * 1000)


def without_tags(event: Event) -> Event:
    """An event from before the tag of a merge was set."""
    assert event.snapshot is not None
    return event.model_copy(update={"snapshot": event.snapshot.model_copy(update={"tags": ()})})


def leaving_out(event: Event, *fields: str) -> Event:
    """The same event from a source that does not mention these fields."""
    assert event.snapshot is not None
    left_out = tuple(sorted({*event.snapshot.left_out, *fields}))
    unset: dict[str, object] = {field: () if field == "tags" else None for field in fields}
    return event.model_copy(update={"snapshot": event.snapshot.model_copy(update={**unset, "left_out": left_out})})


class ZendeskTicket:
    """The true ticket. Each action comes `gap` seconds after the one before and returns the events that it sends.

    `latency` is how many seconds an event's `time` is behind what happened. `restore_sets` says what a restore does to
    `updated_at`: "now", "nothing" (it keeps the moment of the delete) or "before" (it is as it was before the delete).
    """

    def __init__(self, clock: MovableClock | None = None, *, ticket_id: int = TICKET) -> None:
        self.clock = clock or MovableClock()
        self.gap = 1.0
        self.latency = 0.1
        self.restore_sets = "now"
        self.snapshot = TicketSnapshot(id=ticket_id)
        self.deleted: str | None = None
        self.deleted_at = self.clock.second
        self.merged = False
        self.changed_at = self.clock.second
        self._before_the_delete: datetime | None = None
        self._told = 0

    # --- what people do

    def created(
        self,
        subject: str | None = "Broken",
        *,
        by: int = CUSTOMER,
        assignee: int | None = None,
        tags: tuple[str, ...] = (),
        status: str | None = None,
        **more: object,
    ) -> tuple[Event, ...]:
        """`more` are other fields of the snapshot, as `group_id`."""
        self.clock.forward(self.gap)
        self._set(
            **more,
            subject=subject,
            submitter_id=by,
            requester_id=CUSTOMER,
            assignee_id=assignee,
            tags=tags,
            status=status or ("open" if assignee else "new"),
            created_at=self.clock.second,
        )
        return self._tell("created", *(["agent_assignment_changed"] if assignee else []))

    def renamed(self, subject: str | None) -> tuple[Event, ...]:
        return self._happens("subject_changed", subject=subject)

    def assigned(self, agent: int | None) -> tuple[Event, ...]:
        previous, was_new = self.snapshot.assignee_id, self.snapshot.status == "new" and agent is not None
        self.clock.forward(self.gap)
        self._set(assignee_id=agent, status="open" if was_new else self.snapshot.status)
        kinds = ["agent_assignment_changed", *(["status_changed"] if was_new else [])]
        return self._tell(*kinds, previous_assignee=previous)

    def unassigned(self) -> tuple[Event, ...]:
        return self.assigned(None)

    def status(self, status: str, custom: int | None = None) -> tuple[Event, ...]:
        kinds = ["status_changed", *(["custom_status_changed"] if custom else [])]
        return self._happens(*kinds, status=status, custom_status_id=custom or self.snapshot.custom_status_id)

    def solved(self) -> tuple[Event, ...]:
        return self.status("solved")

    def closed(self) -> tuple[Event, ...]:
        return self.status("closed")

    def tagged(self, *tags: str) -> tuple[Event, ...]:
        return self._happens("tags_changed", tags=tags)

    def prioritised(self, priority: str | None) -> tuple[Event, ...]:
        return self._happens("priority_changed", priority=priority)

    def grouped(self, group: int | None) -> tuple[Event, ...]:
        return self._happens("group_assignment_changed", group_id=group)

    def branded(self, brand: int | None) -> tuple[Event, ...]:
        return self._happens("brand_changed", brand_id=brand)

    def given_form(self, form: int | None) -> tuple[Event, ...]:
        return self._happens("form_changed", form_id=form)

    def customised(self, **fields: str) -> tuple[Event, ...]:
        """`field_7="x"`: the custom field 7 is set to x."""
        known = self.snapshot.custom_fields or {}
        now = {int(name.removeprefix("field_")): text for name, text in fields.items()}
        return self._happens("custom_field_changed", custom_fields={**known, **now})

    def of_organization(self, organization: int | None) -> tuple[Event, ...]:
        return self._happens("organization_changed", organization_id=organization)

    def merged_into(self, target: int) -> tuple[Event, ...]:
        self.merged = True
        self.clock.forward(self.gap)
        self._set(status="closed", tags=(*self.snapshot.tags, CLOSED_BY_MERGE))
        return self._tell("merged", "status_changed", "tags_changed", merged_into=target)

    def soft_deleted(self) -> tuple[Event, ...]:
        return self._ends("soft_deleted")

    def marked_as_spam(self) -> tuple[Event, ...]:
        return self._ends("marked_as_spam")

    def permanently_deleted(self) -> tuple[Event, ...]:
        self.clock.forward(self.gap)
        self.deleted = "permanently_deleted"
        return self._tell("permanently_deleted")

    def undeleted(self) -> tuple[Event, ...]:
        self.clock.forward(self.gap)
        self.deleted = None
        if self.restore_sets == "now":
            self._set()
        elif self.restore_sets == "before":
            self.snapshot = self.snapshot.model_copy(update={"updated_at": self._before_the_delete})
        return self._tell("undeleted")

    # --- what Zendesk answers

    def read(self, asked: int = 0) -> Event:
        """The answer of a read made now: the ticket, its line in the list of deleted tickets, or nothing at all."""
        told = {"id": self._id("read"), "ticket_id": self.snapshot.id, "source": "read", "asked": asked}
        told["received_at"] = self.clock.now
        if self.deleted == "permanently_deleted":
            return Event.model_validate({**told, "kind": UNREADABLE})
        if self.deleted:
            return Event.model_validate({**told, "kind": "soft_deleted", "as_of": self.deleted_at})
        return Event.model_validate({**told, "kind": READ, "as_of": self.clock.second, "snapshot": self.snapshot})

    def row(self) -> Event:
        """The ticket's row in the incremental export, generated now."""
        return self.row_generated(self.clock.second)

    def row_generated(self, moment: datetime) -> Event:
        scrubbed = self.deleted == "permanently_deleted"
        snapshot = self._shown().model_copy(update={"subject": "SCRUBBED"} if scrubbed else {})
        return Event(
            id=self._id("row"),
            ticket_id=snapshot.id,
            kind=ROW,
            source="export",
            received_at=self.clock.now,
            snapshot=snapshot,
            as_of=moment,
            scrubbed=scrubbed,
        )

    # --- how it is told

    def _ends(self, kind: str) -> tuple[Event, ...]:
        self.clock.forward(self.gap)
        self._before_the_delete = self.snapshot.updated_at
        self.deleted, self.deleted_at = kind, self.clock.second
        self._set()
        return self._tell(kind)

    def _happens(self, *kinds: str, **changes: object) -> tuple[Event, ...]:
        self.clock.forward(self.gap)
        self._set(**changes)
        return self._tell(*kinds)

    def _set(self, **changes: object) -> None:
        self.snapshot = self.snapshot.model_copy(update={**changes, "updated_at": self.clock.second})

    def _shown(self) -> TicketSnapshot:
        return self.snapshot.model_copy(update={"status": "deleted"}) if self.deleted else self.snapshot

    def _tell(
        self, *kinds: str, previous_assignee: int | None = None, merged_into: int | None = None
    ) -> tuple[Event, ...]:
        """The events of one action: one snapshot, one time, positions from 1."""
        self.changed_at = self.clock.second
        return tuple(
            Event(
                id=self._id(kind),
                ticket_id=self.snapshot.id,
                kind=kind,
                received_at=self.clock.now,
                snapshot=self._shown().model_copy(update={"custom_fields": None}),
                time=self.clock.text(later_by=round(self.latency * NANO)),
                position=position,
                previous_assignee_id=previous_assignee if kind == "agent_assignment_changed" else None,
                merged_into=merged_into if kind == "merged" else None,
            )
            for position, kind in enumerate(kinds, start=1)
        )

    def _id(self, what: str) -> str:
        """Event ids tell nothing of the order, as in Zendesk."""
        self._told += 1
        return hashlib.blake2b(f"{what} {self._told}".encode(), digest_size=16).hexdigest()
