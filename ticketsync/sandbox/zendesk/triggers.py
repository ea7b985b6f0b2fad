"""Routes of triggers (reference/zendesk-api §5, §14); what makes them fire is in `firing`."""

from typing import Any

from fastapi import APIRouter, Request, Response

from ticketsync.sandbox.zendesk.account import Account, AccountHere
from ticketsync.sandbox.zendesk.auth import ADMINS_ONLY
from ticketsync.sandbox.zendesk.errors import not_found, record_invalid
from ticketsync.sandbox.zendesk.firing import OPERATORS, WEBHOOK_ACTION, in_order
from ticketsync.sandbox.zendesk.inputs import TriggerInput, json_object, read_ids, read_noun
from ticketsync.sandbox.zendesk.models import Action, Trigger
from ticketsync.sandbox.zendesk.paging import address_of, listed
from ticketsync.sandbox.zendesk.views import trigger_json
from ticketsync.sandbox.zendesk.warnings import warn_of_body, warn_of_extra

router = APIRouter(prefix="/api/v2", dependencies=[ADMINS_ONLY])

FIRST_POSITION = 2
CATEGORY_ID = "8447320469158"
LONGEST_BODY = 16_000  # letters (§1)


def _place(trigger: Trigger) -> tuple[int, int]:
    return trigger.position, trigger.id


def _page(request: Request, triggers: list[Trigger]) -> dict[str, Any]:
    return listed(request, "triggers", triggers, lambda one: trigger_json(one, address_of(request)), key=_place)


@router.get("/triggers")
async def list_triggers(account: AccountHere, request: Request) -> dict[str, Any]:
    """In the order in which they fire."""
    return _page(request, in_order(account.store.state.triggers.values()))


@router.get("/triggers/active")
async def active(account: AccountHere, request: Request) -> dict[str, Any]:
    return _page(request, [one for one in in_order(account.store.state.triggers.values()) if one.active])


@router.get("/triggers/search")
async def search(account: AccountHere, request: Request, query: str = "") -> dict[str, Any]:
    triggers = in_order(account.store.state.triggers.values())
    return _page(request, [one for one in triggers if query.casefold() in one.title.casefold()])


@router.get("/triggers/{trigger_id}")
async def show(account: AccountHere, request: Request, trigger_id: int) -> dict[str, Any]:
    return {"trigger": trigger_json(_trigger(account, trigger_id), address_of(request))}


def _trigger(account: Account, trigger_id: int) -> Trigger:
    trigger = account.store.state.triggers.get(trigger_id)
    if trigger is None:
        raise not_found()
    return trigger


@router.post("/triggers", status_code=201)
async def create(account: AccountHere, request: Request, response: Response) -> dict[str, Any]:
    data = _checked(account, read_noun(await json_object(request), "trigger", TriggerInput))
    if not data.title:
        raise record_invalid("title", "Title: cannot be blank", "BlankValue")
    if not data.actions:
        raise record_invalid("actions", "Actions: cannot be blank", "BlankValue")
    warn_of_extra(response, "triggers", "create", "trigger", data)
    positions = [one.position for one in account.store.state.triggers.values()]
    now = account.clock.now()
    made: dict[str, Any] = {"id": account.store.new_object_id(), "created_at": now, "category_id": CATEGORY_ID}
    made["position"] = max(positions, default=FIRST_POSITION - 1) + 1
    return _kept(account, request, response, Trigger.model_validate(made | _sent(data) | {"updated_at": now}))


@router.put("/triggers/{trigger_id}")
async def update(account: AccountHere, request: Request, response: Response, trigger_id: int) -> dict[str, Any]:
    """Answers with a `location`, as recorded. Of conditions and actions what is sent replaces all."""
    trigger = _trigger(account, trigger_id)
    data = _checked(account, read_noun(await json_object(request), "trigger", TriggerInput))
    warn_of_extra(response, "triggers", "update", "trigger", data)
    changed = trigger.model_dump() | _sent(data) | {"updated_at": account.clock.now()}
    return _kept(account, request, response, Trigger.model_validate(changed))


def _sent(data: TriggerInput) -> dict[str, Any]:
    sent = {name: value for name, value in data.sent_fields.items() if name != "conditions" and value is not None}
    conditions = data.conditions.model_dump() if data.conditions else {}
    return sent | conditions


def _checked(account: Account, data: TriggerInput) -> TriggerInput:
    """ApiError 422 for an operator that is none, and for a webhook that triggers cannot call."""
    conditions = data.conditions or data
    for condition in (*conditions.all, *conditions.any):
        if condition.operator not in OPERATORS:
            raise record_invalid("base", f"Operator: {condition.operator} is invalid", "InvalidValue")
    for action in data.actions:
        if action.field == WEBHOOK_ACTION:
            _check_webhook(account, action)
    return data


def _check_webhook(account: Account, action: Action) -> None:
    match action.value:
        case [str(webhook_id), str() | list() as body] if webhook_id in account.store.state.webhooks:
            if len(str(body)) > LONGEST_BODY:
                raise record_invalid("base", "Notification body: is too long", "InvalidValue")
        case _:
            raise record_invalid("base", "Notification webhook: is invalid", "InvalidValue")


def _kept(account: Account, request: Request, response: Response, trigger: Trigger) -> dict[str, Any]:
    account.store.state.triggers[trigger.id] = trigger
    account.store.changed()
    shown = trigger_json(trigger, address_of(request))
    response.headers["location"] = shown["url"]
    return {"trigger": shown}


@router.delete("/triggers/destroy_many", status_code=204)
async def destroy_many(account: AccountHere, request: Request, response: Response, ids: str = "") -> None:
    await warn_of_body(request, response, "triggers", "destroy_many", "triggers")
    for trigger in [_trigger(account, one) for one in read_ids(ids)]:
        del account.store.state.triggers[trigger.id]
    account.store.changed()


@router.delete("/triggers/{trigger_id}", status_code=204)
async def delete(account: AccountHere, request: Request, response: Response, trigger_id: int) -> None:
    await warn_of_body(request, response, "triggers", "destroy", "trigger")
    del account.store.state.triggers[_trigger(account, trigger_id).id]
    account.store.changed()
