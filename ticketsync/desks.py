"""Desks with the clients that reach their two sides. They come, change and go while the process runs."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from redis.asyncio import Redis

from ticketsync.counted_calls import CountCall, not_counted
from ticketsync.limiter import SiteQuota
from ticketsync.settings import DeskSettings, Settings
from ticketsync.sync.desk import Side
from ticketsync.teamwork import TeamworkClient
from ticketsync.zendesk import ZendeskClient

ZENDESK_CALLS_PER_MINUTE = 180  # under the smallest plan's 200; the client also heeds what its answers say
# Longer than any attempt with a call under way. What lasts longer, as a scan does, is tried again where it stood.
RETIRED_FOR = 600.0
LISTS_COUNT_FOR = 300.0  # seconds

Closable = TeamworkClient | ZendeskClient | SiteQuota
CountDeskCall = Callable[[str, Side, str], None]  # desk, side, and the answer's status


@dataclass
class Desk:
    """One desk with its clients. `me` is our own user in Teamwork, asked once; its project's lists now and then."""

    settings: DeskSettings
    teamwork: TeamworkClient
    zendesk: ZendeskClient
    _me: int | None = field(default=None, init=False)
    _lists: frozenset[int] = field(default=frozenset(), init=False)
    _lists_until: float = field(default=0.0, init=False)

    @property
    def name(self) -> str:
        return self.settings.name

    async def me(self) -> int:
        if self._me is None:
            self._me = (await self.teamwork.me()).id
        return self._me

    async def makers(self) -> tuple[int, ...]:
        """The Teamwork users in whose name a task may have been made that is ours."""
        return (await self.me(), *self.settings.teamwork.former_users)

    async def open_lists(self) -> frozenset[int]:
        """The open task lists of the desk's project, as they are now. Raises TeamworkError."""
        lists = await self.teamwork.tasklists(self.settings.teamwork.project_id)
        self._lists, self._lists_until = frozenset(one.id for one in lists), time.monotonic() + LISTS_COUNT_FOR
        return self._lists

    async def has_list(self, tasklist_id: int) -> bool:
        """Whether it is one of them; of one that was there minutes ago nobody asks again. Raises TeamworkError."""
        if tasklist_id in self._lists and time.monotonic() < self._lists_until:
            return True
        return tasklist_id in await self.open_lists()

    def ticket_url(self, ticket_id: int) -> str:
        return f"{self.settings.zendesk.base_url}/agent/tickets/{ticket_id}"


class Desks(Mapping[str, Desk]):
    """All desks of this process, by name. Whoever holds it sees every change at once; `settings` likewise.

    Desks that share a Teamwork site share its smallest quota. `count` is told of each HTTP call.
    """

    def __init__(self, redis: Redis, count: CountDeskCall | None = None) -> None:
        self._count = count
        self.settings: dict[str, DeskSettings] = {}
        self._redis = redis
        self._desks: dict[str, Desk] = {}
        self._quotas: dict[str, SiteQuota] = {}
        self._retired: dict[asyncio.Task[None], Closable] = {}

    def __getitem__(self, name: str) -> Desk:
        return self._desks[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._desks)

    def __len__(self) -> int:
        return len(self._desks)

    async def change(self, settings: Mapping[str, DeskSettings]) -> None:
        """Have these desks, with these settings. What is under way ends with the clients it began with."""
        await self._change_quotas(_calls_per_minute(settings))
        for name, desk in settings.items():
            if self.settings.get(name) != desk:
                self._retire_clients(name)
                self._desks[name] = self._desk(desk)
        for name in self._desks.keys() - settings.keys():
            self._retire_clients(name)
            del self._desks[name]
        self.settings.clear()
        self.settings.update(settings)

    async def aclose(self) -> None:
        for ending in self._retired:
            ending.cancel()
        await asyncio.gather(*self._retired, return_exceptions=True)
        clients = [client for desk in self._desks.values() for client in (desk.teamwork, desk.zendesk)]
        for one in (*clients, *self._quotas.values(), *self._retired.values()):
            await one.aclose()

    def quotas(self) -> Iterator[tuple[str, Side, SiteQuota]]:
        """Each desk's two; of desks that share a site it is the same one."""
        for name, desk in self.settings.items():
            yield name, "teamwork", self._quotas[_teamwork_site(desk)]
            yield name, "zendesk", self._quotas[_zendesk_site(desk)]

    def _desk(self, desk: DeskSettings) -> Desk:
        teamwork = TeamworkClient(
            base_url=desk.teamwork.base_url,
            api_token=desk.teamwork.api_token.get_secret_value(),
            quota=self._quotas[_teamwork_site(desk)],
            notify=desk.policy.notify,
            count=self._counting(desk.name, "teamwork"),
        )
        zendesk = ZendeskClient(
            base_url=desk.zendesk.base_url,
            email=desk.zendesk.email,
            api_token=desk.zendesk.api_token.get_secret_value(),
            custom_fields=desk.policy.custom_fields,
            quota=self._quotas[_zendesk_site(desk)],
            count=self._counting(desk.name, "zendesk"),
        )
        return Desk(settings=desk, teamwork=teamwork, zendesk=zendesk)

    def _counting(self, desk: str, side: Side) -> CountCall:
        return partial(self._count, desk, side) if self._count is not None else not_counted

    async def _change_quotas(self, calls: Mapping[str, int]) -> None:
        for site, per_minute in calls.items():
            if site in self._quotas:
                await self._quotas[site].change(per_minute)
            else:
                self._quotas[site] = SiteQuota(site=site, calls_per_minute=per_minute, redis=self._redis)
        for site in self._quotas.keys() - calls.keys():
            self._retire(self._quotas.pop(site))

    def _retire_clients(self, name: str) -> None:
        desk = self._desks.get(name)
        if desk is not None:
            self._retire(desk.teamwork)
            self._retire(desk.zendesk)

    def _retire(self, one: Closable) -> None:
        async def end() -> None:
            await asyncio.sleep(RETIRED_FOR)
            await one.aclose()
            del self._retired[ending]

        ending = asyncio.create_task(end())
        self._retired[ending] = one


@asynccontextmanager
async def open_desks(settings: Settings, redis: Redis, *, count: CountDeskCall | None = None) -> AsyncIterator[Desks]:
    """All desks of the settings with their clients, closed at the end. `count` is told of each HTTP call."""
    desks = Desks(redis, count)
    try:
        await desks.change(settings.desks)
        yield desks
    finally:
        await desks.aclose()


def _calls_per_minute(settings: Mapping[str, DeskSettings]) -> dict[str, int]:
    """The calls that each site may get, by its side and host."""
    calls: dict[str, int] = {}
    for desk in settings.values():
        site, per_minute = _teamwork_site(desk), desk.teamwork.calls_per_minute
        calls[site] = min(per_minute, calls.get(site, per_minute))
        calls[_zendesk_site(desk)] = ZENDESK_CALLS_PER_MINUTE
    return calls


def _teamwork_site(desk: DeskSettings) -> str:
    return f"teamwork:{desk.teamwork.site}"


def _zendesk_site(desk: DeskSettings) -> str:
    return f"zendesk:{desk.zendesk.site}"
