"""Audits: what each action did to a ticket (reference/zendesk-api §7, recorded)."""

from typing import Any

from tests.sandbox.zendesk.conftest import ANN, CUSTOMER, Desk


async def audits(desk: Desk, ticket: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await desk.get(f"/api/v2/tickets/{ticket['id']}/audits"))["audits"]
    return rows


async def test_the_first_audit_tells_the_comment_and_all_that_was_set(desk: Desk) -> None:
    ticket = await desk.create(subject="Printer", tags=["b", "a"], requester_id=CUSTOMER)
    (audit,) = await audits(desk, ticket)
    comment, *events = audit["events"]
    (shown,) = (await desk.get(f"/api/v2/tickets/{ticket['id']}/comments"))["comments"]
    assert (comment["type"], comment["body"], comment["id"]) == ("Comment", "Help", shown["id"])
    assert shown["audit_id"] == audit["id"]
    told = {event["field_name"]: event["value"] for event in events}
    assert {event["type"] for event in events} == {"Create"}
    assert told["requester_id"] == str(CUSTOMER)  # ids are texts
    assert told["tags"] == ["a", "b"]  # tags a list
    assert told["priority"] is None
    assert "assignee_id" not in told


async def test_a_change_tells_what_was_before(desk: Desk) -> None:
    ticket = await desk.create(tags=["a"])
    await desk.update(ticket, assignee_id=ANN, tags=["b"])
    *_, audit = await audits(desk, ticket)
    told = {event["field_name"]: (event["previous_value"], event["value"]) for event in audit["events"]}
    assert told["assignee_id"] == (None, str(ANN))
    assert told["tags"] == (["a"], ["b"])
    assert told["status"] == ("new", "open")
    assert {event["type"] for event in audit["events"]} == {"Change"}


async def test_an_answer_to_a_change_holds_its_own_audit(desk: Desk) -> None:
    ticket = await desk.create()
    answer = await desk.client.put(f"/api/v2/tickets/{ticket['id']}", json={"ticket": {"subject": "Other"}})
    *_, last = await audits(desk, ticket)
    assert answer.json()["audit"] == last


async def test_audits_of_all_tickets_come_by_cursor_only(desk: Desk) -> None:
    made = [await desk.create() for _ in range(3)]
    refused = await desk.client.get("/api/v2/ticket_audits")
    assert (refused.status_code, refused.json()["error"]) == (400, "InvalidPaginationParameter")
    page = await desk.get("/api/v2/ticket_audits?page[size]=2")
    rest = (await desk.client.get(page["links"]["next"])).json()
    assert [row["ticket_id"] for row in page["audits"] + rest["audits"]] == [one["id"] for one in made]
