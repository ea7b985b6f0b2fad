"""What the workflow asks of its activities. Stored in histories: fields are added with defaults, never renamed."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from ticketsync.sync.event import Cause, Event
from ticketsync.sync.state import Look, TicketState
from ticketsync.sync.step import AppliedTask, Step

# Seconds after the first look for a task that may be landing: a create that was given up may take that long. Each look
# is an attempt of the create.
LOOKS = (2.0, 7.0, 22.0)


class DecideRequest(BaseModel):
    """Decide on these events, at the workflow's own time `now`."""

    model_config = ConfigDict(frozen=True)

    state: TicketState
    events: tuple[Event, ...]
    now: datetime


class StepRequest(BaseModel):
    """Carry out one step on a ticket's task.

    `create_started_at` is the moment before the first create of this ticket was scheduled; `look` says whether a task
    may exist already and must be looked for by its marker; `cause` what the step goes back to, for whoever follows it.
    `heard_at`: when the oldest news that it carries out came in here; None where nobody waits for it.
    """

    model_config = ConfigDict(frozen=True)

    desk: str
    ticket_id: int
    step: Step
    task: AppliedTask
    ticket_created_at: datetime | None = None
    create_started_at: datetime | None = None
    look: Look = "no"
    cause: Cause | None = None
    heard_at: datetime | None = None


class ReadRequest(BaseModel):
    """Read one ticket from Zendesk; `settled`: after the second of its last change is over."""

    model_config = ConfigDict(frozen=True)

    desk: str
    ticket_id: int
    asked: int
    settled: bool = False
    cause: Cause | None = None
