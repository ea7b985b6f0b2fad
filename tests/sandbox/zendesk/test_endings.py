"""Delete, restore, spam, permanent deletion, merge and their jobs (reference/zendesk-api §7.2, §7.3)."""

from typing import Any

import pytest

from tests.sandbox.zendesk.conftest import CUSTOMER, Desk


async def _job(desk: Desk, method: str, path: str, **body: Any) -> dict[str, Any]:
    """The finished job of a call whose own answer must say it is queued."""
    answer = await desk.client.request(method, path, json=body)
    assert answer.status_code == 200, answer.text
    queued = answer.json()["job_status"]
    assert (queued["status"], queued["progress"], queued["results"]) == ("queued", None, None)
    assert queued["id"].startswith("V3-")
    done: dict[str, Any] = (await desk.get(f"/api/v2/job_statuses/{queued['id']}.json"))["job_status"]
    assert done["status"] == "completed"
    return done


async def test_a_deleted_ticket_is_gone_from_reads_and_listed_in_the_trash(desk: Desk) -> None:
    ticket = await desk.create(subject="Old", status="pending")
    assert (await desk.client.delete(f"/api/v2/tickets/{ticket['id']}.json")).status_code == 204
    assert (await desk.client.get(f"/api/v2/tickets/{ticket['id']}")).status_code == 404
    assert (await desk.client.put(f"/api/v2/tickets/{ticket['id']}", json={"ticket": {}})).status_code == 404
    assert (await desk.get("/api/v2/tickets"))["count"] == 0
    (row,) = (await desk.get("/api/v2/deleted_tickets"))["deleted_tickets"]
    assert (row["id"], row["subject"], row["previous_state"]) == (ticket["id"], "Old", "pending")
    assert row["actor"] == {"id": 8447388090494, "name": "Sync Admin"}


async def test_a_restored_ticket_has_its_former_status(desk: Desk) -> None:
    ticket = await desk.create(status="pending")
    await desk.client.delete(f"/api/v2/tickets/{ticket['id']}")
    answer = await desk.client.put(f"/api/v2/deleted_tickets/{ticket['id']}/restore")
    assert (answer.status_code, answer.json()) == (200, {})
    assert (await desk.show(ticket))["status"] == "pending"
    assert (await desk.get("/api/v2/deleted_tickets"))["deleted_tickets"] == []
    assert (await desk.client.put(f"/api/v2/deleted_tickets/{ticket['id']}/restore")).status_code == 404


async def test_a_permanently_deleted_ticket_cannot_come_back(desk: Desk) -> None:
    ticket = await desk.create()
    await desk.client.delete(f"/api/v2/tickets/{ticket['id']}")
    job = await _job(desk, "DELETE", f"/api/v2/deleted_tickets/{ticket['id']}")
    assert (job["results"], job["total"], job["progress"]) == ({"success": True}, None, None)
    assert (await desk.client.put(f"/api/v2/deleted_tickets/{ticket['id']}/restore")).status_code == 404
    assert (await desk.get("/api/v2/deleted_tickets"))["count"] == 0


async def test_only_a_deleted_ticket_can_be_deleted_for_good(desk: Desk) -> None:
    ticket = await desk.create()
    assert (await desk.client.delete(f"/api/v2/deleted_tickets/{ticket['id']}")).status_code == 404
    assert await desk.show(ticket)


async def test_spam_deletes_the_ticket_and_suspends_its_requester(desk: Desk) -> None:
    ticket = await desk.create(requester_id=CUSTOMER)
    answer = await desk.client.put(f"/api/v2/tickets/{ticket['id']}/mark_as_spam")
    assert answer.status_code == 200
    assert (await desk.client.get(f"/api/v2/tickets/{ticket['id']}")).status_code == 404
    assert (await desk.get(f"/api/v2/users/{CUSTOMER}"))["user"]["suspended"] is True


async def test_many_tickets_are_deleted_and_restored_at_once(desk: Desk) -> None:
    ids = [(await desk.create())["id"] for _ in range(3)]
    joined = ",".join(str(one) for one in ids[:2])
    job = await _job(desk, "DELETE", f"/api/v2/tickets/destroy_many?ids={joined}")
    assert job["results"] == [{"id": one, "status": "Deleted"} for one in ids[:2]]
    assert (job["total"], job["progress"]) == (2, 2)
    assert (await desk.client.put(f"/api/v2/deleted_tickets/restore_many?ids={joined}")).status_code == 200
    assert (await desk.get("/api/v2/tickets"))["count"] == 3


async def test_a_merge_closes_tags_and_comments_the_source(desk: Desk) -> None:
    source, target = await desk.create(subject="Double", tags=["a"]), await desk.create(subject="First")
    job = await _job(
        desk, "POST", f"/api/v2/tickets/{target['id']}/merge", ids=[source["id"]], source_comment="See the other one"
    )
    assert job["results"] == [{"action": "update", "id": source["id"], "status": "Updated", "success": True}]
    closed = await desk.show(source)
    assert (closed["status"], closed["tags"]) == ("closed", ["a", "closed_by_merge"])
    comments = (await desk.get(f"/api/v2/tickets/{source['id']}/comments"))["comments"]
    assert (comments[-1]["body"], comments[-1]["public"]) == ("See the other one", False)
    assert comments[-1]["via"]["source"]["rel"] == "merge"
    on_target = (await desk.get(f"/api/v2/tickets/{target['id']}/comments"))["comments"][-1]
    assert f"#{source['id']}" in on_target["body"]
    assert (await desk.show(target))["status"] == "new"


@pytest.mark.parametrize("status", ["solved", "closed"])
async def test_only_a_ticket_below_solved_can_be_merged(desk: Desk, status: str) -> None:
    source, target = await desk.create(status=status), await desk.create()
    job = await _job(desk, "POST", f"/api/v2/tickets/{target['id']}/merge", ids=[source["id"], 99, target["id"]])
    assert [row["success"] for row in job["results"]] == [False, False, False]
    assert (await desk.show(source))["status"] == status


async def test_nothing_is_merged_into_a_closed_ticket(desk: Desk) -> None:
    source, target = await desk.create(), await desk.create(status="closed")
    answer = await desk.client.post(f"/api/v2/tickets/{target['id']}/merge", json={"ids": [source["id"]]})
    assert answer.status_code == 422
    assert (await desk.show(source))["status"] == "new"


async def test_an_unknown_job_is_a_404(desk: Desk) -> None:
    assert (await desk.client.get("/api/v2/job_statuses/V3-none")).status_code == 404


async def test_the_trash_is_listed_newest_delete_first_when_asked(desk: Desk) -> None:
    first, second = (await desk.create())["id"], (await desk.create())["id"]
    await desk.client.delete(f"/api/v2/tickets/{second}")
    await desk.client.put("/sandbox/clock", json={"offset_seconds": 5})
    await desk.client.delete(f"/api/v2/tickets/{first}")
    trash = await desk.get("/api/v2/deleted_tickets?sort_by=deleted_at&sort_order=desc")
    assert [row["id"] for row in trash["deleted_tickets"]] == [first, second]
