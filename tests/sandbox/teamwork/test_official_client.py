"""What Teamwork's own Go client insists on, in its code and its tests (reference/teamwork-api §12), in Python."""

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


# --- what its own tests do with a live site


async def _log(site: LocalSite) -> tuple[int, int]:
    """A new task's id and that of time logged on it, with all that may be left out sent as null, as it does."""
    task_id = (await _create(site)).json()["task"]["id"]
    nothing = {"description": None, "isBillable": None, "userId": None, "tagIds": None}
    log = {"date": "2026-03-02", "time": "09:00:00", "isUTC": True, "hours": 0, "minutes": 30} | nothing
    answer = await site.sync.post(f"{V3}/tasks/{task_id}/time.json", json={"timelog": log}, headers=HEADERS)
    assert answer.status_code == 201, answer.text
    assert answer.json()["timelog"]["billable"] is False
    return task_id, answer.json()["timelog"]["id"]


async def test_time_is_read_changed_by_patch_and_deleted_twice(site: LocalSite) -> None:
    task_id, log_id = await _log(site)
    tag = (await site.sync.post(f"{V3}/tags.json", json={"tag": {"name": "vip"}})).json()["tag"]
    path = f"{V3}/time/{log_id}.json"
    body = {"timelog": {"hours": 2, "minutes": 30, "isBillable": True, "userId": 500_002, "tagIds": [tag["id"]]}}
    assert (await site.sync.patch(path, json=body, headers=HEADERS)).status_code == 200
    [log] = (await site.sync.get(f"{V3}/time.json")).json()["timelogs"]
    assert log == (await site.sync.get(path)).json()["timelog"]
    assert (log["minutes"], log["billable"], log["user"]["id"], log["taskId"]) == (150, True, 500_002, task_id)
    assert (log["tagIds"], log["timeLogged"]) == ([tag["id"]], "2026-03-02T09:00:00Z")
    await site.sync.delete(f"{V3}/tags/{tag['id']}.json")
    assert (await site.sync.get(path)).json()["timelog"]["tagIds"] == []
    for _ in range(2):
        answer = await site.sync.delete(path, headers=HEADERS)
        assert (answer.status_code, answer.content) == (204, b"")
    assert (await site.sync.get(path)).status_code == 404
    assert (await site.sync.get(f"{V3}/tasks/{task_id}/time.json")).json()["timelogs"] == []


async def test_a_subtask_that_went_with_its_parent_is_deleted_once_more(site: LocalSite) -> None:
    parent, child = [(await _create(site)).json()["task"]["id"] for _ in range(2)]
    under = {"task": {"parentTaskId": parent}, "taskOptions": OPTIONS}
    assert (await site.sync.put(f"{V3}/tasks/{child}.json", json=under, headers=HEADERS)).status_code == 200
    first = await site.sync.delete(f"{V3}/tasks/{parent}.json", headers=HEADERS)
    assert sorted(first.json()["affected"]["taskIds"]) == [parent, child]
    again = await site.sync.delete(f"{V3}/tasks/{child}.json", headers=HEADERS)
    assert (again.status_code, again.json()) == (200, {"affected": {"taskIds": []}})
    assert (await site.sync.delete(f"{V3}/tasks/{parent}.json", headers=HEADERS)).status_code == 404


async def test_a_change_of_a_time_log_leaves_what_is_not_sent(site: LocalSite) -> None:
    _, log_id = await _log(site)
    path = f"{V3}/time/{log_id}.json"
    first = (await site.sync.get(path)).json()["timelog"]
    sent = {"timelog": {"date": "2026-03-01", "description": "Cables"}}
    changed = (await site.ann.patch(path, json=sent)).json()["timelog"]
    assert changed.pop("updatedAt") is not None
    assert changed == {name: value for name, value in first.items() if name != "updatedAt"} | {
        "timeLogged": "2026-03-01T09:00:00Z",
        "description": "Cables",
        "updatedBy": 500_002,
    }
    assert (await site.sync.patch(path, json={"timelog": {"minutes": 0}})).status_code == 422
    assert (await site.sync.patch(f"{V3}/time/1.json", json=sent)).status_code == 404


async def test_the_value_of_a_custom_field_is_read_by_its_id(site: LocalSite) -> None:
    task_id = (await _create(site)).json()["task"]["id"]
    field = {"customfield": {"name": "Plan", "entity": "task", "type": "text-short"}}
    field_id = (await site.sync.post(f"{V3}/customfields.json", json=field)).json()["customfield"]["id"]
    path = f"{V3}/tasks/{task_id}/customfields"
    sent = {"customfieldTask": {"customfieldId": field_id, "value": "gold"}}
    made = (await site.sync.post(f"{path}.json", json=sent, headers=HEADERS)).json()["customfieldTask"]
    answer = await site.sync.get(f"{path}/{made['id']}.json", headers=HEADERS)
    assert (answer.status_code, answer.json()) == (200, {"customfieldTask": made})
    assert (await site.sync.get(f"{path}/{made['id'] + 1}.json")).status_code == 404
