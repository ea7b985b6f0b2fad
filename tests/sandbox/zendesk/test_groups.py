"""Groups and organizations: rights, refusals, and what is warned of (reference/zendesk-api §7, §14)."""

from typing import Any

import httpx
import pytest

from tests.sandbox.zendesk.conftest import ANN, CREDENTIALS, CUSTOMER, Desk

WARN = "x-zendesk-api-warn"


async def made(desk: Desk, noun: str, **fields: Any) -> dict[str, Any]:
    answer = await desk.client.post(f"/api/v2/{noun}s", json={noun: fields})
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()[noun]
    assert answer.headers["location"] == created["url"]
    return created


async def test_an_agent_may_read_but_not_write_groups(desk: Desk) -> None:
    auth = ("ann@sandbox.example/token", CREDENTIALS[1])
    async with httpx.AsyncClient(base_url=desk.client.base_url, auth=auth) as ann:
        assert (await ann.get("/api/v2/groups")).json()["count"] == 1
        assert (await ann.post("/api/v2/groups", json={"group": {"name": "Mine"}})).status_code == 403
        assert (await ann.get("/api/v2/triggers")).status_code == 403
    assert (await desk.get("/api/v2/groups"))["count"] == 1


@pytest.mark.parametrize("noun", ["group", "organization"])
@pytest.mark.parametrize("sent", [{}, {"name": ""}, {"name": None}])
async def test_what_has_no_name_is_refused(desk: Desk, noun: str, sent: dict[str, Any]) -> None:
    answer = await desk.client.post(f"/api/v2/{noun}s", json={noun: sent})
    assert (answer.status_code, answer.json()["error"]) == (422, "RecordInvalid")


async def test_the_name_of_an_organization_is_taken_once(desk: Desk) -> None:
    one, other = await made(desk, "organization", name="Globex"), await made(desk, "organization", name="Initech")
    sent = {"organization": {"name": "Globex"}}
    assert (await desk.client.put(f"/api/v2/organizations/{other['id']}", json=sent)).status_code == 422
    assert (await desk.client.put(f"/api/v2/organizations/{one['id']}", json=sent)).status_code == 200


@pytest.mark.parametrize(
    ("noun", "controller"), [("group", "groups"), ("organization", "organizations"), ("trigger", "triggers")]
)
async def test_keys_that_do_not_belong_there_are_named_as_recorded(desk: Desk, noun: str, controller: str) -> None:
    """The header's words are the recorded ones."""
    fields = {"name": "x", "title": "x", "actions": [{"field": "status", "value": "open"}], "bogus": 1}
    known = {"trigger": {"title", "actions"}}.get(noun, {"name"})
    answer = await desk.client.post(f"/api/v2/{noun}s", json={noun: {name: fields[name] for name in {*known, "bogus"}}})
    assert answer.status_code == 201
    assert answer.headers[WARN] == (
        f'{{:allowed_parameters=>{{:controller=>"{controller}", :action=>"create", '
        f':unpermitted_keys=>["{noun}.bogus"], :invalid_values=>[]}}}}'
    )


async def test_a_body_with_a_delete_is_warned_of_and_does_no_harm(desk: Desk) -> None:
    group = await made(desk, "group", name="Billing")
    answer = await desk.client.request("DELETE", f"/api/v2/groups/{group['id']}", json={"group": {"id": group["id"]}})
    assert (answer.status_code, '["group.id", "group"]' in answer.headers[WARN]) == (204, True)
    assert WARN not in (await desk.client.get("/api/v2/groups")).headers


async def test_an_organization_is_found_by_name_and_by_external_id(desk: Desk) -> None:
    globex = await made(desk, "organization", name="Globex", external_id=7)
    path = "/api/v2/organizations/search"
    for query in ({"external_id": "7"}, {"name": "Globex"}):
        assert [one["id"] for one in (await desk.get(path, **query))["organizations"]] == [globex["id"]]
    assert (await desk.get(path, external_id="8"))["count"] == 0
    assert (await desk.client.get(path)).status_code == 400


async def test_the_people_of_a_deleted_organization_belong_to_none(desk: Desk) -> None:
    (company,) = (await desk.get("/api/v2/organizations"))["organizations"]
    assert (await desk.get(f"/api/v2/users/{CUSTOMER}"))["user"]["organization_id"] == company["id"]
    assert (await desk.client.delete(f"/api/v2/organizations/{company['id']}")).status_code == 204
    assert (await desk.get(f"/api/v2/users/{CUSTOMER}"))["user"]["organization_id"] is None


async def test_a_membership_is_there_once_and_made_the_default_of_its_own_user_only(desk: Desk) -> None:
    group = await made(desk, "group", name="Billing")
    sent = {"group_membership": {"user_id": ANN, "group_id": group["id"]}}
    first = await desk.client.post("/api/v2/group_memberships", json=sent)
    assert (await desk.client.post("/api/v2/group_memberships", json=sent)).status_code == 422
    own = first.json()["group_membership"]["id"]
    assert (await desk.client.put(f"/api/v2/users/{CUSTOMER}/group_memberships/{own}/make_default")).status_code == 404


async def test_groups_are_paged_by_name(desk: Desk) -> None:
    for name in ("Zones", "Billing", "Accounts", "Billing"):
        await made(desk, "group", name=name)
    page = await desk.get("/api/v2/groups?page[size]=2")
    names = [group["name"] for group in page["groups"]]
    while page["meta"]["has_more"]:
        page = (await desk.client.get(page["links"]["next"])).json()
        names += [group["name"] for group in page["groups"]]
    assert names == ["Accounts", "Billing", "Billing", "Support", "Zones"]
    back = (await desk.client.get(page["links"]["prev"])).json()
    assert [group["name"] for group in back["groups"]] == ["Billing", "Support"]
