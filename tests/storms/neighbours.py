"""Desks side by side, each with a Zendesk and a Teamwork of its own, and one worker process for all of them."""

import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from redis.asyncio import Redis
from temporalio.client import Client

from tests.cli.conftest import new_namespace
from tests.cli.programs import program
from tests.support.stack import PROJECT, QUICK, UNLIMITED, Stack, _desks_stand, desk_settings
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from tests.support.worker_process import CONFIG
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.redis_client import close_redis, connect_redis
from ticketsync.sandbox.faults import Call
from ticketsync.sandbox.http import serve
from ticketsync.sandbox.teamwork import TeamworkSandbox
from ticketsync.sandbox.teamwork.settings import Switches, TeamworkSettings
from ticketsync.sandbox.zendesk import ZendeskSandbox
from ticketsync.sandbox.zendesk.seed import CUSTOMER_ID
from ticketsync.sandbox.zendesk.settings import ZendeskSettings
from ticketsync.settings import DeskSettings, RedisSettings, Settings
from ticketsync.sync.event import HINT, Event
from ticketsync.temporal import data_converter
from ticketsync.workflows.burst import LONGEST

CALLS_PER_MINUTE = 3000  # as in CONFIG


@dataclass
class Sides:
    """The outside world of one desk."""

    settings: DeskSettings
    zendesk: ZendeskSandbox
    teamwork: TeamworkSandbox
    zendesk_http: httpx.AsyncClient
    teamwork_http: httpx.AsyncClient


@asynccontextmanager
async def one_worker(
    temporal: EmbeddedTemporal, redis: EmbeddedRedis, folder: Path, *, desks: int
) -> AsyncIterator[list[Stack]]:
    """So many desks in a Temporal namespace of their own, all of them linked, and their one worker."""
    async with AsyncExitStack() as held:
        sides = [await held.enter_async_context(_sides()) for _ in range(desks)]
        where = RedisSettings(host=redis.host, port=redis.port)
        settings = Settings(redis=where, desks={side.settings.name: side.settings for side in sides})
        client = connect_redis(where)
        held.push_async_callback(close_redis, client)
        namespace = await new_namespace(temporal.address)
        stacks = [_stack(settings, side, await _connected(temporal, namespace), client) for side in sides]
        await held.enter_async_context(program("worker", environ=_environ(stacks, folder)))
        await eventually(lambda: _desks_stand(stacks[0]), what="the desks stand")
        yield stacks


@asynccontextmanager
async def _sides() -> AsyncIterator[Sides]:
    account, site = ZendeskSettings(), TeamworkSettings()
    async with (
        ZendeskSandbox(account) as zendesk,
        TeamworkSandbox(site, Switches(calls_per_minute=UNLIMITED)) as teamwork,
        serve(zendesk.app) as zendesk_at,
        serve(teamwork.app) as teamwork_at,
        httpx.AsyncClient(base_url=zendesk_at.url, auth=(f"{account.email}/token", account.api_token)) as zendesk_http,
        httpx.AsyncClient(base_url=teamwork_at.url, auth=(site.api_key, "x")) as teamwork_http,
    ):
        name = f"d{uuid.uuid4().hex[:12]}"
        settings = desk_settings(name, zendesk_at.url, teamwork_at.url, QUICK, CALLS_PER_MINUTE)
        yield Sides(settings, zendesk, teamwork, zendesk_http, teamwork_http)


async def _connected(temporal: EmbeddedTemporal, namespace: str) -> Client:
    return await Client.connect(temporal.address, namespace=namespace, data_converter=data_converter())


def _stack(settings: Settings, side: Sides, client: Client, redis: Redis) -> Stack:
    return Stack(
        settings=settings,
        desk=side.settings.name,
        client=client,
        redis=redis,
        zendesk=side.zendesk,
        teamwork=side.teamwork,
        zendesk_http=side.zendesk_http,
        teamwork_http=side.teamwork_http,
    )


def _environ(stacks: list[Stack], folder: Path) -> dict[str, str]:
    folder.mkdir(parents=True)
    sections = [CONFIG.format(desk=one.desk, project_id=PROJECT, **dict(one.desk_settings)) for one in stacks]
    (folder / "ticketsync.toml").write_text("\n".join(sections))
    settings = stacks[0].desk_settings
    return {
        "TICKETSYNC_CONFIG": str(folder / "ticketsync.toml"),
        "TICKETSYNC_LOG_FORMAT": "json",
        "ZENDESK_TOKEN_OF_THE_DESK": settings.zendesk.api_token.get_secret_value(),
        "TEAMWORK_TOKEN_OF_THE_DESK": settings.teamwork.api_token.get_secret_value(),
        "TEMPORAL_ADDRESS": stacks[0].client.service_client.config.target_host,
        "TEMPORAL_NAMESPACE": stacks[0].client.namespace,
        "REDIS_HOST": stacks[0].settings.redis.host,
        "REDIS_PORT": str(stacks[0].settings.redis.port),
    }


# --- delays


@dataclass
class Told:
    """A ticket whose changes come by webhook: with all that is to be known."""

    desk: Stack
    ticket: Ticket
    task_id: int

    async def delay(self) -> float:
        """Seconds from a change of its subject that stands alone to the call that renames its task."""
        await eventually(self._has_rested, what="the last burst is over")
        before, began = len(self._renames()), datetime.now(UTC)
        await self.change()
        await eventually(lambda: self._answered()[before:], what="the task is renamed")
        return (self._renames()[before].at - began).total_seconds()

    async def change(self) -> None:
        await self.desk.signal(self.ticket.renamed(f"Broken {uuid.uuid4()}"))

    def _has_rested(self) -> bool:
        renames = self._renames()
        return not renames or datetime.now(UTC) > renames[-1].at + LONGEST

    def _answered(self) -> list[Call]:
        return [call for call in self._renames() if call.status is not None]

    def _renames(self) -> list[Call]:
        return self.desk.teamwork.faults.matching_calls("PATCH", rf"/{self.task_id}\.json$")


class Hinted(Told):
    """A ticket of whose changes it is only told that there are any: each is read in Zendesk first."""

    async def change(self) -> None:
        await _in_zendesk(self.desk, "PUT", f"/{self.ticket.id}", {"subject": f"Broken {uuid.uuid4()}"})
        await self.desk.signal(_hint(self.ticket.id))


async def told(desk: Stack) -> Told:
    ticket = Ticket()
    return Told(desk, ticket, await desk.with_task(ticket))


async def hinted(desk: Stack) -> Hinted:
    body = {"subject": "Checkout broken", "requester_id": CUSTOMER_ID, "comment": {"body": "Help"}}
    ticket = Ticket(int((await _in_zendesk(desk, "POST", "", body))["id"]))
    await desk.signal(_hint(ticket.id))
    status = await desk.settled(ticket.id)
    return Hinted(desk, ticket, int(status["task"]["id"]))


async def _in_zendesk(desk: Stack, method: str, path: str, ticket: dict[str, Any]) -> dict[str, Any]:
    answer = await desk.zendesk_http.request(method, f"/api/v2/tickets{path}", json={"ticket": ticket})
    changed: dict[str, Any] = answer.raise_for_status().json()["ticket"]
    return changed


def _hint(ticket_id: int) -> Event:
    return Event(
        id=str(uuid.uuid4()), ticket_id=ticket_id, kind=HINT, received_at=datetime.now(UTC), hint="by a trigger"
    )
