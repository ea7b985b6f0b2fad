"""The control API, and what a stopped sandbox finds again (`ticketsync dev --state`)."""

import asyncio
import stat
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import Response

from tests.sandbox.zendesk.conftest import ANN, CREDENTIALS, PREFIX, Desk, Receiver, webhook_body
from ticketsync.sandbox.http import serve
from ticketsync.sandbox.zendesk import Tuning, ZendeskSandbox, ZendeskSettings


async def test_an_injected_429_is_the_accounts_plain_text(desk: Desk) -> None:
    await desk.control("POST", "/faults", kind="rate_limited", seconds=9)
    answer = await desk.client.get("/api/v2/users/me")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "9")
    assert answer.text == "Number of allowed API requests per minute exceeded"


async def test_an_injected_401_has_the_recorded_body(desk: Desk) -> None:
    await desk.control("POST", "/faults", kind="unauthorized")
    answer = await desk.client.get("/api/v2/users/me")
    assert (answer.status_code, answer.json()) == (401, {"error": "Couldn't authenticate you"})


async def test_a_lost_answer_leaves_the_ticket_and_its_events(desk: Desk) -> None:
    await desk.subscribe("created")
    await desk.control("POST", "/faults", kind="lost_answer", match={"method": "POST"}, times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        await desk.create()
    assert (await desk.get("/api/v2/tickets"))["count"] == 1
    assert await desk.told() == ["created"]


async def test_calls_are_counted_with_their_paths_as_called(desk: Desk) -> None:
    await desk.create()
    calls = await desk.get(r"/sandbox/calls?method=POST&path=/tickets(\.json)?$")
    assert [(call["path"], call["status"]) for call in calls["calls"]] == [("/api/v2/tickets.json", 201)]


async def test_settings_are_merged_and_checked(desk: Desk) -> None:
    told = await desk.control("PATCH", "/settings", limits={"account": 9})
    assert (told["settings"]["limits"]["account"], told["settings"]["limits"]["webhooks"]) == (9, 100)
    for wrong in ({"limits": {"account": 0}}, {"speed": 1}, {"delivery": 3}):
        assert (await desk.client.patch("/sandbox/settings", json=wrong)).status_code == 422
    assert (await desk.get("/sandbox/settings"))["settings"]["limits"]["account"] == 9


async def test_imported_tickets_keep_their_times_and_tell_nobody(desk: Desk) -> None:
    await desk.subscribe()
    sent = {"id": 500, "subject": "Old", "status": "solved", "assignee_id": ANN, "created_at": "2020-01-01T00:00:00Z"}
    await desk.control("POST", "/tickets", tickets=[sent, {"subject": "Told", "events": True}])
    assert await desk.told() == ["created"]
    old = await desk.show({"id": 500})
    assert (old["created_at"], old["updated_at"], old["assignee_id"]) == (sent["created_at"], sent["created_at"], ANN)
    assert (await desk.show({"id": 501}))["subject"] == "Told"
    again = await desk.client.post("/sandbox/tickets", json={"tickets": [sent]})
    assert again.status_code == 400


async def test_a_ticket_imported_as_deleted_is_in_the_trash(desk: Desk) -> None:
    await desk.control("POST", "/tickets", tickets=[{"id": 9, "deleted": True}])
    assert (await desk.client.get("/api/v2/tickets/9")).status_code == 404
    assert (await desk.client.put("/api/v2/deleted_tickets/9/restore")).status_code == 200


async def test_reset_leaves_a_fresh_account(desk: Desk) -> None:
    await desk.subscribe()
    await desk.create()
    await desk.control("POST", "/faults", kind="error", match={"path": "nothing"})
    await desk.control("POST", "/reset")
    assert (await desk.create())["id"] == 1
    assert (await desk.get("/api/v2/webhooks"))["webhooks"] == []
    assert (await desk.get("/sandbox/faults"))["faults"] == []
    assert (await desk.get("/sandbox/deliveries"))["count"] == 0


async def test_the_delivery_log_can_be_emptied(desk: Desk) -> None:
    await desk.subscribe("created")
    await desk.create()
    await desk.settle()
    assert (await desk.get("/sandbox/deliveries"))["count"] == 1
    await desk.control("DELETE", "/deliveries")
    assert (await desk.get("/sandbox/deliveries"))["count"] == 0


async def test_idle_says_when_something_is_still_under_way(desk: Desk) -> None:
    await desk.control("POST", "/delivery-rules", kind="delay", seconds=30)
    await desk.subscribe("created")
    await desk.create()
    assert (await desk.get("/sandbox/idle", wait=0.05))["idle"] is False
    assert (await desk.get("/sandbox/deliveries", state="waiting"))["count"] == 1


class _Run:
    """One life of a sandbox that keeps its state in a folder."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self._sandbox = ZendeskSandbox(ZendeskSettings(**settings), state_dir=folder)

    async def __aenter__(self) -> httpx.AsyncClient:
        await self._sandbox.__aenter__()
        self._serving = serve(self._sandbox.app)
        served = await self._serving.__aenter__()
        self._client = httpx.AsyncClient(base_url=served.url, auth=CREDENTIALS)
        return self._client

    async def __aexit__(self, *error: object) -> None:
        await self._client.aclose()
        await self._serving.__aexit__(None, None, None)
        await self._sandbox.__aexit__(*error)


def _webhook(receiver: Receiver) -> dict[str, Any]:
    return {"webhook": webhook_body(receiver.url, [PREFIX + "created"])}


NEW_TICKET = {"ticket": {"subject": "Kept", "comment": {"body": "Help"}}}


async def test_a_stopped_sandbox_goes_on_where_it_was(tmp_path: Path, receiver: Receiver) -> None:
    async with _Run(tmp_path) as client:
        webhook = (await client.post("/api/v2/webhooks", json=_webhook(receiver))).json()["webhook"]
        secret = (await client.get(f"/api/v2/webhooks/{webhook['id']}/signing_secret")).json()
        ticket = (await client.post("/api/v2/tickets", json=NEW_TICKET)).json()["ticket"]
        gone = (await client.post("/api/v2/tickets", json=NEW_TICKET)).json()["ticket"]
        await client.delete(f"/api/v2/tickets/{gone['id']}")
    async with _Run(tmp_path) as client:
        found = (await client.get(f"/api/v2/tickets/{ticket['id']}")).json()["ticket"]
        assert {**found, "url": "", "generated_timestamp": 0} == ticket | {"url": ""}
        assert (await client.get(f"/api/v2/webhooks/{webhook['id']}/signing_secret")).json() == secret
        assert (await client.put(f"/api/v2/deleted_tickets/{gone['id']}/restore")).status_code == 200
        assert (await client.post("/api/v2/tickets", json=NEW_TICKET)).json()["ticket"]["id"] == gone["id"] + 1


async def test_deliveries_that_were_waiting_go_out_after_the_restart(tmp_path: Path, desk: Desk) -> None:
    receiver = desk.receiver
    receiver.answers = [Response(status_code=409)]
    async with _Run(tmp_path) as client:
        await client.post("/api/v2/webhooks", json=_webhook(receiver))
        await client.post("/api/v2/tickets", json=NEW_TICKET)
        delivery: dict[str, Any] = {"attempts": []}
        async with asyncio.timeout(30):
            while not delivery["attempts"]:
                (delivery,) = (await client.get("/sandbox/deliveries")).json()["deliveries"]
    assert len(receiver.received) == 1
    async with _Run(tmp_path) as client:
        assert (await client.get("/sandbox/idle", params={"wait": 10})).json()["idle"] is True
        (delivery,) = (await client.get("/sandbox/deliveries")).json()["deliveries"]
    assert (delivery["state"], len(delivery["attempts"])) == ("success", 2)
    assert len({one.headers["x-zendesk-webhook-invocation-id"] for one in receiver.received}) == 1


async def test_a_change_reaches_the_file_without_a_stop_readable_by_its_owner_only(tmp_path: Path) -> None:
    async with _Run(tmp_path) as client:
        await client.post("/api/v2/tickets", json=NEW_TICKET)
        file = tmp_path / "zendesk.json"
        async with asyncio.timeout(30):
            while not file.exists():
                await client.get("/sandbox/idle")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert "Kept" in file.read_text()


async def test_a_file_that_is_no_state_is_named(tmp_path: Path) -> None:
    (tmp_path / "zendesk.json").write_text("[]")
    with pytest.raises(ValueError, match=r"zendesk\.json holds no Zendesk sandbox"):
        ZendeskSandbox(state_dir=tmp_path)


async def test_credentials_and_tuning_come_from_the_settings(tmp_path: Path) -> None:
    settings = {"email": "boss@acme.example", "api_token": "other", "tuning": Tuning(export_withheld_seconds=2)}
    async with _Run(tmp_path, **settings) as client:
        assert (await client.get("/api/v2/users/me")).status_code == 401
        answer = await client.get("/api/v2/users/me", auth=("boss@acme.example/token", "other"))
        assert answer.json()["user"]["role"] == "admin"
        assert (await client.get("/sandbox/settings")).json()["settings"]["export_withheld_seconds"] == 2
