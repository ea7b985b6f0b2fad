"""A stopped site goes on where it was."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.sandbox.teamwork.local_site import LIST, V3, LocalSite, running
from ticketsync.sandbox.teamwork import ANN_ID, TeamworkSandbox, TeamworkSettings

PATIENCE_SECONDS = 5


async def _fill(site: LocalSite) -> int:
    task = await site.new_task("Fire", dueAt="2026-03-04", assignees={"userIds": [ANN_ID]})
    await site.ann.post(f"/tasks/{task['id']}/comments.json", json={"comment": {"body": "hot"}})
    await site.ann.post(f"{V3}/tasks/{task['id']}/time.json", json={"timelog": {"date": "2026-03-02", "minutes": 5}})
    await site.nobody.post(f"/sandbox/tasks/{task['id']}/files", json={"name": "a.png"})
    field = {"name": "Ref", "type": "number-integer", "entity": "task"}
    made = await site.sync.post(f"{V3}/customfields.json", json={"customfield": field})
    value = {"customFieldId": made.json()["customfield"]["id"], "value": 7}
    tags = [{"name": "vip"}]
    await site.sync.patch(f"{V3}/tasks/{task['id']}.json", json={"task": {"customFields": [value]}, "tags": tags})
    await site.ann.put(f"/tasks/{task['id']}/complete.json")
    return int(task["id"])


async def _seen(site: LocalSite, task_id: int) -> list[object]:
    paths = ["?include=users,tags,customfields,customfieldTasks,attachments", "/comments", "/time", "/customfields"]
    urls = [f"{V3}/tasks/{task_id}.json{paths[0]}", *(f"{V3}/tasks/{task_id}{path}.json" for path in paths[1:])]
    return [(await site.sync.get(url)).json() for url in urls]


async def test_everything_is_there_after_a_stop_and_new_ids_are_new(tmp_path: Path) -> None:
    async with running(state_dir=tmp_path / "new" / "folder") as site:
        task_id = await _fill(site)
        before = await _seen(site, task_id)
    async with running(state_dir=tmp_path / "new" / "folder") as again:
        assert await _seen(again, task_id) == before
        assert (await again.new_task())["id"] > task_id


async def test_a_write_is_in_the_file_soon_after_without_a_stop(tmp_path: Path) -> None:
    async with running(state_dir=tmp_path) as site:
        await site.new_task("Fire")
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (tmp_path / "teamwork.json").exists():
                await site.sync.get(f"{V3}/me.json")
        stored = json.loads((tmp_path / "teamwork.json").read_bytes())
        assert [task["name"] for task in stored["tasks"].values()] == ["Fire"]


async def test_credentials_come_from_the_settings_not_from_the_file(tmp_path: Path) -> None:
    async with running(state_dir=tmp_path) as site:
        person = {"first_name": "Eve", "last_name": "E", "email": "eve@sandbox.example", "key": "twp_eve"}
        await site.nobody.post("/sandbox/people", json=person)
    async with running(TeamworkSettings(api_key="rotated"), state_dir=tmp_path) as again:
        assert (await again.sync.get(f"{V3}/me.json")).status_code == 200
        assert (await again.nobody.get(f"{V3}/me.json", auth=("twp_sandbox", "x"))).status_code == 401
        assert (await again.nobody.get(f"{V3}/me.json", auth=("twp_eve", "x"))).status_code == 200


async def test_without_a_folder_nothing_is_kept() -> None:
    async with running() as site:
        await site.new_task()
    async with running() as again:
        assert await again.listed() == []


def test_a_file_that_is_no_site_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "teamwork.json").write_text('{"tasks": 3}')
    with pytest.raises(ValueError, match=r"teamwork\.json.*move it away"):
        TeamworkSandbox(state_dir=tmp_path)


def test_an_oauth_token_for_nobody_is_refused_by_the_e_mail() -> None:
    with pytest.raises(ValueError, match=r"oauth_tokens.*who@sandbox\.example"):
        TeamworkSandbox(TeamworkSettings(oauth_tokens={"t": "who@sandbox.example"}))


async def test_a_reset_empties_the_file_too(tmp_path: Path) -> None:
    async with running(state_dir=tmp_path) as site:
        await site.new_task()
        await site.nobody.post("/sandbox/reset")
    async with running(state_dir=tmp_path) as again:
        assert await again.listed(f"tasklists/{LIST}/tasks", showDeleted="true") == []
