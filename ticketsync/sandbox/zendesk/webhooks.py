"""Routes of webhooks and their signing secrets (reference/zendesk-api §4)."""

import re
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ValidationError

from ticketsync.sandbox.zendesk.account import Account, AccountHere
from ticketsync.sandbox.zendesk.auth import ADMINS_ONLY, Admin
from ticketsync.sandbox.zendesk.clock import event_time, rest_time
from ticketsync.sandbox.zendesk.errors import ApiError, newer_error
from ticketsync.sandbox.zendesk.events import TICKET_EVENTS, TYPE_PREFIX
from ticketsync.sandbox.zendesk.ids import new_ulid
from ticketsync.sandbox.zendesk.inputs import json_object
from ticketsync.sandbox.zendesk.models import User, Webhook
from ticketsync.sandbox.zendesk.signature import new_secret

router = APIRouter(prefix="/api/v2/webhooks", dependencies=[ADMINS_ONLY])

TRIGGER_KIND = "conditional_ticket_events"
OTHER_DOMAINS = re.compile(r"zen:event-type:(?!ticket\.)[a-z_]+\.[a-z_]+")
MOST_PER_PAGE = 100
KEPT_BY_PUT = frozenset({"subscriptions"})
WRITABLE = frozenset(
    "name description status endpoint http_method request_format subscriptions authentication custom_headers".split()  # noqa: SIM905
)


class WebhookInput(BaseModel):
    """A webhook as sent to create or replace."""

    name: str
    description: str | None = None
    status: Literal["active", "inactive"]
    endpoint: str
    http_method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    request_format: Literal["json", "xml", "form_encoded"]
    subscriptions: list[str] = []
    authentication: dict[str, Any] | None = None
    custom_headers: dict[str, str] | None = None


def _shown(webhook: Webhook) -> dict[str, Any]:
    """Options that were not given are left out; credentials are never told."""
    told = webhook.model_dump(include=set(WRITABLE) | {"id"}, exclude_none=True)
    told |= {"created_at": rest_time(webhook.created_at), "created_by": str(webhook.created_by)}
    if webhook.authentication is not None:
        told["authentication"] = _without_secrets(webhook.authentication)
    if webhook.updated_at is not None:
        told |= {"updated_at": rest_time(webhook.updated_at), "updated_by": str(webhook.updated_by)}
    return told


def _without_secrets(authentication: dict[str, Any]) -> dict[str, Any]:
    public = {name: value for name, value in authentication.get("data", {}).items() if name in {"username", "name"}}
    bare = {name: value for name, value in authentication.items() if name != "data"}
    return bare | ({"data": public} if public else {})


def _webhook(account: Account, webhook_id: str) -> Webhook:
    webhook = account.store.state.webhooks.get(webhook_id)
    if webhook is None:
        raise newer_error(404, "RecordNotFound", "Webhook not found")
    return webhook


async def _sent(request: Request) -> dict[str, Any]:
    body = await json_object(request)
    if not isinstance(body.get("webhook"), dict):
        raise newer_error(400, "MissingParameter", "webhook is required")
    return {name: value for name, value in body["webhook"].items() if name in WRITABLE}


def _checked(values: dict[str, Any]) -> WebhookInput:
    try:
        webhook = WebhookInput.model_validate(values)
    except ValidationError as error:
        raise newer_error(400, "InvalidValue", f"{error.errors()[0]['loc'][0]}: {error.errors()[0]['msg']}") from error
    if not webhook.endpoint.startswith(("http://", "https://")):
        raise newer_error(400, "InvalidValue", "endpoint: must be an http or https address")
    if refusal := _refused_subscription(webhook.subscriptions):
        raise refusal
    return webhook


def _refused_subscription(subscriptions: list[str]) -> ApiError | None:
    if TRIGGER_KIND in subscriptions and len(subscriptions) > 1:
        return newer_error(400, "InvalidValue", f"subscriptions: {TRIGGER_KIND} stands alone")
    unknown = [one for one in subscriptions if not _is_known(one)]
    return newer_error(400, "InvalidValue", f"subscriptions: unknown {', '.join(unknown)}") if unknown else None


def _is_known(subscription: str) -> bool:
    ticket_event = subscription.removeprefix(TYPE_PREFIX) in TICKET_EVENTS and subscription.startswith(TYPE_PREFIX)
    return subscription == TRIGGER_KIND or ticket_event or OTHER_DOMAINS.fullmatch(subscription) is not None


@router.post("", status_code=201)
async def create(account: AccountHere, caller: Admin, request: Request) -> dict[str, Any]:
    """`created_at` has nanoseconds here and seconds in every later answer."""
    checked = _checked(await _sent(request))
    webhook = Webhook(
        **checked.model_dump(),
        id=new_ulid(),
        signing_secret=new_secret(),
        created_at=account.clock.now(),
        created_by=caller.id,
    )
    account.store.state.webhooks[webhook.id] = webhook
    account.store.changed()
    return {"webhook": _shown(webhook) | {"created_at": event_time(account.clock.now_ns())}}


@router.get("")
async def list_webhooks(account: AccountHere, request: Request) -> dict[str, Any]:
    """Sorted by id; `links` and the cursor only where more webhooks follow."""
    query = request.query_params
    name, status, after = query.get("filter[name_contains]", ""), query.get("filter[status]"), query.get("page[after]")
    webhooks = [one for _, one in sorted(account.store.state.webhooks.items()) if name in one.name]
    webhooks = [one for one in webhooks if status in {None, one.status} and one.id > (after or "")]
    asked = query.get("page[size]", "")
    size = min(int(asked), MOST_PER_PAGE) if asked.isdecimal() and int(asked) else MOST_PER_PAGE
    answer: dict[str, Any] = {"webhooks": [_shown(one) for one in webhooks[:size]], "meta": {"has_more": False}}
    if len(webhooks) > size:
        cursor = webhooks[size - 1].id
        answer["meta"] = {"has_more": True, "after_cursor": cursor}
        answer["links"] = {"next": str(request.url.include_query_params(**{"page[after]": cursor}))}
    return answer


@router.get("/{webhook_id}")
async def show(account: AccountHere, webhook_id: str) -> dict[str, Any]:
    return {"webhook": _shown(_webhook(account, webhook_id))}


@router.put("/{webhook_id}", status_code=204)
async def replace(account: AccountHere, caller: Admin, request: Request, webhook_id: str) -> None:
    """What is left out is cleared, except the subscriptions (§14)."""
    kept = _webhook(account, webhook_id).model_dump(include=set(KEPT_BY_PUT))
    _change(account, caller, webhook_id, _checked(kept | await _sent(request)))


@router.patch("/{webhook_id}", status_code=204)
async def patch(account: AccountHere, caller: Admin, request: Request, webhook_id: str) -> None:
    kept = _webhook(account, webhook_id).model_dump(include=set(WRITABLE))
    _change(account, caller, webhook_id, _checked(kept | await _sent(request)))


def _change(account: Account, caller: User, webhook_id: str, values: WebhookInput) -> None:
    stamp = {"updated_at": account.clock.now(), "updated_by": caller.id}
    changed = _webhook(account, webhook_id).model_copy(update=values.model_dump() | stamp)
    account.store.state.webhooks[webhook_id] = changed
    account.store.changed()


@router.delete("/{webhook_id}", status_code=204)
async def delete(account: AccountHere, webhook_id: str) -> None:
    """Deliveries under way end with the attempt that is running."""
    _webhook(account, webhook_id)
    del account.store.state.webhooks[webhook_id]
    account.store.changed()


@router.get("/{webhook_id}/signing_secret")
async def show_secret(account: AccountHere, webhook_id: str) -> dict[str, Any]:
    return _secret_json(_webhook(account, webhook_id))


@router.post("/{webhook_id}/signing_secret", status_code=201)
async def reset_secret(account: AccountHere, webhook_id: str) -> dict[str, Any]:
    """The new secret signs from the next attempt on."""
    webhook = _webhook(account, webhook_id)
    webhook.signing_secret = new_secret()
    account.store.changed()
    return _secret_json(webhook)


def _secret_json(webhook: Webhook) -> dict[str, Any]:
    return {"signing_secret": {"secret": webhook.signing_secret, "algorithm": "SHA256"}}
