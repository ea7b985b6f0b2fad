"""The log of a webhook's invocations and their attempts, as recorded (reference/zendesk-api §2, §4, §14)."""

import json
from typing import Any

import pytest
from fastapi import Response

from tests.sandbox.zendesk.conftest import Desk


async def log(desk: Desk, webhook_id: str, **query: str) -> list[dict[str, Any]]:
    await desk.settle()
    rows: list[dict[str, Any]] = (await desk.get(f"/api/v2/webhooks/{webhook_id}/invocations", **query))["invocations"]
    return rows


async def attempts(desk: Desk, webhook_id: str, invocation_id: str) -> list[dict[str, Any]]:
    path = f"/api/v2/webhooks/{webhook_id}/invocations/{invocation_id}/attempts"
    found: list[dict[str, Any]] = (await desk.get(path))["attempts"]
    return found


async def test_a_delivery_is_in_the_log_with_its_status(desk: Desk) -> None:
    webhook_id = await desk.subscribe("created")
    await desk.create()
    (row,) = await log(desk, webhook_id)
    assert set(row) == {"id", "status_code", "status", "latest_completed_at"}
    assert (row["status_code"], row["status"]) == (202, "success")
    assert desk.receiver.received[0].headers["x-zendesk-webhook-invocation-id"] == row["id"]


async def test_a_webhook_without_deliveries_has_an_empty_log(desk: Desk) -> None:
    webhook_id = await desk.subscribe("created")
    answer = await desk.get(f"/api/v2/webhooks/{webhook_id}/invocations")
    assert answer == {"meta": {"has_more": False}, "invocations": []}


async def test_an_invocation_is_in_the_log_once_for_each_attempt_the_newest_first(desk: Desk) -> None:
    webhook_id = await desk.subscribe("created")
    desk.receiver.answers = [Response(status_code=409), Response(status_code=409)]
    await desk.create()
    rows = await log(desk, webhook_id)
    assert len({row["id"] for row in rows}) == 1
    assert sorted((row["status"], row["status_code"]) for row in rows) == [
        ("failed", 409),
        ("failed", 409),
        ("success", 202),
    ]


async def test_a_refused_delivery_is_terminated(desk: Desk) -> None:
    webhook_id = await desk.subscribe("created")
    desk.receiver.answers = [Response("no", status_code=403)]
    await desk.create()
    (row,) = await log(desk, webhook_id)
    assert (row["status_code"], row["status"]) == (403, "terminated")


async def test_a_time_out_is_logged_as_504(desk: Desk) -> None:
    await desk.control("PATCH", "/settings", delivery={"timeout_seconds": 0.05})
    webhook_id = await desk.subscribe("created")
    desk.receiver.silent = 6
    await desk.create()
    assert [row["status_code"] for row in await log(desk, webhook_id)] == [504] * 6


async def test_an_endpoint_that_nobody_serves_has_no_status_code(desk: Desk, unused_port: int) -> None:
    webhook_id = await desk.subscribe("created", endpoint=f"http://127.0.0.1:{unused_port}/hook")
    await desk.create()
    (row,) = await log(desk, webhook_id)
    assert ("status_code" in row, row["status"]) == (False, "terminated")
    (attempt,) = await attempts(desk, webhook_id, row["id"])
    assert ("request" in attempt, "response" in attempt) == (True, False)


async def test_the_log_can_be_asked_for_a_status_and_a_time(desk: Desk) -> None:
    webhook_id = await desk.subscribe("created")
    desk.receiver.answers = [Response(status_code=500)]
    await desk.create()
    await desk.settle()
    await desk.create()
    assert [row["status"] for row in await log(desk, webhook_id, **{"filter[status]": "success"})] == ["success"]
    assert len(await log(desk, webhook_id, **{"filter[from_ts]": "2026-01-15T10:00:00Z"})) == 2
    assert await log(desk, webhook_id, **{"filter[to_ts]": "2026-01-15T10:00:00Z"}) == []
    path = f"/api/v2/webhooks/{webhook_id}/invocations"
    assert (await desk.client.get(path, params={"filter[from_ts]": "yesterday"})).status_code == 400
    assert (await desk.client.get(path, params={"page[after]": "!"})).status_code == 400


async def test_the_first_page_has_no_way_back_and_the_last_none_forward(desk: Desk) -> None:
    await desk.control("PATCH", "/settings", limits={"account": 1000})
    webhook_id = await desk.subscribe("created")
    await desk.control("POST", "/delivery-rules", kind="duplicate", copies=100)
    for _ in range(2):
        await desk.create()
    await desk.settle()
    first = await desk.get(f"/api/v2/webhooks/{webhook_id}/invocations")
    second = (await desk.client.get(first["links"]["next"])).json()
    third = (await desk.client.get(second["links"]["next"])).json()
    pages = [first, second, third]
    assert [len(page["invocations"]) for page in pages] == [100, 100, 2]
    assert [set(page["meta"]) for page in pages] == [
        {"has_more", "after_cursor"},
        {"has_more", "after_cursor", "before_cursor"},
        {"has_more", "before_cursor"},
    ]
    assert [set(page["links"]) for page in pages] == [{"next"}, {"next", "prev"}, {"prev"}]
    assert (await desk.client.get(third["links"]["prev"])).json()["invocations"] == second["invocations"]


# --- attempts


async def test_an_attempt_shows_what_was_sent_and_answered(desk: Desk) -> None:
    webhook_id = await desk.subscribe("created")
    desk.receiver.answers = [Response("not here", status_code=404)]
    await desk.create(subject="Ümlaut")
    (row,) = await log(desk, webhook_id)
    (attempt,) = await attempts(desk, webhook_id, row["id"])
    assert (attempt["status"], attempt["status_code"]) == ("terminated", 404)
    sent = {pair["key"]: pair["value"] for pair in attempt["request"]["headers"]}
    received = desk.receiver.received[0]
    assert {name: received.headers[name] for name in sent} == sent
    assert json.loads(attempt["request"]["payload"]) == received.event
    assert attempt["request"]["payload"].startswith('{\n   "account_id"')
    assert attempt["request"]["payload"].endswith("}\n")
    assert attempt["response"]["payload"] == "not here"


async def test_the_id_of_an_attempt_is_that_of_the_webhook(desk: Desk) -> None:
    webhook_id = await desk.subscribe("created")
    await desk.create()
    (row,) = await log(desk, webhook_id)
    (attempt,) = await attempts(desk, webhook_id, row["id"])
    assert (attempt["id"], attempt["invocation_id"]) == (webhook_id, row["id"])


@pytest.mark.parametrize(
    "private",
    [
        {"authentication": {"type": "bearer_token", "data": {"token": "hush"}, "add_position": "header"}},
        {"custom_headers": {"X-Hush": "hush"}},
    ],
)
async def test_credentials_are_scrubbed_in_the_log(desk: Desk, private: dict[str, Any]) -> None:
    webhook_id = await desk.subscribe("created", **private)
    await desk.create()
    (row,) = await log(desk, webhook_id)
    (attempt,) = await attempts(desk, webhook_id, row["id"])
    assert "hush" in str(desk.receiver.received[0].headers.raw)
    assert "[SCRUBBED]" in [pair["value"] for pair in attempt["request"]["headers"]]
    assert '"hush"' not in json.dumps(attempt)


async def test_a_throttled_delivery_is_logged_when_it_is_held_back_and_again_when_it_is_sent(desk: Desk) -> None:
    await desk.control("POST", "/delivery-rules", kind="throttle", seconds=0.05)
    webhook_id = await desk.subscribe("created")
    await desk.create()
    rows = await log(desk, webhook_id)
    assert sorted(row["status"] for row in rows) == ["success", "throttled"]
    assert len({row["id"] for row in rows}) == 1
    (held,) = [one for one in await attempts(desk, webhook_id, rows[0]["id"]) if one["status"] == "throttled"]
    assert set(held) == {"id", "invocation_id", "status", "completed_at"}


async def test_what_is_not_there_is_a_404(desk: Desk) -> None:
    webhook_id = await desk.subscribe("created")
    assert (await desk.client.get("/api/v2/webhooks/01HAN/invocations")).status_code == 404
    assert (await desk.client.get(f"/api/v2/webhooks/{webhook_id}/invocations/01HAN/attempts")).status_code == 404
