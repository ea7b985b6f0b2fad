"""Where a task is and how it is labelled: list, priority and tags, and who is told of it by mail."""

import json
from typing import Any, Literal

import httpx
import pytest

from tests.teamwork.conftest import MARKED, Site
from ticketsync.limiter import SiteQuota
from ticketsync.sandbox.teamwork import ANN_ID
from ticketsync.teamwork import NotFound, Refused, Task, TeamworkClient, Unexpected, UnknownTaskList


async def _labelled(site: Site, **labels: Any) -> Task:
    return await site.client.create_task(
        site.tasklist_id, name="Printer on fire", description=MARKED, assignee_id=None, **labels
    )


async def _tags(site: Site, task_id: int) -> set[str]:
    """What people see: the names of its tags."""
    shown = await site.ann("GET", f"/projects/api/v3/tasks/{task_id}.json?include=tags")
    return {tag["name"] for tag in shown["included"]["tags"].values()}


# --- with the create


async def test_a_task_is_created_with_its_priority_and_tags_in_one_call(site: Site) -> None:
    task = await _labelled(site, priority="high", tags=("Important", "From Zendesk"))
    assert [call.method for call in site.sandbox.faults.calls] == ["POST"]
    assert (task.priority, len(task.tag_ids)) == ("high", 2)
    assert await _tags(site, task.id) == {"Important", "From Zendesk"}


async def test_a_tag_that_is_there_is_used_whatever_its_case(site: Site) -> None:
    first, second = await _labelled(site, tags=("Important",)), await _labelled(site, tags=("IMPORTANT",))
    assert first.tag_ids == second.tag_ids


async def test_a_plain_create_sends_neither(quota: SiteQuota) -> None:
    sent = await _sent_by_a_create(quota, notify=False)
    assert sent["task"].keys() == {"name", "description", "assignees"}
    assert sent.keys() == {"task", "taskOptions"}


# --- the list


async def test_a_task_moves_to_another_list_of_its_project_and_keeps_the_rest(site: Site) -> None:
    other = await site.client.create_tasklist(site.project_id, "Billing")
    task = await _labelled(site, priority="low", tags=("Important",))
    assert await site.client.move_task(task.id, other) == task.model_copy(update={"tasklist_id": other})


async def test_a_list_that_is_not_there_is_named(site: Site) -> None:
    task = await site.new_task()
    with pytest.raises(UnknownTaskList) as unknown:
        await site.client.move_task(task.id, 77)
    assert (unknown.value.field, unknown.value.sent) == ("tasklist", False)
    assert (await site.client.task(task.id)).tasklist_id == site.tasklist_id


async def test_a_list_of_another_project_is_not_taken(site: Site) -> None:
    made = await site.ann("POST", "/projects.json", {"project": {"name": "Other"}})
    theirs = await site.client.create_tasklist(int(made["id"]), "Theirs")
    task = await site.new_task()
    with pytest.raises(UnknownTaskList) as unknown:
        await site.client.move_task(task.id, theirs)
    assert unknown.value.status == 422


async def test_a_completed_task_that_may_not_be_changed_is_not_blamed_on_the_list(site: Site) -> None:
    other = await site.client.create_tasklist(site.project_id, "Billing")
    task = await site.new_task()
    await site.client.complete_task(task.id)
    site.set(patch_completed=409)
    with pytest.raises(Refused) as refused:
        await site.client.move_task(task.id, other)
    assert (refused.value.status, refused.value.field, refused.value.sent) == (409, None, False)


@pytest.mark.parametrize("get_deleted", [404, 200])
async def test_a_task_that_is_gone_is_not_blamed_on_the_list(site: Site, get_deleted: Literal[404, 200]) -> None:
    other = await site.client.create_tasklist(site.project_id, "Billing")
    task = await site.new_task()
    await site.client.delete_task(task.id)
    site.set(get_deleted=get_deleted)
    with pytest.raises(NotFound):
        await site.client.move_task(task.id, other)


# --- priority


@pytest.mark.parametrize("priority", ["low", "medium", "high"])
async def test_a_priority_is_set_and_taken_away(site: Site, priority: str) -> None:
    task = await site.new_task(assignee_id=ANN_ID)
    assert (await site.client.prioritise_task(task.id, priority)).priority == priority
    assert await site.client.prioritise_task(task.id, "none") == task


# --- tags


async def test_tags_are_added_and_taken_off_and_those_of_people_stay(site: Site) -> None:
    task = await _labelled(site, tags=("Important", "Billing"))
    await site.ann("PUT", f"/tasks/{task.id}/tags.json", {"tags": {"content": "Ann's own"}})
    await site.client.tag_task(task.id, add=("From Zendesk",), remove=("Billing",))
    assert await _tags(site, task.id) == {"Important", "Ann's own", "From Zendesk"}


async def test_adding_what_is_there_and_taking_off_what_is_not_succeeds(site: Site) -> None:
    task = await _labelled(site, tags=("Important",))
    for _ in range(2):
        await site.client.tag_task(task.id, add=("IMPORTANT",), remove=("Never there",))
    assert await _tags(site, task.id) == {"Important"}


async def test_tags_of_a_task_that_is_gone(site: Site) -> None:
    task = await site.new_task()
    await site.client.delete_task(task.id)
    with pytest.raises(NotFound):
        await site.client.tag_task(task.id, add=("Important",))


async def test_a_site_without_that_call_does_not_make_the_task_look_gone(site: Site) -> None:
    task = await site.new_task()
    fault = {"kind": "error", "status": 404, "match": {"method": "PUT", "path": r"/tags\.json"}}
    await site.control("POST", "/faults", fault)
    with pytest.raises(Refused) as refused:
        await site.client.tag_task(task.id, add=("Important",))
    assert refused.value.field == "tags"


# --- what a site ignores without a word


def _answering(quota: SiteQuota, task: dict[str, Any], included: dict[str, Any] | None = None) -> TeamworkClient:
    """A site that says OK to everything, and always shows this task."""
    body: dict[str, Any] = {"task": {"id": 7, "name": "A", **task}, "included": included or {}}
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=body)))
    return TeamworkClient(base_url="https://acme.example", api_token="key", quota=quota, http=http)


async def test_a_move_that_does_not_show_is_noticed(quota: SiteQuota) -> None:
    with pytest.raises(Unexpected) as unexpected:
        await _answering(quota, {"tasklistId": 1234}).move_task(7, 1235)
    assert (unexpected.value.field, unexpected.value.sent) == ("tasklist", True)


async def test_a_priority_that_does_not_show_is_noticed(quota: SiteQuota) -> None:
    with pytest.raises(Unexpected) as unexpected:
        await _answering(quota, {"priority": "low"}).prioritise_task(7, "high")
    assert unexpected.value.field == "priority"


@pytest.mark.parametrize("change", [{"add": ("Important",)}, {"remove": ("BILLING",)}])
async def test_a_tag_that_does_not_show_or_stays_is_noticed(quota: SiteQuota, change: dict[str, Any]) -> None:
    tags = {"tags": {"5": {"id": 5, "name": "Billing"}, "6": {"id": 6, "name": "Important"}}}
    with pytest.raises(Unexpected) as unexpected:
        await _answering(quota, {"tagIds": [5]}, tags).tag_task(7, **change)
    assert (unexpected.value.field, unexpected.value.sent) == ("tags", True)


async def test_a_site_that_does_not_tell_the_names_of_tags_is_believed(quota: SiteQuota) -> None:
    await _answering(quota, {"tagIds": [5]}).tag_task(7, add=("Important",))


async def test_a_site_that_shows_no_tags_at_all_is_not_believed(quota: SiteQuota) -> None:
    with pytest.raises(Unexpected):
        await _answering(quota, {"tagIds": []}).tag_task(7, add=("Important",))


# --- mail


async def _sent_by_a_create(quota: SiteQuota, *, notify: bool) -> Any:
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        return httpx.Response(201, json={"task": {"id": 7, "name": "A"}})

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    client = TeamworkClient(base_url="https://acme.example", api_token="key", quota=quota, notify=notify, http=http)
    await client.create_task(1234, name="A", description=MARKED, assignee_id=ANN_ID)
    return sent[0]


@pytest.mark.parametrize("notify", [True, False])
async def test_mail_is_sent_only_where_it_is_asked_for(quota: SiteQuota, *, notify: bool) -> None:
    sent = await _sent_by_a_create(quota, notify=notify)
    assert sent["taskOptions"] == {"notify": notify, "checkInvalidusers": True}
