"""Logged time."""

from typing import Any

from tests.sandbox.teamwork.local_site import PROJECT, V3, LocalSite
from ticketsync.sandbox.teamwork import ANN_ID, BEN_ID


async def _log(site: LocalSite, task_id: int, **log: Any) -> int:
    answer = await site.ann.post(f"{V3}/tasks/{task_id}/time.json", json={"timelog": log})
    return answer.status_code


async def test_a_person_logs_time_and_everybody_sees_whose_it_is(site: LocalSite) -> None:
    task_id = (await site.new_task())["id"]
    assert await _log(site, task_id, date="2026-03-02", time="10:00:00", isUTC=True, hours=1, minutes=30) == 201
    assert await _log(site, task_id, date="2026-03-02", minutes=5, userId=BEN_ID, isBillable=True) == 201
    answer = (await site.sync.get(f"{V3}/tasks/{task_id}/time.json")).json()
    assert answer["meta"]["page"]["count"] == 2
    mine, bens = answer["timelogs"]
    assert (mine["minutes"], mine["user"]["id"], mine["loggedBy"]) == (90, ANN_ID, ANN_ID)
    assert (bens["user"]["id"], bens["loggedBy"], bens["billable"]) == (BEN_ID, ANN_ID, True)
    assert (mine["timeLogged"], mine["projectId"]) == ("2026-03-02T10:00:00Z", PROJECT)


async def test_a_task_without_time_has_an_empty_list_and_no_task_has_none(site: LocalSite) -> None:
    task_id = (await site.new_task())["id"]
    assert (await site.sync.get(f"{V3}/tasks/{task_id}/time.json")).json()["timelogs"] == []
    assert (await site.sync.get(f"{V3}/tasks/1/time.json")).status_code == 404


async def test_no_time_and_no_real_day_are_422(site: LocalSite) -> None:
    task_id = (await site.new_task())["id"]
    assert await _log(site, task_id, date="2026-03-02") == 422
    assert await _log(site, task_id, date="2026-02-31", minutes=5) == 422
    assert (await site.sync.get(f"{V3}/tasks/{task_id}/time.json")).json()["timelogs"] == []
