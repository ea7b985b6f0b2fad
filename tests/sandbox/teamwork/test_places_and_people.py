"""Projects, members, people and task lists."""

from typing import Any

from tests.sandbox.teamwork.local_site import LIST, PLENTY, PROJECT, V3, LocalSite, running
from ticketsync.sandbox.teamwork import ANN_ID, BEN_ID, DORA_ID, SYNC_USER_ID, Switches, TeamworkSettings


async def _rows(site: LocalSite, key: str, path: str, **query: Any) -> list[dict[str, Any]]:
    answer = await site.sync.get(f"{V3}/{path}.json", params=query)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()[key]
    return rows


async def test_who_am_i(site: LocalSite) -> None:
    person = (await site.sync.get(f"{V3}/me.json")).json()["person"]
    assert (person["id"], person["isAdmin"], person["siteOwner"]) == (SYNC_USER_ID, True, True)


async def test_people_are_found_by_part_of_name_or_e_mail(site: LocalSite) -> None:
    assert len(await _rows(site, "people", "people")) == 4
    assert [p["id"] for p in await _rows(site, "people", "people", searchTerm="ANN@sandbox.example")] == [ANN_ID]
    assert [p["id"] for p in await _rows(site, "people", "people", searchTerm="dal")] == [DORA_ID]
    assert [p["id"] for p in await _rows(site, "people", "people", ids=f"{BEN_ID}")] == [BEN_ID]
    assert (await site.sync.get(f"{V3}/people/{ANN_ID}.json")).json()["person"]["lastName"] == "Archer"
    assert (await site.sync.get(f"{V3}/people/1.json")).status_code == 404


async def test_deleted_people_are_hidden_unless_asked_for_and_show_up_as_changed(site: LocalSite) -> None:
    site.clock.forward(60)
    await site.nobody.delete(f"/sandbox/people/{BEN_ID}")
    assert BEN_ID not in [p["id"] for p in await _rows(site, "people", "people")]
    changed = await _rows(site, "people", "people", showDeleted="true", updatedAfter="2026-03-02T09:00:30Z")
    assert [(p["id"], p["deleted"]) for p in changed] == [(BEN_ID, True)]


async def test_members_are_those_of_the_project_only(site: LocalSite) -> None:
    members = await _rows(site, "people", f"projects/{PROJECT}/people")
    assert [p["id"] for p in members] == [SYNC_USER_ID, ANN_ID, BEN_ID]
    assert len(await _rows(site, "people", "people", projectIds=PROJECT)) == 3
    await site.nobody.delete(f"/sandbox/projects/{PROJECT}/people/{ANN_ID}")
    assert ANN_ID not in [p["id"] for p in await _rows(site, "people", f"projects/{PROJECT}/people")]


async def test_people_come_in_pages(site: LocalSite) -> None:
    answer = (await site.sync.get(f"{V3}/people.json?pageSize=3")).json()
    assert len(answer["people"]) == 3
    assert answer["meta"]["page"]["hasMore"] is True


async def test_projects_are_listed_shown_and_made_by_v1(site: LocalSite) -> None:
    made = await site.sync.post("/projects.json", json={"project": {"name": "Other", "companyId": 1}})
    assert (made.status_code, made.json()["STATUS"]) == (201, "OK")
    other = int(made.json()["id"])
    assert [p["id"] for p in await _rows(site, "projects", "projects")] == [PROJECT, other]
    assert [p["id"] for p in await _rows(site, "projects", "projects", searchTerm="desk")] == [PROJECT]
    shown = (await site.sync.get(f"{V3}/projects/{other}.json")).json()["project"]
    assert (shown["name"], shown["status"], shown["company"]["type"]) == ("Other", "active", "companies")
    assert (await site.sync.get(f"{V3}/projects/1.json")).status_code == 404


async def test_a_hidden_project_and_all_in_it_are_404_until_it_is_shown_again(site: LocalSite) -> None:
    task_id = (await site.new_task())["id"]
    await site.nobody.put(f"/sandbox/projects/{PROJECT}", json={"hidden": True})
    for path in (f"projects/{PROJECT}", f"tasklists/{LIST}", f"tasks/{task_id}", f"projects/{PROJECT}/tasklists"):
        assert (await site.sync.get(f"{V3}/{path}.json")).status_code == 404
    assert (await site.patch(task_id, name="x")).status_code == 404
    assert await site.listed("tasks") == []
    await site.nobody.put(f"/sandbox/projects/{PROJECT}", json={"hidden": False})
    assert await site.listed("tasks") == [task_id]


async def test_the_seed_has_an_inbox_and_the_ticket_list_unless_left_out(site: LocalSite) -> None:
    names = {row["name"]: row["id"] for row in await _rows(site, "tasklists", f"projects/{PROJECT}/tasklists")}
    assert names["Zendesk tickets"] == LIST
    settings = TeamworkSettings(project_id=5, project_name="Mine", tasklist_id=None)
    async with running(settings, Switches(calls_per_minute=PLENTY)) as bare:
        assert [row["name"] for row in await _rows(bare, "tasklists", "projects/5/tasklists")] == ["Inbox"]


async def test_lists_are_made_renamed_and_deleted_by_v1(site: LocalSite) -> None:
    made = await site.sync.post(f"/projects/{PROJECT}/tasklists.json", json={"todo-list": {"name": "More"}})
    list_id = int(made.json()["tasklistId"])
    await site.sync.put(f"/tasklists/{list_id}.json", json={"todo-list": {"name": "Much more"}})
    shown = (await site.sync.get(f"{V3}/tasklists/{list_id}.json")).json()["tasklist"]
    assert (shown["name"], shown["projectId"], shown["project"]["id"]) == ("Much more", PROJECT, PROJECT)
    assert (await site.sync.delete(f"/tasklists/{list_id}.json")).json() == {"STATUS": "OK"}
    assert (await site.sync.get(f"{V3}/tasklists/{list_id}.json")).status_code == 404
    assert (await site.sync.delete(f"/tasklists/{list_id}.json")).status_code == 404


async def test_the_tasks_of_a_deleted_list_are_in_the_trash(site: LocalSite) -> None:
    task_id = (await site.new_task())["id"]
    await site.sync.delete(f"/tasklists/{LIST}.json")
    assert (await site.sync.get(f"{V3}/tasks/{task_id}.json")).status_code == 404
    assert await site.listed("tasks", showDeleted="true") == [task_id]


async def test_v1_says_422_where_the_wrapper_is_missing(site: LocalSite) -> None:
    answer = await site.sync.post(f"/projects/{PROJECT}/tasklists.json", json={"name": "More"})
    assert (answer.status_code, answer.json()["STATUS"]) == (422, "Error")


async def test_completed_lists_are_hidden_unless_asked_for(site: LocalSite) -> None:
    await site.nobody.put(f"/sandbox/tasklists/{LIST}", json={"completed": True})
    assert LIST not in [row["id"] for row in await _rows(site, "tasklists", "tasklists")]
    shown = await _rows(site, "tasklists", "tasklists", showCompleted="true", searchTerm="zendesk")
    assert [(row["id"], row["status"]) for row in shown] == [(LIST, "completed")]
