"""Bodies that no Zendesk should send, most of them well signed: what is wrong with them is left to the parser, and what
it makes of them to the ticket's workflow.
"""

import copy
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from tests.storms.bad_input import OLDER, BadInput, Keys, as_json, bad, event, signature, signed, stamp
from tests.storms.raw_http import request
from ticketsync.zendesk.kinds import ALWAYS_STORED, KNOWN

FIRST_TICKET = 700_000
HUGE_TICKETS = (2**53 + 1, 2**63 - 1)
MEBIBYTE = 1024 * 1024
DECADE = timedelta(days=3653)

MISSING = object()
WRONG: dict[str, Any] = {
    "missing": MISSING,
    "null": None,
    "true": True,
    "minus one": -1,
    "too large": 10**30,
    "fraction": 1.5,
    "empty": "",
    "NUL": "a\x00b",
    "surrogate": "\ud800",
    "long": "\U0001f525" * 5_000,
    "list": [["x"], 1],
    "object": {"a": {"b": None}},
}
# A body is known for an event by its type, and belongs to a ticket by one of two ids: all else may be anything.
EVENT_FIELDS = (
    *[(field,) for field in event(1) if field != "type"],
    *[("detail", field) for field in event(1)["detail"]],
    *[("event", field) for field in event(1)["event"]],
    ("event", "meta", "sequence"),
    ("event", "meta", "sequence", "position"),
)
TEXTS = {
    "empty": "",
    "blank": " \t\n ",
    "300 characters": "long " * 60,
    "100,000 characters": "y" * 100_000,
    "NUL": "a\x00b",
    "controls": "".join(map(chr, range(1, 32))) + "\x7f\x85\u2028",
    "lone surrogates": "\ud83d broken \udd25",
    "right to left": "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "override": "\u202egpj.exe",
    "emoji": "\U0001f525 \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea" * 12,
    "combining": "Z\u0300\u0301\u0302\u0303" * 80,
    "byte order mark": "\ufeffsubject",
    "not a character": "\uffff\U0010ffff",
    "template": "{subject} {id} {0} %s ${x}",
    "marker": "[ticketsync:default/1](http://127.0.0.1/1)",
    "markup": "<script>alert(1)</script> & ]]>",
}


def bad_bodies(keys: Keys) -> list[BadInput]:
    """All of them. Each family has tickets of its own, numbered from FIRST_TICKET."""
    tickets = count(FIRST_TICKET)
    families: tuple[Callable[[Keys, Iterator[int]], Iterator[BadInput]], ...] = (
        _wrong_fields,
        _texts,
        _kinds,
        _clocks,
        _ids,
        _triggers,
        _older_forms,
        _cut_off,
        _not_events,
        _other_encodings,
        _sizes,
    )
    return [one for family in families for one in family(keys, tickets)]


def _wrong_fields(keys: Keys, tickets: Iterator[int]) -> Iterator[BadInput]:
    for path in EVENT_FIELDS:
        ticket_id = next(tickets)
        for name, value in WRONG.items():
            raw = as_json(_changed(event(ticket_id), path, value) | _own_id(path, f"{'.'.join(path)} {name}"))
            yield bad(f"{'.'.join(path)} {name}", 202, signed(raw, keys))
    for name, value in WRONG.items():
        yield bad(f"type {name}", 400, signed(as_json(_changed(event(next(tickets)), ("type",), value)), keys))


def _own_id(path: tuple[str, ...], name: str) -> dict[str, str]:
    return {} if path == ("id",) else {"id": name.replace(" ", "-")}


def _changed(content: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    content = copy.deepcopy(content)
    inner = content
    for step in path[:-1]:
        inner = inner[step]
    if value is MISSING:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return content


def _texts(keys: Keys, tickets: Iterator[int]) -> Iterator[BadInput]:
    for name, text in TEXTS.items():
        ticket_id = next(tickets)
        content = _changed(event(ticket_id), ("detail", "subject"), text)
        yield bad(f"called {name}", 202, signed(as_json(content), keys))
        tags = _changed(event(ticket_id), ("detail", "tags"), [text] * 3)
        yield bad(f"tagged {name}", 202, signed(as_json(tags | {"id": f"tags-{ticket_id}"}), keys))


def _kinds(keys: Keys, tickets: Iterator[int]) -> Iterator[BadInput]:
    """Every kind of event without a word on its ticket, and kinds that nobody has heard of."""
    ticket_id = next(tickets)
    for kind in sorted(KNOWN):
        content = event(ticket_id, kind) | {"detail": None, "event": None}
        yield bad(f"bare {kind}", 202 if kind in ALWAYS_STORED else 200, signed(as_json(content), keys))
    for kind in ("made_up", "CREATED_TWICE", "x" * 1000):
        yield bad(f"kind {kind[:20]}", 200, signed(as_json(event(ticket_id, kind)), keys))
    for kind in ("", "a.b", "created\x00", "\ud800"):
        yield bad(f"kind {kind!r}", 400, signed(as_json(event(ticket_id, kind)), keys))
    for name in ("zen:event-type:user.created", "zen:event-type:organization.deleted"):
        yield bad(name, 200, signed(as_json(event(ticket_id) | {"type": name}), keys))


def _clocks(keys: Keys, tickets: Iterator[int]) -> Iterator[BadInput]:
    now = datetime.now(UTC)
    times = {
        "in ten years": stamp(now + DECADE),
        "ten years ago": stamp(now - DECADE),
        "in an hour": stamp(now + timedelta(hours=1)),
        "year 1": "0001-01-01T00:00:00Z",
        "year 9999": "9999-12-31T23:59:59Z",
        "before year 1": "0001-01-01T00:00:00+14:00",
        "after year 9999": "9999-12-31T23:59:59-14:00",
        "leap second": "2016-12-31T23:59:60Z",
        "February 31st": "2026-02-31T00:00:00Z",
        "no zone": "2026-01-15T09:05:00",
        "a number": 1768467900,
    }
    fields = (("time",), ("detail", "updated_at"), ("detail", "created_at"))
    for path in fields:
        for name, time in times.items():
            ticket_id = next(tickets)
            content = _changed(event(ticket_id), path, time)
            yield bad(f"{path[-1]} {name}", 202, signed(as_json(content), keys))
    for kind in ("soft_deleted", "created", "undeleted"):
        ticket_id = next(tickets)
        content = event(ticket_id, kind, at=now + DECADE)
        yield bad(f"{kind} in ten years", 202, signed(as_json(content), keys))
    yield from _signature_times(keys, tickets)


def _signature_times(keys: Keys, tickets: Iterator[int]) -> Iterator[BadInput]:
    now, ticket_id = datetime.now(UTC), next(tickets)
    for name, timestamp, answer in (
        ("in ten years", stamp(now + DECADE), 202),
        ("ten years ago", stamp(now - DECADE), 401),
        ("year 1", "0001-01-01T00:00:00Z", 202),
        ("year 9999", "9999-12-31T23:59:59Z", 202),
        ("of another form", "1768467900", 202),
        ("no time", "yesterday", 202),
        ("30,000 digits", "2026-01-15T10:00:01." + "1" * 30_000 + "Z", 202),
    ):
        raw = as_json(event(ticket_id) | {"id": f"signed {name}".replace(" ", "-")})
        yield bad(f"signed {name}", answer, signed(raw, keys, timestamp=timestamp))


def _ids(keys: Keys, tickets: Iterator[int]) -> Iterator[BadInput]:
    for ticket_id in HUGE_TICKETS:
        yield bad(f"ticket {ticket_id}", 202, signed(as_json(event(ticket_id)), keys))
    for wrong in (0, -1, -5, 2**63, 10**30, 10**5_000, "0x10", "1e3", "\u0663\u0665", "1 2", "7" * 5000):
        named = event(1) | {"subject": f"zen:ticket:{_short(wrong)}"}
        raw = b'{"ticket":' + _number(wrong) + b"," + as_json(_changed(named, ("detail", "id"), MISSING))[1:]
        yield bad(f"no ticket {str(_short(wrong))[:40]}", 400, signed(raw, keys))


def _short(number: int | str) -> int | str:
    return number if isinstance(number, str) or number < 10**40 else "1" + "0" * 5000


def _number(value: int | str) -> bytes:
    return as_json(value) if isinstance(value, str) or value < 10**40 else b"1" + b"0" * 5000


def _triggers(keys: Keys, tickets: Iterator[int]) -> Iterator[BadInput]:
    ticket_id = next(tickets)
    for name, value in WRONG.items():
        raw = as_json({} if value is MISSING else {"ticket_id": value})
        yield bad(f"trigger {name}", 400, signed(raw, keys))
    for name, value in {"text": str(ticket_id), "padded": f" {ticket_id} ", "leading zeros": f"000{ticket_id}"}.items():
        yield bad(f"trigger {name}", 202, signed(as_json({"ticket_id": value}), keys))
    for name, value in WRONG.items():
        if value is not MISSING:
            raw = as_json({"ticket_id": ticket_id, "account_id": value})
            yield bad(f"trigger of account {name}", 202, signed(raw, keys))
    yield bad("another account", 401, signed(as_json(event(ticket_id) | {"account_id": 5}), keys))


def _older_forms(keys: Keys, tickets: Iterator[int]) -> Iterator[BadInput]:
    ticket_id = next(tickets)
    good = {
        "event_type": "ticket_updated",
        "ticket": {"id": ticket_id, "subject": "x", "status": "open", "assignee_id": 7, "tags": ["a"]},
        "merged_into_ticket_id": None,
    }
    fields = (
        ("event_type",),
        ("merged_into_ticket_id",),
        *[("ticket", name) for name in ("subject", "status", "tags")],
    )
    for path in (*fields, ("ticket", "assignee_id"), ("ticket", "id"), ("ticket",)):
        answer = 400 if path in (("ticket", "id"), ("ticket",)) else 202
        for name, value in WRONG.items():
            raw = as_json(_changed(good, path, value))
            yield bad(f"older {'.'.join(path)} {name}", answer, _older(raw, keys.secret.encode()))
    for secret in (b"", b"wrong", b"\xff\xfe", b"s" * 20_000, keys.secret.upper().encode()):
        yield bad(f"older secret {secret[:8]!r}", 401, _older(as_json(good), secret))


def _older(raw: bytes, secret: bytes) -> bytes:
    return request(b"POST", OLDER, [(b"X-Webhook-Secret", secret)], raw)


def _cut_off(keys: Keys, tickets: Iterator[int]) -> Iterator[BadInput]:
    raw = as_json(event(next(tickets)))
    for length in range(1, len(raw), len(raw) // 15):
        yield bad(f"cut off after {length}", 400, signed(raw[:length], keys))


def _not_events(keys: Keys, tickets: Iterator[int]) -> Iterator[BadInput]:
    ticket_id = next(tickets)
    for name, raw in {
        "nothing": b"",
        "blank": b" \r\n\t ",
        "list": b"[]",
        "text": b'"text"',
        "null": b"null",
        "not a number": b"NaN",
        "infinity": b"-Infinity",
        "empty key": b'{"": {"": 0}}',
        "NUL": b"\x00" * 100,
        "form": b"ticket_id=5&type=zen",
        "XML": b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
        "not UTF-8": b'{"ticket_id": "\xff\xfe"}',
        "single quotes": b"{'ticket_id': 5}",
        "trailing comma": b'{"ticket_id": 5,}',
        "two objects": b'{"ticket_id": 5}{"ticket_id": 6}',
        "deep lists": b"[" * 500_000,
        "deep objects": b'{"a":' * 150_000,
        "deep ticket": b'{"ticket_id": ' + b"[" * 100_000,
        "10,000 digits": b'{"ticket_id": ' + b"9" * 10_000 + b"}",
    }.items():
        yield bad(f"body {name}", 400, signed(raw, keys))
    duplicate = b'{"ticket_id": "x", "ticket_id": %d}' % ticket_id
    yield bad("the same key twice", 202, signed(duplicate, keys))
    pairs = b",".join(b'"k%d":%d' % (number, number) for number in range(50_000))
    yield bad("50,000 keys", 202, signed(b'{"ticket_id":%d,%s}' % (ticket_id, pairs), keys))


def _other_encodings(keys: Keys, tickets: Iterator[int]) -> Iterator[BadInput]:
    ticket_id = next(tickets)
    raw = as_json(event(ticket_id))
    for content_type in (
        b"text/plain",
        b"application/xml",
        b"multipart/form-data; boundary=x",
        b"",
        b"\xff",
        b"a" * 9000,
    ):
        yield bad(f"type {content_type[:20]!r}", 202, signed(raw, keys, (b"Content-Type", content_type)))
    for coding in (b"gzip", b"br", b"nonsense"):
        yield bad(f"not {coding!r}", 202, signed(raw, keys, (b"Content-Encoding", coding)))
    for encoding in ("utf-16", "utf-32", "utf-8-sig"):
        answers = {202, 400}  # JSON's own words for what a receiver may take
        yield bad(encoding, answers, signed(raw.decode().encode(encoding), keys))
    split = raw.decode().replace("Bad ", "\ud800 ").encode("utf-8", "surrogatepass")
    yield bad("a surrogate in UTF-8", {202, 400}, signed(split, keys))
    for name, value in {"long": b"i" * 9000, "latin": b"\xe9\xff", "blank": b" \t ", "tab": b"a\tb"}.items():
        invocation = (b"X-Zendesk-Webhook-Invocation-Id", value)
        yield bad(f"invocation {name}", 202, signed(as_json({"ticket_id": ticket_id, "n": name}), keys, invocation))


def _sizes(keys: Keys, tickets: Iterator[int]) -> Iterator[BadInput]:
    raw = as_json(event(next(tickets)))
    for size, answer in ((MEBIBYTE, 202), (MEBIBYTE + 1, 413), (10 * MEBIBYTE, 413)):
        yield bad(f"{size} bytes", answer, signed(raw.ljust(size), keys))
    unsigned = request(b"POST", b"/webhooks/zendesk/default", [], raw.ljust(10 * MEBIBYTE))
    yield bad("ten mebibytes without a signature", 401, unsigned)
    wrong = [(name, value[:-4] + b"AAA=") for name, value in signature(raw, keys.secret)]
    yield bad("one that is not signed so", 401, request(b"POST", b"/webhooks/zendesk/default", wrong, raw))
