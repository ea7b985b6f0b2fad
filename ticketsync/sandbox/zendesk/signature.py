"""How Zendesk signs a webhook request (reference/zendesk-api §3)."""

import base64
import hashlib
import hmac
import secrets

TEST_SECRET = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="  # noqa: S105 - public: Zendesk's documentation has it


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Base64 of HMAC-SHA256 over the timestamp header and the raw body, without a separator.

    The secret looks like base64 but is used as it is written.
    """
    digest = hmac.digest(secret.encode(), timestamp.encode() + body, hashlib.sha256)
    return base64.b64encode(digest).decode()


def new_secret() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
