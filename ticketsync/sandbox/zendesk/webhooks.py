"""Routes of webhooks and their signing secrets (reference/zendesk-api §4)."""

import re
from collections.abc import Sequence
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ValidationError

from ticketsync.sandbox.zendesk.account import Account, AccountHere
from ticketsync.sandbox.zendesk.auth import ADMINS_ONLY, Admin
from ticketsync.sandbox.zendesk.clock import event_time, rest_time
from ticketsync.sandbox.zendesk.errors import ApiError, newer_error
from ticketsync.sandbox.zendesk.events import TICKET_EVENTS, TRIGGER_KIND, TYPE_PREFIX
from ticketsync.sandbox.zendesk.ids import new_ulid
from ticketsync.sandbox.zendesk.inputs import json_object
from ticketsync.sandbox.zendesk.models import User, Webhook
from ticketsync.sandbox.zendesk.signature import new_secret

router = APIRouter(prefix="/api/v2/webhooks", dependencies=[ADMINS_ONLY])

OTHER_DOMAINS = re.compile(r"zen:event-type:(?!ticket\.)[a-z_]+\.[a-z_]+")
MOST_PER_PAGE = 100
KEPT_BY_PUT = frozenset({"subscriptions"})
WRITABLE = frozenset(
    "name description status endpoint http_method request_format subscriptions authentication custom_headers".split()  # noqa: SIM905
)


HttpMethod = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
RequestFormat = Literal["json", "xml", "form_encoded"]


class WebhookInput(BaseModel):
    """A webhook as sent to create or replace."""

    name: str
    description: str | None = None
    status: Literal["active", "inactive"]
    endpoint: str
    http_method: HttpMethod
    request_format: RequestFormat
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


def known_webhook(account: Account, webhook_id: str) -> Webhook:
    """ApiError 404 when it is missing."""
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
async def create(
    account: AccountHere, caller: Admin, request: Request, clone_webhook_id: str | None = None
) -> dict[str, Any]:
    """`created_at` has nanoseconds here and seconds in every later answer. A clone needs no body."""
    checked = _cloned(account, clone_webhook_id) if clone_webhook_id else _checked(await _sent(request))
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


def _cloned(account: Account, webhook_id: str) -> WebhookInput:
    original = known_webhook(account, webhook_id)
    return WebhookInput.model_validate(original.model_dump() | {"name": f"{original.name} (copy)"})


@router.get("")
async def list_webhooks(account: AccountHere, request: Request) -> dict[str, Any]:
    """The newest first; `links` and cursors only where more webhooks are."""
    rows = _sorted(request, [one for one in account.store.state.webhooks.values() if _asked_for(request, one)])
    return _page(request, rows)


def _asked_for(request: Request, webhook: Webhook) -> bool:
    query = request.query_params
    return query.get("filter[name_contains]", "") in webhook.name and query.get("filter[status]") in {
        None,
        webhook.status,
    }


def _sorted(request: Request, webhooks: list[Webhook]) -> list[Webhook]:
    """By `sort=name` or `sort=status`, with a minus the other way round."""
    order = request.query_params.get("sort", "")
    rows = sorted(webhooks, key=lambda one: one.id, reverse=True)
    name = order.removeprefix("-")
    if name not in {"", "name", "status"}:
        raise newer_error(400, "InvalidValue", "sort: must be name or status")
    return sorted(rows, key=lambda one: str(getattr(one, name)), reverse=order.startswith("-")) if name else rows


def _page(request: Request, rows: Sequence[Webhook]) -> dict[str, Any]:
    query, places = request.query_params, {one.id: place for place, one in enumerate(rows)}
    asked = query.get("page[size]", "")
    size = min(int(asked), MOST_PER_PAGE) if asked.isdecimal() and int(asked) else MOST_PER_PAGE
    start = places.get(query.get("page[after]", ""), -1) + 1
    if query.get("page[before]"):
        start = max(places.get(query["page[before]"], 0) - size, 0)
    page = rows[start : start + size]
    answer: dict[str, Any] = {"webhooks": [_shown(one) for one in page], "meta": {"has_more": start + size < len(rows)}}
    if page and answer["meta"]["has_more"]:
        answer["meta"] |= {"after_cursor": page[-1].id, "before_cursor": page[0].id}
        answer["links"] = {"next": _link(request, "page[after]", page[-1].id)}
    if page and start:
        answer["meta"]["before_cursor"] = page[0].id
        answer.setdefault("links", {})["prev"] = _link(request, "page[before]", page[0].id)
    return answer


def _link(request: Request, name: str, cursor: str) -> str:
    bare = request.url.remove_query_params(["page[after]", "page[before]"])
    return str(bare.include_query_params(**{name: cursor}))


@router.get("/{webhook_id}")
async def show(account: AccountHere, webhook_id: str) -> dict[str, Any]:
    return {"webhook": _shown(known_webhook(account, webhook_id))}


@router.put("/{webhook_id}", status_code=204)
async def replace(account: AccountHere, caller: Admin, request: Request, webhook_id: str) -> None:
    """What is left out is cleared, except the subscriptions (§14)."""
    kept = known_webhook(account, webhook_id).model_dump(include=set(KEPT_BY_PUT))
    _change(account, caller, webhook_id, _checked(kept | await _sent(request)))


@router.patch("/{webhook_id}", status_code=204)
async def patch(account: AccountHere, caller: Admin, request: Request, webhook_id: str) -> None:
    kept = known_webhook(account, webhook_id).model_dump(include=set(WRITABLE))
    _change(account, caller, webhook_id, _checked(kept | await _sent(request)))


def _change(account: Account, caller: User, webhook_id: str, values: WebhookInput) -> None:
    stamp = {"updated_at": account.clock.now(), "updated_by": caller.id}
    changed = known_webhook(account, webhook_id).model_copy(update=values.model_dump() | stamp)
    account.store.state.webhooks[webhook_id] = changed
    account.store.changed()


@router.delete("/{webhook_id}", status_code=204)
async def delete(account: AccountHere, webhook_id: str) -> None:
    """Deliveries under way end with the attempt that is running."""
    known_webhook(account, webhook_id)
    del account.store.state.webhooks[webhook_id]
    account.store.changed()


@router.get("/{webhook_id}/signing_secret")
async def show_secret(account: AccountHere, webhook_id: str) -> dict[str, Any]:
    return _secret_json(known_webhook(account, webhook_id))


@router.post("/{webhook_id}/signing_secret", status_code=201)
async def reset_secret(account: AccountHere, webhook_id: str) -> dict[str, Any]:
    """The new secret signs from the next attempt on."""
    webhook = known_webhook(account, webhook_id)
    webhook.signing_secret = new_secret()
    account.store.changed()
    return _secret_json(webhook)


def _secret_json(webhook: Webhook) -> dict[str, Any]:
    return {"signing_secret": {"secret": webhook.signing_secret, "algorithm": "SHA256"}}
