"""The test call of a webhook, of one that exists or of one that is still to be made (reference/zendesk-api §3, §4)."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ValidationError

from ticketsync.sandbox.zendesk.account import Account, AccountHere
from ticketsync.sandbox.zendesk.auth import ADMINS_ONLY
from ticketsync.sandbox.zendesk.errors import newer_error
from ticketsync.sandbox.zendesk.ids import new_ulid
from ticketsync.sandbox.zendesk.inputs import json_object
from ticketsync.sandbox.zendesk.invocation import Attempt
from ticketsync.sandbox.zendesk.models import Webhook
from ticketsync.sandbox.zendesk.sending import Outgoing
from ticketsync.sandbox.zendesk.signature import TEST_SECRET
from ticketsync.sandbox.zendesk.webhooks import HttpMethod, RequestFormat, known_webhook

router = APIRouter(prefix="/api/v2/webhooks", dependencies=[ADMINS_ONLY])


class Trial(BaseModel):
    """What is to be sent; nothing is sent as body unless there is a `payload`."""

    endpoint: str
    http_method: HttpMethod = "POST"
    request_format: RequestFormat = "json"
    payload: str = ""
    authentication: dict[str, Any] | None = None
    custom_headers: dict[str, str] | None = None


@router.post("/test")
async def try_out(account: AccountHere, request: Request, webhook_id: str | None = None) -> dict[str, Any]:
    """200 with the endpoint's answer, whatever that is. What an existing webhook has need not be sent again."""
    sent = (await json_object(request)).get("request")
    if not isinstance(sent, dict):
        raise newer_error(400, "MissingParameter", "request is required")
    webhook = known_webhook(account, webhook_id) if webhook_id else None
    trial = _checked((webhook.model_dump() if webhook else {}) | sent)
    attempt = await account.deliveries.try_out(_outgoing(account, trial, webhook))
    return {"response": _response_json(attempt)}


def _checked(values: dict[str, Any]) -> Trial:
    try:
        return Trial.model_validate(values)
    except ValidationError as error:
        raise newer_error(400, "InvalidValue", f"{error.errors()[0]['loc'][0]}: {error.errors()[0]['msg']}") from error


def _outgoing(account: Account, trial: Trial, webhook: Webhook | None) -> Outgoing:
    """Signed with the webhook's own secret; with the public one where there is no webhook yet."""
    publicly = account.tuning.delivery.tests_signed_publicly
    return Outgoing(
        invocation_id=new_ulid(),
        webhook_id=webhook.id if webhook else None,
        body=trial.payload,
        secret=TEST_SECRET if webhook is None or publicly else webhook.signing_secret,
        **trial.model_dump(exclude={"payload"}),
    )


def _response_json(attempt: Attempt) -> dict[str, Any]:
    """504 for no answer in time, as the log has it (§2); 502 for an endpoint that cannot be reached is assumed."""
    without_answer = 504 if attempt.timed_out else 502
    return {
        "status_code": attempt.status_code or without_answer,
        "headers": [{"key": name, "value": value} for name, value in attempt.response_headers],
        "payload": attempt.response_payload,
    }
