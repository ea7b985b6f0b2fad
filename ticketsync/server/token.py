"""Whether a request has the API token. It is compared in a time that says nothing of where two tokens differ."""

import base64
import binascii
import hmac

from pydantic import SecretStr
from starlette.requests import Request

from ticketsync.server.answers import Refusal

BEARER = {"WWW-Authenticate": "Bearer"}
BASIC = {"WWW-Authenticate": 'Basic realm="ticketsync", charset="UTF-8"'}


class ApiToken:
    """`token` None: nothing that needs it is there. 404, as for any other address that is not."""

    def __init__(self, token: SecretStr | None) -> None:
        self._token = token

    async def as_bearer(self, request: Request) -> None:
        """Raises Refusal. What writes takes it in this way only: no page of others can have a browser send it."""
        scheme, given = _authorization(request)
        if not self._is(given) or scheme != "bearer":
            raise Refusal(401, "wrong_token", "Send TICKETSYNC_API_TOKEN as bearer token.", BEARER)

    async def as_bearer_or_password(self, request: Request) -> None:
        """The same, or as the password of any user: a browser keeps that for the Temporal UI. Raises Refusal."""
        scheme, given = _authorization(request)
        password = _password(given) if scheme == "basic" else given
        if not self._is(password) or scheme not in ("bearer", "basic"):
            raise Refusal(401, "wrong_token", "Send TICKETSYNC_API_TOKEN as bearer token or as password.", BASIC)

    def _is(self, given: bytes) -> bool:
        if self._token is None:
            raise Refusal(404, "no_api_token", "This is off: set TICKETSYNC_API_TOKEN to use it.")
        return hmac.compare_digest(given, self._token.get_secret_value().encode())


def _authorization(request: Request) -> tuple[str, bytes]:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower(), given.strip().encode()


def _password(given: bytes) -> bytes:
    try:
        return base64.b64decode(given, validate=True).partition(b":")[2]
    except binascii.Error:
        return b""
