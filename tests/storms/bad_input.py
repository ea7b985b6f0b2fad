"""What one bad input is: the bytes that go over the wire, and the answers that it may get."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from tests.storms.raw_http import request
from ticketsync.zendesk.signature import sign

ACCOUNT = 11223344  # the sandbox's
DESK = b"/webhooks/zendesk/default"
OLDER = b"/webhook"

Header = tuple[bytes, bytes]


@dataclass(frozen=True)
class Keys:
    """What a sender must know to get past the door."""

    secret: str
    api_token: str


@dataclass(frozen=True)
class BadInput:
    """`parts` are sent one after the other, for ever if they have no end. `answers`: the statuses that are right; with
    none of them (an empty set) the server may hang up without a word. `slow`: the answer comes when its patience ends.
    """

    name: str
    parts: Callable[[], Iterable[bytes]]
    answers: frozenset[int]
    slow: bool = False
    hang_up: bool = False

    @property
    def beginning(self) -> bytes:
        """Enough of it to tell it from any other."""
        return b"".join(islice(self.parts(), 20))


def bad(name: str, answers: int | set[int], *parts: bytes, slow: bool = False, hang_up: bool = False) -> BadInput:
    statuses = {answers} if isinstance(answers, int) else answers
    return BadInput(name, lambda: parts, frozenset(statuses), slow=slow, hang_up=hang_up)


def as_json(content: Any) -> bytes:
    """With escapes for what UTF-8 cannot carry, such as lone surrogates."""
    return json.dumps(content).encode()


def stamp(moment: datetime) -> str:
    return f"{moment.isoformat()[:19]}Z"


def signature(raw: bytes, secret: str, timestamp: str | None = None) -> list[Header]:
    """The two headers; `timestamp` None: signed just now."""
    at = stamp(datetime.now(UTC)) if timestamp is None else timestamp
    return [
        (b"X-Zendesk-Webhook-Signature", sign(raw, at, secret).encode()),
        (b"X-Zendesk-Webhook-Signature-Timestamp", at.encode()),
    ]


def signed(raw: bytes, keys: Keys, *more: Header, timestamp: str | None = None) -> bytes:
    """A whole request to the desk, signed as Zendesk would sign it."""
    return request(b"POST", DESK, [*signature(raw, keys.secret, timestamp), *more], raw)


def event(ticket_id: int, kind: str = "subject_changed", *, at: datetime | None = None) -> dict[str, Any]:
    """A good event of a ticket that was created just now; of this moment unless told otherwise."""
    moment = at or datetime.now(UTC)
    return {
        "account_id": ACCOUNT,
        "detail": {
            "actor_id": "8447388091001",
            "assignee_id": None,
            "brand_id": "8447346621310",
            "created_at": stamp(moment),
            "custom_status": "8447320465790",
            "description": "It burns",
            "external_id": None,
            "form_id": "8646151517822",
            "group_id": "8447320466430",
            "id": str(ticket_id),
            "is_public": True,
            "organization_id": "8447346622462",
            "priority": "NORMAL",
            "requester_id": "8447388091001",
            "status": "OPEN",
            "subject": f"Bad {ticket_id}",
            "submitter_id": "8447388091001",
            "tags": ["checkout"],
            "type": "INCIDENT",
            "updated_at": stamp(moment),
            "via": {"channel": "mail"},
        },
        "event": {
            "current": "b",
            "previous": "a",
            "target_ticket_id": None,
            "meta": {"sequence": {"id": "01KF0000000000000000000001", "position": 1}},
        },
        "id": f"{ticket_id}-{kind}-{moment.timestamp():.0f}",
        "subject": f"zen:ticket:{ticket_id}",
        "time": f"{stamp(moment)[:-1]}.412938114Z",
        "type": f"zen:event-type:ticket.{kind}",
        "zendesk_event_version": "2022-11-06",
    }
