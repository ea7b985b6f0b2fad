"""Parsing as tests ask for it."""

import json
from datetime import UTC, datetime
from typing import Any

from tests.zendesk.bodies import body
from ticketsync.sync.event import Event
from ticketsync.sync.snapshot import TicketSnapshot
from ticketsync.zendesk import ParsedDelivery, parse_event

NOW = datetime(2026, 1, 15, 9, 5, 1, tzinfo=UTC)


def parse(raw: bytes | dict[str, Any], **options: Any) -> ParsedDelivery:
    return parse_event(raw if isinstance(raw, bytes) else json.dumps(raw).encode(), now=NOW, **options)


def stored(raw: bytes | dict[str, Any], **options: Any) -> Event:
    event = parse(raw, **options).event
    assert event is not None
    return event


def snapshot_of(**detail: Any) -> TicketSnapshot:
    event = stored(body("status_changed", **detail))
    assert event.hint is None
    assert event.snapshot is not None
    return event.snapshot


def hint_of(**detail: Any) -> str | None:
    return stored(body("status_changed", **detail)).hint
