"""Tags, custom fields and their values."""

from typing import Any

import pytest

from tests.sandbox.teamwork.local_site import PROJECT, V3, LocalSite


async def _tag(site: LocalSite, name: str, **fields: Any) -> dict[str, Any]:
    answer = await site.sync.post(f"{V3}/tags.json", json={"tag": {"name": name, **fields}})
    assert answer.status_code == 201, answer.text
    tag: dict[str, Any] = answer.json()["tag"]
    return tag


async def test_tags_are_made_for_the_site_or_a_project_changed_and_deleted(site: LocalSite) -> None:
    everywhere, local = await _tag(site, "vip"), await _tag(site, "local", color="#00ff00", projectId=PROJECT)
    assert everywhere["project"] is None
    assert local["project"] == {"id": PROJECT, "type": "projects"}
    found = (await site.sync.get(f"{V3}/tags.json?searchTerm=LOC&itemType=TASK")).json()["tags"]
    assert [tag["id"] for tag in found] == [local["id"]]
    changed = await site.sync.patch(f"{V3}/tags/{local['id']}.json", json={"tag": {"color": "#0000ff"}})
    assert (changed.status_code, changed.json()["tag"]["name"]) == (200, "local")
    task = await site.new_task(tagIds=[local["id"]])
    deleted = await site.sync.delete(f"{V3}/tags/{local['id']}.json")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await site.task(task["id"]))["tagIds"] == []


async def test_a_tag_name_is_under_50_characters(site: LocalSite) -> None:
    await _tag(site, "x" * 49)
    assert (await site.sync.post(f"{V3}/tags.json", json={"tag": {"name": "x" * 50}})).status_code == 400
    assert (await site.sync.post(f"{V3}/tags.json", json={"tag": {"name": ""}})).status_code == 400


async def test_a_duplicate_tag_is_409_or_the_one_that_exists(site: LocalSite) -> None:
    tag, other = await _tag(site, "vip"), await _tag(site, "other")
    assert (await site.sync.post(f"{V3}/tags.json", json={"tag": {"name": "VIP"}})).status_code == 409
    renamed = await site.sync.patch(f"{V3}/tags/{other['id']}.json", json={"tag": {"name": "vip"}})
    assert renamed.status_code == 409
    site.switch(duplicate_tag=201)
    assert (await _tag(site, "VIP"))["id"] == tag["id"]


async def _field(site: LocalSite, kind: str, *choices: str) -> int:
    options = {"choices": [{"value": choice, "color": "#fff"} for choice in choices]}
    body = {"customfield": {"name": kind, "type": kind, "entity": "task", "projectId": PROJECT, "options": options}}
    answer = await site.sync.post(f"{V3}/customfields.json", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["customfield"]["id"])


async def test_custom_fields_are_defined_found_changed_and_deleted(site: LocalSite) -> None:
    field_id = await _field(site, "dropdown", "A", "B")
    [field] = (await site.sync.get(f"{V3}/customfields.json?entities=task&projectIds={PROJECT}")).json()["customfields"]
    assert [choice["value"] for choice in field["options"]["choices"]] == ["A", "B"]
    changed = await site.sync.patch(f"{V3}/customfields/{field_id}.json", json={"customfield": {"name": "Kind"}})
    assert changed.json()["customfield"]["name"] == "Kind"
    assert changed.json()["customfield"]["options"] == field["options"]
    assert (await site.sync.delete(f"{V3}/customfields/{field_id}.json")).status_code == 204
    assert (await site.sync.get(f"{V3}/customfields/{field_id}.json")).status_code == 404


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("text-short", "ZD-1", 1),
        ("number-integer", 3, 1.5),
        ("number-decimal", 1.5, "1.5"),
        ("checkbox", True, 1),
        ("date", "2026-03-02", "2.3.2026"),
        ("dropdown", "A", 1),
        ("multiselect", ["A", "B"], ["A", "C"]),
    ],
)
async def test_a_value_has_to_fit_its_field(site: LocalSite, kind: str, good: object, bad: object) -> None:
    field_id, task = await _field(site, kind, "A", "B"), await site.new_task()
    path = f"{V3}/tasks/{task['id']}/customfields.json"
    refused = await site.sync.post(path, json={"customfieldTask": {"customfieldId": field_id, "value": bad}})
    assert refused.status_code == 400
    made = await site.sync.post(path, json={"customfieldTask": {"customfieldId": field_id, "value": good}})
    assert (made.status_code, made.json()["customfieldTask"]["value"]) == (201, good)
    [shown] = (await site.sync.get(path)).json()["customfieldTasks"]
    assert (shown["value"], shown["customfieldId"], shown["taskId"]) == (good, field_id, task["id"])
    assert shown["customfield"] == {"id": field_id, "type": "customfields"}


async def test_a_value_is_changed_and_deleted_by_its_own_id(site: LocalSite) -> None:
    field_id, task = await _field(site, "text-short"), await site.new_task()
    path = f"{V3}/tasks/{task['id']}/customfields"
    made = await site.sync.post(f"{path}.json", json={"customfieldTask": {"customfieldId": field_id, "value": "a"}})
    value_id = made.json()["customfieldTask"]["id"]
    changed = await site.sync.patch(f"{path}/{value_id}.json", json={"customfieldTask": {"value": "b"}})
    assert (changed.status_code, changed.json()["customfieldTask"]["value"]) == (200, "b")
    assert (
        await site.sync.patch(f"{path}/{field_id}.json", json={"customfieldTask": {"value": "c"}})
    ).status_code == 404
    bulk = {"customfieldTasks": [{"customfieldId": field_id, "value": "d"}]}
    assert (await site.sync.post(f"{path}/bulk/update.json", json=bulk)).status_code == 200
    assert [row["value"] for row in (await site.sync.get(f"{path}.json")).json()["customfieldTasks"]] == ["d"]
    assert (await site.sync.delete(f"{path}/{value_id}.json")).status_code == 204
    assert (await site.sync.get(f"{path}.json")).json()["customfieldTasks"] == []


async def test_values_in_a_task_write_are_the_whole_truth_and_lists_sideload_them(site: LocalSite) -> None:
    first, second = await _field(site, "text-short"), await _field(site, "number-integer")
    both = [{"customFieldId": first, "value": "a"}, {"customfieldId": second, "value": 2}]
    task = await site.new_task(customFields=both)
    await site.patch(task["id"], name="other", customFields=[{"customFieldId": second, "value": 3}])
    included = (await site.sync.get(f"{V3}/tasks.json?includeCustomFields=true")).json()["included"]
    assert [(v["customfieldId"], v["value"]) for v in included["customfieldTasks"].values()] == [(second, 3)]
    assert list(included["customfields"]) == [str(second)]
    assert (await site.patch(task["id"], customFields=[{"customFieldId": 1, "value": 3}])).status_code == 400
