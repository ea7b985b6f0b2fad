"""Each fault as a client meets it over a real socket, and the record of calls."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated

import httpx
import pytest
from fastapi import Body, FastAPI

from tests.support.wait import eventually
from ticketsync.sandbox.faults import FaultList, FaultMiddleware, fault_routes
from ticketsync.sandbox.http import serve


@dataclass
class Noted:
    """A one-route app that counts what took effect, and a client of it."""

    client: httpx.AsyncClient
    faults: FaultList
    notes: list[str] = field(default_factory=list)

    async def post(self, text: str, **options: float) -> httpx.Response:
        return await self.client.post("/notes", json=text, **options)  # type: ignore[arg-type]

    async def inject(self, **fault: object) -> None:
        answer = await self.client.post("/sandbox/faults", json=fault)
        assert answer.status_code == 201, answer.text


@pytest.fixture
async def noted() -> AsyncIterator[Noted]:
    app = FastAPI()
    faults = FaultList(seed=7)
    app.include_router(fault_routes(faults))
    app.add_middleware(FaultMiddleware, faults=faults)
    async with serve(app) as served, httpx.AsyncClient(base_url=served.url) as client:
        noted = Noted(client, faults)

        @app.post("/notes", status_code=201)
        async def note(text: Annotated[str, Body()]) -> None:
            noted.notes.append(text)

        @app.get("/notes")
        async def read() -> list[str]:
            return noted.notes

        yield noted


async def test_lost_answer_takes_effect_and_closes_the_connection(noted: Noted) -> None:
    await noted.inject(kind="lost_answer", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        await noted.post("first")
    assert noted.notes == ["first"]
    assert (await noted.post("second")).status_code == 201
    assert [call.status for call in noted.faults.calls] == [None, 201]


async def test_error_answers_before_the_write(noted: Noted) -> None:
    await noted.inject(kind="error", status=502)
    assert (await noted.post("first")).status_code == 502
    assert noted.notes == []


async def test_rate_limited_names_the_wait(noted: Noted) -> None:
    await noted.inject(kind="rate_limited", seconds=7, headers={"X-RateLimit-Limit": "150"})
    answer = await noted.post("first")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.headers["x-ratelimit-limit"] == "150"


async def test_unauthorized_answers_401(noted: Noted) -> None:
    await noted.inject(kind="unauthorized")
    assert (await noted.post("first")).status_code == 401


async def test_slow_takes_effect_at_once_and_answers_late(noted: Noted) -> None:
    await noted.inject(kind="slow", seconds=2, match={"method": "POST"})
    posting = asyncio.create_task(noted.post("first"))
    while (await noted.client.get("/notes")).json() != ["first"]:
        pass
    assert not posting.done()
    assert (await posting).status_code == 201
    assert noted.faults.matching_calls("POST")[0].seconds >= 2


async def test_a_slow_write_outlives_a_client_that_gives_up(noted: Noted) -> None:
    await noted.inject(kind="slow", seconds=30)
    with pytest.raises(httpx.ReadTimeout):
        await noted.post("first", timeout=0.1)
    await eventually(lambda: noted.notes == ["first"], what="it is written")


async def test_hang_never_answers_and_writes_nothing(noted: Noted) -> None:
    await noted.inject(kind="hang")
    with pytest.raises(httpx.ReadTimeout):
        await noted.post("first", timeout=0.1)
    assert noted.notes == []


async def test_a_fault_meets_only_the_calls_it_names(noted: Noted) -> None:
    await noted.inject(kind="error", match={"method": "POST|PUT", "path": "^/notes$"})
    assert (await noted.client.get("/notes")).status_code == 200
    assert (await noted.post("first")).status_code == 503


async def test_a_fault_is_used_up_after_its_times(noted: Noted) -> None:
    await noted.inject(kind="error", times=2)
    assert [(await noted.post("again")).status_code for _ in range(3)] == [503, 503, 201]


async def test_probability_falls_the_same_way_for_the_same_seed(noted: Noted) -> None:
    async def round_of_calls() -> list[int]:
        await noted.inject(kind="error", probability=0.5)
        statuses = [(await noted.post("again")).status_code for _ in range(20)]
        await noted.client.delete("/sandbox/faults")
        return statuses

    first = await round_of_calls()
    assert 4 <= first.count(503) <= 16
    assert await round_of_calls() == first


async def test_clearing_takes_all_faults_back(noted: Noted) -> None:
    await noted.inject(kind="error")
    assert len((await noted.client.get("/sandbox/faults")).json()["faults"]) == 1
    assert (await noted.client.delete("/sandbox/faults")).status_code == 204
    assert (await noted.post("first")).status_code == 201


async def test_calls_are_counted_by_method_and_path_but_not_the_control_calls(noted: Noted) -> None:
    await noted.post("first")
    await noted.client.get("/notes?page=2")
    listed = (await noted.client.get("/sandbox/calls", params={"method": "GET"})).json()
    assert listed["count"] == 1
    assert (listed["calls"][0]["query"], listed["calls"][0]["status"]) == ("page=2", 200)
    assert len(noted.faults.writes()) == 1
    await noted.client.delete("/sandbox/calls")
    assert noted.faults.matching_calls() == []


@pytest.mark.parametrize(
    "fault", [{"kind": "flood"}, {"kind": "error", "match": {"path": "("}}, {"kind": "error", "x": 1}]
)
async def test_a_fault_that_makes_no_sense_is_refused(noted: Noted, fault: dict[str, object]) -> None:
    assert (await noted.client.post("/sandbox/faults", json=fault)).status_code == 422
