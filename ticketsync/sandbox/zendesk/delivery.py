"""The delivery engine: every event goes to every webhook that subscribed to it, in its own task.

By default the events of a ticket are tried in their order, each as soon as the one before it was tried once (a retry
comes late, as Zendesk's do). Rules disturb that on purpose; see `DeliveryRule`.
"""

import asyncio
import random
from collections.abc import Iterable, Sequence
from typing import Self

import httpx

from ticketsync.sandbox.zendesk.breaker import CircuitBreaker
from ticketsync.sandbox.zendesk.clock import NANOSECONDS, Clock
from ticketsync.sandbox.zendesk.events import TRIGGER_KIND, TicketEvent
from ticketsync.sandbox.zendesk.ids import new_ulid, new_uuid
from ticketsync.sandbox.zendesk.invocation import Attempt, Delivery, DeliveryRule, wait_before_retry
from ticketsync.sandbox.zendesk.models import Webhook
from ticketsync.sandbox.zendesk.sending import Outgoing, Sender
from ticketsync.sandbox.zendesk.settings import Tuning
from ticketsync.sandbox.zendesk.store import Store

LOG_KEPT = 20_000
WITHOUT_BODY = frozenset({"GET", "DELETE"})


class DeliveryEngine:
    """Sends while it is entered; what is under way on leaving waits in the state and goes out at the next start."""

    def __init__(self, *, account_id: int, store: Store, clock: Clock, tuning: Tuning, seed: int = 0) -> None:
        self._account_id = account_id
        self._store = store
        self._clock = clock
        self._tuning = tuning
        self._seed = seed
        self._random = random.Random(seed)  # noqa: S311 - dice that a test can repeat
        self._client: httpx.AsyncClient | None = None
        self._sender: Sender | None = None
        self._breakers: dict[str, CircuitBreaker] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._turns: dict[tuple[str, int], asyncio.Event] = {}
        self._idle = asyncio.Event()
        self.rules: list[DeliveryRule] = []
        self._log: dict[str, Delivery] = dict(store.state.deliveries)
        self._update_idle()

    async def __aenter__(self) -> Self:
        unlimited = httpx.Limits(max_connections=None, max_keepalive_connections=20)
        self._client = httpx.AsyncClient(timeout=None, limits=unlimited, trust_env=False)  # noqa: S113 - Sender has one
        self._sender = Sender(self._client, self._account_id, self._clock)
        for delivery in self._pending.values():
            self._start(delivery)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._cancel_tasks()
        if self._client is not None:
            await self._client.aclose()
            self._client = self._sender = None

    @property
    def _pending(self) -> dict[str, Delivery]:
        return self._store.state.deliveries

    @property
    def idle(self) -> bool:
        """No delivery is under way, delayed or waiting for a retry."""
        return self._idle.is_set()

    async def wait_idle(self, seconds: float) -> bool:
        """Wait until idle, at most `seconds`."""
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except TimeoutError:
            return False
        return True

    @property
    def log(self) -> list[Delivery]:
        """All deliveries that are remembered, in the order of their events."""
        return list(self._log.values())

    def forget_finished(self) -> None:
        """Empty the log except for what is under way."""
        self._log = dict(self._pending)

    async def reset(self) -> None:
        """Forget everything: what is under way is not sent, rules are taken back, the dice start again."""
        await self._cancel_tasks()
        self._pending.clear()
        self._turns.clear()
        self._breakers.clear()
        self._log.clear()
        self.rules.clear()
        self._random.seed(self._seed)
        self._update_idle()

    async def _cancel_tasks(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def try_out(self, outgoing: Outgoing) -> Attempt:
        """Send one request now, outside of all rules, retries and logs: a test call."""
        if self._sender is None:
            raise RuntimeError("requests are sent only while the engine is entered")
        return await self._sender.send(outgoing, self._tuning.delivery.timeout_seconds)

    def publish(self, events: Iterable[TicketEvent]) -> None:
        """Schedule the events for all active webhooks that subscribed to their types."""
        for event in events:
            for webhook in self._store.state.webhooks.values():
                if webhook.status == "active" and event.type in webhook.subscriptions:
                    self._plan(event, webhook)

    def invoke(self, webhook: Webhook, body: str, ticket_id: int) -> None:
        """Schedule what a trigger has sent to a webhook; a GET or DELETE takes no body."""
        sent = body if webhook.http_method not in WITHOUT_BODY else ""
        self._plan(TicketEvent(new_uuid(), TRIGGER_KIND, ticket_id, sent), webhook)

    def resend(self, original: Delivery) -> Delivery:
        """Send the event of an earlier delivery once more, as it was then."""
        copy = self._delivery_of(
            TicketEvent(original.event_id, original.event_type, original.ticket_id, original.body), original.webhook_id
        )
        self._add(copy)
        return copy

    def _plan(self, event: TicketEvent, webhook: Webhook) -> None:
        rules = self._applying_rules(event)
        if any(rule.kind == "drop" for rule in rules):
            self._remember(self._delivery_of(event, webhook.id).model_copy(update={"state": "dropped"}))
            return
        copies = sum(rule.copies for rule in rules if rule.kind == "duplicate")
        for _ in range(1 + copies):
            self._add(self._disturbed(self._delivery_of(event, webhook.id), rules))

    def _applying_rules(self, event: TicketEvent) -> list[DeliveryRule]:
        rules = [rule for rule in self.rules if rule.covers(event.type, event.ticket_id)]
        falling = [rule for rule in rules if self._random.random() < rule.probability]
        for rule in falling:
            rule.times = None if rule.times is None else rule.times - 1
        return falling

    def _disturbed(self, delivery: Delivery, rules: Sequence[DeliveryRule]) -> Delivery:
        for rule in rules:
            if rule.kind in {"delay", "reorder", "throttle"}:
                part = self._random.random() if rule.kind == "reorder" else 1.0
                delivery.delay += rule.seconds * part
                delivery.out_of_turn = True
            if rule.kind == "throttle":
                delivery.attempts.append(Attempt(at=self._clock.exactly(), seconds=0.0, not_sent="throttled"))
        return delivery

    def _delivery_of(self, event: TicketEvent, webhook_id: str) -> Delivery:
        return Delivery(
            id=new_ulid(),
            webhook_id=webhook_id,
            event_id=event.id,
            event_type=event.type,
            ticket_id=event.ticket_id,
            body=event.body,
            created_at=self._clock.now(),
        )

    def _add(self, delivery: Delivery) -> None:
        self._remember(delivery)
        self._pending[delivery.id] = delivery
        self._update_idle()
        if self._client is not None:
            self._start(delivery)

    def _start(self, delivery: Delivery) -> None:
        key = (delivery.webhook_id, delivery.ticket_id)
        mine = asyncio.Event()
        before = None
        if self._tuning.delivery.in_order and not delivery.out_of_turn:
            before = self._turns.get(key)
            self._turns[key] = mine
        task = asyncio.create_task(self._deliver(delivery, before, mine))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, delivery: Delivery, before: asyncio.Event | None, mine: asyncio.Event) -> None:
        await asyncio.sleep(delivery.delay)
        if before is not None:
            await before.wait()
        try:
            await self._attempt_until_done(delivery, mine)
        finally:
            self._end_turn(delivery, mine)
        del self._pending[delivery.id]
        self._store.changed()
        self._update_idle()

    def _end_turn(self, delivery: Delivery, mine: asyncio.Event) -> None:
        mine.set()
        key = (delivery.webhook_id, delivery.ticket_id)
        if self._turns.get(key) is mine:
            del self._turns[key]

    def _remember(self, delivery: Delivery) -> None:
        self._log[delivery.id] = delivery
        if len(self._log) > LOG_KEPT:
            del self._log[next(iter(self._log))]

    def _update_idle(self) -> None:
        if self._pending:
            self._idle.clear()
        else:
            self._idle.set()

    async def _attempt_until_done(self, delivery: Delivery, first_attempt_done: asyncio.Event) -> None:
        while webhook := self._store.state.webhooks.get(delivery.webhook_id):
            delivery.attempts.append(await self._attempt(delivery, webhook))
            self._store.changed()
            first_attempt_done.set()
            wait = wait_before_retry(delivery.attempts)
            if wait is None:
                break
            await asyncio.sleep(wait * self._tuning.delivery.retry_time_factor)
        delivered = bool(delivery.attempts) and delivery.attempts[-1].cause == "success"
        delivery.state = "success" if delivered else "terminated"

    async def _attempt(self, delivery: Delivery, webhook: Webhook) -> Attempt:
        if self._sender is None:
            raise RuntimeError("deliveries are sent only while the engine is entered")
        breaker = self._breakers.setdefault(webhook.id, CircuitBreaker())
        if self._tuning.delivery.circuit_breaker and not breaker.lets_through(self._seconds()):
            return Attempt(at=self._clock.exactly(), seconds=0.0, not_sent="circuit broken")
        attempt = await self._sender.send(_outgoing(delivery, webhook), self._tuning.delivery.timeout_seconds)
        breaker.note(self._seconds(), succeeded=attempt.cause == "success")
        return attempt

    def _seconds(self) -> float:
        return self._clock.now_ns() / NANOSECONDS


def _outgoing(delivery: Delivery, webhook: Webhook) -> Outgoing:
    return Outgoing(
        invocation_id=delivery.id,
        webhook_id=webhook.id,
        endpoint=webhook.endpoint,
        http_method=webhook.http_method,
        request_format=webhook.request_format,
        body=delivery.body,
        secret=webhook.signing_secret,
        authentication=webhook.authentication,
        custom_headers=webhook.custom_headers,
    )
