"""One account: everything a route works on, held together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from ticketsync.sandbox.faults import FaultList
from ticketsync.sandbox.zendesk.clock import Clock
from ticketsync.sandbox.zendesk.delivery import DeliveryEngine
from ticketsync.sandbox.zendesk.events import Happened, ticket_events
from ticketsync.sandbox.zendesk.limits import Windows
from ticketsync.sandbox.zendesk.models import Ticket
from ticketsync.sandbox.zendesk.settings import Tuning, ZendeskSettings
from ticketsync.sandbox.zendesk.store import Store


@dataclass(frozen=True)
class Account:
    """The sandbox's parts, shared by all routes."""

    settings: ZendeskSettings
    tuning: Tuning
    clock: Clock
    store: Store
    windows: Windows
    faults: FaultList
    deliveries: DeliveryEngine

    def keep(self, ticket: Ticket) -> None:
        """Store a changed ticket: every change moves `generated_timestamp`, also those that leave `updated_at`."""
        ticket.generated_timestamp = int(self.clock.now().timestamp())
        self.store.state.tickets[ticket.id] = ticket
        self.store.changed()

    def tell(self, ticket: Ticket, actor_id: int, happened: Sequence[Happened]) -> None:
        """Send the events of one action."""
        heard = [one for one in happened if self.tuning.custom_statuses_enabled or one.name != "custom_status_changed"]
        self.deliveries.publish(ticket_events(self.settings.account_id, self.clock, ticket, actor_id, heard))
        self.store.changed()

    async def reset(self) -> None:
        """Back to a fresh account: seeded people, no tickets, webhooks, faults or calls, untouched limits."""
        await self.deliveries.reset()
        self.clock.reset()
        self.store.reset()
        self.windows.clear()
        self.faults.clear()
        self.faults.calls.clear()
        self.tuning.restore_from(self.settings.tuning)


def _account_of(request: Request) -> Account:
    account: Account = request.app.state.account
    return account


AccountHere = Annotated[Account, Depends(_account_of)]
