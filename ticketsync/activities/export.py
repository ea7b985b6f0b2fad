"""The second source: Zendesk's incremental export, which also tells what a webhook that never came would have told."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import structlog
from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from ticketsync import names
from ticketsync.activities.attempts import Attempts
from ticketsync.desks import Desk
from ticketsync.hints import Hints
from ticketsync.sync.desk import ExportRead, ExportRequest
from ticketsync.sync.event import HINT, Event
from ticketsync.sync.step import StepFailure
from ticketsync.tickets import NotStoredError, store_event
from ticketsync.zendesk import ExportPage
from ticketsync.zendesk.errors import Unexpected

# How much is read once more where there is no cursor: more than two clocks differ by, and more than the last minute,
# from which Zendesk refuses to start. Rows that are told twice change nothing.
MARGIN = timedelta(minutes=5)
REFUSES_A_CURSOR = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})
NOT_STORED = "not_stored"
logger = structlog.get_logger(__name__)
AT_ONCE = 20  # rows on their way to Temporal, which has the webhooks to store besides


class ExportActivities:
    def __init__(self, attempts: Attempts, client: Client, hints: Hints) -> None:
        self._attempts = attempts
        self._client = client
        self._hints = hints

    @activity.defn(name=names.READ_EXPORT)
    async def read_export(self, request: ExportRequest) -> ExportRead:
        """Read one page and hand every row to its ticket, but for those that say nothing new to it.

        Returns only when all of them are stored in Temporal; else it fails, and the page is to be read again.
        """
        async with self._attempts.attempt(request.desk, "zendesk") as (desk, _):
            start = (request.export.through or request.linked_at) - MARGIN
            page = await read_page(desk, request.export.cursor, start)
        if page.left_out:
            activity.logger.warning(
                "rows of the export name no ticket", extra={"desk": desk.name, "rows": page.left_out}
            )
        rows = [row for row in page.events if not _is_from_before(row, request.linked_at)]
        news = await self._news(desk, rows, request.linked_at)
        await self._hand_over(desk.name, news)
        return ExportRead(
            cursor=page.cursor,
            through=_newest(page.events, request.export.through),
            rows=len(page.events),
            told=len(news),
            read_at=datetime.now(UTC),
            more=not page.end_of_stream and page.cursor != request.export.cursor,
        )

    async def _news(self, desk: Desk, rows: Sequence[Event], linked_at: datetime) -> list[Event]:
        """The rows that their tickets do not surely know. Without Redis those are all."""
        policy = desk.settings.policy
        known = await self._hints.decided(desk.name, [row.ticket_id for row in rows])
        hints = [(row, known.get(row.ticket_id)) for row in rows]
        news = [(row, hint) for row, hint in hints if hint is None or not hint.covers(row, policy, linked_at)]
        return [_noted(row) if hint is not None and hint.is_own_note(row, policy) else row for row, hint in news]

    async def _hand_over(self, desk: str, rows: Iterable[Event]) -> None:
        """All of them, also where one is not taken: it must not hold up the others."""
        turns = asyncio.Semaphore(AT_ONCE)
        stored = await asyncio.gather(*(self._is_stored(desk, row, turns) for row in rows))
        if not all(stored):
            raise ApplicationError(
                f"{NOT_STORED}: Temporal did not take all rows of the export, so the page is read again",
                StepFailure(code=NOT_STORED),
                type=NOT_STORED,
                category=ApplicationErrorCategory.BENIGN,
            )

    async def _is_stored(self, desk: str, row: Event, turns: asyncio.Semaphore) -> bool:
        async with turns:
            try:
                await store_row(self._client, desk, row)
            except NotStoredError:
                return False
            activity.heartbeat()
            return True


async def store_row(client: Client, desk: str, row: Event) -> None:
    """Raises NotStoredError. A row that will never be taken (it is too large) becomes a wish to read the ticket."""
    try:
        await store_event(client, desk, row)
    except NotStoredError as error:
        if error.code != "INVALID_ARGUMENT":
            raise
        too_large = {"kind": HINT, "snapshot": None, "hint": "row_not_storable"}
        await store_event(client, desk, row.model_copy(update=too_large))


async def read_page(desk: Desk, cursor: str | None, start_time: datetime) -> ExportPage:
    """The page after the cursor; from `start_time` on without one, or when it is refused. Raises ZendeskError."""
    if cursor is None:
        return await desk.zendesk.export_page(start_time=start_time)
    try:
        return await desk.zendesk.export_page(cursor=cursor)
    except Unexpected as error:
        if error.status not in REFUSES_A_CURSOR:
            raise
        logger.warning("Zendesk refuses the export's cursor: begun anew", desk=desk.name)
    return await desk.zendesk.export_page(start_time=start_time)


def _noted(row: Event) -> Event:
    return row.model_copy(update={"own_note": True})


def _is_from_before(row: Event, linked_at: datetime) -> bool:
    """Whether it tells of a time before the desk was linked; the margin brings such rows."""
    return row.as_of is not None and row.as_of < linked_at.replace(microsecond=0)


def _newest(rows: Iterable[Event], through: datetime | None) -> datetime | None:
    moments = [row.as_of for row in rows if row.as_of is not None]
    return max(filter(None, (through, *moments)), default=None)
