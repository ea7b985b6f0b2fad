"""Requests that are bad HTTP, or good HTTP that never ends; and what the ticket API should not be asked."""

from collections.abc import Callable, Iterable, Iterator
from itertools import repeat

from tests.storms.bad_input import DESK, BadInput, Header, Keys, as_json, bad, event, signature
from tests.storms.raw_http import request

TICKET = 690_000  # of all well signed requests here; in the way of none of the bodies'
MEBIBYTE = 1024 * 1024
TICKETS = b"/api/v1/desks/default/tickets/"
CHUNK = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
CHUNKED = b"Transfer-Encoding: chunked"


def bad_requests(keys: Keys) -> list[BadInput]:
    families: tuple[Callable[[Keys], Iterator[BadInput]], ...] = (
        _heads,
        _frames,
        _endless,
        _pipelined,
        _unfinished,
        _addresses,
        _signatures,
        _api_addresses,
        _api_bodies,
    )
    return [one for family in families for one in family(keys)]


def _good(keys: Keys, *lines: bytes, first: bytes = b"POST " + DESK + b" HTTP/1.1", body: bytes = b"") -> bytes:
    """A signed request for the ticket, with these header lines more and this body in place of the signed one."""
    raw = _raw()
    headers = [name + b": " + value for name, value in signature(raw, keys.secret)]
    return b"\r\n".join([first, b"Host: localhost", *headers, *lines]) + b"\r\n\r\n" + body


def _raw() -> bytes:
    return as_json({"ticket_id": TICKET})


def _length() -> bytes:
    return b"Content-Length: %d" % len(_raw())


def _heads(keys: Keys) -> Iterator[BadInput]:
    for name, line in {
        "NUL in a value": b"X-A: a\x00b",
        "NUL in a name": b"X\x00A: a",
        "no colon": b"nonsense",
        "a space in a name": b"X A: a",
        "folded": b"X-A: a\r\n b",
        "33 kibibytes": b"X-A: " + b"x" * 33 * 1024,
        "12,000 headers": b"\r\n".join([b"X-A: x"] * 12_000),
        "a bare line feed": b"X-A: a\nX-B: b\n\nc",
        "a control in a value": b"X-A: \x01\x7f",
    }.items():
        yield bad(f"head with {name}", 400, _good(keys, line, _length(), body=_raw()))
    for first in (
        b"POST " + DESK + b"\x00 HTTP/1.1",
        b"POST " + DESK + b"\xff\xfe HTTP/1.1",
        b"POST " + DESK + b" HTTP/3.7",
        b"POST " + DESK + b" HTTPS/1.1",
        b"post " + DESK + b" HTTP/1.1",
        b"PRI * HTTP/2.0\r\n\r\nSM",
        b"CONNECT localhost:443 HTTP/1.1",
        b"POST http://[::1/webhook HTTP/1.1",
        b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03",
        b"\x00" * 200,
        b"POST /" + b"x" * 40_000 + b" HTTP/1.1",
    ):
        yield bad(f"line {first[:40]!r}", 400, _good(keys, _length(), b"Connection: close", first=first, body=_raw()))


def _frames(keys: Keys) -> Iterator[BadInput]:
    for line in (
        b"Content-Length: -1",
        b"Content-Length: abc",
        b"Content-Length: +20",
        b"Content-Length: 9" + b"9" * 40,
        b"Content-Length: 20\r\nContent-Length: 3",
        _length() + b"\r\n" + CHUNKED,
        b"Transfer-Encoding: gzip",
        b"Transfer-Encoding: chunked, gzip",
        b"Transfer-Encoding: chunked, chunked",
    ):
        yield bad(f"frame {line[:60]!r}", 400, _good(keys, line, body=_raw()))
    for name, body in {
        "no number": b"zz\r\n",
        "overflow": b"F" * 17 + b"\r\n",
        "negative": b"-1\r\n",
        "NUL": b"\x00\r\n",
    }.items():
        yield bad(f"chunk size {name}", 400, _good(keys, CHUNKED, body=body))
    yield bad("a length of 2**62", 413, _good(keys, b"Content-Length: 4611686018427387904", body=_raw()))
    yield bad("a trailer", 202, _good(keys, CHUNKED, b"Connection: close", body=_chunks(b"X-A: b\r\n")))
    yield bad(
        "expects to go on", 202, _good(keys, b"Expect: 100-continue", _length(), b"Connection: close", body=_raw())
    )
    yield bad("expects nonsense", 202, _good(keys, b"Expect: nonsense", _length(), b"Connection: close", body=_raw()))
    yield bad("HTTP/1.0", 202, _good(keys, _length(), first=b"POST " + DESK + b" HTTP/1.0", body=_raw()))


def _chunks(trailer: bytes) -> bytes:
    raw = _raw()
    return b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(raw), raw, trailer)


def _endless(keys: Keys) -> Iterator[BadInput]:
    """They go on sending until the server hangs up."""

    def without_end(name: str, answer: int, first: bytes, more: bytes) -> BadInput:
        def parts() -> Iterable[bytes]:
            yield first
            yield from repeat(more)

        return BadInput(name, parts, frozenset({answer}))

    yield without_end("chunks without end", 413, _good(keys, CHUNKED), CHUNK)
    yield without_end("a body without end", 413, _good(keys, b"Content-Length: 999999999999"), b" " * 0x10000)
    yield without_end(
        "trailers without end", 400, _good(keys, CHUNKED, body=b"1\r\n{\r\n0\r\n"), b"X-A: " + b"y" * 900 + b"\r\n"
    )
    yield without_end("headers without end", 400, b"POST " + DESK + b" HTTP/1.1\r\n", b"X-A: " + b"y" * 900 + b"\r\n")
    yield without_end("an address without end", 400, b"POST " + DESK, b"y" * 900)
    yield without_end("chunks without end, unsigned", 401, _head(DESK, CHUNKED), CHUNK)
    yield without_end("chunks without end for nobody", 404, _head(b"/webhooks/zendesk/nobody", CHUNKED), CHUNK)
    yield without_end(
        "chunks without end for the API, no token", 401, _head(TICKETS + b"%d/resync" % TICKET, CHUNKED), CHUNK
    )
    token = b"Authorization: Bearer " + keys.api_token.encode()
    yield without_end(
        "chunks without end for the API", 413, _head(TICKETS + b"%d/resync" % TICKET, CHUNKED, token), CHUNK
    )


def _head(path: bytes, *lines: bytes) -> bytes:
    return b"\r\n".join([b"POST " + path + b" HTTP/1.1", b"Host: x", b"Connection: close", *lines]) + b"\r\n\r\n"


def _pipelined(keys: Keys) -> Iterator[BadInput]:
    good = _good(keys, _length(), body=_raw())
    last = _good(keys, _length(), b"Connection: close", body=_raw())
    yield bad("two at once", 202, good + last)
    yield bad("a good one, then garbage", 202, good + b"\x00\x01garbage\r\n\r\n")
    yield bad("a body longer than it says", 202, good + b'"more": true}')
    yield bad("a bad one, then a good one", {400, 401}, _good(keys, b"Content-Length: 2", body=b"{}") + last)


def _unfinished(keys: Keys) -> Iterator[BadInput]:
    """They stop in the middle and wait."""
    for name, parts in {
        "half a body": _good(keys, _length(), body=_raw()[:5]),
        "no body": _good(keys, _length()),
        "half a chunk": _good(keys, CHUNKED, body=b"ff\r\n{"),
        "no last chunk": _good(keys, CHUNKED, body=b"1\r\n{\r\n"),
        "half a body for the API": _head(TICKETS + b"%d/resync" % TICKET, b"Content-Length: 9", *_token(keys)) + b"{",
        "half an address": b"POST /webh",
        "half a head": b"POST " + DESK + b" HTTP/1.1\r\nHost: x",
        "half a method": b"PO",
    }.items():
        yield bad(name, 408, parts, slow=True)
    yield bad("nothing at all", set(), slow=True)
    yield bad("a chunk that only explains itself", 400, _good(keys, CHUNKED, body=b"1;" + b"x" * 3 * MEBIBYTE))
    for name, parts in {
        "hangs up in the body": _good(keys, _length(), body=_raw()[:9]),
        "hangs up in a chunk": _good(keys, CHUNKED, body=b"ff\r\n{}"),
        "hangs up in the head": b"POST " + DESK + b" HTTP/1.1\r\nHos",
        "hangs up in the method": b"P",
    }.items():
        yield bad(name, set(), parts, hang_up=True)


def _token(keys: Keys) -> list[bytes]:
    return [b"Authorization: Bearer " + keys.api_token.encode()]


def _addresses(keys: Keys) -> Iterator[BadInput]:
    for path in (
        b"/webhooks/zendesk/%00",
        b"/webhooks/zendesk/%ff%ed%a0%80",
        b"/webhooks/zendesk/" + b"d" * 20_000,
        b"/webhooks/zendesk/DEFAULT",
        b"/webhooks/zendesk/default%20",
        b"/webhooks/zendesk/default/",
        b"//webhooks/zendesk/default",
        b"/webhooks/zendesk/../../etc/passwd",
        b"/webhooks/zendesk/%2e%2e%2fdefault",
        b"/" + b"%f0%9f%94%a5" * 50,
        b"*",
    ):
        yield bad(f"address {path[:50]!r}", 404, request(b"POST", path, signature(_raw(), keys.secret), _raw()))
    for method in (b"GET", b"HEAD", b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE", b"PROPFIND"):
        yield bad(f"method {method!r}", 405, request(method, DESK, signature(_raw(), keys.secret), _raw()))
    query = DESK + b"?desk=other&ticket_id=%00&" + b"a=b&" * 3_000
    yield bad("a long query", 202, request(b"POST", query, signature(_raw(), keys.secret), _raw()))
    whole = b"http://nobody.example" + DESK
    yield bad("a whole address", 202, request(b"POST", whole, signature(_raw(), keys.secret), _raw()))


def _signatures(keys: Keys) -> Iterator[BadInput]:
    (name, right), (stamp_name, at) = signature(_raw(), keys.secret)
    for given in (
        b"",
        b" ",
        b"=",
        b"A" * 43 + b"=",
        b"\xff\xfe",
        b"x" * 20_000,
        right + b"=",
        right.lower(),
        right[:-4],
    ):
        headers: list[Header] = [(name, given), (stamp_name, at)]
        yield bad(f"signature of {len(given)}: {given[:12]!r}", 401, request(b"POST", DESK, headers, _raw()))
    for given in (b"", b"\xff\xfe", b"0", b"null", b"9" * 5_000, b"2026-01-15T10:00:01Z", at + b"Z"):
        headers = [(name, right), (stamp_name, given)]
        yield bad(f"signed at {given[:12]!r}", 401, request(b"POST", DESK, headers, _raw()))
    twice = [(name, right), (name, b"x"), (stamp_name, at)]
    yield bad("signed twice", {202, 401}, request(b"POST", DESK, twice, _raw()))
    yield bad("no headers", 401, request(b"POST", DESK, [], as_json(event(TICKET))))


def _api_addresses(keys: Keys) -> Iterator[BadInput]:
    token = [(b"Authorization", b"Bearer " + keys.api_token.encode())]
    for ticket in (
        b"0",
        b"-1",
        b"9223372036854775808",
        b"9" * 5_000,
        b"abc",
        b"1.5",
        b"%00",
        b"%D9%A3",
        b"1e3",
        b"NaN",
        b"true",
    ):
        yield bad(f"shows {ticket[:24]!r}", 422, request(b"GET", TICKETS + ticket, token))
        yield bad(f"retries {ticket[:24]!r}", 422, request(b"POST", TICKETS + ticket + b"/retry", token, b""))
    yield bad("shows the largest", 404, request(b"GET", TICKETS + b"9223372036854775806", token))
    yield bad("shows of another desk", 404, request(b"GET", b"/api/v1/desks/%00/tickets/5", token))
    for given in (
        b"",
        b"Bearer",
        b"Bearer ",
        b"Bearer \xff\xfe",
        b"Basic eDp5",
        b"Bearer " + b"t" * 20_000,
        token[0][1].upper(),
    ):
        yield bad(f"token {given[:16]!r}", 401, request(b"GET", TICKETS + b"5", [(b"Authorization", given)]))


def _api_bodies(keys: Keys) -> Iterator[BadInput]:
    path = TICKETS + b"%d/resync" % TICKET
    headers = [(b"Authorization", b"Bearer " + keys.api_token.encode()), (b"Content-Type", b"application/json")]
    for raw in (
        b"{",
        b"[]",
        b"5",
        b'"text"',
        b"NaN",
        b"\xff\xfe",
        b"\x00",
        b'{"recreate": "maybe"}',
        b'{"recreate": null}',
        b'{"recreate": 5}',
        b'{"recreate": {"recreate": true}}',
        b'{"\\ud800": "\\ud800"}',
        b'{"recreate": true, "more": 1}',
        b"9" * 4_000,
        b"[" * 4_000,
    ):
        yield bad(f"resync {raw[:24]!r}", 422, request(b"POST", path, headers, raw))
    for size in (MEBIBYTE, 10 * MEBIBYTE):
        yield bad(f"resync of {size} bytes", 413, request(b"POST", path, headers, b"{}".ljust(size)))
    yield bad("resync without a token", 401, request(b"POST", path, [], b" " * MEBIBYTE))
    yield bad(
        "retry with a body that it does not read",
        202,
        request(b"POST", TICKETS + b"%d/retry" % TICKET, headers, b" " * 5 * MEBIBYTE),
    )
