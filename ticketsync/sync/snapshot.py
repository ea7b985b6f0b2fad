"""What a ticket looked like at one moment, and the clock that says which moment that was.

Nothing here knows of Teamwork: other concerns of the same ticket (a mirror, an SLA watchdog) read the same snapshots.
"""

from datetime import UTC, datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

ENDED_STATUSES = frozenset({"closed", "deleted"})
CLOSED_BY_MERGE = "closed_by_merge"

# What only some policies look at: a state keeps of these what its desk's policy uses.
OPTIONAL_FIELDS = frozenset(
    {"priority", "type", "requester_id", "group_id", "organization_id", "brand_id", "form_id", "tags"}
)


# Events say nothing of them; a read or a row holds those that the desk's policy names.
CUSTOM_FIELDS = "custom_fields"


class TicketSnapshot(BaseModel):
    """One ticket at one moment. Ids are numbers, states lower-case, unset is None: the edge has normalised them.

    `left_out` are those of OPTIONAL_FIELDS that its source did not mention: they are None here, but may be set.
    `custom_fields` are texts by the numbers of the fields, empty where unset; of a field that is not in it nothing is
    known. None, which is not stored, where no policy asks for any.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: int
    subject: str | None = None
    status: str | None = None
    custom_status_id: int | None = None
    priority: str | None = None
    type: str | None = None
    assignee_id: int | None = None
    submitter_id: int | None = None
    requester_id: int | None = None
    group_id: int | None = None
    organization_id: int | None = None
    brand_id: int | None = None
    form_id: int | None = None
    tags: tuple[str, ...] = ()
    created_at: AwareDatetime | None = None
    updated_at: AwareDatetime | None = None
    via: str | None = None
    left_out: tuple[str, ...] = ()
    custom_fields: dict[int, str] | None = Field(default=None, exclude_if=lambda fields: fields is None)

    @property
    def was_closed_by_merge(self) -> bool:
        return CLOSED_BY_MERGE in self.tags


class Clock(BaseModel):
    """When a snapshot was true, as far as Zendesk tells.

    `updated_at` has whole seconds. Events of one second are told apart by `time` (nine digits, as text, so that nothing
    is rounded) and by their position in the action that caused them. A read or an export row is
    `settled` when it was taken after its second was over: it is newer than everything of that second, and its `time` is
    the moment at which it was taken. One taken within its second has no `time`.
    """

    model_config = ConfigDict(frozen=True)

    updated_at: AwareDatetime
    settled: bool = False
    time: str = ""
    position: int = 0
    event_id: str = ""

    @property
    def order(self) -> tuple[datetime, bool, str, int, str]:
        return (self.updated_at, self.settled, self.time, self.position, self.event_id)

    def decides_against(self, other: "Clock") -> bool:
        """Whether the two clocks surely tell which came first, when their contents differ."""
        if self.updated_at != other.updated_at or self.settled != other.settled:
            return True
        return bool(self.time) and bool(other.time) and self.time != other.time


def nine_digits(moment: datetime) -> str:
    """A moment in the form `Clock.time` has: UTC, nine fractional digits, so that text order is time order."""
    return f"{moment.astimezone(UTC).isoformat()[:19]}.{moment.microsecond:06d}000Z"
