"""The control API."""

from typing import Any

from tests.sandbox.teamwork.local_site import LIST, PROJECT, V3, LocalSite, running
from ticketsync.sandbox.teamwork import SYNC_USER_ID, Switches


async def test_tasks_ever_made_include_trash_and_hidden_projects(site: LocalSite) -> None:
    first, second = await site.new_task("one"), await site.new_task("two")
    await site.sync.delete(f"{V3}/tasks/{first['id']}.json")
    await site.nobody.put(f"/sandbox/projects/{PROJECT}", json={"hidden": True})
    answer = (await site.nobody.get("/sandbox/tasks")).json()
    assert answer["count"] == 2
    assert [(task["id"], task["status"]) for task in answer["tasks"]] == [
        (first["id"], "deleted"),
        (second["id"], "new"),
    ]


async def test_an_import_numbers_its_tasks_and_can_be_dated_back(site: LocalSite) -> None:
    asked: dict[str, Any] = {
        "count": 3, "tasklist_id": LIST, "name": "T{n}", "description": "[ticketsync:acme/{n}]",
        "created_at": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    ids = (await site.nobody.post("/sandbox/tasks/import", json=asked)).json()["ids"]
    tasks = [await site.task(task_id) for task_id in ids]
    assert [task["name"] for task in tasks] == ["T1", "T2", "T3"]
    assert tasks[2]["description"] == "[ticketsync:acme/3]"
    assert {(task["createdAt"], task["createdBy"]) for task in tasks} == {("2026-01-01T00:00:00Z", SYNC_USER_ID)}


async def test_importing_into_no_list_is_404(site: LocalSite) -> None:
    answer = await site.nobody.post("/sandbox/tasks/import", json={"count": 1, "tasklist_id": 1})
    assert answer.status_code == 404


async def test_switches_are_shown_and_changed_all_or_none(site: LocalSite) -> None:
    changed = await site.nobody.patch("/sandbox/switches", json={"strict": True, "second_delete": 200})
    assert (changed.json()["strict"], changed.json()["second_delete"]) == (True, 200)
    for wrong in ({"get_deleted": 200, "strict": "maybe"}, {"get_deleted": 200, "stricter": True}):
        assert (await site.nobody.patch("/sandbox/switches", json=wrong)).status_code == 422
    assert (await site.nobody.get("/sandbox/switches")).json()["get_deleted"] == 404
    assert site.sandbox.switches.strict is True


async def test_reset_goes_back_to_the_very_start() -> None:
    async with running(switches=Switches(calls_per_minute=500)) as site:
        task_id = (await site.new_task())["id"]
        await site.nobody.patch("/sandbox/switches", json={"calls_per_minute": 7})
        await site.nobody.post("/sandbox/faults", json={"kind": "error"})
        assert (await site.nobody.post("/sandbox/reset")).status_code == 204
        assert (await site.nobody.get("/sandbox/usage")).json()["calls"] == 0
        assert (await site.sync.get(f"{V3}/tasks/{task_id}.json")).status_code == 404
        assert (await site.nobody.get("/sandbox/switches")).json()["calls_per_minute"] == 500


async def test_a_new_person_can_call_and_be_assigned_at_once(site: LocalSite) -> None:
    asked = {
        "first_name": "Eve", "last_name": "East", "email": "eve@sandbox.example", "key": "twp_eve",
        "project_ids": [PROJECT],
    }  # fmt: skip
    eve = (await site.nobody.post("/sandbox/people", json=asked)).json()["person"]
    assert (await site.nobody.get(f"{V3}/me.json", auth=("twp_eve", "x"))).json()["person"]["id"] == eve["id"]
    assert (await site.new_task(assignees={"userIds": [eve["id"]]}))["assigneeUserIds"] == [eve["id"]]


async def test_what_is_not_there_is_404_and_misspelt_requests_422(site: LocalSite) -> None:
    for method, path in (
        ("DELETE", "/sandbox/people/1"),
        ("DELETE", f"/sandbox/projects/{PROJECT}/people/1"),
        ("GET", "/sandbox/nothing"),
    ):
        assert (await site.nobody.request(method, path)).status_code == 404
    assert (await site.nobody.put("/sandbox/projects/1", json={"hidden": True})).status_code == 404
    assert (await site.nobody.put(f"/sandbox/projects/{PROJECT}", json={"hiden": True})).status_code == 422
