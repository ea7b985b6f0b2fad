"""What goes wrong on the way, and what the client makes of it: what may have landed, what surely has not."""

import asyncio
import socket
import time
import traceback
from collections.abc import Callable

import httpx
import pytest
from redis.asyncio import Redis

from tests.teamwork.conftest import Site
from ticketsync.limiter import SiteQuota
from ticketsync.teamwork import (
    AnswerLost,
    Forbidden,
    NotAMember,
    NotFound,
    NotSent,
    NoTurn,
    Passing,
    Permanent,
    RateLimited,
    Refused,
    TeamworkClient,
    TeamworkError,
    Unauthorized,
    Unexpected,
    client,
)

TEXT = "the customer's words"
KEY = "twp_very_secret"
TASK = {"id": 7, "name": "A", "status": "new", "assignees": []}
PATCHED = {"task": TASK}

Handler = Callable[[httpx.Request], httpx.Response]


def _answering(quota: SiteQuota, handler: Handler | httpx.Response) -> TeamworkClient:
    answer = handler if not isinstance(handler, httpx.Response) else lambda _: handler
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return TeamworkClient(base_url="https://acme.example/", api_token=KEY, quota=quota, http=http)


async def _fault(site: Site, **fault: object) -> None:
    await site.control("POST", "/faults", fault)


# --- over real sockets


async def test_a_lost_answer_may_have_landed(site: Site) -> None:
    await _fault(site, kind="lost_answer", match={"method": "POST"}, times=1)
    with pytest.raises(AnswerLost) as lost:
        await site.new_task()
    assert lost.value.sent
    assert (await site.control("GET", "/tasks"))["count"] == 1


async def test_a_server_error_may_have_landed(site: Site) -> None:
    await _fault(site, kind="error", status=502)
    with pytest.raises(AnswerLost) as lost:
        await site.new_task()
    assert (lost.value.sent, lost.value.status) == (True, 502)


async def test_a_call_that_hangs_ends_in_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "CALL_SECONDS", 2.0)
    await _fault(site, kind="hang")
    began = time.monotonic()
    with pytest.raises(AnswerLost) as lost:
        await site.new_task()
    assert lost.value.sent
    assert 2 <= time.monotonic() - began < 8


async def test_the_longest_wait_for_an_answer_is_ten_seconds() -> None:
    assert client.CALL_SECONDS == 10
    assert httpx.Timeout(10, connect=3, pool=3) == client.TIMEOUT


async def test_a_refused_connection_surely_sent_nothing(quota: SiteQuota) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        teamwork = TeamworkClient(base_url=address, api_token=KEY, quota=quota)
        with pytest.raises(NotSent) as refused:
            await teamwork.create_task(1, name=TEXT, description=TEXT, assignee_id=None)
        await teamwork.aclose()
    assert not refused.value.sent
    assert "ConnectError" in str(refused.value)


async def test_a_wrong_key_is_refused(site: Site, quota: SiteQuota) -> None:
    teamwork = TeamworkClient(base_url=site.url, api_token=KEY, quota=quota)
    with pytest.raises(Unauthorized) as refused:
        await teamwork.me()
    await teamwork.aclose()
    assert refused.value.status == 401


async def test_a_cancelled_call_is_cancelled(site: Site) -> None:
    await _fault(site, kind="hang")
    call = asyncio.create_task(site.client.me())
    done, _ = await asyncio.wait({call}, timeout=0.2)
    assert not done
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


@pytest.mark.parametrize("status", [429, 400])
@pytest.mark.parametrize("headers", ["both", "dashed", "joined"])
@pytest.mark.parametrize("reset", ["seconds", "epoch"])
async def test_a_used_up_quota_holds_the_site_until_its_reset(
    site: Site, quota: SiteQuota, status: int, headers: str, reset: str
) -> None:
    site.set(calls_per_minute=1, rate_limit_status=status, rate_limit_headers=headers, rate_limit_reset=reset)
    await site.client.me()
    with pytest.raises(RateLimited) as limited:
        await site.new_task()
    assert (limited.value.sent, limited.value.status) == (False, status)
    assert 55 < (limited.value.retry_after or 0) <= 61
    assert await quota.left() == 0


async def test_after_a_429_the_next_call_waits_and_then_says_how_long(site: Site, redis_db: str) -> None:
    async with Redis.from_url(redis_db) as redis:
        quota = SiteQuota(site="127.0.0.1", calls_per_minute=3000, redis=redis, max_wait=1)
        teamwork = TeamworkClient(base_url=site.url, api_token="twp_sandbox", quota=quota)
        await _fault(site, kind="rate_limited", seconds=20, times=1)
        with pytest.raises(RateLimited) as limited:
            await teamwork.me()
        with pytest.raises(NoTurn) as waiting:
            await teamwork.me()
        await teamwork.aclose()
        await quota.aclose()
    assert limited.value.retry_after == 20
    assert not waiting.value.sent
    assert 10 < (waiting.value.retry_after or 0) <= 20
    assert len(site.sandbox.faults.matching_calls(path="me.json")) == 1


# --- odd answers


@pytest.mark.parametrize(
    ("answer", "error", "sent"),
    [
        (httpx.Response(200, html=f"<h1>{TEXT}</h1>"), Unexpected, True),
        (httpx.Response(200, text=f'["{TEXT}"]'), Unexpected, True),
        (httpx.Response(200, json={}), Unexpected, True),
        (httpx.Response(200), Unexpected, True),
        (httpx.Response(200, json={"task": {"name": TEXT}}), Unexpected, True),
        (httpx.Response(200, json={"task": {"id": 0, "name": TEXT}}), Unexpected, True),
        (httpx.Response(200, json={"task": {"id": TEXT, "name": TEXT}}), Unexpected, True),
        (httpx.Response(200, json={"STATUS": "Error", "MESSAGE": TEXT}), Unexpected, True),
        (httpx.Response(302, headers={"location": f"/login?{TEXT}"}), Unexpected, False),
        (httpx.Response(304), Unexpected, False),
        (httpx.Response(400, json={"errors": [{"title": "invalid data", "detail": TEXT}]}), Refused, False),
        (httpx.Response(400, json={"errors": [TEXT, None]}), Refused, False),
        (httpx.Response(400, json={"errors": TEXT}), Refused, False),
        (httpx.Response(401, text=TEXT), Unauthorized, False),
        (httpx.Response(403, html=TEXT), Forbidden, False),
        (httpx.Response(404), NotFound, False),
        (httpx.Response(410, json={"message": TEXT}), NotFound, False),
        (httpx.Response(405), Refused, False),
        (httpx.Response(408), AnswerLost, True),
        (httpx.Response(409, json={"MESSAGE": TEXT}), Refused, False),
        (httpx.Response(413, text=TEXT), Refused, False),
        (httpx.Response(422, json={"content": {"errors": [TEXT]}}), Refused, False),
        (httpx.Response(429, text=TEXT), RateLimited, False),
        (httpx.Response(500, json={"content": {"message": TEXT}}), AnswerLost, True),
        (httpx.Response(503, html=TEXT), AnswerLost, True),
    ],
    ids=lambda value: str(value.status_code) if isinstance(value, httpx.Response) else "",
)
async def test_an_odd_answer_becomes_an_error_that_repeats_nothing_of_it(
    quota: SiteQuota, answer: httpx.Response, error: type[TeamworkError], sent: bool
) -> None:
    teamwork = _answering(quota, answer)
    with pytest.raises(error) as raised:
        await teamwork.rename_task(7, TEXT)
    assert type(raised.value) is error
    assert (raised.value.sent, raised.value.status) == (sent, answer.status_code)
    assert isinstance(raised.value, Passing | Permanent)
    told = "".join(traceback.format_exception(raised.value)) + repr(raised.value)
    assert "PATCH /projects/api/v3/tasks/7.json" in told
    assert TEXT not in told
    assert KEY not in told


@pytest.mark.parametrize(
    ("fault", "error", "sent"),
    [
        (httpx.ConnectError("no such host"), NotSent, False),
        (httpx.ConnectTimeout(""), NotSent, False),
        (httpx.PoolTimeout(""), NotSent, False),
        (httpx.ProxyError("407"), NotSent, False),
        (httpx.WriteTimeout(""), AnswerLost, True),
        (httpx.WriteError(""), AnswerLost, True),
        (httpx.ReadTimeout(""), AnswerLost, True),
        (httpx.ReadError(""), AnswerLost, True),
        (httpx.RemoteProtocolError(""), AnswerLost, True),
        (httpx.LocalProtocolError(TEXT), Unexpected, True),
        (httpx.DecodingError(TEXT), Unexpected, True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, httpx.HTTPError) else "",
)
async def test_what_breaks_on_the_way_says_whether_something_was_sent(
    quota: SiteQuota, fault: httpx.HTTPError, error: type[TeamworkError], sent: bool
) -> None:
    def broken(_: httpx.Request) -> httpx.Response:
        raise fault

    with pytest.raises(error) as raised:
        await _answering(quota, broken).rename_task(7, "B")
    assert (raised.value.sent, raised.value.status) == (sent, None)
    assert TEXT not in str(raised.value)


async def test_an_address_without_a_scheme_is_a_clear_error(quota: SiteQuota) -> None:
    teamwork = TeamworkClient(base_url="acme.teamwork.com", api_token=KEY, quota=quota)
    with pytest.raises(Unexpected, match="UnsupportedProtocol"):
        await teamwork.me()
    await teamwork.aclose()


async def test_a_redirect_is_not_followed(quota: SiteQuota) -> None:
    seen: list[httpx.Request] = []

    def redirect(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(307, headers={"location": "https://elsewhere.example/"})

    with pytest.raises(Unexpected):
        await _answering(quota, redirect).me()
    assert [str(request.url) for request in seen] == ["https://acme.example/projects/api/v3/me.json"]


# --- the answer has to show the change


@pytest.mark.parametrize("shown", ["B  c", " B c ", "B\u00a0c"])
async def test_a_name_may_come_back_with_other_white_space(quota: SiteQuota, shown: str) -> None:
    teamwork = _answering(quota, httpx.Response(200, json={"task": {**TASK, "name": shown}}))
    assert (await teamwork.rename_task(7, "B c")).name == shown


@pytest.mark.parametrize(("asked", "shown"), [("a < b & c", "a &lt; b &amp; c"), ("caf\u0065\u0301", "caf\u00e9")])
async def test_a_name_may_come_back_encoded(quota: SiteQuota, asked: str, shown: str) -> None:
    teamwork = _answering(quota, httpx.Response(200, json={"task": {**TASK, "name": shown}}))
    assert (await teamwork.rename_task(7, asked)).name == shown


async def test_a_name_that_was_not_taken_is_noticed(quota: SiteQuota) -> None:
    with pytest.raises(Unexpected) as ignored:
        await _answering(quota, httpx.Response(200, json=PATCHED)).rename_task(7, TEXT)
    assert (ignored.value.field, ignored.value.sent, ignored.value.status) == ("name", True, 200)
    assert TEXT not in str(ignored.value)


async def test_a_person_dropped_without_a_word_is_not_a_member(quota: SiteQuota) -> None:
    with pytest.raises(NotAMember):
        await _answering(quota, httpx.Response(200, json=PATCHED)).assign_task(7, 5)


@pytest.mark.parametrize("stayed", [{"assignees": [{"id": 6, "type": "users"}]}, {"assigneeUserIds": [6]}])
async def test_somebody_who_stayed_is_noticed(quota: SiteQuota, stayed: dict[str, object]) -> None:
    shown = {"id": 7, "name": "A", **stayed}
    with pytest.raises(Unexpected) as ignored:
        await _answering(quota, httpx.Response(200, json={"task": shown})).assign_task(7, None)
    assert ignored.value.field == "assignees"


async def test_an_answer_without_assignees_shows_nothing(quota: SiteQuota) -> None:
    answer = httpx.Response(200, json={"task": {"id": 7, "name": "A"}})
    with pytest.raises(Unexpected):
        await _answering(quota, answer).assign_task(7, 5)


async def test_a_lost_marker_is_noticed(quota: SiteQuota) -> None:
    answer = httpx.Response(200, json={"task": {**TASK, "description": "[ticketsync:acme/1](x)"}})
    with pytest.raises(Unexpected) as ignored:
        await _answering(quota, answer).describe_task(7, "[ticketsync:acme/12](x)")
    assert ignored.value.field == "description"


@pytest.mark.parametrize("row", [{"id": None}, {"id": 7}, TEXT, None])
async def test_a_row_that_is_no_task_spoils_the_list(quota: SiteQuota, row: object) -> None:
    teamwork = _answering(quota, httpx.Response(200, json={"tasks": [TASK, row]}))
    with pytest.raises(Unexpected) as spoiled:
        await teamwork.tasks_page(1, created_after=None, created_by=None)
    assert TEXT not in str(spoiled.value)


async def test_a_site_that_does_not_heed_the_ids_is_noticed(quota: SiteQuota) -> None:
    with pytest.raises(Unexpected) as ignored:
        await _answering(quota, httpx.Response(200, json={"tasks": [TASK]})).tasks_by_id([999])
    assert ignored.value.field == "tasks"


async def test_a_list_without_its_key_is_not_an_empty_list(quota: SiteQuota) -> None:
    with pytest.raises(Unexpected):
        await _answering(quota, httpx.Response(200, json={"meta": {}})).project_people(1)


# --- who is to blame for a refused write


@pytest.mark.parametrize(
    ("status", "detail", "error", "field"),
    [
        (400, "invalid data", NotAMember, "assignees"),
        (422, "", NotAMember, "assignees"),
        (400, "user 5 cannot see task list 3", NotAMember, "assignees"),
        (400, "Invalid assignees", NotAMember, "assignees"),
        (422, "description is too long", Refused, "description"),
        (400, "name is too long", Refused, "name"),
        (409, "conflict", Refused, None),
    ],
)
async def test_a_refused_write_with_an_assignee_is_blamed_on_the_assignee_unless_another_field_is_named(
    quota: SiteQuota, status: int, detail: str, error: type[TeamworkError], field: str | None
) -> None:
    answer = httpx.Response(status, json={"errors": [{"detail": detail}]})
    with pytest.raises(error) as refused:
        await _answering(quota, answer).create_task(1, name="A", description="", assignee_id=5)
    assert type(refused.value) is error
    assert refused.value.field == field


async def test_a_refused_write_without_an_assignee_is_no_matter_of_members(quota: SiteQuota) -> None:
    answer = httpx.Response(400, json={"errors": [{"detail": "Invalid assignees"}]})
    with pytest.raises(Refused):
        await _answering(quota, answer).assign_task(7, None)
