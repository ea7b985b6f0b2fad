"""The server's app over real HTTP, before a real Temporal, in a namespace of its own."""

import itertools
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from temporalio.client import Client

from tests.server.desks import a_desk, some_settings
from tests.server.namespaces import in_new_namespace
from tests.server.zendesk import Zendesk
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.sandbox.http import serve
from ticketsync.server import ServerMetrics, create_app
from ticketsync.settings import RedisSettings, Settings

_ticket_ids = itertools.count(35_000)


@pytest.fixture
def ticket_id() -> int:
    """The id of a ticket that nobody has heard of."""
    return next(_ticket_ids)


@pytest.fixture(scope="session")
async def client(temporal_server: EmbeddedTemporal) -> Client:
    """A client of a namespace without workers: what is told to a ticket can be read off its history."""
    return await in_new_namespace(temporal_server.address)


@pytest.fixture
def settings(redis_server: EmbeddedRedis) -> Settings:
    """Two desks, `default` and `acme`, and the token of the ticket API."""
    redis = RedisSettings(host=redis_server.host, port=redis_server.port)
    return some_settings(a_desk("default"), a_desk("acme"), redis=redis)


@pytest.fixture
def metrics() -> ServerMetrics:
    return ServerMetrics()


@pytest.fixture
async def http(settings: Settings, client: Client, metrics: ServerMetrics) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app."""
    app = create_app(settings, lambda: client, metrics=metrics)
    async with serve(app) as served, httpx.AsyncClient(base_url=served.url) as http:
        yield http


@pytest.fixture
def acme(http: httpx.AsyncClient) -> Zendesk:
    """The Zendesk account of desk `acme`, sending to the app."""
    return Zendesk(http, "acme")


@pytest.fixture
def count(metrics: ServerMetrics) -> Callable[..., float]:
    """How often something was counted: `count("deliveries", desk="acme", outcome="stored")`."""

    def value(name: str, **labels: str) -> float:
        return metrics.registry.get_sample_value(f"ticketsync_{name}_total", labels) or 0.0

    return value
