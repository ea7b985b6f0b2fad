"""How a backfill reads the export: page by page, from wherever it stopped, up to the moment it was begun."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from redis.asyncio import Redis

from tests.support.stack import QUICK, UNLIMITED, desk_settings
from tests.workflows.reconciling import EXPORT
from ticketsync.activities.backfill import page_after
from ticketsync.desks import Desk, open_desks
from ticketsync.embedded import EmbeddedRedis
from ticketsync.sandbox.faults import Fault, FaultMatch
from ticketsync.sandbox.http import serve
from ticketsync.sandbox.zendesk import ZendeskSandbox
from ticketsync.settings import RedisSettings, Settings
from ticketsync.sync.backfill import Place

THEN = int(time.time()) - 86400
ADMIN = ("sync@sandbox.example/token", "zendesk-sandbox-token")
NOWHERE = "http://127.0.0.1:9"


class Zendesk:
    """A sandbox with a desk that reads it."""

    def __init__(self, sandbox: ZendeskSandbox, http: httpx.AsyncClient, desk: Desk) -> None:
        self.sandbox = sandbox
        self.desk = desk
        self._http = http

    async def has(self, number: int, second: int) -> list[int]:
        """So many more tickets, last changed in that second of yesterday."""
        row = {"subject": "Old", "status": "open", "generated_timestamp": THEN + second}
        answer = await self._http.post("/sandbox/tickets", json={"tickets": [row] * number})
        return [ticket["id"] for ticket in answer.raise_for_status().json()["tickets"]]

    async def changes(self, ticket_id: int) -> None:
        """Now; and what the export withholds of that is over."""
        answer = await self._http.put(f"/api/v2/tickets/{ticket_id}", json={"ticket": {"subject": "New"}})
        answer.raise_for_status()
        self.sandbox.clock.shift_to(2)


@pytest.fixture
async def zendesk(redis_server: EmbeddedRedis, redis_db: str) -> AsyncIterator[Zendesk]:
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(ZendeskSandbox())
        url = (await stack.enter_async_context(serve(sandbox.app))).url
        redis = await stack.enter_async_context(Redis.from_url(redis_db))
        settings = Settings(
            redis=RedisSettings(host=redis_server.host, port=redis_server.port),
            desks={"acme": desk_settings("acme", url, NOWHERE, QUICK, 3000)},
        )
        desks = await stack.enter_async_context(open_desks(settings, redis))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=url, auth=ADMIN))
        tuning = {"export_withheld_seconds": 1, "limits": {"incremental_exports": UNLIMITED, "account": UNLIMITED}}
        (await http.patch("/sandbox/settings", json=tuning)).raise_for_status()
        yield Zendesk(sandbox, http, desks["acme"])


async def read(zendesk: Zendesk, place: Place, until: datetime | None = None) -> tuple[list[int], Place | None]:
    page = await page_after(zendesk.desk, place, until or datetime.now(UTC))
    return [row.ticket_id for row in page.rows], page.after


async def test_the_pages_together_have_every_ticket_once(zendesk: Zendesk) -> None:
    ids = [*await zendesk.has(998, 0), *await zendesk.has(5, 1), *await zendesk.has(900, 2), *await zendesk.has(200, 3)]
    first, second = await read(zendesk, Place())
    assert second is not None
    rest, third = await read(zendesk, second)
    assert third is not None
    last, end = await read(zendesk, third)
    assert (len(first), len(rest), len(last), end) == (1000, 1000, 103, None)
    assert [*first, *rest, *last] == ids


async def test_a_place_within_a_page_has_what_follows_it_even_when_tickets_before_it_have_changed(
    zendesk: Zendesk,
) -> None:
    ids = [*await zendesk.has(3, 0), *await zendesk.has(3, 1)]
    page = await page_after(zendesk.desk, Place(), datetime.now(UTC))
    place = Place().behind(page.rows[3])
    await zendesk.changes(ids[0])
    assert await read(zendesk, place, datetime.now(UTC) + timedelta(minutes=1)) == ([ids[4], ids[5], ids[0]], None)


async def test_with_a_refused_cursor_it_goes_on_by_the_moment(zendesk: Zendesk) -> None:
    ids = [*await zendesk.has(1000, 0), *await zendesk.has(2, 1)]
    _, second = await read(zendesk, Place())
    assert second is not None
    refused = Fault(kind="error", match=FaultMatch(path=EXPORT), status=422, times=1)
    zendesk.sandbox.faults.add(refused)
    again, third = await read(zendesk, second)
    assert third is not None
    last, end = await read(zendesk, third)
    assert ([*again, *last], end) == (ids, None)


async def test_what_changes_after_its_beginning_is_left_to_live_tickets(zendesk: Zendesk) -> None:
    before, after = await zendesk.has(2, 0), await zendesk.has(1000, 60)
    until = datetime.fromtimestamp(THEN + 30, UTC)
    assert await read(zendesk, Place(), until) == (before, None)
    assert len(after) == 1000


async def test_a_zendesk_without_tickets_is_read_to_its_end(zendesk: Zendesk) -> None:
    assert await read(zendesk, Place()) == ([], None)
