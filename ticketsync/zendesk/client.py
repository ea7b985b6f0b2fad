"""The calls to Zendesk's REST API that the service needs (reference/zendesk-api §6 to §10): all but notes only read.

Those about webhooks, which commands make, are in `ticketsync.zendesk.webhooks`.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Self

import httpx
from pydantic import SecretStr

from ticketsync import __version__
from ticketsync.counted_calls import CountCall, counted, not_counted
from ticketsync.limiter import QuotaExceeded, SiteQuota
from ticketsync.outgoing import followed
from ticketsync.sync.event import Event
from ticketsync.zendesk.answers import Json, answered_at, hold_wanted, json_of
from ticketsync.zendesk.errors import AnswerLost, NoTurn, Refused, Unauthorized, Unexpected, Unreachable
from ticketsync.zendesk.fields import Unreadable, clean_text, read_id, read_ticket_id, read_time
from ticketsync.zendesk.models import Agent, DeletedTicket, ExportPage
from ticketsync.zendesk.rest import read_event, row_event, texts_of

CALL_SECONDS = 10.0
PAGE_SIZE = 100
MOST_OFFSET_PAGES = 100  # Zendesk answers 400 beyond

Query = Mapping[str, str | int | list[str]]


class ZendeskClient:
    """One Zendesk account. With `email` the token is an API token, without it an OAuth bearer token.

    `custom_fields` are the numbers of those that tickets are to hold.
    Every call waits for its turn of `quota`, takes at most 10 s after that, and raises a ZendeskError. An `http` client
    that is handed in stays its owner's to close. `count` is told of each call, by its answer's status.
    """

    def __init__(
        self,
        *,
        base_url: str,
        email: str | None,
        api_token: SecretStr | str,
        custom_fields: Collection[int] = (),
        quota: SiteQuota | None = None,
        count: CountCall = not_counted,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._count = count
        self.base_url = base_url.rstrip("/")
        self._custom = custom_fields
        self._quota = quota
        self._http = http or httpx.AsyncClient(timeout=CALL_SECONDS)
        self._own_http = http is None
        self._headers = {"Accept": "application/json", "User-Agent": f"ticketsync/{__version__}"}
        token = api_token.get_secret_value() if isinstance(api_token, SecretStr) else api_token
        if email is None:
            self._auth: httpx.BasicAuth | None = None
            self._headers["Authorization"] = f"Bearer {token}"
        else:
            self._auth = httpx.BasicAuth(f"{email}/token", token)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        if self._own_http:
            await self._http.aclose()

    # --- tickets

    async def ticket(self, ticket_id: int) -> Event:
        """The ticket as it is now, as a `read` event; its `as_of` is Zendesk's `Date`. NotFound also when deleted."""
        path = f"/api/v2/tickets/{ticket_id}"
        answer = await self._answer(path)
        ticket = _object(f"GET {path}", json_of(f"GET {path}", answer), "ticket")
        try:
            return read_event(ticket_id, ticket, as_of=answered_at(answer), now=datetime.now(UTC), custom=self._custom)
        except Unreadable as error:
            raise Unexpected(f"GET {path}", status=answer.status_code, field=f"ticket.{error.field}") from None

    async def tickets(self, ticket_ids: Sequence[int]) -> dict[int, Event]:
        """These tickets as `read` events, 100 at most. Those that are unknown, deleted or unreadable are left out."""
        path = "/api/v2/tickets/show_many"
        answer = await self._answer(path, {"ids": ",".join(map(str, ticket_ids))})
        rows = _list(f"GET {path}", json_of(f"GET {path}", answer), "tickets")
        now, as_of = datetime.now(UTC), answered_at(answer)
        events = [_readable(row, as_of=as_of, now=now, custom=self._custom) for row in rows]
        return {event.ticket_id: event for event in events if event is not None}

    async def ticket_texts(self, ticket_id: int) -> dict[str, str]:
        """The ticket as it is now in words, by Zendesk's names of its fields: those of a description's template."""
        path = f"/api/v2/tickets/{ticket_id}"
        return texts_of(_object(f"GET {path}", await self._json(path), "ticket"))

    async def custom_fields(self) -> dict[int, str]:
        """The titles of the account's own ticket fields, by their numbers; those that are switched off are left out."""
        path, found = "/api/v2/ticket_fields", dict[int, str]()
        async for page in self._cursor_pages(path, {}):
            rows = [row for row in _list(f"GET {path}", page, "ticket_fields") if isinstance(row, dict)]
            found |= {row["id"]: clean_text(str(row.get("title") or "")) for row in rows if _is_custom(row)}
        return found

    async def add_note(self, ticket_id: int, text: str) -> Event | None:
        """Write a private note on the ticket, which only agents see; the ticket after that, as a `read`.

        Not idempotent. None where the answer's ticket cannot be read. Refused for a closed one.
        """
        path = f"/api/v2/tickets/{ticket_id}"
        call, comment = f"PUT {path}", {"body": text, "public": False}
        answer = await self.request("PUT", path, body={"ticket": {"comment": comment}})
        if answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
            raise Refused(call, status=answer.status_code)
        ticket = _object(call, json_of(call, answer), "ticket")
        return _readable(ticket, as_of=answered_at(answer), now=datetime.now(UTC), custom=self._custom)

    async def deleted_tickets(self, since: datetime) -> list[DeletedTicket]:
        """The tickets deleted since that moment, newest first. A line that cannot be read is left out.

        Zendesk allows ten of these calls a minute, and lists what was deleted in the last 30 days.
        """
        path = "/api/v2/deleted_tickets"
        found: list[DeletedTicket] = []
        async for page in self._offset_pages(path, {"sort_by": "deleted_at", "sort_order": "desc"}):
            deleted = list(_deleted_tickets(_list(f"GET {path}", page, "deleted_tickets")))
            found += [one for one in deleted if one.deleted_at >= since]
            if deleted and deleted[-1].deleted_at < since:
                break
        return found

    async def export_page(self, *, cursor: str | None = None, start_time: datetime | None = None) -> ExportPage:
        """The rows after `cursor`, or from `start_time` (at least 60 s ago) on. Zendesk allows ten calls a minute."""
        if (cursor is None) == (start_time is None):
            raise ValueError("give either a cursor or a start_time")
        path = "/api/v2/incremental/tickets/cursor.json"
        start = {"start_time": int(start_time.timestamp())} if start_time else {}
        answer = await self._answer(path, {"cursor": cursor} if cursor else start, own_limit=True)
        content = json_of(f"GET {path}", answer)
        rows = _list(f"GET {path}", content, "tickets")
        events = [row_event(row, now=datetime.now(UTC), custom=self._custom) for row in rows]
        # An empty page may come without a cursor: the one that was asked for stays good.
        after = content.get("after_cursor") or cursor
        return ExportPage(
            events=tuple(event for event in events if event is not None),
            cursor=after if isinstance(after, str) else None,
            end_of_stream=content.get("end_of_stream") is True,
            left_out=events.count(None),
        )

    # --- people

    async def me(self) -> Agent:
        """The user of the token. Unauthorized also where Zendesk answers with its anonymous user."""
        user = await self._user("/api/v2/users/me")
        if user is None:
            raise Unauthorized("GET /api/v2/users/me", cause="the token is nobody's")
        return user

    async def user(self, user_id: int) -> Agent:
        path = f"/api/v2/users/{user_id}"
        user = await self._user(path)
        if user is None:
            raise Unexpected(f"GET {path}", field="user.id")
        return user

    async def find_user(self, email: str) -> Agent | None:
        """The user with exactly this e-mail, whatever their role; letters' case does not matter."""
        path, wanted = "/api/v2/users/search", email.strip().casefold()
        content = await self._json(path, {"query": f"email:{wanted}"})
        users = _agents(_list(f"GET {path}", content, "users"))
        return next((user for user in users if user.email and user.email.casefold() == wanted), None)

    async def agents(self) -> list[Agent]:
        """All agents and admins, also suspended ones (not `active`)."""
        path, found = "/api/v2/users", list[Agent]()
        async for page in self._cursor_pages(path, {"role[]": ["agent", "admin"]}):
            found += _agents(_list(f"GET {path}", page, "users"))
        return found

    async def _user(self, path: str) -> Agent | None:
        return _agent(_object(f"GET {path}", await self._json(path), "user"))

    # --- calls

    async def _cursor_pages(self, path: str, query: Query) -> AsyncIterator[Json]:
        """Follows the cursor, not the link: that may name the account's canonical host."""
        asked = dict(query) | {"page[size]": PAGE_SIZE}
        while True:
            page = await self._json(path, asked)
            yield page
            meta = _object(f"GET {path}", page, "meta")
            if meta.get("has_more") is not True:
                return
            cursor = meta.get("after_cursor")
            if not isinstance(cursor, str) or cursor == asked.get("page[after]"):
                raise Unexpected(f"GET {path}", field="meta.after_cursor")
            asked |= {"page[after]": cursor}

    async def _offset_pages(self, path: str, query: Query) -> AsyncIterator[Json]:
        for number in range(1, MOST_OFFSET_PAGES + 1):
            page = await self._json(path, dict(query) | {"per_page": PAGE_SIZE, "page": number})
            yield page
            if not page.get("next_page"):
                return

    async def _json(self, path: str, query: Query | None = None) -> Json:
        return json_of(f"GET {path}", await self._answer(path, query))

    async def _answer(self, path: str, query: Query | None = None, *, own_limit: bool = False) -> httpx.Response:
        return await self.request("GET", path, query=query, own_limit=own_limit)

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Json | None = None,
        own_limit: bool = False,
        seconds: float = CALL_SECONDS,
    ) -> httpx.Response:
        """Any call, whatever its answer. Raises Unreachable, AnswerLost, NoTurn.

        `own_limit`: a 429 is (nearly always) of this address alone, so that it holds up no other call. `seconds`: how
        long to wait for the answer.
        """
        call = f"{method} {path}"
        await self._turn(call)
        url = f"{self.base_url}{path}"
        request = self._http.build_request(method, url, params=query, json=body, headers=self._headers, timeout=seconds)
        sending = followed("zendesk", method, path, self._send(call, request, seconds))
        answer = await counted(self._count, sending)
        hold = None if own_limit and answer.status_code == HTTPStatus.TOO_MANY_REQUESTS else hold_wanted(answer)
        if self._quota is not None and hold is not None:
            await self._quota.hold(hold)
        return answer

    async def _turn(self, call: str) -> None:
        if self._quota is None:
            return
        try:
            await self._quota.turn()
        except QuotaExceeded as error:
            raise NoTurn(call, retry_after=error.retry_after) from None

    async def _send(self, call: str, request: httpx.Request, seconds: float) -> httpx.Response:
        # What httpx raises is not chained: its request holds the credentials, and its text may hold the query.
        try:
            async with asyncio.timeout(seconds):
                return await self._http.send(request, auth=self._auth)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Unreachable(call, cause=type(error).__name__) from None
        except (TimeoutError, httpx.TransportError, httpx.DecodingError) as error:
            raise AnswerLost(call, cause=type(error).__name__) from None


def _readable(row: Any, *, as_of: datetime | None, now: datetime, custom: Collection[int]) -> Event | None:
    try:
        return read_event(read_ticket_id(row["id"]), row, as_of=as_of, now=now, custom=custom)
    except (Unreadable, KeyError, TypeError):
        return None


def _is_custom(field: Json) -> bool:
    """A field of the system cannot be removed (`removable`, developer.zendesk.com: Ticket Fields)."""
    return type(field.get("id")) is int and field.get("removable") is True and field.get("active") is not False


def _object(call: str, content: Json, field: str) -> Json:
    value = content.get(field)
    if not isinstance(value, dict):
        raise Unexpected(call, field=field)
    return value


def _list(call: str, content: Json, field: str) -> list[Any]:
    value = content.get(field)
    if not isinstance(value, list):
        raise Unexpected(call, field=field)
    return value


def _agents(users: list[Any]) -> list[Agent]:
    return [agent for user in users if isinstance(user, dict) and (agent := _agent(user)) is not None]


def _agent(user: Json) -> Agent | None:
    """None for the anonymous user, who has no id."""
    try:
        user_id = read_id(user.get("id"), "id")
    except Unreadable:
        return None
    if user_id is None:
        return None
    name, email, role = user.get("name"), user.get("email"), user.get("role")
    return Agent(
        id=user_id,
        name=clean_text(name) if isinstance(name, str) else "",
        email=clean_text(email) if isinstance(email, str) and email else None,
        active=user.get("active") is not False and user.get("suspended") is not True,
        role=role if isinstance(role, str) else None,
    )


def _deleted_tickets(lines: list[Any]) -> Iterator[DeletedTicket]:
    for line in lines:
        try:
            yield DeletedTicket(read_ticket_id(line["id"]), read_time(line["deleted_at"]).moment)
        except (Unreadable, KeyError, TypeError):
            continue
