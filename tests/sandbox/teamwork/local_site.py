"""A served Teamwork sandbox with a client per person, and a clock that tests move."""

import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from ticketsync.sandbox.http import serve
from ticketsync.sandbox.teamwork import Switches, TeamworkSandbox, TeamworkSettings

V3 = "/projects/api/v3"
LIST = 1234
PROJECT = 987654
PLENTY = 100_000

# Everything is plain http here; loading the system's certificates for each client would take most of the time.
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class MovableClock:
    def __init__(self) -> None:
        self.start_over()

    def start_over(self) -> None:
        self.time = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def forward(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass
class LocalSite:
    """`sync`, `ann`, `ben` call as these people, `nobody` without a key."""

    sandbox: TeamworkSandbox
    clock: MovableClock
    sync: httpx.AsyncClient
    ann: httpx.AsyncClient
    ben: httpx.AsyncClient
    nobody: httpx.AsyncClient

    async def new_task(self, name: str = "Printer on fire", **fields: Any) -> dict[str, Any]:
        body = {"task": {"name": name, **fields}, "taskOptions": {"checkInvalidusers": True}}
        answer = await self.sync.post(f"{V3}/tasklists/{LIST}/tasks.json", json=body)
        assert answer.status_code == 201, answer.text
        task: dict[str, Any] = answer.json()["task"]
        return task

    async def task(self, task_id: int) -> dict[str, Any]:
        task: dict[str, Any] = (await self.sync.get(f"{V3}/tasks/{task_id}.json")).json()["task"]
        return task

    async def patch(self, task_id: int, options: dict[str, Any] | None = None, **fields: Any) -> httpx.Response:
        return await self.sync.patch(f"{V3}/tasks/{task_id}.json", json={"task": fields, "taskOptions": options or {}})

    async def listed(self, path: str = f"tasklists/{LIST}/tasks", **query: Any) -> list[int]:
        answer = await self.sync.get(f"{V3}/{path}.json", params=query)
        assert answer.status_code == 200, answer.text
        return [row["id"] for row in answer.json()["tasks"]]

    def switch(self, **switches: Any) -> None:
        for name, value in switches.items():
            setattr(self.sandbox.switches, name, value)


@asynccontextmanager
async def running(
    settings: TeamworkSettings | None = None, switches: Switches | None = None, state_dir: Path | None = None
) -> AsyncIterator[LocalSite]:
    settings, clock = settings or TeamworkSettings(), MovableClock()
    sandbox = TeamworkSandbox(settings, switches or Switches(calls_per_minute=PLENTY), state_dir, clock)
    async with sandbox, serve(sandbox.app) as served, AsyncExitStack() as clients:

        async def client(key: str | None) -> httpx.AsyncClient:
            auth = httpx.BasicAuth(key, "x") if key else None
            return await clients.enter_async_context(
                httpx.AsyncClient(base_url=served.url, auth=auth, verify=NO_CERTIFICATES)
            )

        keys = settings.api_key, settings.ann_key, settings.ben_key, None
        yield LocalSite(sandbox, clock, *[await client(key) for key in keys])
