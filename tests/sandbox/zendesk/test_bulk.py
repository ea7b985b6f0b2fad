"""What is written by the hundred: jobs, and which row each change is meant for (reference/zendesk-api §10, §14)."""

from typing import Any

import pytest

from tests.sandbox.zendesk.conftest import ANN, BEN, CUSTOMER, Desk


async def job(desk: Desk, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """The job as its second answer has it; the first has nothing done yet."""
    answer = await desk.client.request(method, f"/api/v2/{path}", json=body)
    assert answer.status_code == 200, answer.text
    first = answer.json()["job_status"]
    assert (first["status"], first["progress"], first["message"], first["results"]) == ("queued", None, None, None)
    done: dict[str, Any] = (await desk.get(f"/api/v2/job_statuses/{first['id']}"))["job_status"]
    assert (done["status"], done["job_type"]) == ("completed", first["job_type"])
    return done


async def test_a_job_says_when_it_was_done_and_how_many_rows_it_had(desk: Desk) -> None:
    rows = [{"subject": str(n), "comment": {"body": "x"}} for n in range(3)]
    done = await job(desk, "POST", "tickets/create_many", {"tickets": rows})
    assert (done["total"], done["progress"], done["job_type"]) == (3, 3, "Bulk Create Ticket")
    assert done["message"].startswith("Completed at 20")
    assert done["message"].endswith(" +0000")
    assert [sorted(row) for row in done["results"]] == [["account_id", "id", "index"]] * 3


async def test_one_change_is_made_to_all_tickets_that_are_named(desk: Desk) -> None:
    made = [await desk.create(tags=["a", "b"]) for _ in range(2)]
    ids = ",".join(str(ticket["id"]) for ticket in made)
    change = {"ticket": {"priority": "high", "additional_tags": ["c"], "remove_tags": ["a"]}}
    done = await job(desk, "PUT", f"tickets/update_many?ids={ids}", change)
    assert [row["id"] for row in done["results"]] == [ticket["id"] for ticket in made]
    for ticket in made:
        now = await desk.show(ticket)
        assert (now["priority"], now["tags"]) == ("high", ["b", "c"])


async def test_a_row_that_is_refused_names_its_ticket_and_says_why(desk: Desk) -> None:
    closed, open_one = await desk.create(status="closed"), await desk.create()
    rows = [{"id": one["id"], "subject": "Other"} for one in (closed, open_one)]
    results = (await job(desk, "PUT", "tickets/update_many", {"tickets": rows}))["results"]
    assert [(row["id"], row["success"]) for row in results] == [(closed["id"], False), (open_one["id"], True)]
    assert results[0]["error"] == "RecordInvalid"
    assert (await desk.show(closed))["subject"] == closed["subject"]


async def test_a_bulk_change_is_told_like_any_other(desk: Desk) -> None:
    made = [await desk.create() for _ in range(3)]
    await desk.subscribe("priority_changed")
    rows = [{"id": one["id"], "priority": "high"} for one in made]
    await job(desk, "PUT", "tickets/update_many", {"tickets": rows})
    assert await desk.told() == ["priority_changed"] * 3


@pytest.mark.parametrize("noun", ["users", "organizations"])
async def test_rows_are_found_by_their_external_ids_at_their_places(desk: Desk, noun: str) -> None:
    one = noun.removesuffix("s")
    for name in ("first", "second"):
        assert (
            await desk.client.post(f"/api/v2/{noun}", json={one: {"name": name, "external_id": name}})
        ).status_code == 201
    rows = {noun: [{"name": "Two"}, {"name": "Nobody"}, {"name": "One"}]}
    done = await job(desk, "PUT", f"{noun}/update_many?external_ids=second,third,first", rows)
    assert [row["success"] for row in done["results"]] == [True, False, True]
    shown = (await desk.get(f"/api/v2/{noun}/show_many", external_ids="first,second"))[noun]
    assert {row["external_id"]: row["name"] for row in shown} == {"first": "One", "second": "Two"}


async def test_one_change_is_made_to_all_users_that_are_named(desk: Desk) -> None:
    await job(desk, "PUT", f"users/update_many?ids={ANN},{BEN}", {"user": {"phone": "7"}})
    phones = {user["id"]: user["phone"] for user in (await desk.get("/api/v2/users"))["users"]}
    assert (phones[ANN], phones[BEN], phones[CUSTOMER]) == ("7", "7", None)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "tickets/create_many", {}),
        ("POST", "tickets/create_many", {"tickets": {"subject": "x"}}),
        ("PUT", "tickets/update_many", {"tickets": ["x"]}),
        ("PUT", "users/update_many", {"users": None}),
    ],
)
async def test_a_body_without_rows_is_a_400(desk: Desk, method: str, path: str, body: dict[str, Any]) -> None:
    answer = await desk.client.request(method, f"/api/v2/{path}", json=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "MissingParameter")


async def test_deleted_users_stay_listed_until_they_go_for_good(desk: Desk) -> None:
    path = f"/api/v2/deleted_users/{CUSTOMER}"
    assert (await desk.client.get(path)).status_code == 404
    await job(desk, "DELETE", f"users/destroy_many?ids={CUSTOMER}")
    assert (await desk.get(path))["deleted_user"]["active"] is False
    gone = (await desk.client.delete(path)).json()["deleted_user"]
    assert (gone["id"], gone["permanently_deleted"]) == (CUSTOMER, True)
    assert (await desk.get("/api/v2/deleted_users"))["count"] == 0


# --- tags


async def test_a_body_with_tags_is_taken_away_as_the_query_is(desk: Desk) -> None:
    path = f"/api/v2/tickets/{(await desk.create(tags=['a', 'b', 'c']))['id']}/tags"
    assert (await desk.client.delete(path, params={"tags": "a,z"})).json() == {"tags": ["b", "c"]}
    assert (await desk.client.request("DELETE", path, json={"tags": ["C"]})).json() == {"tags": ["b"]}


async def test_changed_tags_are_told(desk: Desk) -> None:
    ticket = await desk.create(tags=["a"])
    await desk.subscribe("tags_changed")
    answer = await desk.client.put(f"/api/v2/tickets/{ticket['id']}/tags", json={"tags": ["b"]})
    assert answer.json() == {"tags": ["a", "b"]}
    await desk.settle()
    event = desk.receiver.of("tags_changed")["event"]
    assert (event["tags_added"], event["tags_removed"]) == (["b"], [])
