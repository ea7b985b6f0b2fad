"""Unknown names: ignored like on the real site, or refused to catch a client's slips."""

from typing import Any

import pytest

from tests.sandbox.teamwork.local_site import LIST, V3, LocalSite

CREATE = f"{V3}/tasklists/{LIST}/tasks.json"
WRONG_BODIES: list[tuple[str, str, dict[str, Any], str]] = [
    ("POST", CREATE, {"task": {"name": "x", "dueDate": "2026-03-04"}}, "task.dueDate"),
    ("POST", CREATE, {"task": {"name": "x"}, "taskoptions": {}}, "taskoptions"),
    ("POST", CREATE, {"task": {"name": "x"}, "taskOptions": {"checkInvalidUsers": True}}, "checkInvalidUsers"),
    ("POST", CREATE, {"task": {"name": "x", "assignees": {"userIDs": []}}}, "task.assignees.userIDs"),
    ("PATCH", f"{V3}/tasks/{{id}}.json", {"task": {"completed": True}}, "task.completed"),
    ("POST", "/tasks/{id}/comments.json", {"comment": {"body": "x", "text": "y"}}, "comment.text"),
]
WRONG_QUERIES = [
    (f"{V3}/tasks.json", "includeCompleted"),
    (f"{V3}/tasks.json", "assigneeUserIds"),
    (f"{V3}/people.json", "email"),
    (f"{V3}/me.json", "x"),
    (f"{V3}/tasks/{{id}}/time.json", "x"),
    ("/trashcan/projects/987654.json", "x"),
]


@pytest.mark.parametrize(("method", "path", "body", "named"), WRONG_BODIES)
async def test_unknown_body_fields(site: LocalSite, method: str, path: str, body: dict[str, Any], named: str) -> None:
    url = path.format(id=(await site.new_task())["id"])
    assert (await site.sync.request(method, url, json=body)).status_code in {200, 201}
    site.switch(strict=True)
    made = len(site.sandbox.site.state.tasks)
    refused = await site.sync.request(method, url, json=body)
    assert refused.status_code == 400
    assert named in refused.text
    assert len(site.sandbox.site.state.tasks) == made


@pytest.mark.parametrize(("path", "name"), WRONG_QUERIES)
async def test_unknown_query_parameters(site: LocalSite, path: str, name: str) -> None:
    url = path.format(id=(await site.new_task())["id"])
    assert (await site.sync.get(url, params={name: "1"})).status_code == 200
    site.switch(strict=True)
    refused = await site.sync.get(url, params={name: "1"})
    assert refused.status_code == 400
    assert name in refused.text


async def test_writes_take_no_query_but_fire_webhook(site: LocalSite) -> None:
    site.switch(strict=True)
    body = {"task": {"name": "x"}, "taskOptions": {"notify": False, "checkInvalidusers": True}}
    assert (await site.sync.post(CREATE, json=body, params={"fireWebhook": "false"})).status_code == 201
    assert (await site.sync.post(CREATE, json=body, params={"firewebhook": "false"})).status_code == 400


async def test_unknown_sideloads_are_refused_too(site: LocalSite) -> None:
    assert (await site.sync.get(f"{V3}/tasks.json?include=users,user")).status_code == 200
    site.switch(strict=True)
    assert (await site.sync.get(f"{V3}/tasks.json?include=users,user")).status_code == 400


async def test_what_a_careful_client_sends_passes(site: LocalSite) -> None:
    site.switch(strict=True)
    people: dict[str, list[int]] = {"userIds": [], "companyIds": [], "teamIds": [], "jobRoleIds": []}
    task = await site.new_task(description="d", assignees=people, priority="low", dueAt="2026-03-04", tagIds=[])
    query = "createdAfter=2026-03-01T00:00:00Z&includeCompletedTasks=true&showDeleted=true&showCompletedLists=true"
    answer = await site.sync.get(f"{V3}/tasks.json?{query}&orderBy=createdat&orderMode=asc&page=1&pageSize=250")
    assert [row["id"] for row in answer.json()["tasks"]] == [task["id"]]
    assert (await site.sync.get(f"{V3}/tasks.json?fields[tasks]=id&include=users")).status_code == 200
