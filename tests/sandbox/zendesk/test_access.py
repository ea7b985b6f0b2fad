"""Credentials, rate limits, headers and paging: what is the same for every call (reference/zendesk-api §6, §9, §14)."""

import httpx
import pytest

from tests.sandbox.zendesk.conftest import ANN, Desk

TOKEN = "zendesk-sandbox-token"


@pytest.mark.parametrize(
    "auth",
    [
        ("sync@sandbox.example/token", "wrong"),
        ("nobody@sandbox.example/token", TOKEN),
        ("sync@sandbox.example", TOKEN),
        None,
    ],
)
async def test_bad_credentials_are_a_401(desk: Desk, auth: tuple[str, str] | None) -> None:
    async with httpx.AsyncClient(base_url=desk.client.base_url, auth=auth) as stranger:
        answer = await stranger.get("/api/v2/tickets")
    assert (answer.status_code, answer.json()) == (401, {"error": "Couldn't authenticate you"})


@pytest.mark.parametrize("header", ["Basic ???", "Bearer nothing", "Digest abc", "Basic"])
async def test_credentials_that_are_none_are_a_401(desk: Desk, header: str) -> None:
    async with httpx.AsyncClient(base_url=desk.client.base_url, headers={"Authorization": header}) as stranger:
        assert (await stranger.get("/api/v2/users/me")).status_code == 401


async def test_a_bearer_token_signs_in_as_the_admin(desk: Desk) -> None:
    headers = {"Authorization": "Bearer zendesk-sandbox-oauth"}
    async with httpx.AsyncClient(base_url=desk.client.base_url, headers=headers) as bearer:
        assert (await bearer.get("/api/v2/users/me")).json()["user"]["email"] == "sync@sandbox.example"


async def test_rights_follow_the_role(desk: Desk) -> None:
    async def status(email: str, path: str) -> int:
        auth = (f"{email}/token", TOKEN)
        async with httpx.AsyncClient(base_url=desk.client.base_url, auth=auth) as client:
            return (await client.get(path)).status_code

    assert await status("ann@sandbox.example", "/api/v2/tickets") == 200
    assert await status("ann@sandbox.example", "/api/v2/webhooks") == 403
    assert await status("ann@sandbox.example", "/api/v2/incremental/tickets/cursor?start_time=0") == 403
    assert await status("carla@customer.example", "/api/v2/tickets") == 403
    assert await status("carla@customer.example", "/api/v2/users/me") == 200


async def test_a_suspended_user_cannot_sign_in(desk: Desk) -> None:
    await desk.client.put(f"/api/v2/users/{ANN}", json={"user": {"suspended": True}})
    auth = ("ann@sandbox.example/token", TOKEN)
    async with httpx.AsyncClient(base_url=desk.client.base_url, auth=auth) as ann:
        assert (await ann.get("/api/v2/tickets")).status_code == 401


async def test_every_answer_tells_its_limits(desk: Desk) -> None:
    first = await desk.client.get("/api/v2/users/me")
    second = await desk.client.get("/api/v2/tickets")
    assert first.headers["x-zendesk-api-version"] == "v2"
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert (first.headers["x-rate-limit"], first.headers["x-rate-limit-remaining"]) == ("700", "699")
    assert (second.headers["ratelimit-limit"], second.headers["ratelimit-remaining"]) == ("700", "698")
    assert 0 < int(second.headers["ratelimit-reset"]) <= 60
    assert second.headers["etag"].startswith('W/"')
    assert second.headers["zendesk-ratelimit-tickets-index"].startswith("total=100; remaining=99; resets=")


async def test_webhook_answers_have_their_own_limit_and_no_etag(desk: Desk) -> None:
    answer = await desk.client.get("/api/v2/webhooks")
    assert answer.headers["x-rate-limit"] == "100"
    assert not {"etag", "ratelimit-limit"} & set(answer.headers)


async def test_the_account_limit_answers_plain_text_and_ends_with_the_minute(desk: Desk) -> None:
    await desk.control("PATCH", "/settings", limits={"account": 2})
    statuses = [(await desk.client.get("/api/v2/users/me")).status_code for _ in range(2)]
    limited = await desk.client.get("/api/v2/users/me")
    assert (statuses, limited.status_code) == ([200, 200], 429)
    assert limited.text == "Number of allowed API requests per minute exceeded"
    assert 0 < int(limited.headers["retry-after"]) <= 60
    assert limited.headers["ratelimit-remaining"] == "0"
    await desk.control("PUT", "/clock", offset_seconds=61)
    assert (await desk.client.get("/api/v2/users/me")).status_code == 200


async def test_a_ticket_can_be_updated_thirty_times_in_ten_minutes(desk: Desk) -> None:
    await desk.control("PATCH", "/settings", limits={"ticket_updates": 2})
    ticket, other = await desk.create(), await desk.create()
    path = f"/api/v2/tickets/{ticket['id']}"
    first = await desk.client.put(path, json={"ticket": {"subject": "1"}})
    assert first.headers["zendesk-ratelimit-per-ticket-updates"].startswith("total=2; remaining=1; ")
    await desk.update(ticket, subject="2")
    refused = await desk.client.put(path, json={"ticket": {"subject": "3"}})
    assert (refused.status_code, refused.json()["error"]) == (429, "APIRateLimitExceeded")
    assert (await desk.show(ticket))["subject"] == "2"
    await desk.update(other, subject="not limited")


async def test_the_date_follows_the_sandbox_clock(desk: Desk) -> None:
    await desk.control("PUT", "/clock", offset_seconds=-10 * 366 * 86400)
    answer = await desk.client.get("/api/v2/users/me")
    (date,) = answer.headers.get_list("date")
    ticket = await desk.create()
    assert ticket["created_at"][:4] in date


async def test_cursor_pages_reach_every_ticket_once_and_back(desk: Desk) -> None:
    ids = [(await desk.create())["id"] for _ in range(5)]
    first = await desk.get("/api/v2/tickets.json?page[size]=2")
    second = (await desk.client.get(first["links"]["next"])).json()
    third = (await desk.client.get(second["links"]["next"])).json()
    pages = [first, second, third]
    assert [ticket["id"] for page in pages for ticket in page["tickets"]] == ids
    assert [page["meta"]["has_more"] for page in pages] == [True, True, False]
    back = (await desk.client.get(third["links"]["prev"])).json()
    assert back["tickets"] == second["tickets"]


async def test_the_last_cursor_page_still_has_cursors_and_links(desk: Desk) -> None:
    await desk.create()
    page = await desk.get("/api/v2/tickets?page[size]=100")
    assert all(page["meta"][name] for name in ("after_cursor", "before_cursor"))
    assert all(page["links"][name] for name in ("next", "prev"))
    after = (await desk.client.get(page["links"]["next"])).json()
    assert (after["tickets"], after["meta"]["has_more"]) == ([], False)


async def test_cursor_lists_have_neither_fields_nor_count(desk: Desk) -> None:
    await desk.create()
    by_cursor, by_offset = await desk.get("/api/v2/tickets?page[size]=1"), await desk.get("/api/v2/tickets?per_page=1")
    assert "fields" not in by_cursor["tickets"][0]
    assert "fields" in by_offset["tickets"][0]
    assert set(by_cursor) == {"tickets", "meta", "links"}
    assert set(by_offset) == {"tickets", "next_page", "previous_page", "count"}


async def test_offset_pages_link_to_each_other(desk: Desk) -> None:
    ids = [(await desk.create())["id"] for _ in range(3)]
    first = await desk.get("/api/v2/tickets.json?per_page=2")
    second = (await desk.client.get(first["next_page"])).json()
    assert [ticket["id"] for page in (first, second) for ticket in page["tickets"]] == ids
    assert (second["next_page"], second["count"]) == (None, 3)
    assert (await desk.client.get(second["previous_page"])).json() == first


@pytest.mark.parametrize("query", ["page=101", "page=0", "per_page=x", "page[after]=abc", "page[size]=0"])
async def test_a_page_that_cannot_be_is_a_400(desk: Desk, query: str) -> None:
    assert (await desk.client.get(f"/api/v2/tickets?{query}")).status_code == 400
