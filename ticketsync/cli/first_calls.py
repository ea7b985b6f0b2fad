"""The first calls to a desk's two sides, while it is being set up: is somebody there, and are we let in?

Each call runs by itself, in the quota that all processes share.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from ticketsync.cli.asking import checked
from ticketsync.cli.output import Failed
from ticketsync.desks import ZENDESK_CALLS_PER_MINUTE
from ticketsync.limiter import SiteQuota
from ticketsync.redis_client import close_redis, connect_redis
from ticketsync.settings import RedisSettings, TeamworkSettings, ZendeskSettings
from ticketsync.teamwork import Forbidden, NotFound, TaskList, TeamworkClient
from ticketsync.teamwork import errors as teamwork
from ticketsync.zendesk import ZendeskClient
from ticketsync.zendesk import errors as zendesk

NOBODYS = "none"  # a token that opens nothing: who refuses it is there
NO_PROJECT = 1
TURNS = 4
Values = Mapping[str, Any]
Answer = TypeVar("Answer")


class FirstCalls:
    """`values` are those of a desk's section as settings have them, as far as they are known. All raise Failed."""

    def __init__(self, redis: RedisSettings) -> None:
        self._redis = redis

    def zendesk_answers(self, values: Values) -> str:
        """The address at which an account answers. Raises ZendeskError."""
        settings = checked(ZendeskSettings, {**values, "api_token": NOBODYS})
        try:
            self._of_zendesk(settings, ZendeskClient.me)
        except zendesk.Unauthorized:
            return settings.base_url
        except (zendesk.NotFound, zendesk.Unexpected):
            raise Failed(f"no Zendesk account answers at {settings.base_url}") from None
        return settings.base_url

    def zendesk_lets_in(self, values: Values) -> str:
        """As whom it does. Raises ZendeskError."""
        settings = checked(ZendeskSettings, values)
        me = self._of_zendesk(settings, ZendeskClient.me)
        found = f"{me.email or me.id}, {me.role}"
        if not me.is_staff:
            raise Failed(f"{found}: use the token of an admin, customers cannot read tickets")
        return found if me.role == "admin" else f"{found}; an admin's is better: others may not see every ticket"

    def teamwork_answers(self, values: Values) -> str:
        """The address at which a site answers. Raises TeamworkError."""
        settings = checked(TeamworkSettings, {**values, "api_token": NOBODYS, "project_id": NO_PROJECT})
        try:
            self._of_teamwork(settings, TeamworkClient.me)
        except (teamwork.Unauthorized, teamwork.Forbidden):
            return settings.base_url
        except (teamwork.NotFound, teamwork.Unexpected, teamwork.Refused):
            raise Failed(f"no Teamwork site answers at {settings.base_url}") from None
        return settings.base_url

    def teamwork_lets_in(self, values: Values) -> str:
        """As whom it does. Raises TeamworkError."""
        me = self._of_teamwork(checked(TeamworkSettings, {**values, "project_id": NO_PROJECT}), TeamworkClient.me)
        return me.email or str(me.id)

    def project(self, values: Values) -> str:
        """Its name. Raises TeamworkError."""
        settings = checked(TeamworkSettings, values)
        try:
            found = self._of_teamwork(settings, lambda client: client.project(settings.project_id))
        except (NotFound, Forbidden):
            raise Failed(f"project {settings.project_id} is not there for the key's user: add them to it") from None
        return found.name

    def task_lists(self, values: Values) -> list[TaskList]:
        """The open ones of the project. Raises TeamworkError."""
        settings = checked(TeamworkSettings, values)
        return self._of_teamwork(settings, lambda client: client.tasklists(settings.project_id))

    # --- one call

    def _of_zendesk(self, settings: ZendeskSettings, ask: Callable[[ZendeskClient], Awaitable[Answer]]) -> Answer:
        def client(quota: SiteQuota) -> ZendeskClient:
            token = settings.api_token
            return ZendeskClient(base_url=settings.base_url, email=settings.email, api_token=token, quota=quota)

        return asyncio.run(self._asked(f"zendesk:{settings.site}", ZENDESK_CALLS_PER_MINUTE, client, ask))

    def _of_teamwork(self, settings: TeamworkSettings, ask: Callable[[TeamworkClient], Awaitable[Answer]]) -> Answer:
        def client(quota: SiteQuota) -> TeamworkClient:
            token = settings.api_token.get_secret_value()
            return TeamworkClient(base_url=settings.base_url, api_token=token, quota=quota)

        return asyncio.run(self._asked(f"teamwork:{settings.site}", settings.calls_per_minute, client, ask))

    async def _asked(
        self,
        site: str,
        calls_per_minute: int,
        make: Callable[[SiteQuota], Any],
        ask: Callable[[Any], Awaitable[Answer]],
    ) -> Answer:
        redis = connect_redis(self._redis)
        quota = SiteQuota(site=site, calls_per_minute=calls_per_minute, redis=redis)
        client = make(quota)
        try:
            return await _in_turn(lambda: ask(client))
        finally:
            await client.aclose()
            await quota.aclose()
            await close_redis(redis)


async def _in_turn(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """Where desks of the same site are busy, a turn may take longer than one call waits for it."""
    for _ in range(TURNS - 1):
        try:
            return await ask()
        except (teamwork.NoTurn, zendesk.NoTurn) as error:
            await asyncio.sleep(error.retry_after or 1.0)
    return await ask()
