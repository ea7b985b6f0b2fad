"""A client against the sandbox, over real HTTP. It is strict: what the real site would ignore is answered 400."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from ticketsync.limiter import SiteQuota
from ticketsync.sandbox.http import serve
from ticketsync.sandbox.teamwork import Switches, TeamworkSandbox
from ticketsync.teamwork import Task, TeamworkClient

MARKED = "[ticketsync:acme/3543](https://acme.zendesk.com/agent/tickets/3543)"


@dataclass(frozen=True)
class Site:
    """The sandbox, our client on it, and what people do there by hand."""

    sandbox: TeamworkSandbox
    url: str
    client: TeamworkClient
    http: httpx.AsyncClient

    @property
    def project_id(self) -> int:
        return self.sandbox.settings.project_id

    @property
    def tasklist_id(self) -> int:
        assert self.sandbox.settings.tasklist_id
        return self.sandbox.settings.tasklist_id

    async def new_task(self, name: str = "Printer on fire", assignee_id: int | None = None) -> Task:
        return await self.client.create_task(self.tasklist_id, name=name, description=MARKED, assignee_id=assignee_id)

    async def ann(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """A call of a person, Ann, by hand."""
        return await self._call(method, path, body, httpx.BasicAuth(self.sandbox.settings.ann_key, "x"))

    async def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return await self._call(method, f"/sandbox{path}", body, None)

    async def _call(self, method: str, path: str, body: dict[str, Any] | None, auth: httpx.Auth | None) -> Any:
        answer = await self.http.request(method, f"{self.url}{path}", json=body, auth=auth)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def set(self, **switches: Any) -> None:
        for name, value in switches.items():
            setattr(self.sandbox.switches, name, value)


@pytest.fixture
async def quota(redis_db: str) -> AsyncIterator[SiteQuota]:
    async with Redis.from_url(redis_db) as redis:
        quota = SiteQuota(site="127.0.0.1", calls_per_minute=3000, redis=redis, max_wait=2)
        yield quota
        await quota.aclose()


@pytest.fixture
async def site(quota: SiteQuota) -> AsyncIterator[Site]:
    sandbox = TeamworkSandbox(switches=Switches(strict=True, calls_per_minute=10_000))
    async with serve(sandbox.app) as served, httpx.AsyncClient() as http:
        client = TeamworkClient(base_url=served.url, api_token=sandbox.settings.api_key, quota=quota)
        yield Site(sandbox, served.url, client, http)
        await client.aclose()
