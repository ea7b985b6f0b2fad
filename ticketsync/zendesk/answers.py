"""What an HTTP answer of Zendesk means: its JSON, or the error it stands for; and what its headers say (§6, §9)."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx

from ticketsync.zendesk.errors import (
    AnswerLost,
    Forbidden,
    NotFound,
    RateLimited,
    Unauthorized,
    Unexpected,
    ZendeskError,
)

Json = dict[str, Any]

WITHOUT_RETRY_AFTER = 60.0
LONGEST_RETRY_AFTER = 3600.0
SHORTEST_HOLD, LONGEST_HOLD = 1.0, 120.0
RESERVE = 0.05  # the part of the account's quota that is left to its other clients

LIMIT = ("ratelimit-limit", "x-rate-limit")
REMAINING = ("ratelimit-remaining", "x-rate-limit-remaining")
RESET = ("ratelimit-reset",)

BY_STATUS: dict[int, type[ZendeskError]] = {
    HTTPStatus.UNAUTHORIZED: Unauthorized,
    HTTPStatus.FORBIDDEN: Forbidden,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.GONE: NotFound,
    HTTPStatus.REQUEST_TIMEOUT: AnswerLost,
    HTTPStatus.CONFLICT: AnswerLost,
    HTTPStatus.TOO_MANY_REQUESTS: RateLimited,
}


def json_of(call: str, answer: httpx.Response, wanted: HTTPStatus = HTTPStatus.OK) -> Json:
    """The object in an answer with the wanted status; raises the error that any other answer stands for.

    Error bodies are not read: that of a 429 is often no JSON, and others may repeat what was asked.
    """
    if answer.status_code != wanted:
        raise _error(call, answer)
    try:
        content = answer.json()
    except (ValueError, RecursionError):
        raise Unexpected(call, status=answer.status_code, cause="not JSON") from None
    if not isinstance(content, dict):
        raise Unexpected(call, status=answer.status_code, cause="not a JSON object")
    return content


def _error(call: str, answer: httpx.Response) -> ZendeskError:
    kind = BY_STATUS.get(answer.status_code, AnswerLost if answer.is_server_error else Unexpected)
    wait = retry_after(answer.headers)
    if kind is RateLimited and wait is None:
        wait = _number(answer.headers, RESET) or WITHOUT_RETRY_AFTER
    return kind(call, status=answer.status_code, retry_after=wait)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the answer asks to wait, given as such or as a date, an hour at most; None when it does not say."""
    seconds = _number(headers, ("retry-after",))
    if seconds is None:
        date = http_date(headers.get("retry-after"))
        seconds = None if date is None else (date - datetime.now(UTC)).total_seconds()
    return None if seconds is None else min(max(seconds, 0.0), LONGEST_RETRY_AFTER)


def hold_wanted(answer: httpx.Response) -> float | None:
    """Seconds for which nobody should call: after a 429, and before one when the account's quota is nearly used up."""
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        wait = retry_after(answer.headers) or _number(answer.headers, RESET) or WITHOUT_RETRY_AFTER
        return min(max(wait, SHORTEST_HOLD), LONGEST_HOLD)
    remaining, reset = _number(answer.headers, REMAINING), _number(answer.headers, RESET)
    if remaining is None or reset is None or remaining > RESERVE * (_number(answer.headers, LIMIT) or 0):
        return None
    return min(max(reset, SHORTEST_HOLD), LONGEST_HOLD)


def answered_at(answer: httpx.Response) -> datetime | None:
    """The moment of the answer by Zendesk's own clock, in whole seconds."""
    return http_date(answer.headers.get("date"))


def http_date(text: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, OverflowError):
        return None
    return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)


def _number(headers: Mapping[str, str], names: tuple[str, ...]) -> float | None:
    for name in names:
        try:
            number = float(headers[name])
        except (KeyError, ValueError):
            continue
        if math.isfinite(number):
            return number
    return None
