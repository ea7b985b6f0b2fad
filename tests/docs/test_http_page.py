"""`docs/http.md` has every route and every error, and its way of signing is Zendesk's."""

import ast
import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from tests.docs.code_words import module, modules
from tests.docs.pages import PAGES, codes_in
from tests.docs.shell import commands
from ticketsync.sandbox.zendesk import invocation
from ticketsync.server import ServerMetrics, create_app, metrics_app
from ticketsync.server.edge import _UNAUTHORIZED
from ticketsync.settings import Settings
from ticketsync.zendesk.events import parse_event
from ticketsync.zendesk.signature import verify

PAGE = PAGES["docs/http.md"]
ROUTE = re.compile(r"[A-Z]+ /\S+")
COMPUTED = {(404, "not_found")}  # from the HTTP status itself


def _routes() -> Iterator[str]:
    app = create_app(Settings(), lambda: None)
    for path, methods in app.openapi()["paths"].items():
        yield from (f"{method.upper()} {path}" for method in methods)
    yield f"GET {app.openapi_url}"
    yield from (f"GET {route.path}" for route in metrics_app(ServerMetrics()).routes)  # type: ignore[attr-defined]


def test_every_route_has_its_section_and_no_other_is_there() -> None:
    titles = {title for _, title in PAGE.headings if ROUTE.fullmatch(title)}
    assert titles == set(_routes())


# --- answers


def _errors() -> Iterator[tuple[int, str]]:
    """Status and code of every refusal, as the server's code spells them."""
    for source in modules("server"):
        for call in [*source.calls("Refusal"), *source.calls("_answer")]:
            match call.args:
                case [ast.Constant(value=int(status)), ast.Constant(value=str(code)), *_]:
                    yield status, code
    yield from ((401, reason) for reason in _UNAUTHORIZED)


def _told_errors() -> set[tuple[int, str]]:
    rows = [row for table in PAGE.tables for row in table[1:] if row[0] in _statuses()]
    in_tables = {(int(row[0]), code) for row in rows if row[0] >= "400" for code in codes_in(row[1])}
    return in_tables | {(int(status), code) for status, code in re.findall(r"\b([45]\d\d) `(\w+)`", PAGE.text)}


def _statuses() -> set[str]:
    return {str(status) for status in range(200, 600)}


def test_every_error_is_told_and_none_is_invented() -> None:
    assert len(set(_errors())) > 15
    assert _told_errors() == set(_errors()) | COMPUTED


def test_why_a_delivery_is_ignored_is_told() -> None:
    reasons = module("zendesk.kinds").function("why_ignored").returned()
    row = next(row for table in PAGE.tables for row in table if row[0] == "200" and "ignored" in row[1])
    assert set(codes_in(row[2])) == reasons != set()


def test_what_zendesk_does_is_what_the_sandbox_does() -> None:
    section = PAGE.section("What Zendesk does with an answer").text
    assert f"up to {invocation.TIMEOUT_RETRIES} more attempts" in section
    assert f"up to {invocation.CONFLICT_RETRIES} more attempts" in section
    assert f"`Retry-After` below {invocation.LONGEST_RETRY_AFTER} s" in section


# --- signing


def test_the_example_of_a_signature_is_right() -> None:
    told = next(code for code in PAGE.codes if code.endswith("="))
    printf, openssl, *_ = commands(PAGE.section("Sign a request yourself"))
    timestamp, body = printf[2:]
    secret = openssl[openssl.index("-hmac") + 1]
    digest = hmac.new(secret.encode(), (timestamp + body).encode(), hashlib.sha256).digest()
    assert base64.b64encode(digest).decode() == told
    assert verify(body.encode(), timestamp, told, [secret])


def test_the_example_of_a_delivery_is_an_event_that_is_stored() -> None:
    block = next(block for block in PAGE.fences("sh") if block.startswith("now="))
    body = re.search(r"^body='(.*?)'\n", block, re.DOTALL | re.MULTILINE)
    assert body is not None
    now = datetime.now(UTC)
    text = body[1].replace("'$now'", f"{now:%Y-%m-%dT%H:%M:%SZ}")
    assert json.loads(text)["id"]
    event = parse_event(text.encode(), now=now).event
    assert event is not None
    assert (event.kind, event.ticket_id, event.hint) == ("created", 35436, None)
    assert event.clock is not None
