"""Bringing in the tickets that were there before: read from the export, handed over one by one as the quota has room.

A ticket that was handed over is stored in Temporal, and its steps have the lowest priority. Only as many are on their
way at once that a slot of the desk's queue stays free for live tickets, and that one of those which gets a webhook in
the middle is through with its first step in a moment.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from redis.exceptions import RedisError
from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.service import RPCError

from ticketsync import names
from ticketsync.activities.attempts import Attempts
from ticketsync.activities.export import MARGIN, NOT_STORED, read_page, store_row
from ticketsync.activities.failures import hold_up, not_yet
from ticketsync.desks import Desk
from ticketsync.hints import Hints
from ticketsync.sync.backfill import (
    BROUGHT_IN,
    CALLS_AT_MOST,
    BackfillRequest,
    BackfillTurn,
    Counts,
    Fate,
    Place,
    fate_of,
)
from ticketsync.sync.desk import DeskFacts
from ticketsync.sync.event import Event
from ticketsync.sync.fold import Rules
from ticketsync.sync.step import StepFailure
from ticketsync.tickets import NotStoredError
from ticketsync.zendesk import ExportPage

TURN_SECONDS = 10.0
LOOK_EVERY, LOOK_TIMEOUT = 0.3, timedelta(seconds=2)
ON_THEIR_WAY = 3  # one less than the slots of a worker for a desk
BEGINNING = datetime.fromtimestamp(0, UTC)
NOT_READY = "backfill_not_ready"
NOT_READY_PAUSE = timedelta(seconds=5)
NOTHING_TO_CALL = frozenset({"settling", "waiting_for_directory"})


class Page(NamedTuple):
    """A page of the export: its rows in their order, and where the next one begins (None: there is none)."""

    rows: list[Event]
    after: Place | None


class BackfillActivities:
    def __init__(self, attempts: Attempts, client: Client, hints: Hints) -> None:
        self._attempts = attempts
        self._client = client
        self._hints = hints

    @activity.defn(name=names.BRING_IN)
    async def bring_in(self, request: BackfillRequest) -> BackfillTurn:
        """Hand over what comes next, for 10 s at most; then say how far it came.

        When it fails nothing is lost: those that were handed over are known to the next attempt.
        """
        async with self._attempts.attempt(request.desk, "zendesk") as (desk, facts):
            at_work = _at_work(facts)
            if request.all_read:
                return await _Turn(self._client, desk, request).look_at_the_last()
            await self._must_have_hints(desk)
            page = await page_after(desk, request.place, request.until)
            fates = await self._fates(desk, page.rows, at_work, only_open=request.only_open)
            return await _Turn(self._client, desk, request).hand_over(page, fates)

    async def _must_have_hints(self, desk: Desk) -> None:
        if not await self._hints.is_scanned(desk.name, desk.settings.teamwork.project_id):
            not_yet(NOT_READY, "the tasks of the project are still being read", NOT_READY_PAUSE)

    async def _fates(self, desk: Desk, rows: Sequence[Event], facts: DeskFacts, *, only_open: bool) -> list[Fate]:
        try:
            return await fates_of(self._hints, desk, rows, facts.linked_at, only_open=only_open)
        except (RedisError, OSError):
            not_yet(NOT_READY, "Redis does not say which tickets have a task", NOT_READY_PAUSE)


def _at_work(facts: DeskFacts | None) -> DeskFacts:
    """Facts of a desk that nothing holds up."""
    if facts is None:
        not_yet(NOT_READY, "the desk's workflow does not answer", NOT_READY_PAUSE)
    if facts.teamwork_trouble is not None:
        hold_up(facts.teamwork_trouble, "no task can be made meanwhile")
    return facts


# --- what is there


async def page_after(desk: Desk, place: Place, until: datetime) -> Page:
    """The rest of the page that the place is in. Raises ZendeskError."""
    page = await read_page(desk, place.cursor, place.moment - MARGIN if place.moment else BEGINNING)
    in_order = sorted(page.events, key=lambda row: (row.as_of or BEGINNING, row.ticket_id))
    rows = [row for row in in_order if not place.has_passed(row) and not _is_later(row, until)]
    return Page(rows, _next(page, place, last=any(_is_later(row, until) for row in in_order)))


def _next(page: ExportPage, place: Place, *, last: bool) -> Place | None:
    if last or page.end_of_stream or not page.events:
        return None
    # The cursor may be the one that was asked for: when it was refused, the page is the one before it once more.
    moments = [row.as_of for row in page.events if row.as_of is not None]
    return Place(cursor=page.cursor, moment=max(moments, default=place.moment))


def _is_later(row: Event, until: datetime) -> bool:
    return row.as_of is not None and row.as_of > until


async def fates_of(
    hints: Hints, desk: Desk, rows: Sequence[Event], linked_at: datetime, *, only_open: bool
) -> list[Fate]:
    """What becomes of the ticket of each row. Raises RedisError: without hints tasks that exist would not be seen."""
    ids, policy = [row.ticket_id for row in rows], desk.settings.policy
    tasks = await hints.task_ids(desk.name, ids)
    decided = await hints.decided(desk.name, ids)
    rules = Rules(policy=policy, linked_at=linked_at)

    def fate(row: Event) -> Fate:
        hint = decided.get(row.ticket_id)
        known = hint is not None and hint.covers(row, policy, linked_at)
        return fate_of(row, rules, only_open=only_open, known=known, has_task=row.ticket_id in tasks)

    return [fate(row) for row in rows]


# --- handing over


class _Turn:
    """One turn: how far it has come, and which tickets are on their way."""

    def __init__(self, client: Client, desk: Desk, request: BackfillRequest) -> None:
        self._client = client
        self._desk = desk
        self._place = request.place
        self._on_their_way = list(request.on_their_way)
        self._fates: list[Fate] = []
        self._blocked = 0
        self._ends = time.monotonic() + TURN_SECONDS

    async def hand_over(self, page: Page, fates: Sequence[Fate]) -> BackfillTurn:
        """As many as there is room for; the others are passed over at once."""
        for row, fate in zip(page.rows, fates, strict=True):
            if fate in BROUGHT_IN:
                if not await self._has_room_in_time():
                    return self._done(all_read=False)
                await self._store(row)
            self._fates.append(fate)
            self._place = self._place.behind(row)
        self._place = page.after or self._place
        return self._done(all_read=page.after is None)

    async def look_at_the_last(self) -> BackfillTurn:
        """Until all have come to rest. Those that Temporal tries again for hours are left to it."""
        await self._look(left_to_temporal="retrying")
        while self._on_their_way and time.monotonic() < self._ends:
            await asyncio.sleep(LOOK_EVERY)
            await self._look(left_to_temporal="retrying")
        return self._done(all_read=True)

    async def _has_room_in_time(self) -> bool:
        while time.monotonic() < self._ends:
            if await self._has_room():
                return True
            await asyncio.sleep(LOOK_EVERY)
        return False

    async def _has_room(self) -> bool:
        activity.heartbeat()
        await self._look()
        calls = CALLS_AT_MOST * (len(self._on_their_way) + 1)
        return len(self._on_their_way) < ON_THEIR_WAY and await self._desk.teamwork.has_room_behind_others(calls)

    async def _store(self, row: Event) -> None:
        try:
            await store_row(self._client, self._desk.name, row.model_copy(update={"source": "backfill"}))
        except NotStoredError as error:
            raise ApplicationError(
                f"{NOT_STORED}: Temporal did not take a ticket ({error.code})",
                StepFailure(code=NOT_STORED),
                type=NOT_STORED,
                category=ApplicationErrorCategory.BENIGN,
            ) from None
        self._on_their_way.append(row.ticket_id)

    async def _look(self, *, left_to_temporal: str = "") -> None:
        """Which of them are still on their way. Temporal says so itself, without its lists, which lag."""
        activity.heartbeat()
        states = await asyncio.gather(*(self._state(ticket_id) for ticket_id in self._on_their_way))
        goes_on = {"pending", "retrying"} - {left_to_temporal}
        self._blocked += states.count("blocked")
        looked_at = zip(self._on_their_way, states, strict=True)
        self._on_their_way = [ticket_id for ticket_id, state in looked_at if state in goes_on]

    async def _state(self, ticket_id: int) -> str:
        handle = self._client.get_workflow_handle(names.ticket_workflow_id(self._desk.name, ticket_id))
        try:
            run = await handle.describe(rpc_timeout=LOOK_TIMEOUT)
        except RPCError:
            return "pending"
        if run.status != WorkflowExecutionStatus.RUNNING:
            return "ended"
        shown = run.typed_search_attributes
        state, reason = shown.get(names.SYNC_STATE, "pending"), shown.get(names.REASON, "")
        return "in_step" if state == "pending" and reason in NOTHING_TO_CALL else state

    def _done(self, *, all_read: bool) -> BackfillTurn:
        return BackfillTurn(
            place=self._place,
            all_read=all_read,
            on_their_way=tuple(self._on_their_way),
            counts=Counts.of(self._fates),
            blocked=self._blocked,
        )
