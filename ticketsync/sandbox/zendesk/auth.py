"""Who is calling (reference/zendesk-api §6): Basic `{email}/token:{api_token}`, or a Bearer token for the admin."""

import base64
import binascii
import hmac
from typing import Annotated

from fastapi import Depends, Request

from ticketsync.sandbox.zendesk.account import Account, AccountHere
from ticketsync.sandbox.zendesk.errors import NOT_AUTHENTICATED, ApiError, forbidden
from ticketsync.sandbox.zendesk.models import User

TOKEN_USER = "/token"  # noqa: S105 - the suffix that tells a token from a password


def _signed_in(request: Request, account: AccountHere) -> User:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    match scheme.lower():
        case "basic":
            user = _by_token(account, credentials)
        case "bearer":
            user = _by_bearer(account, credentials)
        case _:
            user = None
    if user is None or not user.active or user.suspended:
        raise ApiError(401, NOT_AUTHENTICATED)
    return user


def _by_token(account: Account, credentials: str) -> User | None:
    try:
        name, _, token = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    if not name.endswith(TOKEN_USER) or not _same(token, account.settings.api_token):
        return None
    return account.store.user_by_email(name.removesuffix(TOKEN_USER))


def _by_bearer(account: Account, token: str) -> User | None:
    known = _same(token, account.settings.oauth_token)
    return account.store.user_by_email(account.settings.email) if known else None


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


SignedIn = Annotated[User, Depends(_signed_in)]


def _agent(user: SignedIn) -> User:
    if not user.is_staff:
        raise forbidden()
    return user


def _admin(user: SignedIn) -> User:
    if user.role != "admin":
        raise forbidden()
    return user


Agent = Annotated[User, Depends(_agent)]
Admin = Annotated[User, Depends(_admin)]
AGENTS_ONLY = Depends(_agent)
ADMINS_ONLY = Depends(_admin)
