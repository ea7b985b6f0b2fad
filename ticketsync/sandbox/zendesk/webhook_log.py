"""Routes of the log of a webhook's invocations and their attempts (reference/zendesk-api §4, §14)."""

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from ticketsync.sandbox.zendesk.account import Account, AccountHere
from ticketsync.sandbox.zendesk.auth import ADMINS_ONLY
from ticketsync.sandbox.zendesk.clock import rest_time
from ticketsync.sandbox.zendesk.errors import newer_error
from ticketsync.sandbox.zendesk.invocation import Attempt, Delivery
from ticketsync.sandbox.zendesk.webhooks import known_webhook

router = APIRouter(prefix="/api/v2/webhooks", dependencies=[ADMINS_ONLY])

ROWS_PER_PAGE = 100
PAYLOAD_INDENT = 3
MOMENT = TypeAdapter(AwareDatetime)


class LogRow(NamedTuple):
    """One attempt. The log has a row for each, so that an invocation may be in it more than once, as recorded."""

    delivery: Delivery
    number: int

    @property
    def attempt(self) -> Attempt:
        return self.delivery.attempts[self.number]

    @property
    def status(self) -> str:
        return self.delivery.log_status(self.number)


def _rows(account: Account, webhook_id: str) -> list[LogRow]:
    """The newest first."""
    of_webhook = [one for one in account.deliveries.log if one.webhook_id == webhook_id]
    rows = [LogRow(one, number) for one in of_webhook for number in range(len(one.attempts))]
    return sorted(rows, key=lambda row: row.attempt.completed_at, reverse=True)


@router.get("/{webhook_id}/invocations")
async def invocations(account: AccountHere, request: Request, webhook_id: str) -> dict[str, Any]:
    """The first page has no way back, the last none forward."""
    rows = [row for row in _rows(account, known_webhook(account, webhook_id).id) if _asked_for(request, row)]
    start = _position(request, "page[after]")
    before = _position(request, "page[before]")
    if before is not None:
        start = max(before - ROWS_PER_PAGE, 0)
    return _page(request, rows, start or 0)


def _asked_for(request: Request, row: LogRow) -> bool:
    query, at = request.query_params, row.attempt.completed_at
    from_ts, to_ts = _moment(query.get("filter[from_ts]")), _moment(query.get("filter[to_ts]"))
    in_time = (from_ts is None or from_ts <= at) and (to_ts is None or at <= to_ts)
    return in_time and query.get("filter[status]") in {None, row.status}


def _moment(text: str | None) -> datetime | None:
    try:
        return None if text is None else MOMENT.validate_python(text)
    except ValidationError as error:
        raise newer_error(400, "InvalidValue", "filter[from_ts], filter[to_ts]: must be a time") from error


def _page(request: Request, rows: Sequence[LogRow], start: int) -> dict[str, Any]:
    end = start + ROWS_PER_PAGE
    meta: dict[str, Any] = {"has_more": end < len(rows)}
    links = {}
    if start:
        meta["before_cursor"] = _cursor(start)
        links["prev"] = _link(request, "page[before]", meta["before_cursor"])
    if meta["has_more"]:
        meta["after_cursor"] = _cursor(end)
        links["next"] = _link(request, "page[after]", meta["after_cursor"])
    shown = [_invocation_json(row) for row in rows[start:end]]
    return {"meta": meta} | ({"links": links} if links else {}) | {"invocations": shown}


def _link(request: Request, name: str, cursor: str) -> str:
    bare = request.url.remove_query_params(["page[after]", "page[before]"])
    return str(bare.include_query_params(**{name: cursor}))


def _cursor(position: int) -> str:
    return base64.b64encode(f"{position},desc".encode()).decode()


def _position(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        return int(base64.b64decode(text, validate=True).decode().removesuffix(",desc"))
    except (binascii.Error, ValueError) as error:
        raise newer_error(400, "InvalidCursor", f"{name}: is not a cursor of this list") from error


def _status_code(attempt: Attempt) -> dict[str, int]:
    """A time-out is logged as 504 (§2); where there was no answer for another reason the field is left out: assumed."""
    code = 504 if attempt.timed_out else attempt.status_code
    return {} if code is None else {"status_code": code}


def _invocation_json(row: LogRow) -> dict[str, Any]:
    completed = {"latest_completed_at": rest_time(row.attempt.completed_at)}
    return {"id": row.delivery.id} | _status_code(row.attempt) | {"status": row.status} | completed


@router.get("/{webhook_id}/invocations/{invocation_id}/attempts")
async def attempts(account: AccountHere, webhook_id: str, invocation_id: str) -> dict[str, Any]:
    """The newest first."""
    rows = [row for row in _rows(account, known_webhook(account, webhook_id).id) if row.delivery.id == invocation_id]
    if not rows:
        raise newer_error(404, "RecordNotFound", "Invocation not found")
    return {"attempts": [_attempt_json(row) for row in rows]}


def _attempt_json(row: LogRow) -> dict[str, Any]:
    """The id of every attempt is that of the webhook (§14); what was held back has neither request nor response."""
    attempt = row.attempt
    told: dict[str, Any] = {"id": row.delivery.webhook_id, "invocation_id": row.delivery.id}
    told |= _status_code(attempt) | {"status": row.status}
    if attempt.not_sent is None:
        told["request"] = {"headers": _pairs(attempt.request_headers.items()), "payload": _pretty(row.delivery.body)}
    if attempt.status_code is not None:
        told["response"] = {"headers": _pairs(attempt.response_headers), "payload": attempt.response_payload}
    return told | {"completed_at": rest_time(attempt.completed_at)}


def _pairs(headers: Any) -> list[dict[str, str]]:
    return [{"key": name, "value": value} for name, value in headers]


def _pretty(body: str) -> str:
    """The log shows JSON indented, with its keys sorted, whatever was sent (§1.1)."""
    try:
        content = json.loads(body)
    except ValueError:
        return body
    return json.dumps(content, indent=PAYLOAD_INDENT, sort_keys=True, ensure_ascii=False) + "\n"
