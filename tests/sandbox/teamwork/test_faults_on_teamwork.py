"""The shared faults in Teamwork's words, and what they must not break."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.teamwork.local_site import LIST, V3, LocalSite, running

CREATE = f"{V3}/tasklists/{LIST}/tasks.json"


async def _fault(site: LocalSite, **fault: Any) -> None:
    answer = await site.nobody.post("/sandbox/faults", json={"times": 1, **fault})
    assert answer.status_code == 201, answer.text


async def test_a_create_whose_answer_is_lost_has_made_its_task(site: LocalSite) -> None:
    await _fault(site, kind="lost_answer", match={"method": "POST", "path": "/tasks.json$"})
    with pytest.raises(httpx.RemoteProtocolError):
        await site.sync.post(CREATE, json={"task": {"name": "ghost"}})
    [task_id] = await site.listed()
    assert (await site.task(task_id))["name"] == "ghost"


async def test_an_error_does_nothing_and_is_worded_for_its_version(site: LocalSite) -> None:
    await _fault(site, kind="error", status=502)
    v3 = await site.sync.post(CREATE, json={"task": {"name": "x"}})
    assert (v3.status_code, v3.json()["errors"][0]["code"]) == (502, "502")
    task_id = (await site.new_task())["id"]
    await _fault(site, kind="error", status=599)
    v1 = await site.sync.put(f"/tasks/{task_id}/complete.json")
    assert (v1.status_code, v1.json()["STATUS"]) == (599, "Error")
    assert (await site.task(task_id))["status"] == "new"
    assert await site.listed() == [task_id]


async def test_rate_limited_and_unauthorized_look_like_the_real_refusals(site: LocalSite) -> None:
    await _fault(site, kind="rate_limited", seconds=7)
    limited = await site.sync.get(f"{V3}/me.json")
    assert limited.status_code == 429
    assert (limited.headers["X-Rate-Limit-Remaining"], limited.headers["x-ratelimit-reset"]) == ("0", "7")
    await _fault(site, kind="unauthorized")
    assert (await site.sync.get(f"{V3}/me.json")).status_code == 401
    assert (await site.sync.get(f"{V3}/me.json")).status_code == 200


async def test_calls_met_by_a_fault_are_counted(site: LocalSite) -> None:
    await _fault(site, kind="error")
    await site.sync.get(f"{V3}/me.json")
    await site.sync.get(f"{V3}/me.json")
    usage = (await site.nobody.get("/sandbox/usage")).json()
    assert (usage["calls"], usage["max_per_minute"]) == (2, 2)


async def test_a_lost_answer_is_saved_all_the_same(tmp_path: Path) -> None:
    async with running(state_dir=tmp_path) as site:
        await _fault(site, kind="lost_answer")
        with pytest.raises(httpx.RemoteProtocolError):
            await site.sync.post(CREATE, json={"task": {"name": "ghost"}})
    async with running(state_dir=tmp_path) as again:
        assert len(await again.listed()) == 1
