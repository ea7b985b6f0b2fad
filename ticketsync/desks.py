"""A desk with the clients that reach its two sides."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from redis.asyncio import Redis

from ticketsync.limiter import SiteQuota
from ticketsync.settings import DeskSettings, Settings
from ticketsync.teamwork import TeamworkClient
from ticketsync.zendesk import ZendeskClient

ZENDESK_CALLS_PER_MINUTE = 180  # under the smallest plan's 200; the client also heeds what its answers say


@dataclass
class Desk:
    """One desk with its clients. `me` is our own user in Teamwork, asked once."""

    settings: DeskSettings
    teamwork: TeamworkClient
    zendesk: ZendeskClient
    _me: int | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        return self.settings.name

    async def me(self) -> int:
        if self._me is None:
            self._me = (await self.teamwork.me()).id
        return self._me

    def ticket_url(self, ticket_id: int) -> str:
        return f"{self.settings.zendesk.base_url}/agent/tickets/{ticket_id}"


@asynccontextmanager
async def open_desks(settings: Settings, redis: Redis) -> AsyncIterator[dict[str, Desk]]:
    """All desks with their clients, closed at the end. Desks that share a Teamwork site share its smallest quota."""
    async with AsyncExitStack() as closing:
        quotas = _quotas(settings, redis)
        desks = {name: _desk(desk, quotas) for name, desk in settings.desks.items()}
        for one in (*quotas.values(), *(client for desk in desks.values() for client in (desk.teamwork, desk.zendesk))):
            closing.push_async_callback(one.aclose)
        yield desks


def _quotas(settings: Settings, redis: Redis) -> dict[str, SiteQuota]:
    calls: dict[str, int] = {}
    for desk in settings.desks.values():
        site, per_minute = desk.teamwork.site, desk.teamwork.calls_per_minute
        calls[f"teamwork:{site}"] = min(per_minute, calls.get(f"teamwork:{site}", per_minute))
        calls[f"zendesk:{desk.zendesk.site}"] = ZENDESK_CALLS_PER_MINUTE
    return {site: SiteQuota(site=site, calls_per_minute=per_minute, redis=redis) for site, per_minute in calls.items()}


def _desk(desk: DeskSettings, quotas: dict[str, SiteQuota]) -> Desk:
    teamwork = TeamworkClient(
        base_url=desk.teamwork.base_url,
        api_token=desk.teamwork.api_token.get_secret_value(),
        quota=quotas[f"teamwork:{desk.teamwork.site}"],
        notify=desk.policy.notify,
    )
    zendesk = ZendeskClient(
        base_url=desk.zendesk.base_url,
        email=desk.zendesk.email,
        api_token=desk.zendesk.api_token.get_secret_value(),
        quota=quotas[f"zendesk:{desk.zendesk.site}"],
    )
    return Desk(settings=desk, teamwork=teamwork, zendesk=zendesk)
