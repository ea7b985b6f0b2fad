"""Comments: v1 writes, v3 reads."""

from typing import Any

from tests.sandbox.teamwork.local_site import V3, LocalSite
from ticketsync.sandbox.teamwork import ANN_ID, BEN_ID


async def _comments(site: LocalSite, task_id: int, **query: str) -> list[dict[str, Any]]:
    answer = await site.sync.get(f"{V3}/tasks/{task_id}/comments.json", params=query)
    rows: list[dict[str, Any]] = answer.json()["comments"]
    return rows


async def _say(site: LocalSite, task_id: int, **comment: Any) -> int:
    answer = await site.ann.post(f"/tasks/{task_id}/comments.json", json={"comment": comment})
    assert answer.status_code == 201, answer.text
    assert answer.json()["STATUS"] == "OK"
    assert isinstance(answer.json()["id"], str)
    return int(answer.json()["id"])


async def test_a_comment_is_written_by_v1_and_read_by_v3(site: LocalSite) -> None:
    task_id = (await site.new_task())["id"]
    comment_id = await _say(site, task_id, body="a < b", contentType="TEXT", notify=False)
    [comment] = await _comments(site, task_id)
    assert (comment["id"], comment["body"], comment["htmlBody"]) == (comment_id, "a < b", "<p>a &lt; b</p>")
    assert (comment["postedBy"], comment["postedByUserId"]) == (ANN_ID, ANN_ID)
    assert comment["object"] == {"id": task_id, "type": "tasks"}
    assert comment["postedDateTime"] == "2026-03-02T09:00:00Z"


async def test_one_comment_is_under_the_plural_key(site: LocalSite) -> None:
    task_id = (await site.new_task())["id"]
    comment_id = await _say(site, task_id, body="<b>hi</b>", **{"content-type": "HTML"})
    answer = (await site.sync.get(f"{V3}/comments/{comment_id}.json")).json()
    assert answer["comments"]["htmlBody"] == "<b>hi</b>"


async def test_v3_does_not_take_comments(site: LocalSite) -> None:
    task_id = (await site.new_task())["id"]
    answer = await site.sync.post(f"{V3}/tasks/{task_id}/comments.json", json={"comment": {"body": "x"}})
    assert answer.status_code == 404


async def test_an_update_needs_a_body_and_honours_only_the_kebab_content_type(site: LocalSite) -> None:
    task_id = (await site.new_task())["id"]
    comment_id = await _say(site, task_id, body="x")
    missing = await site.ben.put(f"/comments/{comment_id}.json", json={"comment": {}})
    assert (missing.status_code, missing.json()["MESSAGE"]) == (400, "Field 'body' is required")
    camel = {"comment": {"body": "y", "contentType": "HTML"}}
    assert (await site.ben.put(f"/comments/{comment_id}.json", json=camel)).status_code == 200
    [comment] = await _comments(site, task_id)
    assert (comment["body"], comment["contentType"], comment["lastEditedBy"]) == ("y", "TEXT", BEN_ID)
    await site.ben.put(f"/comments/{comment_id}.json", json={"comment": {"body": "y", "content-type": "HTML"}})
    assert (await _comments(site, task_id))[0]["contentType"] == "HTML"


async def test_deleted_comments_and_those_of_deleted_tasks_are_gone(site: LocalSite) -> None:
    task_id = (await site.new_task())["id"]
    first, second = await _say(site, task_id, body="1"), await _say(site, task_id, body="2")
    assert (await site.sync.delete(f"/comments/{first}.json")).status_code == 200
    assert [row["id"] for row in await _comments(site, task_id)] == [second]
    everywhere = (await site.sync.get(f"{V3}/comments.json")).json()["comments"]
    assert [row["id"] for row in everywhere] == [second]
    await site.sync.delete(f"{V3}/tasks/{task_id}.json")
    assert (await site.sync.get(f"{V3}/comments.json")).json()["comments"] == []
    assert (await site.sync.get(f"{V3}/tasks/{task_id}/comments.json")).status_code == 404
    assert (await site.sync.get(f"{V3}/comments/{second}.json")).status_code == 404


async def test_comments_can_be_polled_by_their_last_change(site: LocalSite) -> None:
    task_id = (await site.new_task())["id"]
    first = await _say(site, task_id, body="1")
    site.clock.forward(60)
    second = await _say(site, task_id, body="2")
    assert [row["id"] for row in await _comments(site, task_id, updatedAfter="2026-03-02T09:00:30Z")] == [second]
    await site.sync.put(f"/comments/{first}.json", json={"comment": {"body": "1a"}})
    assert len(await _comments(site, task_id, updatedAfter="2026-03-02T09:00:30Z")) == 2


async def test_the_second_v1_path_takes_comments_but_does_not_show_them(site: LocalSite) -> None:
    task_id = (await site.new_task())["id"]
    path = f"/projects/api/v1/tasks/{task_id}/comments.json"
    assert (await site.sync.post(path, json={"comment": {"body": "x"}})).status_code == 201
    assert (await site.sync.get(path)).status_code == 404
