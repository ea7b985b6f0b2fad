"""Complete, reopen, delete, restore, move."""

from typing import Any

import pytest

from tests.sandbox.teamwork.local_site import LIST, PROJECT, V3, LocalSite
from ticketsync.sandbox.teamwork import ANN_ID, SYNC_USER_ID


async def test_complete_and_uncomplete_answer_ok_without_a_body_and_show_who_did_it(site: LocalSite) -> None:
    task_id = (await site.new_task())["id"]
    done = await site.ann.put(f"/tasks/{task_id}/complete.json")
    assert (done.status_code, done.json()) == (200, {"STATUS": "OK"})
    task = await site.task(task_id)
    assert (task["status"], task["completedBy"], task["completedAt"]) == ("completed", ANN_ID, "2026-03-02T09:00:00Z")
    opened = await site.sync.put(f"/tasks/{task_id}/uncomplete.json")
    assert (opened.status_code, opened.json()) == (200, {"STATUS": "OK"})
    task = await site.task(task_id)
    assert (task["status"], task["completedBy"], task["completedAt"]) == ("reopened", None, None)


async def test_they_have_a_second_path(site: LocalSite) -> None:
    task_id = (await site.new_task())["id"]
    assert (await site.sync.put(f"/projects/api/v1/tasks/{task_id}/complete.json")).status_code == 200
    assert (await site.task(task_id))["status"] == "completed"
    assert (await site.sync.put(f"/projects/api/v1/tasks/{task_id}/uncomplete.json")).status_code == 200
    assert (await site.task(task_id))["status"] == "reopened"


@pytest.mark.parametrize("status", [200, 400, 422])
async def test_completing_and_reopening_twice_answers_what_the_switch_says(site: LocalSite, status: int) -> None:
    site.switch(complete_twice=status)
    task_id = (await site.new_task())["id"]
    assert (await site.sync.put(f"/tasks/{task_id}/uncomplete.json")).status_code == status
    await site.sync.put(f"/tasks/{task_id}/complete.json")
    assert (await site.ann.put(f"/tasks/{task_id}/complete.json")).status_code == status
    assert (await site.task(task_id))["completedBy"] == SYNC_USER_ID


@pytest.mark.parametrize("status", [200, 409])
async def test_a_completed_task_can_be_patched_or_not(site: LocalSite, status: int) -> None:
    site.switch(patch_completed=status)
    task_id = (await site.new_task("old"))["id"]
    await site.sync.put(f"/tasks/{task_id}/complete.json")
    assert (await site.patch(task_id, name="new")).status_code == status
    assert (await site.task(task_id))["name"] == ("new" if status == 200 else "old")


async def test_delete_answers_200_with_the_ids_and_takes_subtasks_along(site: LocalSite) -> None:
    parent = await site.new_task("parent")
    child = await site.new_task("child", parentTaskId=parent["id"])
    answer = await site.ann.delete(f"{V3}/tasks/{parent['id']}.json")
    assert answer.status_code == 200
    assert sorted(answer.json()["affected"]["taskIds"]) == [parent["id"], child["id"]]
    for task_id in (parent["id"], child["id"]):
        assert (await site.sync.get(f"{V3}/tasks/{task_id}.json")).status_code == 404
    assert await site.listed() == []


async def test_delete_can_answer_204_and_the_v1_way_answers_ok(site: LocalSite) -> None:
    site.switch(delete_answer=204)
    first, second = await site.new_task(), await site.new_task()
    answer = await site.sync.delete(f"{V3}/tasks/{first['id']}.json")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await site.sync.delete(f"/tasks/{second['id']}.json")).json() == {"STATUS": "OK"}
    assert await site.listed() == []


@pytest.mark.parametrize("status", [404, 200])
async def test_a_second_delete_answers_what_the_switch_says(site: LocalSite, status: int) -> None:
    site.switch(second_delete=status)
    task_id = (await site.new_task())["id"]
    await site.sync.delete(f"{V3}/tasks/{task_id}.json")
    assert (await site.sync.delete(f"{V3}/tasks/{task_id}.json")).status_code == status
    assert (await site.sync.delete(f"{V3}/tasks/1.json")).status_code == 404


async def test_a_deleted_task_can_be_shown_when_the_switch_says_so(site: LocalSite) -> None:
    task_id = (await site.new_task())["id"]
    await site.ann.delete(f"{V3}/tasks/{task_id}.json")
    site.switch(get_deleted=200)
    task = await site.task(task_id)
    assert (task["status"], task["deletedBy"], task["deletedAt"]) == ("deleted", ANN_ID, "2026-03-02T09:00:00Z")
    assert (await site.patch(task_id, name="x")).status_code == 404
    assert (await site.sync.put(f"/tasks/{task_id}/complete.json")).status_code == 404


async def _trash(site: LocalSite) -> dict[str, Any]:
    trash: dict[str, Any] = (await site.sync.get(f"/trashcan/projects/{PROJECT}.json")).json()
    return trash


async def test_the_trash_shows_who_deleted_what_and_gives_it_back_as_it_was(site: LocalSite) -> None:
    parent = await site.new_task("parent")
    child = await site.new_task("child", parentTaskId=parent["id"])
    early = await site.new_task("early", parentTaskId=parent["id"])
    await site.sync.put(f"/tasks/{parent['id']}/complete.json")
    await site.sync.delete(f"{V3}/tasks/{early['id']}.json")
    site.clock.forward(86_400 * 3)
    await site.ann.delete(f"{V3}/tasks/{parent['id']}.json")
    trash = await _trash(site)
    assert trash["STATUS"] == "OK"
    assert [row["id"] for row in trash["tasks"]] == [str(parent["id"]), str(child["id"]), str(early["id"])]
    assert trash["tasks"][0]["username"] == "Ann Archer"
    assert (trash["tasks"][2]["days"], trash["tasks"][0]["hasSubtasks"]) == ("3", True)
    restored = await site.sync.put(f"/trashcan/tasks/{parent['id']}/restore.json")
    assert (restored.status_code, restored.json()) == (200, {"STATUS": "OK"})
    task = await site.task(parent["id"])
    assert (task["status"], task["completedBy"], task["deletedAt"]) == ("completed", SYNC_USER_ID, None)
    assert (await site.task(child["id"]))["status"] == "new"
    assert [row["name"] for row in (await _trash(site))["tasks"]] == ["early"]


@pytest.mark.parametrize("status", [404, 200])
async def test_restoring_what_is_not_in_the_trash_answers_what_the_switch_says(site: LocalSite, status: int) -> None:
    site.switch(second_restore=status)
    task_id = (await site.new_task())["id"]
    assert (await site.sync.put(f"/trashcan/tasks/{task_id}/restore.json")).status_code == status
    assert (await site.sync.put("/trashcan/tasks/1/restore.json")).status_code == 404


async def test_a_task_whose_list_is_gone_comes_back_into_the_inbox(site: LocalSite) -> None:
    task_id = (await site.new_task())["id"]
    await site.sync.delete(f"/tasklists/{LIST}.json")
    assert [row["name"] for row in (await _trash(site))["tasklists"]] == ["Zendesk tickets"]
    assert (await site.sync.put(f"/trashcan/tasks/{task_id}/restore.json")).status_code == 200
    assert (await site.task(task_id))["tasklistId"] not in {LIST, 0}


async def test_move_works_across_projects_and_names_lists_as_comma_strings(site: LocalSite) -> None:
    task = await site.new_task()
    child = await site.new_task("child", parentTaskId=task["id"])
    other = (await site.sync.post("/projects.json", json={"project": {"name": "Other"}})).json()["id"]
    made = await site.sync.post(f"/projects/{other}/tasklists.json", json={"todo-list": {"name": "Far"}})
    far = int(made.json()["tasklistId"])
    answer = await site.ann.put(f"/tasks/{task['id']}/move.json", json={"taskListId": far})
    assert answer.json() == {
        "STATUS": "OK",
        "affectedTaskIds": "",
        "affectedTaskListIds": f"{LIST},{far}",
        "affectedProjectIds": f"{PROJECT},{other}",
    }
    assert (await site.task(task["id"]))["tasklist"]["meta"]["projectId"] == int(other)
    assert (await site.task(child["id"]))["parentTaskId"] == task["id"]
    assert (await site.task(child["id"]))["tasklistId"] == far


async def test_move_to_list_zero_is_the_inbox(site: LocalSite) -> None:
    task = await site.new_task()
    await site.sync.put(f"/tasks/{task['id']}/move.json", json={"taskListId": 0})
    tasklist_id = (await site.task(task["id"]))["tasklistId"]
    tasklist = (await site.sync.get(f"{V3}/tasklists/{tasklist_id}.json")).json()["tasklist"]
    assert tasklist["name"] == "Inbox"
