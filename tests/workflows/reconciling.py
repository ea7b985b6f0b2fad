"""A stack whose Zendesk loses every webhook, and what tests of the export do with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.stack import UNLIMITED, Stack, running_stack
from tests.support.wait import eventually
from ticketsync.sync.desk import DeskState, ExportState
from ticketsync.zendesk import parse_event

EXPORT = "/api/v2/incremental/tickets/cursor"
DEAF = "http://127.0.0.1:9/webhook"
# What is promised: on its task within three minutes of happening. Zendesk withholds one of them, and rows are to be
# handed over and carried out too.
IN_TIME = timedelta(minutes=3) - timedelta(minutes=1) - timedelta(seconds=20)
SECOND_OVER = 2.0  # the change's own second, and the one that the sandbox withholds here


@asynccontextmanager
async def without_webhooks(address: str, redis_port: int, **options: Any) -> AsyncIterator[Stack]:
    """Zendesk has a webhook, but none of its deliveries is ever sent; the export withholds a second, not a minute."""
    async with running_stack(address, redis_port, **options) as stack:
        tuning = {"export_withheld_seconds": 1, "limits": {"incremental_exports": UNLIMITED, "account": UNLIMITED}}
        await call(stack, "PATCH", "/sandbox/settings", tuning)
        webhook = {
            "name": "lost",
            "status": "active",
            "endpoint": DEAF,
            "http_method": "POST",
            "request_format": "json",
            "subscriptions": [f"zen:event-type:ticket.{kind}" for kind in ("created", "subject_changed")],
        }
        await call(stack, "POST", "/api/v2/webhooks", {"webhook": webhook})
        await call(stack, "POST", "/sandbox/delivery-rules", {"kind": "drop"})
        yield stack


async def call(stack: Stack, method: str, path: str, json: Any = None) -> dict[str, Any]:
    """A call of Zendesk as its agent."""
    answer = await stack.zendesk_http.request(method, path, json=json)
    assert answer.is_success, answer.text
    return dict(answer.json()) if answer.content else {}


async def new_ticket(stack: Stack, subject: str = "Checkout broken", **fields: Any) -> int:
    ticket = {"subject": subject, "comment": {"body": "500"}} | fields
    return int((await call(stack, "POST", "/api/v2/tickets", {"ticket": ticket}))["ticket"]["id"])


async def change(stack: Stack, ticket_id: int, **fields: Any) -> None:
    await call(stack, "PUT", f"/api/v2/tickets/{ticket_id}", {"ticket": fields})


async def deliver(stack: Stack, ticket_id: int) -> None:
    """Have the webhooks of this ticket arrive after all."""
    for delivery in (await call(stack, "GET", f"/sandbox/deliveries?ticket_id={ticket_id}"))["deliveries"]:
        event = parse_event(delivery["body"].encode(), now=datetime.now(UTC)).event
        assert event is not None
        await stack.signal(event)


async def export_of(stack: Stack) -> ExportState:
    return DeskState.model_validate(await stack.desk_state()).export


async def time_passes(stack: Stack) -> None:
    """The second of the last change is over for Zendesk, and the export is due for the desk."""
    stack.zendesk.clock.shift_to(stack.zendesk.clock.offset_seconds + SECOND_OVER)
    await stack.skip(stack.desk_workflow, IN_TIME)


async def read_on(stack: Stack) -> ExportState:
    """The export read once more, up to now: how far it is read then."""
    read_at = (await export_of(stack)).read_at

    async def was_read() -> ExportState | None:
        export = await export_of(stack)
        return export if export.read_at != read_at else None

    await time_passes(stack)
    export = await eventually(was_read, what="the export is read")
    assert export is not None
    return export


def pages_read(stack: Stack) -> int:
    return len(stack.zendesk.faults.matching_calls("GET", EXPORT))
