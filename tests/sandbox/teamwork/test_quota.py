"""Calls per minute."""

import pytest

from tests.sandbox.teamwork.local_site import V3, LocalSite

ME = f"{V3}/me.json"


async def _calls(site: LocalSite, count: int) -> list[int]:
    return [(await site.sync.get(ME)).status_code for _ in range(count)]


async def test_what_is_too_much_in_any_60_seconds_is_429_and_not_processed(site: LocalSite) -> None:
    site.switch(calls_per_minute=3)
    assert await _calls(site, 2) == [200, 200]
    site.clock.forward(50)
    assert await _calls(site, 2) == [200, 429]
    site.clock.forward(10)
    assert await _calls(site, 3) == [200, 200, 429]


async def test_all_keys_share_the_quota_and_wrong_keys_count(site: LocalSite) -> None:
    site.switch(calls_per_minute=2)
    assert (await site.nobody.get(ME)).status_code == 401
    assert (await site.ann.get(ME)).status_code == 200
    assert (await site.ben.get(ME)).status_code == 429


async def test_every_answer_says_what_is_left_in_both_spellings(site: LocalSite) -> None:
    site.switch(calls_per_minute=2)
    headers = (await site.sync.get(ME)).headers
    assert (headers["X-Rate-Limit-Limit"], headers["X-Rate-Limit-Remaining"]) == ("2", "1")
    assert (headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]) == ("2", "1")
    assert headers["x-ratelimit-reset"] == headers["X-Rate-Limit-Reset"] == "60"
    site.clock.forward(20)
    await site.sync.get(ME)
    refused = await site.sync.get(ME)
    assert (refused.status_code, refused.headers["X-Rate-Limit-Remaining"]) == (429, "0")
    assert refused.headers["X-Rate-Limit-Reset"] == "40"
    assert "Retry-After" not in refused.headers
    assert refused.json()["errors"][0]["code"] == "429"


@pytest.mark.parametrize(
    ("spelling", "dashed", "joined"), [("dashed", True, False), ("joined", False, True), ("none", False, False)]
)
async def test_each_spelling_can_be_left_out(site: LocalSite, spelling: str, dashed: bool, joined: bool) -> None:
    site.switch(rate_limit_headers=spelling)
    headers = (await site.sync.get(ME)).headers
    assert ("X-Rate-Limit-Remaining" in headers, "x-ratelimit-remaining" in headers) == (dashed, joined)


async def test_the_older_way_is_400_with_nothing_left(site: LocalSite) -> None:
    site.switch(calls_per_minute=1, rate_limit_status=400)
    await site.sync.get(ME)
    refused = await site.sync.get("/tasks/1.json")
    assert (refused.status_code, refused.headers["X-Rate-Limit-Remaining"]) == (400, "0")
    assert refused.json()["STATUS"] == "Error"


async def test_the_reset_can_be_an_epoch_and_come_as_retry_after(site: LocalSite) -> None:
    site.switch(calls_per_minute=1, rate_limit_reset="epoch", retry_after=True)
    await site.sync.get(ME)
    refused = await site.sync.get(ME)
    assert int(refused.headers["X-Rate-Limit-Reset"]) == int(site.clock.now().timestamp()) + 60
    assert refused.headers["Retry-After"] == "60"


async def test_usage_counts_calls_writes_routes_and_the_busiest_minute(site: LocalSite) -> None:
    site.switch(calls_per_minute=3)
    await _calls(site, 2)
    site.clock.forward(59)
    await site.new_task()
    await _calls(site, 1)
    site.clock.forward(120)
    await _calls(site, 2)
    usage = (await site.nobody.get("/sandbox/usage")).json()
    assert (usage["calls"], usage["writes"], usage["refused"], usage["max_per_minute"]) == (6, 1, 1, 4)
    assert usage["by_route"] == {f"GET {ME}": 5, f"POST {V3}/tasklists/1234/tasks.json": 1}


async def test_control_calls_are_free_and_not_counted(site: LocalSite) -> None:
    site.switch(calls_per_minute=1)
    for _ in range(3):
        assert (await site.nobody.get("/sandbox/switches")).status_code == 200
    assert (await site.nobody.get("/sandbox/usage")).json()["max_per_minute"] == 0
