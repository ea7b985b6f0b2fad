"""Liveness is about the process alone; health about what it needs."""

import httpx
import pytest
from temporalio.client import Client
from temporalio.service import RPCStatusCode

from tests.server.desks import a_desk, some_settings
from tests.server.refusing_temporal import refusing_temporal
from ticketsync import embedded
from ticketsync.sandbox.http import serve
from ticketsync.server import ClientProvider, create_app
from ticketsync.settings import RedisSettings, Settings


async def get(settings: Settings, temporal: ClientProvider, path: str) -> httpx.Response:
    async with serve(create_app(settings, temporal)) as served, httpx.AsyncClient(base_url=served.url) as http:
        return await http.get(path)


@pytest.fixture
def without_redis() -> Settings:
    return some_settings(a_desk("acme"), redis=RedisSettings(host="127.0.0.1", port=1))


async def test_with_everything_there_it_is_ok(settings: Settings, client: Client) -> None:
    response = await get(settings, lambda: client, "/healthz")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "checks": {"temporal": {"status": "ok", "message": ""}, "redis": {"status": "ok", "message": ""}},
    }


async def test_without_redis_it_is_degraded_and_still_200(without_redis: Settings, client: Client) -> None:
    response = await get(without_redis, lambda: client, "/healthz")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["checks"]["redis"] == {"status": "down", "message": "ConnectionError"}


async def test_a_redis_that_goes_and_comes_back_is_noticed(say: embedded.Say, client: Client) -> None:
    async with embedded.redis_server(say=say, port=0) as redis:
        settings = some_settings(a_desk("acme"), redis=RedisSettings(host=redis.host, port=redis.port))
        async with (
            serve(create_app(settings, lambda: client)) as served,
            httpx.AsyncClient(base_url=served.url) as http,
        ):
            states = [(await http.get("/healthz")).json()["status"]]
            await redis.stop()
            states.append((await http.get("/healthz")).json()["status"])
            await redis.start()
            states.append((await http.get("/healthz")).json()["status"])
    assert states == ["ok", "degraded", "ok"]


async def test_before_temporal_answers_it_is_down(settings: Settings) -> None:
    response = await get(settings, lambda: None, "/healthz")
    assert (response.status_code, response.json()["status"]) == (503, "down")
    assert response.json()["checks"]["temporal"] == {"status": "down", "message": "not_connected"}


@pytest.mark.parametrize(
    ("status", "message"), [(RPCStatusCode.PERMISSION_DENIED, "permission_denied"), (None, "timeout")]
)
async def test_without_temporal_it_is_down_and_says_so_in_time(
    settings: Settings, status: RPCStatusCode | None, message: str
) -> None:
    async with refusing_temporal(status) as address:
        client = await Client.connect(address)
        response = await get(settings, lambda: client, "/healthz")
    assert (response.status_code, response.json()["status"]) == (503, "down")
    assert response.json()["checks"]["temporal"] == {"status": "down", "message": message}


async def test_the_process_is_alive_without_anything(without_redis: Settings) -> None:
    response = await get(without_redis, lambda: None, "/livez")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
