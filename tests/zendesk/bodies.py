"""Bodies of webhooks as reference/zendesk-api §1.6 shows them."""

import json
from typing import Any

DETAIL: dict[str, Any] = {
    "actor_id": "8447388090494",
    "assignee_id": None,
    "brand_id": "8447346621310",
    "created_at": "2026-01-15T09:00:00Z",
    "custom_status": "8447320465790",
    "description": "Checkout returns 500",
    "external_id": None,
    "form_id": "8646151517822",
    "group_id": "8447320466430",
    "id": "35436",
    "is_public": True,
    "organization_id": "8447346622462",
    "priority": "NORMAL",
    "requester_id": "8447388091001",
    "status": "OPEN",
    "subject": "Checkout broken",
    "submitter_id": "8447388091001",
    "tags": ["checkout"],
    "type": "INCIDENT",
    "updated_at": "2026-01-15T09:05:00Z",
    "via": {"channel": "mail"},
}


def content(kind: str, *, happened: dict[str, Any] | None = None, **detail: Any) -> dict[str, Any]:
    """The JSON of an event of this kind, with some fields of the ticket set."""
    sequence = {"meta": {"sequence": {"id": "01KF0000000000000000000001", "position": 2}}}
    return {
        "account_id": 11223344,
        "detail": DETAIL | detail,
        "event": {**(happened or {}), **sequence},
        "id": "6f3c2a10-0000-4000-8000-000000000001",
        "subject": "zen:ticket:35436",
        "time": "2026-01-15T09:05:00.412938114Z",
        "type": f"zen:event-type:ticket.{kind}",
        "zendesk_event_version": "2022-11-06",
    }


def body(kind: str, *, happened: dict[str, Any] | None = None, **detail: Any) -> bytes:
    return json.dumps(content(kind, happened=happened, **detail)).encode()


FULL_VECTOR = (
    b'{"account_id":11223344,"detail":{"actor_id":"8447388090494","assignee_id":"8447388090777","brand_id":'
    b'"8447346621310","created_at":"2026-01-15T09:00:00Z","custom_status":"8447320465790","description":"Checkout '
    b'returns 500","external_id":null,"form_id":"8646151517822","group_id":"8447320466430","id":"35436","is_public":'
    b'true,"organization_id":"8447346622462","priority":"NORMAL","requester_id":"8447388091001","status":"SOLVED",'
    b'"subject":"Checkout broken","submitter_id":"8447388091001","tags":["checkout"],"type":"INCIDENT","updated_at":'
    b'"2026-01-15T10:00:00Z","via":{"channel":"mail"}},"event":{"current":"SOLVED","previous":"OPEN","meta":'
    b'{"sequence":{"id":"01KF0000000000000000000008","position":1}}},"id":"6f3c2a10-0000-4000-8000-000000000008",'
    b'"subject":"zen:ticket:35436","time":"2026-01-15T10:00:00.1Z","type":"zen:event-type:ticket.status_changed",'
    b'"zendesk_event_version":"2022-11-06"}'
)
