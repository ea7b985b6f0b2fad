"""Users over REST (reference/zendesk-api §7)."""

from typing import Any

from tests.sandbox.zendesk.conftest import ANN, CUSTOMER, Desk


def _names(answer: dict[str, Any]) -> list[str]:
    return [user["name"] for user in answer["users"]]


async def test_me_is_whoever_signed_in(desk: Desk) -> None:
    me = (await desk.get("/api/v2/users/me.json"))["user"]
    assert (me["email"], me["role"]) == ("sync@sandbox.example", "admin")


async def test_agents_and_admins_are_listed_by_role(desk: Desk) -> None:
    staff = await desk.get("/api/v2/users.json?role[]=agent&role[]=admin")
    assert _names(staff) == ["Sync Admin", "Ann Agent", "Ben Agent", "Cleo Agent"]
    assert staff["count"] == 4
    assert _names(await desk.get("/api/v2/users?role=end-user")) == ["Carla Customer"]


async def test_agents_are_listed_by_cursor(desk: Desk) -> None:
    page = await desk.get("/api/v2/users?role[]=agent&page[size]=2")
    assert (len(page["users"]), page["meta"]["has_more"]) == (2, True)
    rest = (await desk.client.get(page["links"]["next"])).json()
    assert (len(rest["users"]), rest["meta"]["has_more"]) == (1, False)


async def test_users_are_found_by_address_name_and_external_id(desk: Desk) -> None:
    await desk.client.put(f"/api/v2/users/{ANN}", json={"user": {"external_id": "a-1"}})
    assert _names(await desk.get("/api/v2/users/search", query="email:ANN@sandbox.example")) == ["Ann Agent"]
    assert _names(await desk.get("/api/v2/users/search", query="email:ann@")) == []
    assert _names(await desk.get("/api/v2/users/search", query="carla")) == ["Carla Customer"]
    assert _names(await desk.get("/api/v2/users/search", external_id="a-1")) == ["Ann Agent"]
    assert _names(await desk.get("/api/v2/users/show_many", external_ids="a-1")) == ["Ann Agent"]


async def test_show_many_takes_ids(desk: Desk) -> None:
    answer = await desk.get("/api/v2/users/show_many", ids=f"{CUSTOMER},1,{ANN}")
    assert _names(answer) == ["Ann Agent", "Carla Customer"]


async def test_a_user_is_created_once_per_address(desk: Desk) -> None:
    body = {"user": {"name": "Dora", "email": "dora@sandbox.example", "role": "agent"}}
    answer = await desk.client.post("/api/v2/users", json=body)
    assert (answer.status_code, answer.json()["user"]["role"]) == (201, "agent")
    assert len(str(answer.json()["user"]["id"])) == 13
    again = await desk.client.post("/api/v2/users", json=body)
    assert (again.status_code, again.json()["details"]["email"][0]["error"]) == (422, "DuplicateValue")
    assert (await desk.client.post("/api/v2/users", json={"user": {}})).status_code == 422


async def test_a_deleted_user_is_inactive_without_address_and_unlisted(desk: Desk) -> None:
    answer = await desk.client.delete(f"/api/v2/users/{ANN}")
    gone = answer.json()["user"]
    assert (answer.status_code, gone["active"], gone["email"]) == (200, False, None)
    assert "Ann Agent" not in _names(await desk.get("/api/v2/users"))
    assert (await desk.get(f"/api/v2/users/{ANN}"))["user"]["active"] is False


async def test_an_update_changes_only_what_is_sent(desk: Desk) -> None:
    before = (await desk.get(f"/api/v2/users/{ANN}"))["user"]
    await desk.client.put(f"/api/v2/users/{ANN}", json={"user": {"name": "Anna", "suspended": True}})
    after = (await desk.get(f"/api/v2/users/{ANN}"))["user"]
    assert after == before | {"name": "Anna", "suspended": True, "updated_at": after["updated_at"]}


async def test_an_unknown_user_is_a_404(desk: Desk) -> None:
    assert (await desk.client.get("/api/v2/users/1")).status_code == 404
