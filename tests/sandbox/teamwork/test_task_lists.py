"""Lists of tasks: what they show, filters, order, paging, sideloads, lag."""

import time
from typing import Any

import pytest

from tests.sandbox.teamwork.local_site import LIST, PROJECT, V3, LocalSite
from ticketsync.sandbox.teamwork import ANN_ID, BEN_ID, SYNC_USER_ID

EVERYTHING = {"includeCompletedTasks": "true", "showDeleted": "true"}


async def _three_states(site: LocalSite) -> tuple[int, int, int]:
    new, done, gone = [(await site.new_task(name))["id"] for name in ("new", "done", "gone")]
    await site.sync.put(f"/tasks/{done}/complete.json")
    await site.sync.delete(f"{V3}/tasks/{gone}.json")
    return new, done, gone


async def test_completed_and_deleted_tasks_are_hidden_by_default(site: LocalSite) -> None:
    new, done, gone = await _three_states(site)
    for path in ("tasks", f"projects/{PROJECT}/tasks", f"tasklists/{LIST}/tasks"):
        assert await site.listed(path) == [new]
        assert await site.listed(path, includeCompletedTasks="true") == [new, done]
        assert await site.listed(path, showDeleted="true") == [new, gone]
        assert await site.listed(path, **EVERYTHING) == [new, done, gone]
        assert await site.listed(path, includeCompleted="true", completedOnly="true") == [done]


async def test_filters_by_id_list_project_creator_assignee_parent_and_tag(site: LocalSite) -> None:
    first = await site.new_task("first", assignees={"userIds": [ANN_ID, BEN_ID]})
    child = await site.new_task("child", parentTaskId=first["id"])
    inbox = (await site.ann.post("/tasklists/1234/tasks.json", json={"todo-item": {"content": "by Ann"}})).json()["id"]
    await site.sync.put(f"/tasks/{inbox}/move.json", json={"taskListId": 0})
    by_ann, one, two = int(inbox), first["id"], child["id"]
    tag = (await site.sync.post(f"{V3}/tags.json", json={"tag": {"name": "vip"}})).json()["tag"]["id"]
    await site.patch(two, tagIds=[tag])
    assert await site.listed("tasks", ids=f"{two},{by_ann}") == [two, by_ann]
    assert await site.listed("tasks", tasklistIds=LIST) == [one, two]
    assert await site.listed("tasks", projectIds=PROJECT) == [one, two, by_ann]
    assert await site.listed("tasks", projectIds=1) == []
    assert await site.listed("tasks", createdByUserIds=ANN_ID) == [by_ann]
    assert await site.listed("tasks", createdByUserIds=f"{ANN_ID},{SYNC_USER_ID}") == [one, two, by_ann]
    assert await site.listed("tasks", responsiblePartyIds=BEN_ID) == [one]
    assert await site.listed("tasks", assigneeUserIds=BEN_ID) == [one, two, by_ann]
    assert await site.listed("tasks", onlyUnassignedTasks="true") == [two, by_ann]
    assert await site.listed("tasks", parentTaskId=one) == [two]
    assert await site.listed("tasks", tagIds=tag) == [two]
    assert await site.listed(f"tasks/{one}/subtasks") == [two]
    assert await site.listed("tasks", ids=[one, two]) == [one, two]


async def test_time_filters_leave_out_their_own_second(site: LocalSite) -> None:
    made = []
    for _ in range(3):
        made.append((await site.new_task())["id"])
        site.clock.forward(60)
    middle = "2026-03-02T09:01:00Z"
    assert await site.listed(createdAfter=middle) == [made[2]]
    assert await site.listed(createdBefore=middle) == [made[0]]
    assert await site.listed(createdAfter="2026-03-02T10:00:59+01:00") == made[1:]
    await site.patch(made[0], name="changed")
    assert await site.listed(updatedAfter=middle) == [made[0], made[2]]
    assert await site.listed(updatedBefore=middle) == []
    await site.sync.delete(f"{V3}/tasks/{made[1]}.json")
    assert await site.listed(deletedAfter=middle, showDeleted="true") == [made[1]]
    assert made[1] in await site.listed(updatedAfter="2026-03-02T09:02:00Z", showDeleted="true")


@pytest.mark.parametrize(
    "query",
    [
        {"createdAfter": "yesterday"},
        {"createdAfter": "2026-03-02T09:00:00"},
        {"orderBy": "colour"},
        {"orderMode": "up"},
        {"ids": "a"},
        {"page": "0"},
        {"pageSize": "501"},
        {"includeCompletedTasks": "perhaps"},
    ],
)
async def test_values_of_filters_that_make_no_sense_are_400(site: LocalSite, query: dict[str, str]) -> None:
    answer = await site.sync.get(f"{V3}/tasks.json", params=query)
    assert answer.status_code == 400
    assert next(iter(query)) in answer.json()["errors"][0]["detail"]


async def test_order_by_and_order_mode(site: LocalSite) -> None:
    late = (await site.new_task("b", dueAt="2026-04-02"))["id"]
    site.clock.forward(1)
    soon = (await site.new_task("A", dueAt="2026-03-02"))["id"]
    site.clock.forward(1)
    never = (await site.new_task("c"))["id"]
    await site.patch(late, priority="high")
    assert await site.listed() == [soon, late, never]
    assert await site.listed(orderBy="createdat") == [late, soon, never]
    assert await site.listed(orderBy="createdat", orderMode="desc") == [never, soon, late]
    assert await site.listed(orderBy="taskname") == [soon, late, never]
    assert await site.listed(orderBy="updatedat") == [soon, late, never]
    assert await site.listed(orderBy="id", orderMode="desc") == [never, soon, late]
    assert (await site.listed(orderBy="priority"))[0] == late


async def _page(site: LocalSite, **query: Any) -> tuple[int, dict[str, Any]]:
    answer = (await site.sync.get(f"{V3}/tasks.json", params=query)).json()
    return len(answer["tasks"]), answer["meta"]["page"]


async def test_pages_are_50_by_default_and_say_whether_there_is_more(site: LocalSite) -> None:
    await site.nobody.post("/sandbox/tasks/import", json={"count": 120, "tasklist_id": LIST})
    assert await _page(site) == (50, {"pageOffset": 0, "pageSize": 50, "count": 120, "hasMore": True})
    assert await _page(site, page=3) == (20, {"pageOffset": 2, "pageSize": 50, "count": 120, "hasMore": False})
    assert await _page(site, page=4) == (0, {"pageOffset": 3, "pageSize": 50, "count": 120, "hasMore": False})
    assert (await _page(site, pageSize=120))[1]["hasMore"] is False
    assert (await _page(site, page=2, pageSize=20, skipCounts="true"))[1]["count"] == 41


async def test_all_pages_together_show_every_task_once(site: LocalSite) -> None:
    imported = await site.nobody.post("/sandbox/tasks/import", json={"count": 120, "tasklist_id": LIST})
    pages = [await site.listed(page=page, orderBy="createdat") for page in (1, 2, 3)]
    assert [task_id for page in pages for task_id in page] == imported.json()["ids"]


async def test_beyond_the_offset_ceiling_is_400(site: LocalSite) -> None:
    assert (await site.sync.get(f"{V3}/tasks.json?page=200&pageSize=250")).status_code == 200
    answer = await site.sync.get(f"{V3}/tasks.json?page=201&pageSize=250")
    assert answer.status_code == 400
    assert "offset" in answer.json()["errors"][0]["detail"]


async def test_ten_thousand_tasks_are_listed_and_searched_in_less_than_a_second_of_work(site: LocalSite) -> None:
    asked = {"count": 10_000, "tasklist_id": LIST, "description": "[ticketsync:acme/{n}]"}
    await site.nobody.post("/sandbox/tasks/import", json=asked)
    started = time.process_time()
    query = {"createdAfter": "2026-03-01T00:00:00Z", "createdByUserIds": SYNC_USER_ID, "orderBy": "createdat"}
    assert len(await site.listed(f"projects/{PROJECT}/tasks", page=40, pageSize=250, **query)) == 250
    assert len(await site.listed(f"projects/{PROJECT}/tasks", searchTerm="acme/9999]")) == 1
    assert time.process_time() - started < 1


async def test_completed_lists_and_archived_projects_have_to_be_asked_for(site: LocalSite) -> None:
    task_id = (await site.new_task())["id"]
    await site.nobody.put(f"/sandbox/tasklists/{LIST}", json={"completed": True})
    assert await site.listed("tasks") == []
    assert await site.listed("tasks", showCompletedLists="true") == []
    assert await site.listed("tasks", showCompletedLists="true", includeCompletedTasks="true") == [task_id]
    await site.nobody.put(f"/sandbox/tasklists/{LIST}", json={"completed": False})
    await site.nobody.put(f"/sandbox/projects/{PROJECT}", json={"archived": True})
    assert await site.listed("tasks") == []
    assert await site.listed("tasks", includeArchivedProjects="true") == [task_id]


async def test_sideloads_are_maps_by_id_and_fields_make_rows_sparse(site: LocalSite) -> None:
    parent = await site.new_task("parent", assignees={"userIds": [ANN_ID]})
    await site.new_task("child", parentTaskId=parent["id"])
    await site.nobody.post(f"/sandbox/tasks/{parent['id']}/files", json={"name": "a.png", "person_id": ANN_ID})
    query = {
        "include": "users,projects,tasklists,tags,companies,parentTasks,attachments",
        "fields[tasks]": "id,name",
        "includeRelatedTasks": "true",
    }
    answer = (await site.sync.get(f"{V3}/tasks.json", params=query)).json()
    assert set(answer["tasks"][0]) == {"id", "name"}
    included = answer["included"]
    assert included["users"][str(ANN_ID)]["firstName"] == "Ann"
    assert included["projects"][str(PROJECT)]["name"] == "Support desk"
    assert included["tasklists"][str(LIST)]["name"] == "Zendesk tickets"
    assert included["tasks"][str(parent["id"])]["name"] == "parent"
    assert [file["uploadedBy"] for file in included["files"].values()] == [ANN_ID]


async def test_one_task_shows_its_files_and_on_request_its_subtasks(site: LocalSite) -> None:
    parent = await site.new_task("parent")
    child = await site.new_task("child", parentTaskId=parent["id"])
    file = await site.nobody.post(f"/sandbox/tasks/{parent['id']}/files", json={"name": "a.png"})
    answer = await site.sync.get(f"{V3}/tasks/{parent['id']}.json?includeRelatedTasks=true")
    assert answer.json()["task"]["subTaskIds"] == [child["id"]]
    assert answer.json()["task"]["attachments"] == [{"id": file.json()["file"]["id"], "type": "files"}]


async def test_lists_can_lag_behind_writes_while_the_task_itself_is_read_fresh(site: LocalSite) -> None:
    site.switch(stale_lists_seconds=10)
    site.clock.forward(700)
    task_id = (await site.new_task("old"))["id"]
    assert await site.listed() == []
    assert (await site.task(task_id))["name"] == "old"
    site.clock.forward(6)
    await site.patch(task_id, name="new")
    assert await site.listed() == []
    site.clock.forward(5)
    rows = (await site.sync.get(f"{V3}/tasks.json")).json()["tasks"]
    assert [row["name"] for row in rows] == ["old"]
    site.clock.forward(5)
    rows = (await site.sync.get(f"{V3}/tasks.json")).json()["tasks"]
    assert [row["name"] for row in rows] == ["new"]
    await site.sync.delete(f"{V3}/tasks/{task_id}.json")
    assert await site.listed() == [task_id]
    site.clock.forward(11)
    assert await site.listed() == []
