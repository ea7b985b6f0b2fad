"""What the client's calls answer with, besides events."""

from dataclasses import dataclass
from datetime import datetime

from ticketsync.sync.event import Event


@dataclass(frozen=True)
class Agent:
    """A Zendesk user. `active`: neither deleted nor suspended. `role`: 'agent', 'admin' or 'end-user'."""

    id: int
    name: str
    email: str | None
    active: bool
    role: str | None

    @property
    def is_staff(self) -> bool:
        return self.role in ("agent", "admin")


@dataclass(frozen=True)
class DeletedTicket:
    """A line of the list of deleted tickets."""

    id: int
    deleted_at: datetime


@dataclass(frozen=True)
class ExportPage:
    """A page of the incremental export. Keep `cursor` (None: none was given) once the events are stored.

    `end_of_stream`: nothing more for now. `left_out` counts the rows whose ticket could not even be named.
    """

    events: tuple[Event, ...]
    cursor: str | None
    end_of_stream: bool
    left_out: int = 0
