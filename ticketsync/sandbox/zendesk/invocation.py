"""One webhook delivery ("invocation" in Zendesk's words), its attempts, and the rules that disturb deliveries."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ticketsync.sandbox.faults import Pattern

TIMEOUT_RETRIES = 5
CONFLICT_RETRIES = 3
ASKED_RETRIES = 5
LONGEST_RETRY_AFTER = 60
FIRST_WAIT_SECONDS = 2.0

Cause = Literal["success", "timeout", "conflict", "asked_to_wait", "final"]
NotSent = Literal["throttled", "circuit broken"]
LogStatus = Literal["success", "failed", "terminated", "throttled", "circuit broken"]


class Attempt(BaseModel):
    """One request, or one that was held back: then `not_sent` says why. `status_code` None: no answer; `timed_out`
    tells a slow receiver from one that cannot be reached. `retry_after`: the seconds the receiver asked for. Headers
    and payload are what the log of invocations shows; they are kept in memory only.
    """

    at: datetime
    seconds: float
    status_code: int | None = None
    timed_out: bool = False
    retry_after: float | None = None
    not_sent: NotSent | None = None
    request_headers: dict[str, str] = Field({}, exclude=True)
    response_headers: list[tuple[str, str]] = Field([], exclude=True)
    response_payload: str = Field("", exclude=True)

    @property
    def completed_at(self) -> datetime:
        return self.at + timedelta(seconds=self.seconds)

    @property
    def cause(self) -> Cause:
        match self.status_code:
            case _ if self.not_sent is not None:
                return "final"
            case None:
                return "timeout" if self.timed_out else "final"
            case code if code < 300:  # noqa: PLR2004 - the 2xx codes
                return "success"
            case 409:
                return "conflict"
            case 429 | 503 if self.retry_after is not None and self.retry_after < LONGEST_RETRY_AFTER:
                return "asked_to_wait"
            case _:
                return "final"


class Delivery(BaseModel):
    """One event on its way to one webhook. `id` is the invocation id, the same for all attempts; a duplicate has an id
    of its own and the `event_id` of its original. `delay` in seconds; `out_of_turn`: nothing waits for it.
    """

    id: str
    webhook_id: str
    event_id: str
    event_type: str
    ticket_id: int
    body: str
    created_at: datetime
    delay: float = 0.0
    out_of_turn: bool = False
    state: Literal["waiting", "success", "terminated", "dropped"] = "waiting"
    attempts: list[Attempt] = []

    def log_status(self, number: int) -> LogStatus:
        """What the log says of an attempt. `failed` for one that is followed by another is assumed: only the status of
        the last one, of throttled and of circuit-broken ones is recorded (reference/zendesk-api §2, §4).
        """
        attempt = self.attempts[number]
        if attempt.not_sent is not None:
            return attempt.not_sent
        if attempt.cause == "success":
            return "success"
        is_last = number == len(self.attempts) - 1 and self.state != "waiting"
        return "terminated" if is_last else "failed"


class DeliveryRule(BaseModel):
    """How deliveries are disturbed. All rules that match an event apply to it.

    drop: never sent. duplicate: `copies` more are sent. delay: sent `seconds` later, later events pass it by.
    reorder: sent after a random part of `seconds`. throttle: as delay, and the log says so. `event_type` is searched in
    the event's type; `times` counts events.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal["drop", "duplicate", "delay", "reorder", "throttle"]
    event_type: Pattern = ""
    ticket_id: int | None = None
    copies: int = Field(1, ge=1, le=100)
    seconds: float = Field(1.0, ge=0)
    probability: float = Field(1.0, ge=0, le=1)
    times: int | None = Field(None, ge=0)

    def covers(self, event_type: str, ticket_id: int) -> bool:
        ticket_fits = self.ticket_id is None or self.ticket_id == ticket_id
        return self.times != 0 and ticket_fits and re.search(self.event_type, event_type) is not None


def wait_before_retry(attempts: Sequence[Attempt]) -> float | None:
    """Seconds until the next attempt, None when there is none (reference/zendesk-api §2).

    A timeout is tried up to 5 more times, a 409 up to 3, 429 and 503 only with a Retry-After below 60 s; all else is
    final. The waits after a timeout or 409, and how often a receiver may ask again, are documented nowhere: assumed.
    """
    last = attempts[-1]
    so_far = sum(attempt.cause == last.cause for attempt in attempts)
    match last.cause:
        case "timeout" if so_far <= TIMEOUT_RETRIES:
            return FIRST_WAIT_SECONDS * 2.0 ** (so_far - 1)
        case "conflict" if so_far <= CONFLICT_RETRIES:
            return FIRST_WAIT_SECONDS * 2.0 ** (so_far - 1)
        case "asked_to_wait" if so_far <= ASKED_RETRIES:
            return last.retry_after
        case _:
            return None
