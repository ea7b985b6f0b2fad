"""Tasks as v1 knows them."""

from typing import Any

from tests.sandbox.teamwork.local_site import LIST, PROJECT, V3, LocalSite
from ticketsync.sandbox.teamwork import ANN_ID, BEN_ID, DORA_ID


async def _create(site: LocalSite, **item: Any) -> int:
    answer = await site.ann.post(f"/tasklists/{LIST}/tasks.json", json={"todo-item": item})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def test_a_to_do_item_is_the_same_task_in_v3(site: LocalSite) -> None:
    task_id = await _create(
        site, **{"content": "Fire", "responsible-party-id": f"{ANN_ID},{DORA_ID}", "due-date": "20260304",
                 "priority": "high", "estimated-minutes": "90", "tags": "vip,hot"},
    )  # fmt: skip
    task = await site.task(task_id)
    assert (task["name"], task["assigneeUserIds"], task["dueDate"]) == ("Fire", [ANN_ID], "2026-03-04T00:00:00Z")
    assert (task["priority"], task["estimateMinutes"], len(task["tagIds"])) == ("high", 90, 2)
    assert task["createdBy"] == ANN_ID


async def test_reading_shows_empty_strings_for_nothing_and_counts(site: LocalSite) -> None:
    task = await site.new_task("Fire", dueAt="2026-03-04", assignees={"userIds": [ANN_ID, BEN_ID]})
    await site.sync.post(f"/tasks/{task['id']}/comments.json", json={"comment": {"body": "x"}})
    await site.nobody.post(f"/sandbox/tasks/{task['id']}/files", json={"name": "a.png"})
    answer = (await site.sync.get(f"/tasks/{task['id']}.json")).json()
    item = answer["todo-item"]
    assert (answer["STATUS"], item["content"], item["project-id"]) == ("OK", "Fire", PROJECT)
    assert (item["start-date"], item["due-date"], item["priority"]) == ("", "20260304", "")
    assert item["responsible-party-ids"] == f"{ANN_ID},{BEN_ID}"
    assert (item["comments-count"], item["attachments-count"], item["timeIsLogged"]) == (1, 1, "0")


async def test_an_update_is_partial_and_a_blank_party_clears(site: LocalSite) -> None:
    task_id = await _create(site, **{"content": "Fire", "responsible-party-id": str(ANN_ID), "priority": "low"})
    answer = await site.sync.put(f"/tasks/{task_id}.json", json={"todo-item": {"responsible-party-id": ""}})
    assert (answer.status_code, answer.json()["STATUS"]) == (200, "OK")
    task = await site.task(task_id)
    assert (task["name"], task["assignees"], task["priority"]) == ("Fire", [], "low")


async def test_camel_case_is_read_too_snake_case_is_not(site: LocalSite) -> None:
    assert (await site.task(await _create(site, content="a", dueDate="20260304")))["dueDate"]
    assert (await site.task(await _create(site, content="a", due_date="20260304")))["dueDate"] is None


async def test_a_completed_task_is_only_changed_with_the_bypass(site: LocalSite) -> None:
    task_id = await _create(site, content="a")
    await site.sync.put(f"/tasks/{task_id}/complete.json")
    path = f"/tasks/{task_id}.json"
    assert (await site.sync.put(path, json={"todo-item": {"content": "b"}})).status_code == 422
    assert (await site.sync.put(path, json={"todo-item": {"content": "b", "completed": False}})).status_code == 200
    task = await site.task(task_id)
    assert (task["name"], task["status"]) == ("b", "completed")


async def test_tags_are_added_replaced_and_removed_by_name(site: LocalSite) -> None:
    task_id = await _create(site, content="a", tags="one")

    async def names(**body: Any) -> set[str]:
        assert (await site.sync.put(f"/tasks/{task_id}/tags.json", json=body)).status_code == 200
        answer = await site.sync.get(f"{V3}/tasks/{task_id}.json?include=tags")
        return {tag["name"] for tag in answer.json()["included"]["tags"].values()}

    assert await names(tags={"content": "two"}) == {"one", "two"}
    assert await names(tags={"content": "one"}, removeProvidedTags=True) == {"two"}
    assert await names(tags={"content": "three,four"}, replaceExistingTags=True) == {"three", "four"}


async def test_nonsense_is_refused_in_v1_words(site: LocalSite) -> None:
    for item in ({}, {"content": "a", "priority": "urgent"}, {"content": "a", "due-date": "tomorrow"}):
        answer = await site.sync.post(f"/tasklists/{LIST}/tasks.json", json={"todo-item": item})
        assert (answer.status_code, answer.json()["STATUS"]) == (422, "Error")
    assert (await site.sync.get("/tasks/1.json")).status_code == 404
