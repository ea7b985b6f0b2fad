"""Tickets that stand as a test says, in Temporal's visibility alone: no worker has anything to say of them."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from tests.support.wait import eventually
from ticketsync import names
from ticketsync.ticket_list import TicketList, Wanted, list_tickets

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ANN, BEN = 8447388090777, 8447388090888


@dataclass
class Listed:
    """A desk of its own."""

    client: Client
    desk: str = field(default_factory=lambda: f"d{uuid.uuid4().hex[:12]}")

    async def has(self, ticket_id: int, state: str, reason: str = "", *, minute: int | None = None) -> None:
        """One ticket more, which has stood so since this minute after noon. The odd ones are Ann's."""
        values = {
            names.DESK: self.desk,
            names.TICKET_ID: str(ticket_id),
            names.TICKET_STATUS: "open" if ticket_id > 10 else "pending",
            names.ASSIGNEE_ID: str(ANN if ticket_id % 2 else BEN),
            names.SYNC_STATE: state,
            names.REASON: reason,
            names.SINCE: names.since(NOON + timedelta(minutes=minute)) if minute is not None else "",
        }
        attributes = [SearchAttributePair(key, value) for key, value in values.items() if value]
        await self.client.start_workflow(
            names.TICKET_WORKFLOW,
            id=names.ticket_workflow_id(self.desk, ticket_id),
            task_queue="nobody",
            search_attributes=TypedSearchAttributes(attributes),
        )

    async def page(self, *, page: int = 1, limit: int = 50, **filters: object) -> TicketList:
        return await list_tickets(self.client, Wanted(desk=self.desk, page=page, limit=limit, **filters))  # type: ignore[arg-type]

    async def knows(self, number: int) -> None:
        """Visibility follows a moment later."""

        async def all_there() -> bool:
            return (await self.page()).total == number

        await eventually(all_there, what=f"{number} tickets are listed")

    async def ends(self) -> None:
        async for one in self.client.list_workflows(
            f"{names.DESK.name} = '{self.desk}' AND ExecutionStatus = 'Running'"
        ):
            await self.client.get_workflow_handle(one.id).terminate()
