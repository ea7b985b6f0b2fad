"""The incremental cursor export (reference/zendesk-api §8)."""

import base64
import time
from typing import Any

import pytest

from tests.sandbox.zendesk.conftest import Desk

PATH = "/api/v2/incremental/tickets/cursor.json"
OLD = "2024-02-07T01:02:03Z"
OLD_UNIX = 1707267723


async def _import(desk: Desk, *tickets: dict[str, Any]) -> list[dict[str, Any]]:
    imported: list[dict[str, Any]] = (await desk.control("POST", "/tickets", tickets=list(tickets)))["tickets"]
    return imported


async def test_rows_come_by_generated_timestamp_then_id_each_once(desk: Desk) -> None:
    rows = [(5, 100), (3, 200), (4, 200), (9, 50)]
    await _import(
        desk, *({"id": number, "created_at": OLD, "generated_timestamp": OLD_UNIX + after} for number, after in rows)
    )
    seen, query = [], f"start_time={OLD_UNIX}"
    while True:
        page = await desk.get(f"{PATH}?{query}&per_page=1")
        seen += [ticket["id"] for ticket in page["tickets"]]
        if page["end_of_stream"]:
            break
        query = f"cursor={page['after_cursor']}"
    assert seen == [9, 5, 3, 4]


async def test_the_cursor_names_the_last_row_and_the_url_is_ready_to_follow(desk: Desk) -> None:
    await _import(desk, {"id": 4045, "created_at": OLD})
    page = await desk.get(f"{PATH}?start_time=0")
    assert base64.b64decode(page["after_cursor"]).decode() == f"{OLD_UNIX}.0||4045|"
    assert set(page) == {"tickets", "after_url", "after_cursor", "before_url", "before_cursor", "end_of_stream"}
    assert (page["before_url"], page["before_cursor"], page["end_of_stream"]) == (None, None, True)
    empty = (await desk.client.get(page["after_url"])).json()
    assert (empty["tickets"], empty["after_cursor"], empty["end_of_stream"]) == ([], None, True)


async def test_a_row_is_the_ticket_with_its_generated_timestamp(desk: Desk) -> None:
    await _import(desk, {"id": 7, "subject": "Old", "created_at": OLD})
    (row,) = (await desk.get(f"{PATH}?start_time=0"))["tickets"]
    assert row == await desk.show({"id": 7}) | {"generated_timestamp": OLD_UNIX}
    assert row["created_at"] == OLD


async def test_the_last_minute_is_withheld_and_comes_later(desk: Desk) -> None:
    ticket = await desk.create()
    assert (await desk.get(f"{PATH}?start_time=0"))["tickets"] == []
    await desk.control("PUT", "/clock", offset_seconds=62)
    assert [row["id"] for row in (await desk.get(f"{PATH}?start_time=0"))["tickets"]] == [ticket["id"]]


async def test_the_withheld_time_can_be_cut_to_a_second_but_not_to_nothing(desk: Desk) -> None:
    await desk.control("PATCH", "/settings", export_withheld_seconds=1)
    await desk.create()
    await desk.control("PUT", "/clock", offset_seconds=2)
    assert len((await desk.get(f"{PATH}?start_time=0"))["tickets"]) == 1
    assert (await desk.client.patch("/sandbox/settings", json={"export_withheld_seconds": 0})).status_code == 422


async def test_a_changed_ticket_comes_again(desk: Desk) -> None:
    await _import(desk, {"id": 1, "created_at": OLD}, {"id": 2, "created_at": OLD})
    page = await desk.get(f"{PATH}?start_time=0")
    await desk.update({"id": 1}, subject="Changed")
    await desk.control("PUT", "/clock", offset_seconds=62)
    again = await desk.get(f"{PATH}?cursor={page['after_cursor']}")
    assert [(row["id"], row["subject"]) for row in again["tickets"]] == [(1, "Changed")]


async def test_deleted_and_scrubbed_tickets_stay_in_the_stream(desk: Desk) -> None:
    kept, gone = await desk.create(subject="Kept"), await desk.create(subject="Gone")
    for ticket in (kept, gone):
        await desk.client.delete(f"/api/v2/tickets/{ticket['id']}")
    await desk.client.delete(f"/api/v2/deleted_tickets/{gone['id']}")
    await desk.control("PUT", "/clock", offset_seconds=62)
    rows = {row["id"]: row for row in (await desk.get(f"{PATH}?start_time=0"))["tickets"]}
    assert (rows[kept["id"]]["status"], rows[kept["id"]]["subject"]) == ("deleted", "Kept")
    scrubbed = rows[gone["id"]]
    assert (scrubbed["status"], scrubbed["subject"], scrubbed["raw_subject"]) == ("deleted", "SCRUBBED", "SCRUBBED")
    assert scrubbed["description"] == "X"
    assert (await desk.get(f"{PATH}?start_time=0&exclude_deleted=true"))["tickets"] == []


async def test_users_come_beside_the_rows(desk: Desk) -> None:
    await _import(desk, {"created_at": OLD})
    page = await desk.get(f"{PATH}?start_time=0&include=users")
    assert [user["name"] for user in page["users"]] == ["Carla Customer"]


@pytest.mark.parametrize("query", ["", "cursor=abc", "per_page=0&start_time=0", "start_time=now"])
async def test_a_call_that_makes_no_sense_is_a_400(desk: Desk, query: str) -> None:
    assert (await desk.client.get(f"{PATH}?{query}")).status_code == 400


async def test_a_start_within_the_last_minute_is_refused(desk: Desk) -> None:
    answer = await desk.client.get(f"{PATH}?start_time={int(time.time()) - 30}")
    assert (answer.status_code, answer.json()["error"]) == (400, "StartTimeTooRecent")


async def test_ten_exports_a_minute_then_a_json_429(desk: Desk) -> None:
    for _ in range(10):
        await desk.get(f"{PATH}?start_time=0")
    answer = await desk.client.get(f"{PATH}?start_time=0")
    assert answer.status_code == 429
    assert answer.json() == {
        "error": "APIRateLimitExceeded",
        "description": "Number of allowed incremental export API requests per minute exceeded",
    }
    assert 0 < int(answer.headers["retry-after"]) <= 60
