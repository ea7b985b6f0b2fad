"""Where a desk's webhook leads, and whether Zendesk's own test call comes through to there.

The test call is seen to arrive by its answer: Zendesk reports what the endpoint said, and only a server that knows the
webhook's secret says what ours says to a good signature. So it is seen wherever this command runs, with any number of
servers behind the address; a metric or the health page would take a way to each of them, and the log of invocations
does not say what was answered.
"""

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import click
from pydantic import BaseModel

from ticketsync.settings import DeskSettings
from ticketsync.settings.models import is_loopback
from ticketsync.zendesk import EndpointAnswer, Webhooks
from ticketsync.zendesk.kinds import TEST_CALL, TEST_TYPE

PATH = "/webhooks/zendesk/"
TRIES = 5
PAUSE_SECONDS = 2.0
SIGNATURE_IS_GOOD = frozenset({"not_an_event"})  # the body is looked at only after that
NO_ANSWER = frozenset({None, 0, 502, 504})


class Trial(BaseModel):
    """What came of a test call. `outcome` is a code; `found` and `next` are for people."""

    ok: bool
    outcome: str
    found: str
    next: str = ""


def endpoint_of(url: str, desk: DeskSettings) -> str:
    """The whole address of the desk's webhook, from that or from the server's. Raises click.BadParameter."""
    parts = _split(url)
    if parts.scheme != "https" and not is_loopback(url):
        raise _bad("must begin with https://: a delivery holds what customers write")
    if is_loopback(url) and not desk.is_sandbox:
        raise _bad("is this machine's own: Zendesk cannot reach it. Give the address by which the world does")
    base, path, named = url.rstrip("/").partition(PATH)
    if path and named != desk.name:
        raise _bad(f"leads to desk {named!r}, and this is desk {desk.name!r}: give the address without its path")
    return f"{base.removesuffix(PATH.rstrip('/'))}{PATH}{desk.name}"


def _split(url: str) -> Any:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError on a port that is none
    except ValueError:
        raise _bad("is no address such as https://hooks.acme.example") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isprintable() or " " in url:
        raise _bad("is no address such as https://hooks.acme.example")
    if parts.query or parts.fragment or parts.username is not None:
        raise _bad("must be an address without user name, query or fragment")
    return parts


def _bad(reason: str) -> click.BadParameter:
    return click.BadParameter(reason, param_hint="--url")


# --- the test call


async def send_test_call(webhooks: Webhooks, webhook_id: str, endpoint: str, *, secret_is_new: bool) -> Trial:
    """Have Zendesk send one, and tell what became of it. Raises ZendeskError when Zendesk does not even try.

    A server that reads its secret from a file may need a moment to notice a new one.
    """
    for _ in range(TRIES - 1 if secret_is_new else 0):
        trial = trial_of(await webhooks.test(webhook_id, _payload()), endpoint)
        if trial.outcome != "wrong_signature":
            return trial
        await asyncio.sleep(PAUSE_SECONDS)
    return trial_of(await webhooks.test(webhook_id, _payload()), endpoint)


def _payload() -> str:
    return json.dumps({"type": TEST_TYPE, "id": str(uuid4())})


def trial_of(answer: EndpointAnswer, endpoint: str) -> Trial:
    """What the endpoint's answer means."""
    code = _code_in(answer.payload)
    if code == TEST_CALL:
        return Trial(ok=True, outcome="arrived", found="the server has verified its signature")
    if code in SIGNATURE_IS_GOOD or code in ("stored", "ignored"):
        return Trial(ok=True, outcome="arrived", found=f"the server has verified its signature, and answers {code}")
    if code == "test_signature":
        found = "the server has got it; Zendesk signs test calls of this account with its public test secret"
        return Trial(ok=True, outcome=code, found=found, next="whether the secret is right shows the first real event")
    if code in REFUSALS:
        return Trial(ok=False, outcome=code, found=f"the server refuses it: {code}", next=REFUSALS[code])
    if answer.status_code in NO_ANSWER:
        told = f" ({answer.status_code})" if answer.status_code else ""
        found = f"Zendesk gets no answer from {endpoint}{told}"
        return Trial(ok=False, outcome="unreachable", found=found, next=UNREACHABLE)
    found = f"something else answers at {endpoint}, with {answer.status_code}"
    return Trial(ok=False, outcome="other_server", found=found, next="correct --url, or what stands before the server")


def _code_in(payload: str) -> str:
    """The code in an answer of our server (docs/http.md); empty when it is none of ours."""
    try:
        content = json.loads(payload)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(content, dict):
        return ""
    said = content.get("error") or content.get("status")
    code = content.get("reason") if said == "ignored" and content.get("reason") == TEST_CALL else said
    return code if isinstance(code, str) else ""


UNREACHABLE = "is the server running, and are its name, its certificate and the way to it good from outside?"
REFUSALS = {
    "wrong_signature": "it does not know this secret: restart the server with it, then run this again",
    "no_signature": "something on the way takes away the X-Zendesk-Webhook headers: let them through",
    "too_old": "set the server's clock right",
    "account_mismatch": "this desk of the server belongs to another Zendesk account: correct --url",
    "unknown_desk": "the server has no such desk: give it the same settings, and restart it",
}
