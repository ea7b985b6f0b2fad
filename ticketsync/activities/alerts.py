"""What people are told by themselves: the look for it, and the ways to them."""

import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NoReturn

import structlog
from temporalio import activity
from temporalio.client import Client, WorkflowExecution, WorkflowExecutionAsyncIterator
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.service import RPCError

from ticketsync import chat, names
from ticketsync.activities.attempts import Attempts
from ticketsync.activities.between_attempts import switched_off_in_a_row
from ticketsync.alert_words import chat_text, note_text
from ticketsync.desk_calls import DeskCallError, read_facts
from ticketsync.desks import Desk
from ticketsync.hints import Hints
from ticketsync.sync.alerts import MISSING, Alert, AlertsFound, AlertState, Blocked, Standing, TellRequest
from ticketsync.sync.desk import DeskFacts
from ticketsync.zendesk import Webhooks, ZendeskError
from ticketsync.zendesk import errors as zendesk
from ticketsync.zendesk.kinds import stored_kinds
from ticketsync.zendesk.webhook_drift import drifts, noted_url, own_webhooks, wanted_webhook

LOOK_EVERY = timedelta(minutes=1)
LOOKS_WITHOUT = 10  # in a row that find alerts switched off, until they are taken for that
WEBHOOK_EVERY = 300.0  # seconds
MOST_LISTED = 1000
PORTION = 50  # ids that one query takes
GONE = frozenset({"deactivated", "other_url"})  # how a webhook that is there brings nothing
SIGNED = "%Y-%m-%dT%H:%M:%SZ"  # how `names.since` writes a moment

logger = structlog.get_logger(__name__)


class AlertActivities:
    def __init__(self, attempts: Attempts, client: Client, hints: Hints) -> None:
        self._attempts = attempts
        self._client = client
        self._hints = hints
        self._webhook_seen_at: dict[str, float] = {}

    # --- the look

    @activity.defn(name=names.LOOK_FOR_ALERTS)
    async def look_for_alerts(self, state: AlertState) -> AlertsFound:
        """What is to be told now. While that is nothing it fails, softly, to be tried again a minute later."""
        desk = self._attempts.desk(state.desk)
        if not desk.settings.alerts.on:
            return _off()
        try:
            found = await self._look(desk, state)
        except (RPCError, DeskCallError) as error:
            _look_again(f"Temporal gives no answer now ({type(error).__name__})")
        if not (found.chat or found.note) and found.webhook_was_there == state.webhook_was_there:
            _look_again("there is nothing to tell")
        return found

    async def _look(self, desk: Desk, state: AlertState) -> AlertsFound:
        """Of a paused desk nothing is told: that is somebody's decision, and nothing moves."""
        facts = await read_facts(self._client, desk.name)
        nothing = AlertsFound(webhook_was_there=state.webhook_was_there)
        if facts is None or facts.paused:
            return nothing
        now, was_there = await self._standing(desk, state, facts)
        settings = desk.settings.alerts
        notes = [alert for alert in state.note.news(now) if alert.ticket_id is not None]
        can_note = settings.notes and facts.zendesk_trouble is None
        return AlertsFound(
            chat=state.chat.news(now) if settings.webhook is not None else (),
            note=tuple(notes) if can_note else (),
            webhook_was_there=was_there,
        )

    async def _standing(self, desk: Desk, state: AlertState, facts: DeskFacts) -> tuple[Standing, bool]:
        blocked, settings = await self._blocked(desk), desk.settings.alerts
        told = {*(state.chat.tickets if settings.webhook else ()), *(state.note.tickets if settings.notes else ())}
        in_trouble = await self._in_trouble(desk.name, told - blocked.keys())
        seen, webhook = await self._webhook(desk, facts)
        was_there = state.webhook_was_there or (seen and webhook != MISSING)
        standing = Standing(
            blocked=blocked,
            in_trouble=frozenset({*in_trouble, *(told & blocked.keys())}),
            held_up=tuple(code for code in (facts.teamwork_trouble, facts.zendesk_trouble) if code is not None),
            webhook=webhook,
            webhook_seen=seen and was_there,
        )
        return standing, was_there

    async def _blocked(self, desk: Desk) -> dict[int, Blocked]:
        """The tickets that have been blocked for as long as the desk's settings say. Raises RPCError."""
        until = names.since(datetime.now(UTC) - desk.settings.alerts.after)
        query = f"{_running(desk.name, 'blocked')} AND {names.SINCE.name} <= '{until}'"
        return {_ticket_id(run): _as_blocked(run) async for run in self._listed(query)}

    async def _in_trouble(self, desk: str, ticket_ids: Collection[int]) -> set[int]:
        """Those of these tickets that are not well. Raises RPCError."""
        still: set[int] = set()
        for portion in _portions(sorted(ticket_ids)):
            quoted = ", ".join(f"'{one}'" for one in portion)
            query = f"{_running(desk, 'blocked', 'retrying', 'paused')} AND {names.TICKET_ID.name} IN ({quoted})"
            still |= {_ticket_id(run) async for run in self._listed(query)}
        return still

    def _listed(self, query: str) -> WorkflowExecutionAsyncIterator:
        return self._client.list_workflows(query, page_size=MOST_LISTED, limit=MOST_LISTED)

    async def _webhook(self, desk: Desk, facts: DeskFacts) -> tuple[bool, str | None]:
        """Whether it was looked at, and what is wrong with it. Without an answer nothing is known of it."""
        seen_at = self._webhook_seen_at.get(desk.name, -WEBHOOK_EVERY)
        if facts.zendesk_trouble is not None or time.monotonic() - seen_at < WEBHOOK_EVERY:
            return False, None
        self._webhook_seen_at[desk.name] = time.monotonic()
        with suppress(ZendeskError):
            return True, await _webhook_trouble(desk)
        return False, None

    # --- the ways to people

    @activity.defn(name=names.TELL_CHAT)
    async def tell_chat(self, request: TellRequest) -> bool:
        """Whether the chat was told, or may have been."""
        desk = self._attempts.desk(request.desk).settings
        webhook = desk.alerts.webhook
        if webhook is None:  # taken out of the settings since the look
            return False
        try:
            await chat.tell(webhook, chat_text(desk, request.alerts))
        except chat.ChatError as error:
            logger.warning("an alert could not be sent", desk=desk.name, to=chat.host_of(webhook), cause=error.cause)
            return isinstance(error, chat.MaybeToldError)
        return True

    @activity.defn(name=names.NOTE_TICKET)
    async def note_ticket(self, request: TellRequest) -> bool:
        """Whether the ticket has the note, may have it, or never will: one that is closed takes none."""
        desk, (alert,) = self._attempts.desk(request.desk), request.alerts
        try:
            await self._note(desk, alert)
        except ZendeskError as error:
            logger.warning("a note could not be written", desk=desk.name, ticket=alert.ticket_id, code=error.code)
            return not surely_not_written(error)
        return True

    async def _note(self, desk: Desk, alert: Alert) -> None:
        """The export will show the ticket once more for that: by its hint the row is known for what it is."""
        ticket_id = alert.ticket_id or 0
        after = await desk.zendesk.add_note(ticket_id, note_text(desk.settings, alert))
        known = (await self._hints.decided(desk.name, [ticket_id])).get(ticket_id)
        if known is not None and after is not None and after.snapshot is not None:
            noted = known.model_copy(update={"noted_at": after.snapshot.updated_at})
            await self._hints.put_decided(desk.name, ticket_id, noted)


def _off() -> AlertsFound:
    """Only one worker's settings may have no alerts, because others are not restarted yet: what was told would be
    forgotten, and told again by the next.
    """
    if switched_off_in_a_row() < LOOKS_WITHOUT:
        _look_again("alerts are switched off")
    return AlertsFound(off=True)


def _look_again(why: str) -> NoReturn:
    raise ApplicationError(
        why, type="look_again", next_retry_delay=LOOK_EVERY, category=ApplicationErrorCategory.BENIGN
    )


def surely_not_written(error: ZendeskError) -> bool:
    """And it may be later. A note may have been written of which no answer came, or only that of a proxy."""
    if isinstance(error, zendesk.AnswerLost):
        return error.status is not None and error.status not in chat.OF_A_PROXY
    return isinstance(error, zendesk.Passing | zendesk.Unauthorized)


async def _webhook_trouble(desk: Desk) -> str | None:
    known, kinds = await Webhooks(desk.zendesk).all(), stored_kinds(desk.settings.policy)
    mine = own_webhooks(known, wanted_webhook(desk.name, None, kinds))
    if not mine:
        return MISSING
    wanted = wanted_webhook(desk.name, noted_url(mine[0]), kinds)
    return next((drift.code for drift in drifts(mine[0], wanted) if drift.code in GONE), None)


def _running(desk: str, *states: str) -> str:
    quoted = ", ".join(f"'{state}'" for state in states)
    return f"{names.DESK.name} = '{desk}' AND ExecutionStatus = 'Running' AND {names.SYNC_STATE.name} IN ({quoted})"


def _portions(ids: list[int]) -> Iterator[list[int]]:
    return (ids[start : start + PORTION] for start in range(0, len(ids), PORTION))


def _ticket_id(run: WorkflowExecution) -> int:
    return int(run.id.rpartition("-")[2])


def _as_blocked(run: WorkflowExecution) -> Blocked:
    shown = run.typed_search_attributes
    task_id, since = shown.get(names.TASK_ID, ""), shown.get(names.SINCE, "")
    return Blocked(
        code=shown.get(names.REASON, ""),
        since=datetime.strptime(since, SIGNED).replace(tzinfo=UTC) if since else None,
        task_id=int(task_id) if task_id.isdigit() else None,
    )
