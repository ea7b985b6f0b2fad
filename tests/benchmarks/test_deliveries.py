"""What the load generator sends is what Zendesk sends, and what the server stores."""

from collections import Counter
from datetime import UTC, datetime

from benchmarks.deliveries import SECRET, SIDE_BY_SIDE, Traffic, a_ticket, created, renamed, request
from ticketsync.zendesk.events import parse_event
from ticketsync.zendesk.signature import verify


def test_bodies_are_events_with_a_snapshot() -> None:
    for body, kind in ((created(a_ticket(7)), "created"), (renamed(a_ticket(7)), "subject_changed")):
        event = parse_event(body, now=datetime.now(UTC)).event
        assert event is not None
        assert (event.ticket_id, event.kind, event.hint) == (7, kind, None)
        assert event.snapshot is not None


def test_requests_are_signed() -> None:
    head, _, body = request(created(a_ticket(7))).partition(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode().splitlines()[1:])
    timestamp, signature = (fields[f"X-Zendesk-Webhook-Signature{end}"] for end in ("-Timestamp", ""))
    assert verify(body, timestamp, signature, [SECRET])
    assert int(fields["Content-Length"]) == len(body)


def test_new_tickets_are_told_once_each() -> None:
    traffic = Traffic(first=10)
    assert [traffic.delivery(number) for number in range(3)] == [(10, True), (11, True), (12, True)]


def test_edited_tickets_begin_with_their_create_and_change_side_by_side() -> None:
    deliveries = [Traffic(first=1, edits=4).delivery(number) for number in range(2 * 5 * SIDE_BY_SIDE)]
    assert Counter(ticket for ticket, _ in deliveries) == dict.fromkeys(range(1, 2 * SIDE_BY_SIDE + 1), 5)
    assert [ticket for ticket, is_first in deliveries if is_first] == list(range(1, 2 * SIDE_BY_SIDE + 1))
    assert all(deliveries.index((ticket, True)) < deliveries.index((ticket, False)) for ticket, _ in deliveries)


def test_known_tickets_only_change() -> None:
    assert [Traffic(tickets=(3, 5)).delivery(number) for number in range(3)] == [(3, False), (5, False), (3, False)]
