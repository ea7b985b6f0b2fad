"""What Teamwork's own Go client insists on (reference/teamwork-api §12): it cannot be run here, so its demands are."""

from datetime import datetime
from typing import Any

import httpx

from tests.sandbox.teamwork.local_site import LIST, PROJECT, V3, LocalSite

# Every write of a task carries them, and the group objects are always whole.
OPTIONS = {"notify": False, "checkInvalidusers": False}
NOBODY: dict[str, list[int]] = {"userIds": [], "companyIds": [], "teamIds": [], "jobRoleIds": []}
HEADERS = {"Content-Type": "application/json", "Accept": "application/json", "Jobroles-Enabled": "true"}


async def _create(site: LocalSite) -> httpx.Response:
    body = {"task": {"name": "x", "assignees": NOBODY}, "taskOptions": OPTIONS}
    return await site.sync.post(f"{V3}/tasklists/{LIST}/tasks.json", json=body, headers=HEADERS)


def _is_reference(value: Any, kind: str) -> bool:
    return isinstance(value["id"], int) and value["type"] == kind


async def test_a_created_task_is_201_with_a_number_as_id(site: LocalSite) -> None:
    answer = await _create(site)
    assert answer.status_code == 201
    task = answer.json()["task"]
    assert isinstance(task["id"], int)
    assert task["id"] > 0
    assert _is_reference(task["tasklist"], "tasklists")
    assert isinstance(task["createdBy"], int)


async def test_times_are_rfc_3339_and_missing_dates_null_never_empty(site: LocalSite) -> None:
    task = (await _create(site)).json()["task"]
    for name in ("createdAt", "updatedAt"):
        assert datetime.fromisoformat(task[name]).tzinfo is not None
    for name in ("startDate", "dueDate", "completedAt", "deletedAt", "parentTask", "priority"):
        assert task[name] is None


async def test_an_update_is_put_and_answers_the_task(site: LocalSite) -> None:
    task_id = (await _create(site)).json()["task"]["id"]
    body = {"task": {"name": "y"}, "taskOptions": OPTIONS}
    answer = await site.sync.put(f"{V3}/tasks/{task_id}.json", json=body, headers=HEADERS)
    assert (answer.status_code, answer.json()["task"]["name"]) == (200, "y")


async def test_a_deleted_task_is_200_with_a_json_body(site: LocalSite) -> None:
    task_id = (await _create(site)).json()["task"]["id"]
    answer = await site.sync.delete(f"{V3}/tasks/{task_id}.json", headers=HEADERS)
    assert (answer.status_code, answer.json()) == (200, {"affected": {"taskIds": [task_id]}})


async def test_a_created_list_is_201_with_a_list_id_of_digits(site: LocalSite) -> None:
    answer = await site.sync.post(f"/projects/{PROJECT}/tasklists.json", json={"todo-list": {"name": "More"}})
    assert answer.status_code == 201
    assert int(answer.json()["tasklistId"]) > 0


async def test_a_created_comment_is_201_with_an_id(site: LocalSite) -> None:
    task_id = (await _create(site)).json()["task"]["id"]
    answer = await site.sync.post(f"/tasks/{task_id}/comments.json", json={"comment": {"body": "x"}})
    assert answer.status_code == 201
    assert int(answer.json()["id"]) > 0


async def test_every_v3_list_has_its_key_numbers_as_ids_and_page_meta(site: LocalSite) -> None:
    task_id = (await _create(site)).json()["task"]["id"]
    await site.sync.post(f"/tasks/{task_id}/comments.json", json={"comment": {"body": "x"}})
    await site.sync.post(f"{V3}/tags.json", json={"tag": {"name": "vip"}})
    log = {"date": "2026-03-02", "time": "09:00:00", "isUTC": True, "hours": 0, "minutes": 5, "tagIds": None}
    await site.sync.post(f"{V3}/tasks/{task_id}/time.json", json={"timelog": {"description": None, **log}})
    lists = {
        "tasks": "tasks", "people": "people", "projects": "projects", "tasklists": "tasklists", "tags": "tags",
        f"tasks/{task_id}/comments": "comments", f"tasks/{task_id}/time": "timelogs",
    }  # fmt: skip
    for path, key in lists.items():
        answer = (await site.sync.get(f"{V3}/{path}.json", headers=HEADERS)).json()
        assert answer[key], path
        assert all(isinstance(row["id"], int) for row in answer[key])
        assert set(answer["meta"]["page"]) == {"pageOffset", "pageSize", "count", "hasMore"}


async def test_time_logs_carry_the_references_it_decodes(site: LocalSite) -> None:
    task_id = (await _create(site)).json()["task"]["id"]
    await site.sync.post(f"{V3}/tasks/{task_id}/time.json", json={"timelog": {"date": "2026-03-02", "minutes": 5}})
    [log] = (await site.sync.get(f"{V3}/tasks/{task_id}/time.json")).json()["timelogs"]
    assert _is_reference(log["user"], "users")
    assert _is_reference(log["task"], "tasks")
    assert _is_reference(log["project"], "projects")
    assert isinstance(log["loggedBy"], int)
    assert datetime.fromisoformat(log["timeLogged"]).tzinfo is not None
