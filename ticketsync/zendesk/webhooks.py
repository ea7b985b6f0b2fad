"""The calls about webhooks (reference/zendesk-api §4): only commands make them, and they need an admin's token."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

import httpx

from ticketsync.zendesk.answers import Json, json_of
from ticketsync.zendesk.client import PAGE_SIZE, Query, ZendeskClient
from ticketsync.zendesk.errors import NotFound, Refused, Unexpected
from ticketsync.zendesk.fields import Unreadable, read_time

PATH = "/api/v2/webhooks"
MOST_PAGES = 20
# Zendesk gives the endpoint 12 s (reference/zendesk-api §2) before it answers us.
TEST_SECONDS = 20.0
REFUSALS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})


@dataclass(frozen=True)
class Webhook:
    """A webhook as Zendesk shows it: never with its secrets. What it leaves out is empty here."""

    id: str
    name: str
    endpoint: str
    status: str
    http_method: str
    request_format: str
    subscriptions: frozenset[str]
    description: str = ""


@dataclass(frozen=True)
class Invocation:
    """A row of the log of deliveries, which has one for each attempt. `status_code` None: nothing answered, or it was
    not sent.
    """

    id: str
    status: str
    status_code: int | None
    at: datetime


@dataclass(frozen=True)
class EndpointAnswer:
    """What the endpoint answered to a test call, as Zendesk reports it."""

    status_code: int | None
    payload: str


class Webhooks:
    """The webhooks of one account. Every call raises a ZendeskError, Refused for values that Zendesk does not take."""

    def __init__(self, client: ZendeskClient) -> None:
        self._client = client

    async def all(self) -> list[Webhook]:
        """Every webhook of the account that can be read, at most 2,000. Unexpected where there is no list of them."""
        try:
            return [webhook async for page in self._pages() for webhook in map(_webhook, page) if webhook is not None]
        except NotFound as error:
            raise Unexpected(error.call, status=error.status) from None

    async def create(self, fields: Mapping[str, Any]) -> Webhook:
        content = await self._call("POST", PATH, HTTPStatus.CREATED, body={"webhook": dict(fields)})
        made = _webhook(content.get("webhook"))
        if made is None:
            raise Unexpected(f"POST {PATH}", field="webhook")
        return made

    async def change(self, webhook_id: str, fields: Mapping[str, Any]) -> None:
        """Only these fields; all others stay."""
        await self._call("PATCH", f"{PATH}/{webhook_id}", HTTPStatus.NO_CONTENT, body={"webhook": dict(fields)})

    async def delete(self, webhook_id: str) -> None:
        await self._call("DELETE", f"{PATH}/{webhook_id}", HTTPStatus.NO_CONTENT)

    async def secret(self, webhook_id: str) -> str:
        """The signing secret, to be used as it is."""
        path = f"{PATH}/{webhook_id}/signing_secret"
        content = await self._call("GET", path, HTTPStatus.OK)
        told = content.get("signing_secret")
        secret = told.get("secret") if isinstance(told, dict) else None
        if not isinstance(secret, str) or not secret:
            raise Unexpected(f"GET {path}", field="signing_secret.secret")
        return secret

    async def newest_invocations(self, webhook_id: str) -> list[Invocation]:
        """The newest hundred rows of the log, the newest first. A row that cannot be read is left out."""
        path = f"{PATH}/{webhook_id}/invocations"
        content = await self._call("GET", path, HTTPStatus.OK)
        rows = content.get("invocations")
        if not isinstance(rows, list):
            raise Unexpected(f"GET {path}", field="invocations")
        return [invocation for row in rows if (invocation := _invocation(row)) is not None]

    async def test(self, webhook_id: str, payload: str) -> EndpointAnswer:
        """Have Zendesk send this body to the webhook's endpoint now. It allows twenty of these calls a minute."""
        path, body = f"{PATH}/test", {"request": {"payload": payload}}
        query = {"webhook_id": webhook_id}
        content = await self._call("POST", path, HTTPStatus.OK, body=body, query=query, seconds=TEST_SECONDS)
        response = content.get("response")
        if not isinstance(response, dict):
            raise Unexpected(f"POST {path}", field="response")
        code, told = response.get("status_code"), response.get("payload")
        return EndpointAnswer(code if isinstance(code, int) else None, told if isinstance(told, str) else "")

    async def _pages(self) -> AsyncIterator[list[Any]]:
        """Follows the cursor, not the link: that may name the account's canonical host."""
        query: dict[str, str | int | list[str]] = {"page[size]": PAGE_SIZE}
        for _ in range(MOST_PAGES):
            content = await self._call("GET", PATH, HTTPStatus.OK, query=query)
            rows, meta = content.get("webhooks"), content.get("meta")
            if not isinstance(rows, list):
                raise Unexpected(f"GET {PATH}", field="webhooks")
            yield rows
            cursor = meta.get("after_cursor") if isinstance(meta, dict) and meta.get("has_more") is True else None
            if not isinstance(cursor, str):
                return
            query |= {"page[after]": cursor}

    async def _call(
        self,
        method: str,
        path: str,
        wanted: HTTPStatus,
        *,
        query: Query | None = None,
        body: Json | None = None,
        **more: float,
    ) -> Json:
        """The webhook family has a limit of its own (§4): a 429 of it holds up nothing else."""
        answer = await self._client.request(method, path, query=query, body=body, own_limit=True, **more)
        return _content(f"{method} {path}", answer, wanted)


def _content(call: str, answer: httpx.Response, wanted: HTTPStatus) -> Json:
    if answer.status_code in REFUSALS:
        raise Refused(call, status=answer.status_code, cause=_code_of(answer))
    if answer.status_code == wanted == HTTPStatus.NO_CONTENT:
        return {}
    return json_of(call, answer, wanted)


def _code_of(answer: httpx.Response) -> str | None:
    """The code in `{"errors": [{"code", …}]}`, if it is a plain word: the rest may repeat what was sent."""
    try:
        code = answer.json()["errors"][0]["code"]
    except (ValueError, LookupError, TypeError):
        return None
    return code if isinstance(code, str) and code.isidentifier() else None


def _webhook(content: Any) -> Webhook | None:
    """None for what is no webhook with an id."""
    if not isinstance(content, dict) or not _text(content, "id"):
        return None
    subscriptions = content.get("subscriptions")
    return Webhook(
        id=_text(content, "id"),
        name=_text(content, "name"),
        endpoint=_text(content, "endpoint"),
        status=_text(content, "status"),
        http_method=_text(content, "http_method"),
        request_format=_text(content, "request_format"),
        subscriptions=frozenset(one for one in subscriptions or () if isinstance(one, str))
        if isinstance(subscriptions, list)
        else frozenset(),
        description=_text(content, "description"),
    )


def _text(content: Json, name: str) -> str:
    value = content.get(name)
    return value if isinstance(value, str) else ""


def _invocation(row: Any) -> Invocation | None:
    if not isinstance(row, dict) or not _text(row, "id"):
        return None
    code = row.get("status_code")
    try:
        at = read_time(row.get("latest_completed_at")).moment
    except Unreadable:
        return None
    return Invocation(_text(row, "id"), _text(row, "status"), code if isinstance(code, int) else None, at)
