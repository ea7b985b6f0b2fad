"""The dry run of a backfill: the export read to its end, and what would become of each ticket. It writes nothing."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel
from temporalio.client import Client

from ticketsync.activities.backfill import Page, fates_of, page_after
from ticketsync.cli.output import Failed
from ticketsync.cli.preview_of_desk import opened_desk, patiently
from ticketsync.desk_calls import read_facts
from ticketsync.desks import Desk
from ticketsync.hints import Hints
from ticketsync.limiter import window_of
from ticketsync.settings import DeskSettings, Settings
from ticketsync.sync.backfill import Counts, Place
from ticketsync.workflows.backfill import TURN_EVERY

PAGE_EVERY = timedelta(seconds=7)  # Zendesk allows ten pages a minute (reference/zendesk-api §8)
Told = Callable[[int], None]


class Plan(BaseModel):
    """What a backfill from `place` on would do, of tickets that changed up to `until`.

    `calls` and `time` are estimates: of Teamwork's calls, and of how long they take at the desk's quota.
    """

    only_open: bool
    place: Place
    until: datetime
    counts: Counts
    pages: int
    calls: int
    time: timedelta


async def plan_backfill(
    settings: Settings, name: str, client: Client, place: Place, told: Told, *, only_open: bool
) -> Plan:
    """Raises Failed while the tasks of the project are not known, ZendeskError, RedisError, DeskCallError.

    `told` hears how many tickets each page had.
    """
    linked_at = await _linked_at(client, name)
    until, counts, pages, at = datetime.now(UTC), Counts(), 0, place
    async with opened_desk(settings, name) as (desk, redis):
        hints = Hints(redis)
        await _must_be_scanned(hints, desk)
        while True:
            page = await _page(desk, at, until)
            fates = await fates_of(hints, desk, page.rows, linked_at, only_open=only_open)
            counts, pages = counts + Counts.of(fates), pages + 1
            told(len(page.rows))
            if page.after is None:
                break
            at = page.after
            await asyncio.sleep(PAGE_EVERY.total_seconds())
    time = _time(counts.calls, pages, settings, settings.desk(name))
    return Plan(
        only_open=only_open, place=place, until=until, counts=counts, pages=pages, calls=counts.calls, time=time
    )


async def _linked_at(client: Client, name: str) -> datetime:
    facts = await read_facts(client, name)
    if facts is None:
        raise Failed(f"desk {name} is just being started: try again in a moment")
    return facts.linked_at


async def _must_be_scanned(hints: Hints, desk: Desk) -> None:
    project_id = desk.settings.teamwork.project_id
    if not await hints.is_scanned(desk.name, project_id):
        raise Failed(
            f"which tasks project {project_id} has is not known yet: the worker is still reading them, or none runs. "
            "Try again in a minute"
        )


async def _page(desk: Desk, place: Place, until: datetime) -> Page:
    return await patiently(lambda: page_after(desk, place, until))


def _time(calls: int, pages: int, settings: Settings, desk: DeskSettings) -> timedelta:
    """Desks that share a site share its smallest quota, of which a backfill leaves a part to others."""
    site = desk.teamwork.site
    of_site = [one.teamwork.calls_per_minute for one in settings.desks.values() if one.teamwork.site == site]
    window = window_of(min(of_site)).behind_others
    return timedelta(seconds=round(calls * window.seconds / window.calls)) + (pages - 1) * TURN_EVERY
