"""Zendesk's webhook signature: base64 of HMAC-SHA256 over timestamp and raw body (reference/zendesk-api §3)."""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta

from ticketsync.zendesk.fields import Unreadable, read_time

# Public: Zendesk signs with it while a webhook that does not exist yet is tested. The settings refuse it on real desks.
TEST_SECRET = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="  # noqa: S105


def sign(raw_body: bytes, timestamp: str, secret: str) -> str:
    """The value of `X-Zendesk-Webhook-Signature` for a body and its `X-Zendesk-Webhook-Signature-Timestamp`.

    The secret is used as it is shown; it looks like base64 but is not decoded.
    """
    message = timestamp.encode("utf-8", "replace") + raw_body
    return base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()


def verify(raw_body: bytes, timestamp: str, signature: str, secrets: Iterable[str]) -> bool:
    """Whether one of the secrets made this signature, in a time that does not depend on which, or on how nearly."""
    given = signature.encode("utf-8", "replace")
    matches = [hmac.compare_digest(sign(raw_body, timestamp, secret).encode(), given) for secret in secrets]
    return any(matches)


def timestamp_age(timestamp: str, now: datetime) -> timedelta | None:
    """How old a signature is by its timestamp header, negative when it is of the future; None when that is no time."""
    try:
        return now - read_time(timestamp).moment
    except Unreadable:
        return None
