"""The list of tickets through HTTP: what `ticketsync tickets list --json` prints, page by page, without a worker."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from temporalio.client import Client
from temporalio.service import RPCStatusCode

from tests.server.desks import API_TOKEN, a_desk, some_settings
from tests.server.refusing_temporal import refusing_temporal
from tests.support.listed import ANN, Listed
from ticketsync.reasons import REASONS, codes_that_say
from ticketsync.sandbox.http import serve
from ticketsync.server import create_app

TOKEN = {"Authorization": f"Bearer {API_TOKEN}"}


@pytest.fixture(scope="module")
async def desk(client: Client) -> AsyncIterator[Listed]:
    desk = Listed(client)
    await desk.has(1, "blocked", "forbidden", minute=3)
    await desk.has(2, "retrying", "unreachable", minute=9)
    await desk.has(11, "in_step")
    await desk.has(12, "pending")
    await desk.knows(4)
    yield desk
    await desk.ends()


@pytest.fixture
async def api(desk: Listed) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(some_settings(a_desk(desk.desk)), lambda: desk.client)
    async with serve(app) as served, httpx.AsyncClient(base_url=served.url, headers=TOKEN, timeout=20) as api:
        yield api


async def listed(api: httpx.AsyncClient, desk: str, **query: Any) -> httpx.Response:
    return await api.get(f"/api/v1/desks/{desk}/tickets", params=query)


@pytest.mark.parametrize(
    ("query", "filters", "found"),
    [
        ({}, {}, [2, 1, 12, 11]),
        ({"limit": 1, "page": 2}, {"limit": 1, "page": 2}, [1]),
        ({"state": "blocked"}, {"state": "blocked"}, [1]),
        ({"status": "pending", "assignee": ANN}, {"status": "pending", "assignee": ANN}, [1]),
        ({"reason": "lacks the permission"}, {"codes": codes_that_say("lacks the permission")}, [1]),
        ({"reason": "no worker has looked"}, {"codes": ("",)}, [12]),
    ],
)
async def test_it_is_that_of_the_command(
    api: httpx.AsyncClient, desk: Listed, query: dict[str, Any], filters: dict[str, Any], found: list[int]
) -> None:
    answer = await listed(api, desk.desk, **query)
    assert (answer.status_code, [row["ticket_id"] for row in answer.json()["tickets"]]) == (200, found)
    assert answer.json() == (await desk.page(**filters)).model_dump(mode="json")


async def test_it_says_what_its_reasons_mean_and_what_to_do(api: httpx.AsyncClient, desk: Listed) -> None:
    told = (await listed(api, desk.desk)).json()["reasons"]
    assert list(told) == ["unreachable", "forbidden", "pending"]
    assert told["forbidden"] == {"meaning": REASONS["forbidden"].meaning, "to_do": REASONS["forbidden"].remedy}


@pytest.mark.parametrize(
    "query",
    [
        {"state": "blockd"},
        {"status": "unknown"},
        {"assignee": "0"},
        {"assignee": "' OR 1"},
        {"reason": "what nobody ever says"},
        {"reason": ""},
        {"limit": "0"},
        {"limit": "1001"},
        {"page": "0"},
        {"sate": "blocked"},
    ],
)
async def test_a_filter_that_cannot_be_taken_is_422_and_names_itself(
    api: httpx.AsyncClient, desk: Listed, query: dict[str, str]
) -> None:
    answer = await listed(api, desk.desk, **query)
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_request")
    assert f"query.{next(iter(query))}." in answer.json()["message"]


async def test_nobody_else_sees_it(api: httpx.AsyncClient, desk: Listed) -> None:
    assert (await listed(api, "nobody")).json()["error"] == "unknown_desk"
    api.headers["Authorization"] = "Bearer wrong"
    assert (await listed(api, desk.desk, sate="blocked")).json()["error"] == "wrong_token"


async def test_without_temporal_it_says_so() -> None:
    async with refusing_temporal(RPCStatusCode.PERMISSION_DENIED) as server:
        for client in (None, await Client.connect(server)):
            app = create_app(some_settings(a_desk("acme")), lambda client=client: client)  # type: ignore[misc]
            async with serve(app) as served, httpx.AsyncClient(base_url=served.url, headers=TOKEN) as http:
                answer = await listed(http, "acme")
            assert (answer.status_code, answer.json()["error"]) == (503, "no_answer")
