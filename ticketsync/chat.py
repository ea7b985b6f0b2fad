"""A Slack-compatible incoming webhook: one message as JSON, `{"text": …}`. Its address is a secret and is never said.

ChatError
├── NotToldError     surely not told: no connection, or refused
└── MaybeToldError   sent, and no answer came, or only that of a proxy
"""

import asyncio
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

CALL_SECONDS = 10.0
CONNECTING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
# Who is asked has not answered them, and may have taken it.
OF_A_PROXY = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT})
NEVER_SENT = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL)


class ChatError(Exception):
    """`cause` is an HTTP status, or the name of what went wrong."""

    def __init__(self, where: str, cause: str) -> None:
        super().__init__(f"the chat at {where} was not told ({cause}): is its webhook address the right one?")
        self.cause = cause


class NotToldError(ChatError): ...


class MaybeToldError(ChatError): ...


async def tell(webhook: SecretStr, text: str) -> None:
    """Send one message. Raises ChatError."""
    url = webhook.get_secret_value()
    where = host_of(webhook)
    try:
        async with asyncio.timeout(CALL_SECONDS), httpx.AsyncClient(timeout=CALL_SECONDS) as http:
            answer = await http.post(url, json={"text": text})
    # What httpx raises is not chained: its request holds the address.
    except (*CONNECTING, *NEVER_SENT) as error:
        raise NotToldError(where, type(error).__name__) from None
    except (httpx.HTTPError, TimeoutError) as error:
        raise MaybeToldError(where, type(error).__name__) from None
    if not answer.is_success:
        kind = MaybeToldError if answer.status_code in OF_A_PROXY else NotToldError
        raise kind(where, f"answered {answer.status_code}")


def host_of(webhook: SecretStr) -> str:
    """The part of its address that may be said."""
    return urlsplit(webhook.get_secret_value()).hostname or "?"
