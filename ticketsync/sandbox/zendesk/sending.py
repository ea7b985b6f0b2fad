"""One request to a webhook's endpoint, signed and headed as Zendesk's are, and what came of it (reference §1.1, §3)."""

import asyncio
import base64
import time
from typing import Any, NamedTuple

import httpx

from ticketsync.sandbox.zendesk.clock import Clock, rest_time
from ticketsync.sandbox.zendesk.invocation import Attempt
from ticketsync.sandbox.zendesk.signature import sign

CONTENT_TYPES = {
    "json": "application/json; charset=utf-8",
    "xml": "application/xml; charset=utf-8",
    "form_encoded": "application/x-www-form-urlencoded",
}
PAYLOAD_KEPT = 10_000
SCRUBBED = "[SCRUBBED]"


class Outgoing(NamedTuple):
    """What is to be sent, and as whom. `webhook_id` None: a test of a webhook that does not exist yet."""

    invocation_id: str
    webhook_id: str | None
    endpoint: str
    http_method: str
    request_format: str
    body: str
    secret: str
    authentication: dict[str, Any] | None = None
    custom_headers: dict[str, str] | None = None


class Sender:
    """Sends for one account. `client` has no time-out of its own."""

    def __init__(self, client: httpx.AsyncClient, account_id: int, clock: Clock) -> None:
        self._client = client
        self._account_id = account_id
        self._clock = clock

    async def send(self, outgoing: Outgoing, timeout_seconds: float) -> Attempt:
        """One request; an Attempt without status when there was no answer in time, or none at all."""
        headers, private = self._headers(outgoing), _private_headers(outgoing)
        logged = headers | dict.fromkeys(private, SCRUBBED)
        attempt = Attempt(at=self._clock.exactly(), seconds=0.0, request_headers=logged)
        started = time.perf_counter()
        try:
            async with asyncio.timeout(timeout_seconds):
                _take_over(attempt, await self._request(outgoing, headers | private))
        except (TimeoutError, httpx.TimeoutException):
            attempt.timed_out = True
        except (httpx.HTTPError, httpx.InvalidURL):
            pass  # nobody listens, or the connection broke: final, like an answer that is not retried
        attempt.seconds = time.perf_counter() - started
        return attempt

    async def _request(self, outgoing: Outgoing, headers: dict[str, str]) -> httpx.Response:
        content = outgoing.body.encode() or None
        return await self._client.request(outgoing.http_method, outgoing.endpoint, content=content, headers=headers)

    def _headers(self, outgoing: Outgoing) -> dict[str, str]:
        timestamp = rest_time(self._clock.now())
        named = {"X-Zendesk-Webhook-Id": outgoing.webhook_id} if outgoing.webhook_id else {}
        return {
            "User-Agent": "Zendesk Webhook",
            "Content-Type": CONTENT_TYPES[outgoing.request_format],
            "X-Zendesk-Account-Id": str(self._account_id),
            **named,
            "X-Zendesk-Webhook-Invocation-Id": outgoing.invocation_id,
            "X-Zendesk-Webhook-Signature": sign(outgoing.secret, timestamp, outgoing.body.encode()),
            "X-Zendesk-Webhook-Signature-Timestamp": timestamp,
        }


def _take_over(attempt: Attempt, answer: httpx.Response) -> None:
    attempt.status_code = answer.status_code
    attempt.retry_after = _seconds(answer.headers.get("retry-after"))
    attempt.response_headers = list(answer.headers.items())
    attempt.response_payload = answer.text[:PAYLOAD_KEPT]


def _private_headers(outgoing: Outgoing) -> dict[str, str]:
    """What a webhook's owner added; the log does not show their values (reference/zendesk-api §1.1)."""
    return (outgoing.custom_headers or {}) | _credentials(outgoing.authentication)


def _credentials(authentication: dict[str, Any] | None) -> dict[str, str]:
    """The optional header a webhook signs in with at its endpoint (reference/zendesk-api §3)."""
    match authentication:
        case {"type": "basic_auth", "data": {"username": str(name), "password": str(password)}}:
            pair = base64.b64encode(f"{name}:{password}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}
        case {"type": "bearer_token", "data": {"token": str(token)}}:
            return {"Authorization": f"Bearer {token}"}
        case {"type": "api_key", "data": {"name": str(name), "value": str(value)}}:
            return {name: value}
        case _:
            return {}


def _seconds(retry_after: str | None) -> float | None:
    return float(retry_after) if retry_after is not None and retry_after.isdecimal() else None
