"""The ticket API: its token, what it shows with and without a worker, and its commands."""

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCStatusCode
from temporalio.worker import Worker

from tests.server.desks import API_TOKEN, a_desk, some_settings
from tests.server.namespaces import in_new_namespace
from tests.server.recording import RecordingTicket, never_succeeds
from tests.server.refusing_temporal import refusing_temporal
from tests.server.zendesk import Zendesk, a_body
from tests.support.wait import eventually
from ticketsync.embedded import EmbeddedTemporal
from ticketsync.names import WORKFLOW_QUEUE, ticket_workflow_id
from ticketsync.reasons import NOT_LOOKED_AT
from ticketsync.sandbox.http import serve
from ticketsync.server import create_app

COMMANDS = ["/retry", "/resync", "/link", "/unlink"]
ROUTES = [("GET", ""), ("GET", "/why"), *(("POST", command) for command in COMMANDS)]
TOKEN = {"Authorization": f"Bearer {API_TOKEN}"}


@pytest.fixture(scope="module")
async def worked(temporal_server: EmbeddedTemporal) -> AsyncIterator[Client]:
    """A client of a namespace with a worker."""
    client = await in_new_namespace(temporal_server.address)
    worker = Worker(
        client,
        task_queue=WORKFLOW_QUEUE,
        workflows=[RecordingTicket],
        activities=[never_succeeds],
        max_cached_workflows=50,
    )
    async with worker:
        yield client


@pytest.fixture
async def api(worked: Client) -> AsyncIterator[httpx.AsyncClient]:
    """The server before the Temporal with a worker, asked with the right token."""
    async with (
        serve(create_app(some_settings(a_desk("acme")), lambda: worked)) as served,
        httpx.AsyncClient(base_url=served.url, headers=TOKEN, timeout=20) as api,
    ):
        yield api


async def tell(api: httpx.AsyncClient, ticket_id: int, kind: str) -> None:
    assert (await Zendesk(api, "acme").send(a_body(ticket_id, kind))).status_code == 202


def address(ticket_id: int | str, command: str = "", desk: str = "acme") -> str:
    return f"/api/v1/desks/{desk}/tickets/{ticket_id}{command}"


async def show(api: httpx.AsyncClient, ticket_id: int) -> dict[str, Any]:
    response = await api.get(address(ticket_id))
    assert response.status_code == 200
    shown: dict[str, Any] = response.json()
    return shown


# --- the token


@pytest.mark.parametrize(("method", "command"), ROUTES)
async def test_without_a_token_in_the_settings_there_is_no_ticket_api(
    client: Client, method: str, command: str
) -> None:
    app = create_app(some_settings(a_desk("acme"), api_token=None), lambda: client)
    async with serve(app) as served, httpx.AsyncClient(base_url=served.url) as http:
        for headers in ({}, TOKEN, {"Authorization": "Bearer"}, {"Authorization": "Bearer None"}):
            assert (await http.request(method, address(1, command), headers=headers)).status_code == 404


@pytest.mark.parametrize(("method", "command"), ROUTES)
@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer wrong", f"Basic {API_TOKEN}", API_TOKEN, f"Bearer {API_TOKEN}x", "Bearer \xe9"],
)
async def test_a_wrong_token_is_401(
    http: httpx.AsyncClient, method: str, command: str, authorization: str | None
) -> None:
    given = httpx.Headers({} if authorization is None else {"Authorization": authorization}, encoding="latin-1")
    response = await http.request(method, address("not-a-number", command), headers=given)
    assert (response.status_code, response.json()["error"]) == (401, "wrong_token")
    assert response.headers["WWW-Authenticate"] == "Bearer"


# --- reading


async def test_a_ticket_is_shown_as_its_workflow_sees_it(api: httpx.AsyncClient, ticket_id: int) -> None:
    await tell(api, ticket_id, "status_changed")
    shown = await show(api, ticket_id)
    assert shown["answered_by"] == "worker"
    assert shown["note"] is None
    assert shown["status"] == {"desk": "acme", "ticket_id": ticket_id, "commands": []}
    assert shown["workflow_id"] == f"ticket-acme-{ticket_id}"
    assert shown["run"] == "running"
    assert shown["search_attributes"]["TicketsyncSyncState"] == "pending"


async def test_a_step_that_is_being_retried_is_shown_with_its_failure_and_next_attempt(
    api: httpx.AsyncClient, ticket_id: int
) -> None:
    await tell(api, ticket_id, "created")

    async def failed() -> dict[str, Any]:
        pending = (await show(api, ticket_id))["pending"]
        return pending[0] if pending and pending[0]["last_failure"] else {}

    activity = await eventually(failed)
    assert activity["activity"] == "never_succeeds"
    assert activity["attempt"] == 2
    assert activity["last_failure"] == "TeamworkUnavailable: teamwork answered 503"
    assert activity["next_attempt_at"].endswith("Z")


async def test_an_ended_ticket_is_still_shown(api: httpx.AsyncClient, ticket_id: int, worked: Client) -> None:
    await tell(api, ticket_id, "merged")
    await worked.get_workflow_handle(ticket_workflow_id("acme", ticket_id)).result()
    shown = await show(api, ticket_id)
    assert (shown["run"], shown["answered_by"]) == ("completed", "worker")
    assert shown["closed_at"] is not None


async def test_without_a_worker_what_temporal_stores_is_shown_within_three_seconds(
    http: httpx.AsyncClient, ticket_id: int
) -> None:
    http.headers.update(TOKEN)
    await tell(http, ticket_id, "created")
    began = time.monotonic()
    response = await http.get(address(ticket_id), timeout=20)
    assert time.monotonic() - began < 8
    shown = response.json()
    assert (response.status_code, shown["answered_by"], shown["status"]) == (200, "temporal", None)
    assert shown["note"] == "no worker answers"
    assert shown["search_attributes"] == {
        "TicketsyncDesk": "acme",
        "TicketsyncTicketId": str(ticket_id),
        "TicketsyncTicketStatus": "open",
        "TicketsyncAssigneeId": "8447388090777",
        "TicketsyncSyncState": "pending",
    }


async def test_how_a_ticket_stands_is_told_in_words(api: httpx.AsyncClient, ticket_id: int) -> None:
    await tell(api, ticket_id, "created")
    assert (await show(api, ticket_id))["explanation"] == {
        "state": "pending",
        "reason": "",
        "meaning": NOT_LOOKED_AT.meaning,
        "to_do": NOT_LOOKED_AT.remedy,
    }


async def test_without_a_worker_nobody_can_tell_why(http: httpx.AsyncClient, ticket_id: int) -> None:
    http.headers.update(TOKEN)
    await tell(http, ticket_id, "created")
    response = await http.get(address(ticket_id, "/why"), timeout=10)
    assert (response.status_code, response.json()["error"]) == (503, "no_answer")


async def test_a_worker_that_cannot_answer_is_told_apart(api: httpx.AsyncClient, ticket_id: int) -> None:
    await tell(api, ticket_id, "undeleted")
    shown = await show(api, ticket_id)
    assert (shown["answered_by"], shown["note"]) == ("temporal", "the worker could not answer")


# --- commands


async def test_commands_reach_the_workflow(api: httpx.AsyncClient, ticket_id: int) -> None:
    await tell(api, ticket_id, "status_changed")
    resyncs: tuple[tuple[str, Any], ...] = (("/resync", None), ("/resync", {}), ("/resync", {"recreate": True}))
    for command, body in (("/retry", None), *resyncs, ("/link", {"task_id": 5001}), ("/unlink", None)):
        response = await api.post(address(ticket_id, command), json=body)
        assert response.status_code == 202
        assert response.json() == {"status": "queued", "workflow_id": f"ticket-acme-{ticket_id}"}
    assert (await show(api, ticket_id))["status"]["commands"] == [
        "retry",
        "resync recreate=False",
        "resync recreate=False",
        "resync recreate=True",
        "link 5001",
        "unlink",
    ]


@pytest.mark.parametrize(
    ("command", "body"), [("/retry", None), ("/resync", None), ("/link", {"task_id": 5001}), ("/unlink", None)]
)
async def test_a_command_to_an_ended_ticket_starts_a_new_run(
    api: httpx.AsyncClient, ticket_id: int, worked: Client, command: str, body: dict[str, int] | None
) -> None:
    await tell(api, ticket_id, "merged")
    handle = worked.get_workflow_handle(ticket_workflow_id("acme", ticket_id))
    await handle.result()
    assert (await api.post(address(ticket_id, command), json=body)).status_code == 202
    description = await handle.describe()
    assert description.status == WorkflowExecutionStatus.RUNNING
    assert await description.static_summary() == f"acme #{ticket_id}"
    assert len((await show(api, ticket_id))["status"]["commands"]) == 1


async def test_a_command_that_the_workflow_refuses_says_why(api: httpx.AsyncClient, ticket_id: int) -> None:
    await tell(api, ticket_id, "soft_deleted")
    response = await api.post(address(ticket_id, "/retry"))
    assert (response.status_code, response.json()["error"]) == (409, "refused")
    assert "nothing_to_retry" in response.json()["message"]


async def test_a_command_without_a_worker_says_so_in_time(http: httpx.AsyncClient, ticket_id: int) -> None:
    await tell(http, ticket_id, "created")
    response = await http.post(address(ticket_id, "/retry"), headers=TOKEN, timeout=8)
    assert (response.status_code, response.json()["error"]) == (503, "no_answer")


# --- what is not there


@pytest.mark.parametrize(("method", "command"), ROUTES)
async def test_tickets_and_desks_that_nobody_heard_of_are_404(
    api: httpx.AsyncClient, ticket_id: int, method: str, command: str
) -> None:
    body = {"task_id": 1} if command == "/link" else None
    unknown_ticket = await api.request(method, address(ticket_id, command), json=body)
    assert (unknown_ticket.status_code, unknown_ticket.json()["error"]) == (404, "unknown_ticket")
    unknown_desk = await api.request(method, address(ticket_id, command, desk="nobody"), json=body)
    assert (unknown_desk.status_code, unknown_desk.json()["error"]) == (404, "unknown_desk")


@pytest.mark.parametrize("ticket", ["0", "-1", "abc", "1.5", str(2**63), "9" * 40])
async def test_what_cannot_be_a_ticket_is_422_and_not_repeated(api: httpx.AsyncClient, ticket: str) -> None:
    response = await api.get(address(ticket))
    assert response.status_code == 422
    assert response.json() == {"error": "invalid_request", "message": "Not understood: path.ticket_id."}


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"recreate": "maybe"}', b'{"other": 1}'])
async def test_a_body_that_resync_does_not_take_is_422(api: httpx.AsyncClient, ticket_id: int, body: bytes) -> None:
    await tell(api, ticket_id, "status_changed")
    headers = {"Content-Type": "application/json"}
    response = await api.post(address(ticket_id, "/resync"), content=body, headers=headers)
    assert (response.status_code, response.json()["error"]) == (422, "invalid_request")


@pytest.mark.parametrize("body", [b"", b"{}", b"5001", b'{"task_id": 0}', b'{"task_id": "5001"}', b'{"task": 5001}'])
async def test_a_body_that_link_does_not_take_is_422(api: httpx.AsyncClient, ticket_id: int, body: bytes) -> None:
    await tell(api, ticket_id, "status_changed")
    headers = {"Content-Type": "application/json"}
    response = await api.post(address(ticket_id, "/link"), content=body, headers=headers)
    assert (response.status_code, response.json()["error"]) == (422, "invalid_request")


@pytest.mark.parametrize(("method", "command"), [("GET", ""), ("POST", "/retry")])
async def test_without_temporal_the_ticket_api_says_so(ticket_id: int, method: str, command: str) -> None:
    async with refusing_temporal(RPCStatusCode.PERMISSION_DENIED) as server:
        for client in (None, await Client.connect(server)):
            app = create_app(some_settings(a_desk("acme")), lambda client=client: client)  # type: ignore[misc]
            async with serve(app) as served, httpx.AsyncClient(base_url=served.url, headers=TOKEN) as http:
                response = await http.request(method, address(ticket_id, command))
            assert (response.status_code, response.json()["error"]) == (503, "no_answer")
