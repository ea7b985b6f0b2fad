"""Creating and changing tasks through v3."""

import pytest

from tests.sandbox.teamwork.local_site import LIST, V3, LocalSite
from ticketsync.sandbox.teamwork import ANN_ID, BEN_ID, SYNC_USER_ID


async def test_a_task_is_written_and_read_under_different_names(site: LocalSite) -> None:
    task = await site.new_task(
        "Fire", description="hot", priority="high", startAt="2026-03-02", dueAt="2026-03-04", estimatedMinutes=90,
        progress=10, private=True, assignees={"userIds": [ANN_ID], "companyIds": [], "teamIds": [], "jobRoleIds": []},
    )  # fmt: skip
    assert task["name"] == "Fire"
    assert task["description"] == "hot"
    assert (task["priority"], task["progress"], task["isPrivate"]) == ("high", 10, 1)
    assert (task["startDate"], task["dueDate"]) == ("2026-03-02T00:00:00Z", "2026-03-04T00:00:00Z")
    assert task["estimateMinutes"] == 90
    assert task["assignees"] == [{"id": ANN_ID, "type": "users"}]
    assert task["assigneeUserIds"] == [ANN_ID]
    assert task["status"] == "new"
    assert (task["tasklistId"], task["tasklist"]["type"]) == (LIST, "tasklists")
    assert (task["createdBy"], task["createdAt"]) == (SYNC_USER_ID, "2026-03-02T09:00:00Z")
    assert await site.task(task["id"]) == task


async def test_read_names_and_unknown_fields_are_ignored_when_written(site: LocalSite) -> None:
    task = await site.new_task(dueDate="2026-03-04", estimateMinutes=9, nonsense=1, content="x")
    assert task["dueDate"] is None
    assert task["estimateMinutes"] == 0


async def test_two_equal_creates_make_two_tasks(site: LocalSite) -> None:
    assert (await site.new_task("same"))["id"] != (await site.new_task("same"))["id"]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": ""},
        {"name": None},
        {"name": "x", "priority": 1},
        {"name": "x", "priority": "urgent"},
        {"name": "x", "dueAt": "02.03.2026"},
        {"name": 7},
        {"name": "x", "assignees": {"userIds": ["500002"]}},
        {"name": "x", "tagIds": [99]},
    ],
)
async def test_invalid_data_is_400_with_a_detail_and_makes_no_task(site: LocalSite, fields: dict[str, object]) -> None:
    answer = await site.sync.post(f"{V3}/tasklists/{LIST}/tasks.json", json={"task": fields})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["detail"]
    assert await site.listed() == []


async def test_unreadable_json_and_a_missing_wrapper_are_400_in_v3(site: LocalSite) -> None:
    for content in ("{", "[]", '{"name":"x"}'):
        assert (await site.sync.post(f"{V3}/tasklists/{LIST}/tasks.json", content=content)).status_code == 400


async def test_patch_and_put_both_leave_out_what_they_do_not_name(site: LocalSite) -> None:
    task = await site.new_task(description="keep", dueAt="2026-03-04")
    await site.patch(task["id"], name="by patch")
    answer = await site.sync.put(f"{V3}/tasks/{task['id']}.json", json={"task": {"priority": "low"}})
    changed = answer.json()["task"]
    assert (changed["name"], changed["priority"]) == ("by patch", "low")
    assert (changed["description"], changed["dueDate"]) == ("keep", task["dueDate"])


async def test_null_clears_dates_and_priority_and_the_word_none_the_priority(site: LocalSite) -> None:
    task = await site.new_task(priority="high", startAt="2026-03-02", dueAt="2026-03-04")
    changed = (await site.patch(task["id"], priority=None, startAt=None, dueAt=None)).json()["task"]
    assert (changed["priority"], changed["startDate"], changed["dueDate"]) == (None, None, None)
    await site.patch(task["id"], priority="low")
    assert (await site.patch(task["id"], priority="none")).json()["task"]["priority"] is None


async def test_an_update_says_who_and_when_and_one_without_change_leaves_no_trace(site: LocalSite) -> None:
    task = await site.new_task("a")
    site.clock.forward(60)
    await site.ann.patch(f"{V3}/tasks/{task['id']}.json", json={"task": {"name": "b"}})
    site.clock.forward(60)
    await site.patch(task["id"], name="b")
    changed = await site.task(task["id"])
    assert (changed["updatedBy"], changed["updatedAt"]) == (ANN_ID, "2026-03-02T09:01:00Z")


async def test_completion_cannot_be_patched(site: LocalSite) -> None:
    task = await site.new_task()
    answer = await site.patch(task["id"], completed=True, status="completed")
    assert answer.status_code == 200
    assert answer.json()["task"]["status"] == "new"


async def test_assignees_replace_unless_appended_and_empty_lists_clear(site: LocalSite) -> None:
    task = await site.new_task(assignees={"userIds": [ANN_ID]})
    replaced = await site.patch(task["id"], assignees={"userIds": [BEN_ID]})
    assert replaced.json()["task"]["assigneeUserIds"] == [BEN_ID]
    added = await site.patch(task["id"], {"appendAssignees": True}, assignees={"userIds": [ANN_ID]})
    assert added.json()["task"]["assigneeUserIds"] == [BEN_ID, ANN_ID]
    none: dict[str, list[int]] = {"userIds": [], "companyIds": [], "teamIds": [], "jobRoleIds": []}
    assert (await site.patch(task["id"], assignees=none)).json()["task"]["assignees"] == []


async def test_tags_are_set_by_id_and_made_by_name(site: LocalSite) -> None:
    tag = (await site.sync.post(f"{V3}/tags.json", json={"tag": {"name": "vip"}})).json()["tag"]
    body = {"task": {"name": "x", "tagIds": [tag["id"]]}, "tags": [{"name": "new"}, {"name": "VIP"}]}
    answer = await site.sync.post(f"{V3}/tasklists/{LIST}/tasks.json", json=body)
    made = answer.json()["task"]
    assert len(made["tagIds"]) == 2
    assert made["tagIds"][0] == tag["id"]
    assert (await site.patch(made["id"], tagIds=[])).json()["task"]["tagIds"] == []


async def test_a_missing_list_is_404_or_what_the_switch_says(site: LocalSite) -> None:
    for status in (404, 400, 403):
        site.switch(missing_tasklist=status)
        answer = await site.sync.post(f"{V3}/tasklists/77/tasks.json", json={"task": {"name": "x"}})
        assert answer.status_code == status


async def test_a_task_moves_within_its_project_by_patch_but_not_out_of_it(site: LocalSite) -> None:
    task = await site.new_task()
    child = (await site.sync.post(f"{V3}/tasks/{task['id']}/subtasks.json", json={"task": {"name": "c"}})).json()[
        "task"
    ]
    inbox = next(row["id"] for row in await _tasklists(site) if row["name"] == "Inbox")
    assert (await site.patch(task["id"], tasklistId=inbox)).json()["task"]["tasklistId"] == inbox
    assert (await site.task(child["id"]))["tasklistId"] == inbox
    other = (await site.sync.post("/projects.json", json={"project": {"name": "Other"}})).json()["id"]
    made = await site.sync.post(f"/projects/{other}/tasklists.json", json={"todo-list": {"name": "Far"}})
    assert (await site.patch(task["id"], tasklistId=int(made.json()["tasklistId"]))).status_code == 422


async def _tasklists(site: LocalSite) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = (await site.sync.get(f"{V3}/tasklists.json")).json()["tasklists"]
    return rows


async def test_a_parent_in_another_list_is_refused_zero_detaches_and_null_does_nothing(site: LocalSite) -> None:
    parent = await site.new_task("parent")
    child = await site.new_task("child", parentTaskId=parent["id"])
    assert child["parentTask"] == {"id": parent["id"], "type": "tasks"}
    inbox = next(row["id"] for row in await _tasklists(site) if row["name"] == "Inbox")
    refused = await site.patch(child["id"], parentTaskId=parent["id"], tasklistId=inbox)
    assert refused.status_code == 422
    assert (await site.patch(child["id"], parentTaskId=None)).json()["task"]["parentTaskId"] == parent["id"]
    assert (await site.patch(parent["id"], parentTaskId=child["id"])).status_code == 400
    assert (await site.patch(child["id"], parentTaskId=0)).json()["task"]["parentTask"] is None


async def test_writing_what_is_not_there_is_404_without_a_body(site: LocalSite) -> None:
    answer = await site.patch(1, name="x")
    assert (answer.status_code, answer.content) == (404, b"")
    child = await site.sync.post(f"{V3}/tasks/1/subtasks.json", json={"task": {"name": "c"}})
    assert child.status_code == 404
