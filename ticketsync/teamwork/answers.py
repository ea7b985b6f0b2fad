"""What an HTTP answer of Teamwork means: its JSON, or the error it stands for (reference/teamwork-api §6).

Texts of error bodies are only searched for the names of fields, never kept: they may quote ticket text.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx

from ticketsync.teamwork.errors import (
    AnswerLost,
    Forbidden,
    NotAMember,
    NotFound,
    RateLimited,
    Refused,
    TeamworkError,
    Unauthorized,
    Unexpected,
)

Json = dict[str, Any]

LOCKOUT_SECONDS = 60.0
SHORTEST_HOLD, LONGEST_HOLD = 1.0, 120.0
EARLIEST_EPOCH = 1e9
REMAINING = ("x-rate-limit-remaining", "x-ratelimit-remaining")
RESET = ("x-rate-limit-reset", "x-ratelimit-reset")

ASSIGNEES = "assignees"
FIELD_WORDS = {
    ASSIGNEES: ("assignee", "user", "people", "person", "member", "responsible"),
    "tags": ("tag",),
    "priority": ("priority",),
    "tasklist": ("tasklist", "task list", "todo-list"),
    "description": ("description",),
    "name": ("name", "content", "title"),
}
BY_STATUS: dict[int, type[TeamworkError]] = {
    HTTPStatus.UNAUTHORIZED: Unauthorized,
    HTTPStatus.FORBIDDEN: Forbidden,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.GONE: NotFound,
}
REFUSALS_OF_VALUES = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)


@dataclass(frozen=True)
class Call:
    """One call as its errors name it. `assigns`: its body gives the task to somebody."""

    method: str
    path: str
    assigns: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def writes(self) -> bool:
        return self.method != "GET"


def json_of(call: Call, answer: httpx.Response) -> Json:
    """The body of a 2xx answer, `{}` for an empty one.

    Raises the error that any other answer stands for, and Unexpected for a body that is no JSON object or says that
    it is not "OK" (v1).
    """
    error = error_of(call, answer)
    if error is not None:
        raise error
    body = _object(answer) if answer.content.strip() else {}
    if body is None or body.get("STATUS", "OK") != "OK":
        raise Unexpected(str(call), status=answer.status_code, sent=call.writes)
    return body


def error_of(call: Call, answer: httpx.Response) -> TeamworkError | None:
    """The error an answer stands for; None for 2xx."""
    status = answer.status_code
    if answer.is_success:
        return None
    if is_rate_limited(answer):
        return RateLimited(str(call), status=status, retry_after=wait_seconds(answer.headers))
    if answer.is_server_error or status == HTTPStatus.REQUEST_TIMEOUT:
        return AnswerLost(str(call), status=status)
    if not answer.is_client_error:
        return Unexpected(str(call), status=status)
    if status in BY_STATUS:
        return BY_STATUS[status](str(call), status=status)
    return _refusal(call, answer)


def _refusal(call: Call, answer: httpx.Response) -> TeamworkError:
    """What `checkInvalidusers` answers is not known (§10.3), so a refused write that assigns is blamed on the assignee.

    Unless the answer plainly names another field and not the assignee. The mistake is harmless this way round: the
    caller writes again without the assignee, and if that was not the cause, the second refusal says so.
    """
    field = _named_field(answer)
    if call.assigns and answer.status_code in REFUSALS_OF_VALUES and field in (None, ASSIGNEES):
        return NotAMember(str(call), status=answer.status_code, field=ASSIGNEES)
    return Refused(str(call), status=answer.status_code, field=field)


def _named_field(answer: httpx.Response) -> str | None:
    text = _error_text(_object(answer) or {}).lower()
    return next((field for field, words in FIELD_WORDS.items() if any(word in text for word in words)), None)


def _error_text(body: Json) -> str:
    """v3 has a list of errors, v1 a message, server faults wrap either in `content`."""
    errors = body.get("errors")
    parts = [body.get(key) for key in ("MESSAGE", "message")]
    for error in errors if isinstance(errors, list) else ():
        parts += [error.get(key) for key in ("title", "detail")] if isinstance(error, dict) else [error]
    content = body.get("content")
    nested = _error_text(content) if isinstance(content, dict) else ""
    return " ".join([*(part for part in parts if isinstance(part, str)), nested])


def _object(answer: httpx.Response) -> Json | None:
    try:
        body = answer.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def is_rate_limited(answer: httpx.Response) -> bool:
    """429, or as older sites say it: 400 with nothing remaining (§6.3)."""
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    return answer.status_code == HTTPStatus.BAD_REQUEST and _first(answer.headers, REMAINING) == 0


def wait_seconds(headers: Mapping[str, str]) -> float:
    """How long the site wants to be left alone: 1 to 120 s, 60 when it does not say (§6.3).

    Retry-After (seconds or a date) counts before the reset, which is seconds to wait or, when large, an epoch.
    """
    wait = _retry_after(headers.get("retry-after"))
    reset = _first(headers, RESET) if wait is None else wait
    if reset is None:
        return LOCKOUT_SECONDS
    seconds = reset - time.time() if reset > EARLIEST_EPOCH else reset
    return min(max(seconds, SHORTEST_HOLD), LONGEST_HOLD)


def _retry_after(value: str | None) -> float | None:
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    try:
        return parsedate_to_datetime(value).timestamp()
    except ValueError:
        return None


def _first(headers: Mapping[str, str], names: tuple[str, ...]) -> float | None:
    return next((number for name in names if (number := _number(headers.get(name))) is not None), None)


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None
