"""Which tickets `GET /api/v1/desks/{desk}/tickets` lists: the filters and pages of `ticketsync tickets list`."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ticketsync.reasons import codes_asked_for
from ticketsync.server.answers import Refusal
from ticketsync.sync.state import SyncState
from ticketsync.ticket_list import TicketStatus, Wanted

MOST_TICKETS = 1_000  # a page: to decode more would hold up the webhooks that this process has to answer
LAST_PAGE = 10**6


class TicketQuery(BaseModel):
    """The query of the address. One word too many is refused: a filter that is misspelt would list every ticket."""

    model_config = ConfigDict(extra="forbid")

    state: SyncState | None = None
    status: TicketStatus | None = Field(default=None, description="in Zendesk")
    assignee: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = Field(default=None, description="a Zendesk user")
    reason: Annotated[str, Field(max_length=200)] | None = Field(default=None, description="words of code or meaning")
    limit: int = Field(default=50, ge=1, le=MOST_TICKETS, description="so many tickets a page")
    page: int = Field(default=1, ge=1, le=LAST_PAGE)

    def wanted(self, desk: str) -> Wanted:
        """Raises Refusal when no reason says the text."""
        codes = codes_asked_for(self.reason) if self.reason is not None else None
        if codes == ():
            raise Refusal(422, "invalid_request", "Not understood: query.reason. No reason says this.")
        return Wanted(desk=desk, codes=codes, **self.model_dump(exclude={"reason"}))
