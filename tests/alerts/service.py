"""The whole service with its metrics, watched while something goes wrong. Everything is real but for the pauses."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
from pydantic import SecretStr
from temporalio.client import Client

from tests.alerts.scrapes import GOES_ON, Scrape, Series, Watched, scrape_of
from tests.conftest import SEARCH_ATTRIBUTES, TIME_SKIPPING
from tests.server.desks import secret_of
from tests.server.zendesk import Zendesk
from tests.support.stack import UNLIMITED, Stack, running_stack, working
from tests.support.tickets import CLEO
from tests.support.wait import eventually
from tests.workflows.reconciling import call
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal, Say, free_port, redis_server
from ticketsync.embedded import temporal_server as a_temporal_server
from ticketsync.sandbox.http import serve
from ticketsync.server import ServerMetrics, create_app, metrics_app
from ticketsync.settings import Settings
from ticketsync.temporal import build_runtime, data_converter

DESKS = 6
NARROW = 5  # the desk whose Teamwork has a host, and so a quota, of its own
CALLS_A_MINUTE = 25  # that quota: far more than the desk itself needs at the start


@dataclass
class Service:
    """`stack` is a desk's, with the worker's client. While `is_connected` is false the server has no Temporal."""

    stack: Stack
    temporal: EmbeddedTemporal
    redis: EmbeddedRedis
    http: httpx.AsyncClient
    addresses: dict[str, str]
    is_connected: bool = True

    def desk(self, number: int) -> Stack:
        return self.stack.of_desk(list(self.stack.settings.desks)[number])

    def zendesk(self, number: int) -> Zendesk:
        return Zendesk(self.http, self.desk(number).desk)

    async def scrape(self, *, without: str = "") -> Scrape:
        """What both show; of a process that is gone nothing is heard."""
        found: dict[Series, float] = {}
        async with httpx.AsyncClient() as http:
            for instance, url in self.addresses.items():
                if instance != without:
                    found |= scrape_of((await http.get(f"{url}/metrics")).text, instance)
        return found

    async def shows(self, name: str, found: Callable[[float], bool], **labels: str) -> Scrape:
        """The first scrape with a series of this name and these labels whose value is such."""

        async def seen() -> Scrape | None:
            scrape = await self.scrape()
            wanted = [value for series, value in scrape.items() if _is(series, name, labels)]
            return scrape if any(map(found, wanted)) else None

        return await eventually(seen, what=f"{name} of {labels}")

    async def watch(
        self, acts: Callable[["Service"], Awaitable[Scrape]], *, desk: int | None = None, minutes: int = GOES_ON
    ) -> Watched:
        """Have the cause act from a moment of rest on."""
        before = await eventually(self._at_rest, what="the service is at rest")
        during = await acts(self)
        return Watched(before, during, None if desk is None else self.desk(desk).desk, minutes)

    async def _at_rest(self) -> Scrape | None:
        """All quotas have room again."""
        scrape = await self.scrape()
        left = {series.labels: value for series, value in scrape.items() if series.name == "ticketsync_quota_left"}
        most = {series.labels: value for series, value in scrape.items() if series.name == "ticketsync_quota_calls"}
        return scrape if most and all(left.get(labels, 0) > calls / 2 for labels, calls in most.items()) else None


def _is(series: Series, name: str, labels: dict[str, str]) -> bool:
    return series.name == name and labels.items() <= dict(series.labels).items()


@asynccontextmanager
async def watched_service(folder: Path, say: Say) -> AsyncIterator[Service]:
    """A Temporal and a Redis of its own, six desks, a worker and a server; every agent is mapped."""
    async with AsyncExitStack() as started:
        temporal = await started.enter_async_context(
            a_temporal_server(
                say=say,
                port=0,
                state_dir=folder,
                dynamic_config=TIME_SKIPPING,
                search_attributes=SEARCH_ATTRIBUTES,
            )
        )
        redis = await started.enter_async_context(redis_server(say=lambda _: None, port=0))
        stack = await started.enter_async_context(running_stack(temporal.address, redis.port, desks=DESKS, work=False))
        await _quiet_sides(stack)
        worker, server = f"127.0.0.1:{free_port(0)}", ServerMetrics()
        client = await Client.connect(temporal.address, data_converter=data_converter(), runtime=build_runtime(worker))
        stack = replace(stack, client=client)
        service = Service(stack, temporal, redis, httpx.AsyncClient(), {"worker": f"http://{worker}"})
        app = create_app(
            _with_secrets(stack.settings), lambda: client if service.is_connected else None, metrics=server
        )
        served = await started.enter_async_context(serve(app))
        service.http = await started.enter_async_context(httpx.AsyncClient(base_url=served.url))
        service.addresses["server"] = (await started.enter_async_context(serve(metrics_app(server)))).url
        await started.enter_async_context(working(stack))
        yield service


async def _quiet_sides(stack: Stack) -> None:
    """No agent is without a person, Zendesk's export is allowed often, and one desk has a narrow quota of its own."""
    stack.zendesk._account.store.state.users[CLEO].suspended = True
    tuning = {"export_withheld_seconds": 1, "limits": {"incremental_exports": UNLIMITED, "account": UNLIMITED}}
    await call(stack, "PATCH", "/sandbox/settings", tuning)
    name, desk = list(stack.settings.desks.items())[NARROW]
    elsewhere = desk.teamwork.base_url.replace("127.0.0.1", "localhost")
    narrow = desk.teamwork.model_copy(update={"base_url": elsewhere, "calls_per_minute": CALLS_A_MINUTE})
    stack.settings.desks[name] = desk.model_copy(update={"teamwork": narrow})


def _with_secrets(settings: Settings) -> Settings:
    desks = {}
    for name, desk in settings.desks.items():
        zendesk = desk.zendesk.model_copy(update={"webhook_secrets": (SecretStr(secret_of(name)),)})
        desks[name] = desk.model_copy(update={"zendesk": zendesk})
    return settings.model_copy(update={"desks": desks})
