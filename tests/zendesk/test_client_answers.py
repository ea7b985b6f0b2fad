"""Odd answers that the sandbox does not give, and what the client sends, over httpx's own test transport."""

import asyncio
import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from ticketsync.limiter import SiteQuota
from ticketsync.zendesk import (
    AnswerLost,
    Forbidden,
    NotFound,
    NoTurn,
    RateLimited,
    Unauthorized,
    Unexpected,
    ZendeskClient,
    ZendeskError,
)
from ticketsync.zendesk.answers import hold_wanted, retry_after

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
TOKEN = "the-token-itself"
TICKET = {"id": 5, "subject": "s", "status": "open", "assignee_id": None, "updated_at": "2026-01-15T09:00:00Z"}

Answer = Callable[[httpx.Request], httpx.Response]


def client_of(answer: Answer | httpx.Response, quota: SiteQuota | None = None) -> ZendeskClient:
    handler = answer if callable(answer) else lambda _: answer
    http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    return ZendeskClient(
        base_url="https://acme.zendesk.com/", email="a@acme.example", api_token=SecretStr(TOKEN), quota=quota, http=http
    )


async def failure_of(answer: Answer | httpx.Response) -> ZendeskError:
    with pytest.raises(ZendeskError) as failed:
        await client_of(answer).ticket(5)
    assert TOKEN not in str(failed.value)
    assert failed.value.__cause__ is None
    return failed.value


async def test_call_carries_credentials_in_its_header_only() -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={"ticket": TICKET})

    await client_of(answer).ticket(5)
    (request,) = sent
    assert str(request.url) == "https://acme.zendesk.com/api/v2/tickets/5"
    scheme, _, credentials = request.headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(credentials)) == ("Basic", b"a@acme.example/token:the-token-itself")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, Unauthorized),
        (403, Forbidden),
        (404, NotFound),
        (410, NotFound),
        (408, AnswerLost),
        (409, AnswerLost),
        (429, RateLimited),
        (500, AnswerLost),
        (504, AnswerLost),
        (400, Unexpected),
        (422, Unexpected),
        (302, Unexpected),
        (204, Unexpected),
    ],
)
async def test_each_status_is_one_error_that_repeats_no_body(status: int, kind: type[ZendeskError]) -> None:
    error = await failure_of(httpx.Response(status, text="secret ticket text"))
    assert type(error) is kind
    assert (error.status, "secret" in str(error)) == (status, False)
    assert f"GET /api/v2/tickets/5 answered {status}" in str(error)


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"<html>", None),
        (b"[]", None),
        (b"[" * 100_000, None),
        (b"\xff", None),
        (b"{}", "ticket"),
        (b'{"ticket": null}', "ticket"),
        (b'{"ticket": {}}', "ticket.subject"),
    ],
)
async def test_answer_that_is_not_a_ticket_is_unexpected(content: bytes, field: str | None) -> None:
    error = await failure_of(httpx.Response(200, content=content))
    assert isinstance(error, Unexpected)
    assert error.field == field


@pytest.mark.parametrize("changed", [{"id": 6}, {"id": None}, {"status": None}, {"updated_at": "soon"}])
async def test_ticket_that_is_unreadable_or_another_one_is_unexpected(changed: dict[str, Any]) -> None:
    error = await failure_of(httpx.Response(200, json={"ticket": TICKET | changed}))
    assert error.field == f"ticket.{next(iter(changed))}"


@pytest.mark.parametrize("date", [None, "yesterday", "Thu, 99 Jan 2026 09:00:00 GMT"])
async def test_read_without_a_readable_date_is_never_settled(date: str | None) -> None:
    headers = {"date": date} if date else {}
    event = await client_of(httpx.Response(200, json={"ticket": TICKET}, headers=headers)).ticket(5)
    assert (event.as_of, event.settled) == (None, False)


@pytest.mark.parametrize(
    ("raised", "cause"),
    [
        (httpx.ReadTimeout("t"), "ReadTimeout"),
        (httpx.RemoteProtocolError("t"), "RemoteProtocolError"),
        (httpx.DecodingError("t"), "DecodingError"),
    ],
)
async def test_broken_answers_are_lost(raised: Exception, cause: str) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise raised

    error = await failure_of(answer)
    assert isinstance(error, AnswerLost)
    assert f"({cause})" in str(error)


async def test_call_that_takes_too_long_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticketsync.zendesk.client.CALL_SECONDS", 0.5)

    async def hang(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    http = httpx.AsyncClient(transport=httpx.MockTransport(hang))
    client = ZendeskClient(base_url="https://acme.zendesk.com", email=None, api_token=TOKEN, http=http)
    with pytest.raises(AnswerLost, match="TimeoutError"):
        await client.me()


async def test_anonymous_user_means_that_the_token_is_nobodys() -> None:
    user = {"user": {"id": None, "name": "Anonymous user", "email": "invalid@example.com"}}
    with pytest.raises(Unauthorized):
        await client_of(httpx.Response(200, json=user)).me()


async def test_cursor_is_followed_on_our_own_host_until_there_is_no_more() -> None:
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        last = len(asked) == 3
        users = [{"id": len(asked), "name": "A", "email": None, "role": "agent", "suspended": last}]
        meta = {"has_more": not last, "after_cursor": f"c{len(asked)}="}
        links = {"next": "https://canonical.zendesk.com/api/v2/users?page[after]=x"}
        return httpx.Response(200, json={"users": users, "meta": meta, "links": links})

    agents = await client_of(answer).agents()
    assert [(agent.id, agent.active) for agent in agents] == [(1, True), (2, True), (3, False)]
    assert {url.host for url in asked} == {"acme.zendesk.com"}
    assert [url.params.get("page[after]") for url in asked] == [None, "c1=", "c2="]
    assert asked[0].params.get_list("role[]") == ["agent", "admin"]


@pytest.mark.parametrize("meta", [{"has_more": True}, {"has_more": True, "after_cursor": "same"}])
async def test_cursor_that_leads_nowhere_ends_in_an_error_not_in_a_short_list(meta: dict[str, Any]) -> None:
    with pytest.raises(Unexpected, match=r"meta\.after_cursor"):
        await client_of(httpx.Response(200, json={"users": [], "meta": meta})).agents()


@pytest.mark.parametrize("content", [{"users": []}, {"users": None, "meta": {}}, {"meta": {"has_more": False}}])
async def test_list_without_its_parts_is_unexpected(content: dict[str, Any]) -> None:
    with pytest.raises(Unexpected):
        await client_of(httpx.Response(200, json=content)).agents()


async def test_list_of_deleted_tickets_is_left_once_it_is_older_than_asked_for() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["page"])
        lines = [
            {"id": 1, "deleted_at": "20260704T15:37:04Z"},
            {"id": "x", "deleted_at": "2026-07-04T15:00:00Z"},
            {"id": 3, "deleted_at": "once"},
            None,
            {"id": 2, "deleted_at": "2025-07-04T15:37:04Z"},
        ]
        return httpx.Response(200, json={"deleted_tickets": lines, "next_page": "https://x/?page=2"})

    (deleted,) = await client_of(answer).deleted_tickets(SINCE)
    assert (deleted.id, deleted.deleted_at) == (1, datetime(2026, 7, 4, 15, 37, 4, tzinfo=UTC))
    assert asked == ["1"]


async def test_search_takes_only_the_user_with_exactly_that_address() -> None:
    users = [{"id": 1, "email": "xann@acme.example"}, {"id": 2, "email": None}, {"id": 3, "email": "Ann@acme.example"}]
    found = await client_of(httpx.Response(200, json={"users": users})).find_user("ann@acme.example")
    assert found is not None
    assert found.id == 3


async def test_unreadable_rows_become_hints_and_nameless_ones_are_counted() -> None:
    good = TICKET | {"generated_timestamp": 1768467900}
    rows = [good, TICKET | {"id": 6, "tags": 7}, TICKET | {"id": None}, None, TICKET | {"id": 7}]
    content = {"tickets": rows, "after_cursor": "c", "end_of_stream": True}
    page = await client_of(httpx.Response(200, json=content)).export_page(cursor="b")
    assert [(event.ticket_id, event.kind, event.hint) for event in page.events] == [
        (5, "row", None),
        (6, "hint", "unreadable_tags"),
        (7, "row", None),
    ]
    assert (page.left_out, page.cursor, page.events[2].settled) == (2, "c", False)


# --- quota


def reply(status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    ("answer", "hold"),
    [
        (reply(ratelimit_limit="700", ratelimit_remaining="36", ratelimit_reset="20"), None),
        (reply(ratelimit_limit="700", ratelimit_remaining="35", ratelimit_reset="20"), 20),
        (reply(x_rate_limit="700", x_rate_limit_remaining="5", ratelimit_reset="20"), 20),
        (reply(ratelimit_remaining="0", ratelimit_reset="20"), 20),
        (reply(ratelimit_remaining="1", ratelimit_reset="20"), None),
        (reply(ratelimit_limit="700", ratelimit_remaining="0", ratelimit_reset="9999"), 120),
        (reply(ratelimit_limit="700", ratelimit_remaining="0"), None),
        (reply(ratelimit_remaining="nan", ratelimit_reset="x"), None),
        (reply(), None),
        (reply(429), 60),
        (reply(429, retry_after="7"), 7),
        (reply(429, retry_after="0"), 60),
        (reply(429, ratelimit_reset="33"), 33),
        (reply(429, retry_after="100000"), 120),
    ],
)
def test_site_is_held_before_the_quota_is_used_up_and_after(answer: httpx.Response, hold: float | None) -> None:
    assert hold_wanted(answer) == hold


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(None, None), ("30", 30), ("-5", 0), ("soon", None), ("inf", None), ("1e9", 3600)],
)
def test_retry_after_is_seconds_within_reason(text: str | None, seconds: float | None) -> None:
    assert retry_after({"retry-after": text} if text else {}) == seconds


def test_retry_after_may_be_a_date() -> None:
    assert retry_after({"retry-after": "Thu, 15 Jan 2015 09:00:00 GMT"}) == 0
    assert retry_after({"retry-after": "Thu, 15 Jan 2099 09:00:00 GMT"}) == 3600


async def test_rate_limited_without_any_header_waits_a_minute() -> None:
    error = await failure_of(httpx.Response(429, text="Number of allowed API requests per minute exceeded"))
    assert error.retry_after == 60


async def test_a_429_of_the_export_holds_up_no_other_call(unused_tcp_port: int) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        exports = "incremental" in request.url.path
        return (
            httpx.Response(429, headers={"retry-after": "40"})
            if exports
            else httpx.Response(200, json={"ticket": TICKET})
        )

    redis = Redis(port=unused_tcp_port)  # nobody listens there: the process keeps to its own share
    quota = SiteQuota(site="acme.zendesk.com", calls_per_minute=600, redis=redis, max_wait=0.05)
    await quota.start()
    client = client_of(answer, quota)
    with pytest.raises(RateLimited) as refused:
        await client.export_page(cursor="b")
    assert refused.value.retry_after == 40
    assert (await client.ticket(5)).ticket_id == 5
    await quota.aclose()
    await redis.aclose()


async def test_answer_that_uses_up_the_quota_holds_the_site_for_the_next_call(unused_tcp_port: int) -> None:
    headers = {"ratelimit-limit": "700", "ratelimit-remaining": "3", "ratelimit-reset": "40"}
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={"ticket": TICKET}, headers=headers)

    redis = Redis(port=unused_tcp_port)  # nobody listens there: the process keeps to its own share
    quota = SiteQuota(site="acme.zendesk.com", calls_per_minute=600, redis=redis, max_wait=0.05)
    await quota.start()
    client = client_of(answer, quota)
    assert (await client.ticket(5)).ticket_id == 5
    with pytest.raises(NoTurn) as waiting:
        await client.ticket(5)
    assert waiting.value.retry_after == pytest.approx(40, abs=10)
    assert len(sent) == 1
    await quota.aclose()
    await redis.aclose()
