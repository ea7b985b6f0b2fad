"""Events of a ticket, made like the edge makes them."""

import uuid
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from ticketsync.sync.event import Event
from ticketsync.sync.snapshot import TicketSnapshot, nine_digits

ANN, BEN, CLEO = 8447388090777, 8447388090888, 8447388090999
_ids = count(35436)


class Ticket:
    """A ticket that changes; each change is the event that Zendesk would send, a second after the one before."""

    def __init__(self, ticket_id: int | None = None, **fields: Any) -> None:
        self._now = datetime.now(UTC).replace(microsecond=0)
        created_at = fields.pop("created_at", self._now)
        self.snapshot = TicketSnapshot(
            id=ticket_id or next(_ids),
            created_at=created_at,
            updated_at=created_at,
            **{"subject": "Checkout broken", "status": "new", **fields},
        )

    @property
    def id(self) -> int:
        return self.snapshot.id

    def is_now(self, moment: datetime) -> None:
        """The next change will be at this moment."""
        self._now = moment - timedelta(seconds=1)

    def created(self) -> Event:
        return self._event("created")

    def changed(self, kind: str, **fields: Any) -> Event:
        self._now += timedelta(seconds=1)
        self.snapshot = self.snapshot.model_copy(update={**fields, "updated_at": self._now})
        return self._event(kind)

    def renamed(self, subject: str) -> Event:
        return self.changed("subject_changed", subject=subject)

    def assigned(self, agent_id: int | None) -> Event:
        before = self.snapshot.assignee_id
        event = self.changed("agent_assignment_changed", assignee_id=agent_id)
        return event.model_copy(update={"previous_assignee_id": before})

    def status(self, status: str) -> Event:
        return self.changed("status_changed", status=status)

    def merged(self, into: int = 35440) -> Event:
        event = self.changed("merged", status="closed", tags=(*self.snapshot.tags, "closed_by_merge"))
        return event.model_copy(update={"merged_into": into})

    def _event(self, kind: str) -> Event:
        moment = self._now + timedelta(milliseconds=100)
        return Event(
            id=str(uuid.uuid4()),
            ticket_id=self.id,
            kind=kind,
            received_at=datetime.now(UTC),
            snapshot=self.snapshot,
            time=nine_digits(moment),
            position=1,
        )
