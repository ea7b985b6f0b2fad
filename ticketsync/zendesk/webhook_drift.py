"""The webhook that a desk should have, and how one that is there differs from it. Nothing here asks anybody.

A webhook belongs to a desk by its name. Where it should lead is written into its description too: so it is known on
every machine, and after somebody has changed the endpoint by hand.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from ticketsync.zendesk.webhooks import Invocation, Webhook

ACTIVE = "active"
METHOD, FORMAT = "POST", "json"
EVENT_TYPE = "zen:event-type:ticket."
# The one subscription of a webhook that triggers and automations call; it cannot become one for events (§1).
OF_TRIGGERS = "conditional_ticket_events"

SUCCESS, THROTTLED = "success", "throttled"
RECENT = timedelta(hours=1)

DriftCode = Literal[
    "missing",
    "several",
    "other_kind",
    "deactivated",
    "other_name",
    "other_url",
    "other_events",
    "other_form",
    "other_description",
    "no_secret",
    "secret_rotated",
    "failing",
]
_NOTED_URL = re.compile(r"\bLeads to (\S+?)\.?(?:\s|$)")


class Drift(NamedTuple):
    """One difference: its code, and in words what was found."""

    code: DriftCode
    found: str


@dataclass(frozen=True)
class Wanted:
    """The webhook that a desk should have. `endpoint` None: where it should lead is not known, only the path there."""

    name: str
    path: str
    endpoint: str | None
    subscriptions: frozenset[str]

    @property
    def description(self) -> str:
        return f"Made by ticketsync webhook install, which also puts it right. Leads to {self.endpoint}"

    @property
    def fields(self) -> dict[str, Any]:
        """All that creating it takes (reference/zendesk-api §4)."""
        if self.endpoint is None:
            raise ValueError("a webhook needs an endpoint")
        return {
            "name": self.name,
            "description": self.description,
            "status": ACTIVE,
            "endpoint": self.endpoint,
            "http_method": METHOD,
            "request_format": FORMAT,
            "subscriptions": sorted(self.subscriptions),
        }


def wanted_webhook(desk: str, endpoint: str | None, kinds: Iterable[str]) -> Wanted:
    """That of a desk which stores these kinds of events (`created`, …)."""
    return Wanted(f"ticketsync {desk}", f"/webhooks/zendesk/{desk}", endpoint, subscriptions_of(kinds))


def subscriptions_of(kinds: Iterable[str]) -> frozenset[str]:
    """Event types as webhooks subscribe to them, from names such as `created`."""
    return frozenset(f"{EVENT_TYPE}{kind}" for kind in kinds)


def noted_url(webhook: Webhook) -> str | None:
    """Where the webhook should lead by its own description."""
    match = _NOTED_URL.search(webhook.description)
    return match[1] if match else None


def own_webhooks(webhooks: Iterable[Webhook], wanted: Wanted) -> list[Webhook]:
    """Those that are the desk's: of its name, or else leading to its endpoint. The one to keep stands first.

    While the endpoint is not known, one that leads to the desk's path anywhere counts too. One for triggers counts by
    its name only: the server takes both kinds, so that it may well stand beside.
    """
    known = list(webhooks)
    mine = [one for one in known if one.name == wanted.name] or [one for one in known if _leads_there(one, wanted)]
    return sorted(mine, key=lambda one: (one.endpoint != wanted.endpoint, one.status != ACTIVE, one.id))


def _leads_there(webhook: Webhook, wanted: Wanted) -> bool:
    if OF_TRIGGERS in webhook.subscriptions:
        return False
    if wanted.endpoint is None:
        return webhook.endpoint.endswith(wanted.path)
    return webhook.endpoint == wanted.endpoint


def number_drift(mine: Sequence[Webhook]) -> Drift | None:
    """Whether the desk has one webhook."""
    if not mine:
        return Drift("missing", "the account has none for this desk")
    if len(mine) == 1:
        return None
    return Drift("several", f"the desk has {len(mine)}: {', '.join(one.id for one in mine)}; each event comes from all")


# --- the webhook itself


def drifts(webhook: Webhook, wanted: Wanted) -> list[Drift]:
    """Every difference between a webhook that is there and the one that is wanted."""
    if OF_TRIGGERS in webhook.subscriptions:
        return [Drift("other_kind", "it is one for triggers, and cannot become one for events")]
    found = [
        _deactivated(webhook),
        _other_name(webhook, wanted),
        _other_url(webhook, wanted),
        _other_events(webhook, wanted),
        _other_form(webhook),
        _other_description(webhook, wanted),
    ]
    return [drift for drift in found if drift is not None]


def repair(webhook: Webhook, wanted: Wanted) -> dict[str, Any]:
    """The fields that put the webhook right, and no others; empty when there is nothing to do."""
    whole = wanted.fields
    fields: Mapping[str, tuple[str, ...]] = {
        "deactivated": ("status",),
        "other_name": ("name",),
        "other_url": ("endpoint",),
        "other_events": ("subscriptions",),
        "other_form": ("http_method", "request_format"),
        "other_description": ("description",),
    }
    return {name: whole[name] for drift in drifts(webhook, wanted) for name in fields.get(drift.code, ())}


def _deactivated(webhook: Webhook) -> Drift | None:
    if webhook.status == ACTIVE:
        return None
    return Drift("deactivated", f"its status is {webhook.status or 'not told'}")


def _other_name(webhook: Webhook, wanted: Wanted) -> Drift | None:
    return None if webhook.name == wanted.name else Drift("other_name", f"it is not named {wanted.name!r}")


def _other_url(webhook: Webhook, wanted: Wanted) -> Drift | None:
    if wanted.endpoint in (None, webhook.endpoint):
        return None
    return Drift("other_url", f"it leads to {webhook.endpoint or 'nowhere'} instead of {wanted.endpoint}")


def _other_events(webhook: Webhook, wanted: Wanted) -> Drift | None:
    missing, needless = wanted.subscriptions - webhook.subscriptions, webhook.subscriptions - wanted.subscriptions
    parts = [("not told", missing), ("told needlessly", needless)]
    found = "; ".join(f"{words}: {_event_names(events)}" for words, events in parts if events)
    return Drift("other_events", found) if found else None


def _event_names(events: Iterable[str]) -> str:
    return ", ".join(sorted(event.removeprefix(EVENT_TYPE) for event in events))


def _other_form(webhook: Webhook) -> Drift | None:
    if (webhook.http_method, webhook.request_format) == (METHOD, FORMAT):
        return None
    return Drift("other_form", f"it sends {webhook.http_method} {webhook.request_format}")


def _other_description(webhook: Webhook, wanted: Wanted) -> Drift | None:
    """Only where it is known where the webhook should lead: the note of that must not be wrong."""
    if wanted.endpoint is None or noted_url(webhook) == wanted.endpoint:
        return None
    return Drift("other_description", "its description does not say where it should lead")


# --- its secret


def secret_drift(actual: str, known: Collection[str]) -> Drift | None:
    """How the webhook's signing secret stands to those that the desk's settings hold."""
    if not known:
        return Drift("no_secret", "the settings hold no secret: every delivery is refused")
    if actual not in known:
        return Drift("secret_rotated", "its secret is none of those in the settings: every delivery is refused")
    return None


# --- what became of its deliveries


class Outcome(NamedTuple):
    """How the newest deliveries ended: `failures` maps an outcome to how many had it. Times are of the newest one."""

    deliveries: int
    failures: dict[str, int]
    last_success: datetime | None
    last_failure: datetime | None

    @property
    def failed(self) -> int:
        return sum(self.failures.values())


def outcome_of(rows: Sequence[Invocation]) -> Outcome:
    """The log has a row for each attempt (reference/zendesk-api §4): of a delivery only the newest counts.

    A throttled one is only held back.
    """
    newest: dict[str, Invocation] = {}
    for row in sorted(rows, key=lambda row: row.at):
        newest[row.id] = row
    ended = [row for row in newest.values() if row.status != THROTTLED]
    failed = [row for row in ended if row.status != SUCCESS]
    failures: dict[str, int] = {}
    for row in failed:
        failures[_failure(row)] = failures.get(_failure(row), 0) + 1
    succeeded = [row.at for row in ended if row.status == SUCCESS]
    return Outcome(len(newest), failures, max(succeeded, default=None), max((row.at for row in failed), default=None))


def _failure(row: Invocation) -> str:
    return row.status if row.status_code is None else f"{row.status} with {row.status_code}"


def failing_drift(outcome: Outcome, now: datetime) -> Drift | None:
    """A drift when the newest delivery failed, or any within the last hour."""
    last = outcome.last_failure
    if last is None:
        return None
    recovered = outcome.last_success is not None and outcome.last_success > last
    if recovered and now - last > RECENT:
        return None
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(outcome.failures.items()))
    return Drift("failing", f"{outcome.failed} of the last {outcome.deliveries} deliveries failed: {kinds}")
