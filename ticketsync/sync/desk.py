"""What belongs to a desk and not to one ticket: what `DeskWorkflow` remembers, and what it publishes for everybody.

The shapes are stored in Temporal for as long as workflows live: fields are added with defaults, never renamed.
"""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

Side = Literal["teamwork", "zendesk"]

CREDENTIALS_REFUSED: dict[Side, str] = {"teamwork": "credentials_refused", "zendesk": "zendesk_credentials_refused"}
PROJECT_UNREACHABLE = "project_unreachable"
TASKLIST_GONE = "tasklist_gone"

FACTS = "facts"  # the memo under which they are published


class DeskFacts(BaseModel):
    """What every attempt looks at before its first call. `linked_at` is the moment the desk was first started.

    `tasklist_of` is the place (`list_place`) for which the list was found: to a desk whose settings have another one by
    now it says nothing. None: found by a version that did not keep it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    linked_at: datetime
    paused: bool = False
    teamwork_trouble: str | None = None
    zendesk_trouble: str | None = None
    tasklist_id: int | None = None
    tasklist_of: str | None = None

    def trouble_of(self, side: Side) -> str | None:
        return self.teamwork_trouble if side == "teamwork" else self.zendesk_trouble


class DeskTrouble(BaseModel):
    """A cause that holds up the whole desk, as a ticket's step met it. `code` is the reason that people see."""

    side: Side
    code: str


class Nudge(BaseModel):
    """Tickets to be told to decide or try again: those of these assignees, or those that show this reason or state.

    Sent `passes` times, a minute apart, for tickets that visibility did not show yet.
    """

    model_config = ConfigDict(frozen=True)

    kind: str
    assignee_ids: tuple[int, ...] = ()
    reasons: tuple[str, ...] = ()
    generation: int | None = None
    due: datetime
    passes: int = 2


class DirectorySummary(BaseModel):
    """How the directory stands: `unmatched` are Zendesk agents without a Teamwork person, at most 50 of them."""

    generation: int = 0
    made_at: datetime | None = None
    agents: int = 0
    matched: int = 0
    unmatched: tuple[int, ...] = ()


class ExportState(BaseModel):
    """How far the incremental export is read: the second source, for what no webhook told.

    `cursor` is where the next page begins, taken over only when all rows before it were handed over; `through` the
    moment up to which they were (by Zendesk's clock), from where reading starts anew should the cursor be refused.
    `rows_told` of `rows_read` were not known to their tickets. `trouble` is the code of why the last reading failed.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    cursor: str | None = None
    through: datetime | None = None
    rows_read: int = 0
    rows_told: int = 0
    read_at: datetime | None = None
    due_at: datetime | None = None
    trouble: str | None = None

    def after(self, page: "ExportRead", due_at: datetime) -> "ExportState":
        """How far it is read after this page; the next one is due at `due_at`."""
        return ExportState(
            cursor=page.cursor,
            through=page.through,
            rows_read=self.rows_read + page.rows,
            rows_told=self.rows_told + page.told,
            read_at=page.read_at,
            due_at=due_at,
        )


class DeskState(BaseModel):
    """Everything that survives a desk's continue-as-new.

    `mappings` are the explicit ones, agent → person; `people_changed` the agents whose tickets are still to be told.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = 1
    desk: str
    linked_at: datetime
    paused: bool = False
    troubles: tuple[DeskTrouble, ...] = ()
    mappings: dict[int, int] = {}
    people_changed: tuple[int, ...] = ()
    tasklist_id: int | None = None
    tasklist_of: str | None = None
    directory: DirectorySummary = DirectorySummary()
    generations: int = 0
    nudges: tuple[Nudge, ...] = ()
    export: ExportState = ExportState()

    @property
    def facts(self) -> DeskFacts:
        trouble = {trouble.side: trouble.code for trouble in self.troubles}
        return DeskFacts(
            linked_at=self.linked_at,
            paused=self.paused,
            teamwork_trouble=trouble.get("teamwork"),
            zendesk_trouble=trouble.get("zendesk"),
            tasklist_id=self.tasklist_id,
            tasklist_of=self.tasklist_of,
        )


class Mapping(BaseModel):
    """An explicit mapping: this Zendesk user is that Teamwork person."""

    agent_id: int
    person_id: int


class Mappings(BaseModel):
    """Many explicit mappings at once, agent → person."""

    people: dict[int, int]


class DirectoryRequest(BaseModel):
    """Load the directory anew and write it as this generation."""

    desk: str
    mappings: dict[int, int] = {}
    generation: int


class DirectoryLoaded(BaseModel):
    """`changed` are the agents whose person differs from the directory before; None when there was none to compare."""

    summary: DirectorySummary
    changed: tuple[int, ...] | None = None


class NudgeRequest(BaseModel):
    desk: str
    nudge: Nudge


class ExportRequest(BaseModel):
    """Read the export on from where `export` says, and hand over what is not older than the moment of linking."""

    desk: str
    linked_at: datetime
    export: ExportState = ExportState()


class ExportRead(BaseModel):
    """One page whose rows were all handed over. `more`: another one is there already."""

    cursor: str | None = None
    through: datetime | None = None
    rows: int = 0
    told: int = 0
    read_at: datetime
    more: bool = False


class DeskRequest(BaseModel):
    """Something to be done for a whole desk; `place`: only by a worker whose settings have the task list there."""

    desk: str
    place: str | None = None


class ProbeRequest(BaseModel):
    desk: str
    side: Side
