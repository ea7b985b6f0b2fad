"""Who calls: the API key as user name of Basic auth with any password, or a bearer token.

Source: reference/teamwork-api §1.
"""

import base64
import binascii

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ticketsync.sandbox.faults import CONTROL_PREFIX
from ticketsync.sandbox.teamwork.errors import ErrorAnswer
from ticketsync.sandbox.teamwork.records import Person
from ticketsync.sandbox.teamwork.site import Site


class AccessMiddleware:
    """Puts the caller into the scope as `person`; answers 401 to everybody else. Control calls need no key."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self.app = app
        self.site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(CONTROL_PREFIX):
            await self.app(scope, receive, send)
            return
        person = self._caller(Headers(scope=scope).get("authorization", ""))
        if person is None:
            await ErrorAnswer(401, "the API key is missing or not valid")(scope, receive, send)
            return
        scope["person"] = person
        await self.app(scope, receive, send)

    def _caller(self, authorization: str) -> Person | None:
        state = self.site.state
        scheme, _, credentials = authorization.partition(" ")
        match scheme.lower():
            case "basic":
                person_id = state.keys.get(_user_name(credentials))
            case "bearer":
                person_id = state.tokens.get(credentials.strip())
            case _:
                person_id = None
        person = state.people.get(person_id or 0)
        return None if person is None or person.deleted else person


def _user_name(credentials: str) -> str:
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
