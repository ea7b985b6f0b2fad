"""Deliveries as Zendesk makes them: the sandbox's bodies, signed, and the bytes of their requests."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from ticketsync.sandbox.zendesk.clock import Clock, rest_time
from ticketsync.sandbox.zendesk.events import Happened, ticket_events
from ticketsync.sandbox.zendesk.ids import new_ulid
from ticketsync.sandbox.zendesk.models import Ticket
from ticketsync.sandbox.zendesk.seed import ADMIN_ID, CUSTOMER_ID
from ticketsync.sandbox.zendesk.settings import ZendeskSettings
from ticketsync.settings import DEFAULT_DESK
from ticketsync.zendesk.signature import sign

SECRET = "the secret of the webhook that is measured"  # noqa: S105
PATH = f"/webhooks/zendesk/{DEFAULT_DESK}"
ACCOUNT = ZendeskSettings()
CLOCK = Clock()
DESCRIPTION = "The checkout says that my card was refused, but the bank knows of no try. " * 6
EDITS = 4  # after each create, where there are any
SIDE_BY_SIDE = 100  # so many tickets change in turn, so that no two events of one ticket are under way at once


class Traffic(BaseModel):
    """What is delivered. With `tickets`, in turn a new subject of each; else new tickets from `first` on, and after
    each the same number of `edits`.
    """

    model_config = ConfigDict(frozen=True)

    tickets: tuple[int, ...] = ()
    first: int = 1
    edits: int = 0

    def delivery(self, number: int) -> tuple[int, bool]:
        """The ticket of the n-th delivery, and whether it is its first."""
        if self.tickets:
            return self.tickets[number % len(self.tickets)], False
        block, place = divmod(number, SIDE_BY_SIDE * (1 + self.edits))
        if not self.edits:
            return self.first + number, True
        return self.first + block * SIDE_BY_SIDE + place % SIDE_BY_SIDE, place < SIDE_BY_SIDE


def a_ticket(ticket_id: int) -> Ticket:
    """A new one, opened by a customer."""
    now = CLOCK.now()
    return Ticket(
        id=ticket_id,
        subject=f"Checkout broken, no. {ticket_id}",
        description=DESCRIPTION,
        requester_id=CUSTOMER_ID,
        submitter_id=CUSTOMER_ID,
        group_id=ACCOUNT.group_id,
        brand_id=ACCOUNT.brand_id,
        ticket_form_id=ACCOUNT.ticket_form_id,
        custom_status_id=ACCOUNT.status_of_category("new"),
        tags=["checkout", "payment"],
        created_at=now,
        updated_at=now,
        generated_timestamp=int(now.timestamp()),
    )


def created(ticket: Ticket) -> bytes:
    return bodies(ticket, [Happened("created")])[0]


def renamed(ticket: Ticket) -> bytes:
    """A new subject, another one at every call."""
    after = changed(ticket, subject=f"Checkout broken, {CLOCK.now_ns()}")
    return bodies(after, [Happened("subject_changed", {"current": after.subject, "previous": ticket.subject})])[0]


def changed(ticket: Ticket, **fields: object) -> Ticket:
    """The ticket after a change of now."""
    now: datetime = CLOCK.now()
    return ticket.model_copy(update={**fields, "updated_at": now})


def bodies(ticket: Ticket, happened: Sequence[Happened]) -> list[bytes]:
    return [event.body.encode() for event in ticket_events(ACCOUNT.account_id, CLOCK, ticket, ADMIN_ID, happened)]


def request(body: bytes) -> bytes:
    """The whole request: one write, so that the sender costs little."""
    timestamp = rest_time(CLOCK.now())
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: ticketsync\r\nUser-Agent: Zendesk Webhook\r\n"
        f"Content-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        f"X-Zendesk-Account-Id: {ACCOUNT.account_id}\r\nX-Zendesk-Webhook-Id: 01HANA2B5D5W9XSJS3NE5SQA1J\r\n"
        f"X-Zendesk-Webhook-Invocation-Id: {new_ulid()}\r\n"
        f"X-Zendesk-Webhook-Signature: {sign(body, timestamp, SECRET)}\r\n"
        f"X-Zendesk-Webhook-Signature-Timestamp: {timestamp}\r\n\r\n"
    )
    return head.encode() + body
