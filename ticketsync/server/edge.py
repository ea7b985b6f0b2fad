"""The edge: a webhook comes in, is verified and read, and is in Temporal before it is answered 2xx.

What cannot be stored is answered 503 with `Retry-After`, whatever the reason: of all our answers only that one makes
Zendesk send it again (reference/zendesk-api §2). The order of the checks is that of their cost to us, and nothing is
parsed unverified.

`account_id` guards against a webhook that points to the wrong desk: the first delivery that is well signed, fresh and
an event teaches this process the desk's account, and one of another account gets 401. An old delivery teaches nothing,
so that nobody can play one in.
"""

import hmac
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from structlog.contextvars import bind_contextvars

from ticketsync import tracing
from ticketsync.server.answers import CLOSE, Ignored, Refusal, Stored, not_stored, unknown_desk
from ticketsync.server.body import read_body
from ticketsync.server.health import ClientProvider
from ticketsync.server.metrics import NO_DESK, ServerMetrics
from ticketsync.settings import DEFAULT_DESK, PUBLIC_TEST_SECRET, DeskSettings
from ticketsync.sync.event import LONGEST_DELIVERY, Event
from ticketsync.tickets import STORE_SECONDS, NotStoredError, store_event
from ticketsync.tracing import DELIVERY, DESK, TICKET
from ticketsync.zendesk.events import NotAnEvent, ParsedDelivery, parse_event, parse_older_form
from ticketsync.zendesk.kinds import TEST_CALL
from ticketsync.zendesk.signature import timestamp_age, verify

INVOCATION_ID = "x-zendesk-webhook-invocation-id"
SIGNATURE = "x-zendesk-webhook-signature"
TIMESTAMP = "x-zendesk-webhook-signature-timestamp"
OLDER_SECRET = "x-webhook-secret"  # noqa: S105 - a header's name
# Of deliveries: those that alert rules go by. Others are shown when they occur.
OUTCOMES = ("stored", "ignored", "not_stored", "not_an_event", "body_too_large")

Reader = Callable[[Request, DeskSettings], Awaitable[ParsedDelivery]]

log = structlog.get_logger()


@dataclass(frozen=True)
class Limits:
    """`body_seconds` is longer than Zendesk waits (12 s): its own time-out comes first, and after that it sends again.

    `clock` is how far a signature's time may be from ours before its delivery counts only as a hint.
    """

    body_bytes: int = 1024 * 1024
    body_seconds: float = 15.0
    store_seconds: float = STORE_SECONDS
    clock: timedelta = timedelta(minutes=5)


class Edge:
    """`desks` are looked up at each delivery. `signature_age` is how old a signature may be."""

    def __init__(
        self,
        desks: Mapping[str, DeskSettings],
        signature_age: timedelta,
        temporal: ClientProvider,
        metrics: ServerMetrics,
        limits: Limits,
    ) -> None:
        self._desks = desks
        self._signature_age = signature_age
        self._temporal = temporal
        self._metrics = metrics
        self._limits = limits
        self._accounts: dict[tuple[str, str], int] = {}
        expect_desks(metrics, desks)

    async def zendesk(self, request: Request, desk: str) -> Response:
        """A delivery of Zendesk's, signed."""
        return await self._answer(request, desk, self._read_signed)

    async def older_form(self, request: Request) -> Response:
        """A delivery of the older form, to the desk `default`."""
        return await self._answer(request, DEFAULT_DESK, self._read_older_form)

    async def _answer(self, request: Request, desk_name: str, read: Reader) -> Response:
        desk = self._desks.get(desk_name)
        label = NO_DESK if desk is None else desk.name
        bind_contextvars(desk=label, delivery=request.headers.get(INVOCATION_ID, "-")[:LONGEST_DELIVERY])
        with tracing.span("delivery", kind="server", parent=request.headers.get("traceparent")) as put:
            outcome, response = await self._outcome(request, desk, read)
            put({DESK: label, "ticketsync.outcome": outcome, "http.response.status_code": response.status_code})
        self._metrics.deliveries.labels(label, outcome).inc()
        return response

    async def _outcome(self, request: Request, desk: DeskSettings | None, read: Reader) -> tuple[str, Response]:
        try:
            return await self._take(request, desk, read)
        except Refusal as refusal:
            return refusal.error, refusal.response
        except Exception as error:
            log.exception("a delivery could not be handled")
            return "not_stored", not_stored(type(error).__name__).response

    async def _take(self, request: Request, desk: DeskSettings | None, read: Reader) -> tuple[str, Response]:
        if desk is None:
            raise unknown_desk()
        delivery = await read(request, desk)
        if delivery.event is None:
            if delivery.ignored == TEST_CALL:
                log.info("a test call has arrived")
            return "ignored", JSONResponse(Ignored(reason=delivery.ignored or "no_event").model_dump())
        workflow_id = await self._store(desk.name, delivery.event)
        return "stored", JSONResponse(Stored(workflow_id=workflow_id).model_dump(), 202)

    # --- reading

    async def _read_signed(self, request: Request, desk: DeskSettings) -> ParsedDelivery:
        timestamp, signature = request.headers.get(TIMESTAMP), request.headers.get(SIGNATURE)
        if not timestamp or not signature:
            raise self._unauthorized(desk, "no_signature")
        body = await self._body(request)
        if not verify(body, timestamp, signature, _secrets(desk)):
            publicly = verify(body, timestamp, signature, [PUBLIC_TEST_SECRET])
            raise self._unauthorized(desk, "test_signature" if publicly else "wrong_signature")
        now = datetime.now(UTC)
        age = timestamp_age(timestamp, now)
        if age is not None and age > self._signature_age:
            raise self._unauthorized(desk, "too_old")
        return self._parsed(request, desk, body, now, age)

    def _parsed(
        self, request: Request, desk: DeskSettings, body: bytes, now: datetime, age: timedelta | None
    ) -> ParsedDelivery:
        """The delivery, or a hint of it: when it was not signed just now, or Zendesk writes the time in a new way."""
        try:
            delivery = parse_event(body, now=now, policy=desk.policy, invocation_id=request.headers.get(INVOCATION_ID))
        except NotAnEvent as error:
            raise _not_an_event(error) from None
        is_fresh = age is not None and abs(age) <= self._limits.clock
        self._check_account(desk, delivery.account_id, learn=is_fresh)
        return delivery if is_fresh else self._as_hint(desk, delivery, age)

    async def _read_older_form(self, request: Request, desk: DeskSettings) -> ParsedDelivery:
        given = request.headers.get(OLDER_SECRET, "").encode("utf-8", "surrogateescape")
        matches = [hmac.compare_digest(secret.encode(), given) for secret in _secrets(desk)]
        if not any(matches):
            raise self._unauthorized(desk, "wrong_secret")
        body = await self._body(request)
        try:
            return ParsedDelivery("older_form", event=parse_older_form(body, now=datetime.now(UTC)))
        except NotAnEvent as error:
            raise _not_an_event(error) from None

    async def _body(self, request: Request) -> bytes:
        return await read_body(request, self._limits.body_bytes, self._limits.body_seconds)

    def _check_account(self, desk: DeskSettings, account_id: int | None, *, learn: bool) -> None:
        place = (desk.name, desk.zendesk.site)  # a desk whose Zendesk is changed has another account
        known = self._accounts.get(place)
        if account_id is None or account_id == known:
            return
        if known is not None:
            raise self._unauthorized(desk, "account_mismatch")
        if learn:
            self._accounts[place] = account_id

    def _as_hint(self, desk: DeskSettings, delivery: ParsedDelivery, age: timedelta | None) -> ParsedDelivery:
        """One of two clocks is wrong, or this was held up or is a replay: it only says that something happened."""
        if delivery.event is None:
            return delivery
        self._metrics.clock_hints.labels(desk.name).inc()
        seconds = None if age is None else round(age.total_seconds())
        log.warning("not signed just now: taken as a hint", age_seconds=seconds)
        event = delivery.event.model_copy(update={"snapshot": None, "hint": "clock"})
        return ParsedDelivery(delivery.event_type, event=event, account_id=delivery.account_id)

    def _unauthorized(self, desk: DeskSettings, reason: str) -> Refusal:
        self._metrics.signature_failures.labels(desk.name, reason).inc()
        log.warning("delivery refused", reason=reason)
        return Refusal(401, reason, _UNAUTHORIZED[reason], CLOSE)

    # --- storing

    async def _store(self, desk: str, event: Event) -> str:
        cause = event.cause
        bind_contextvars(ticket=event.ticket_id, event_id=event.id, delivery=cause.delivery)
        started = time.perf_counter()
        try:
            with tracing.span("store", {TICKET: event.ticket_id, DELIVERY: cause.delivery}, kind="client"):
                workflow_id = await self._signal(desk, event)
        except NotStoredError as error:
            log.warning("not stored", code=error.code)
            raise not_stored(error.code) from None
        self._metrics.store_seconds.observe(time.perf_counter() - started)
        log.debug("stored", kind=event.kind)
        return workflow_id

    async def _signal(self, desk: str, event: Event) -> str:
        client = self._temporal()
        if client is None:
            raise NotStoredError("NOT_CONNECTED")
        traced = event.model_copy(update={"traceparent": tracing.traceparent()}) if tracing.is_on() else event
        return await store_event(client, desk, traced, self._limits.store_seconds)


_UNAUTHORIZED = {
    "no_signature": "A signed webhook has the headers X-Zendesk-Webhook-Signature and …-Signature-Timestamp.",
    "wrong_signature": "Not signed with a webhook secret of this desk: set ZENDESK_WEBHOOK_SECRET to the webhook's.",
    "test_signature": "Signed with Zendesk's public test secret: a test call, which anybody could make. Not stored.",
    "too_old": "The signature is older than TICKETSYNC_SIGNATURE_AGE.",
    "account_mismatch": "This desk belongs to another Zendesk account: point the webhook to its own desk.",
    "wrong_secret": "X-Webhook-Secret is not a webhook secret of this desk.",
}


def expect_desks(metrics: ServerMetrics, desks: Iterable[str]) -> None:
    """Have the metrics show these desks before anything has come for them."""
    metrics.expect(desks, OUTCOMES, _UNAUTHORIZED)


def _secrets(desk: DeskSettings) -> list[str]:
    return [secret.get_secret_value() for secret in desk.zendesk.webhook_secrets]


def _not_an_event(error: NotAnEvent) -> Refusal:
    return Refusal(400, "not_an_event", f"Not stored: {error.reason}.")
