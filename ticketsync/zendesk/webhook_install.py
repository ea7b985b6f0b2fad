"""Making a desk's webhook what it should be, with as few calls as it takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ticketsync.zendesk.webhook_drift import Wanted, drifts, repair
from ticketsync.zendesk.webhooks import Webhook, Webhooks


@dataclass(frozen=True)
class PutRight:
    """The desk's webhook, and what was done to it; `repaired` are the codes of the drifts that it had."""

    webhook_id: str
    done: Literal["created", "repaired", "unchanged"]
    repaired: tuple[str, ...] = ()


async def put_right(webhooks: Webhooks, mine: Sequence[Webhook], wanted: Wanted) -> PutRight:
    """Repair the first of those that are the desk's, or create one. Raises a ZendeskError."""
    if not mine:
        return PutRight((await webhooks.create(wanted.fields)).id, "created")
    webhook, changes = mine[0], repair(mine[0], wanted)
    if not changes:
        return PutRight(webhook.id, "unchanged")
    await webhooks.change(webhook.id, changes)
    return PutRight(webhook.id, "repaired", tuple(drift.code for drift in drifts(webhook, wanted)))
