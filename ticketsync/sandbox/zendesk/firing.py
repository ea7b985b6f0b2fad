"""Which triggers a change fires, and what they have sent to webhooks (reference/zendesk-api §1.7, §5).

Only the action `notification_webhook` is carried out; the others are kept and shown. Fields that are not known here
fulfil no condition.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from ticketsync.sandbox.zendesk.account import Account
from ticketsync.sandbox.zendesk.clock import rest_time
from ticketsync.sandbox.zendesk.events import TRIGGER_KIND
from ticketsync.sandbox.zendesk.models import Comment, Condition, Ticket, Trigger, User

WEBHOOK_ACTION = "notification_webhook"
CUSTOM_FIELD = "custom_fields_"
RANKS = {
    "status": ["new", "open", "pending", "hold", "solved", "closed"],
    "priority": ["", "low", "normal", "high", "urgent"],
}
TICKET_FIELDS = frozenset(
    {
        "status",
        "priority",
        "type",
        "assignee_id",
        "group_id",
        "requester_id",
        "organization_id",
        "brand_id",
        "ticket_form_id",
        "custom_status_id",
    }
)
PLACEHOLDER = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")


@dataclass(frozen=True)
class Change:
    """What happened to a ticket. `before` None: it was created."""

    before: Ticket | None
    after: Ticket
    comment: Comment | None
    actor_id: int


def in_order(triggers: Iterable[Trigger]) -> list[Trigger]:
    return sorted(triggers, key=lambda one: (one.position, one.id))


def fire(account: Account, change: Change) -> None:
    """Have every trigger that this change fulfils call its webhooks. A ticket that was closed before fires none."""
    if change.before is not None and change.before.status == "closed":
        return
    for trigger in in_order(account.store.state.triggers.values()):
        if trigger.active and _is_met(trigger, change):
            _call_webhooks(account, trigger, change)


def _is_met(trigger: Trigger, change: Change) -> bool:
    met_any = not trigger.any or any(_holds(condition, change) for condition in trigger.any)
    return met_any and all(_holds(condition, change) for condition in trigger.all)


# --- conditions


def _holds(condition: Condition, change: Change) -> bool:
    wanted = _worded(condition.value)
    match condition.field:
        case "update_type":
            return _compare(condition.operator, wanted, "Create" if change.before is None else "Change", None)
        case "comment_is_public":
            return change.comment is not None and _compare(
                condition.operator, wanted, _worded(change.comment.public), None
            )
        case "current_tags":
            return _tags_hold(condition, change.after.tags)
        case field if field in TICKET_FIELDS or field.startswith(CUSTOM_FIELD):
            before = _value(change.before, field) if change.before is not None else None
            return _compare(condition.operator, wanted, _value(change.after, field), before, RANKS.get(field))
        case _:
            return False


def _tags_hold(condition: Condition, tags: list[str]) -> bool:
    wanted = set(_worded(condition.value).split())
    return (condition.operator == "includes") == bool(wanted & set(tags))


def _value(ticket: Ticket, field: str) -> str:
    if field.startswith(CUSTOM_FIELD):
        number = field.removeprefix(CUSTOM_FIELD)
        return _worded(ticket.custom_fields.get(int(number))) if number.isdecimal() else ""
    return _worded(getattr(ticket, field))


def _worded(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _compare(operator: str, wanted: str, now: str, before: str | None, ranks: list[str] | None = None) -> bool:
    """`before` None: there was nothing before."""
    if ranks is not None and operator in {"less_than", "greater_than"}:
        now, wanted = (str(ranks.index(one)) if one in ranks else "" for one in (now, wanted))
    return OPERATORS[operator](wanted, now, before)


# Each by what is wanted, what is so now, and what was so before (§1.7).
OPERATORS: dict[str, Callable[[str, str, str | None], bool]] = {
    "is": lambda wanted, now, _: now == wanted,
    "is_not": lambda wanted, now, _: now != wanted,
    "less_than": lambda wanted, now, _: now < wanted,
    "greater_than": lambda wanted, now, _: now > wanted,
    "changed": lambda _, now, before: before is not None and now != before,
    "not_changed": lambda _, now, before: before is not None and now == before,
    "value": lambda wanted, now, before: before is not None and before != now == wanted,
    "not_value": lambda wanted, now, before: before is not None and not before != now == wanted,
    "value_previous": lambda wanted, now, before: now != before == wanted,
    "not_value_previous": lambda wanted, now, before: before is not None and not now != before == wanted,
    "includes": lambda wanted, now, _: wanted in now,
    "not_includes": lambda wanted, now, _: wanted not in now,
}


# --- webhooks


def _call_webhooks(account: Account, trigger: Trigger, change: Change) -> None:
    for action in trigger.actions:
        match action.value:
            case [str(webhook_id), str() | list() as body] if action.field == WEBHOOK_ACTION:
                webhook = account.store.state.webhooks.get(webhook_id)
                if webhook is not None and webhook.status == "active" and TRIGGER_KIND in webhook.subscriptions:
                    account.deliveries.invoke(webhook, _body(account, body, change), change.after.id)


def _body(account: Account, template: str | list[Any], change: Change) -> str:
    """The text with its placeholders filled in as they are, without any escaping, as Zendesk does it (§1.7)."""
    if isinstance(template, str):
        return _filled(account, template, change)
    pairs = [(str(name), _filled(account, str(value), change)) for name, value in template]
    return urlencode(pairs)


def _filled(account: Account, text: str, change: Change) -> str:
    values = _placeholders(account, change)
    return PLACEHOLDER.sub(lambda found: values.get(found[1], ""), text)


def _placeholders(account: Account, change: Change) -> dict[str, str]:
    """Those of §1.7, as far as there is something to put in their place."""
    state, ticket = account.store.state, change.after
    group = state.groups.get(ticket.group_id or 0)
    organization = state.organizations.get(ticket.organization_id or 0)
    comment = change.comment.body if change.comment else ""
    values = {
        "ticket.id": str(ticket.id),
        "ticket.title": ticket.subject,
        "ticket.status": ticket.status.capitalize(),
        "ticket.priority": _worded(ticket.priority).capitalize(),
        "ticket.ticket_type": _worded(ticket.type).capitalize(),
        "ticket.url": f"{account.settings.subdomain}.zendesk.com/agent/tickets/{ticket.id}",
        "ticket.link": f"https://{account.settings.subdomain}.zendesk.com/agent/tickets/{ticket.id}",
        "ticket.external_id": _worded(ticket.external_id),
        "ticket.tags": " ".join(ticket.tags),
        "ticket.via": ticket.via.channel,
        "ticket.created_at_with_timestamp": rest_time(ticket.created_at),
        "ticket.updated_at_with_timestamp": rest_time(ticket.updated_at),
        "ticket.latest_comment": comment,
        "ticket.latest_public_comment": comment if change.comment and change.comment.public else "",
        "ticket.group.name": group.name if group else "",
        "ticket.organization.name": organization.name if organization else "",
    }
    fields = {f"ticket.ticket_field_{number}": _worded(value) for number, value in ticket.custom_fields.items()}
    people = {
        **_person("ticket.assignee", state.users.get(ticket.assignee_id or 0)),
        **_person("ticket.requester", state.users.get(ticket.requester_id)),
        **_person("current_user", state.users.get(change.actor_id)),
    }
    return values | fields | people


def _person(name: str, user: User | None) -> dict[str, str]:
    if user is None:
        return {}
    return {f"{name}.id": str(user.id), f"{name}.name": user.name, f"{name}.email": user.email or ""}
