"""Zendesk's values in the one form that ticketsync uses, whichever way they were sent.

Events send ids as text, states in capitals and their own names of channels; REST sends numbers, small letters and
other names (reference/zendesk-api §0, §1.4). Each function takes anything that JSON can hold and raises nothing but
Unreadable.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

LARGEST_ID = 2**63 - 1
NOBODY = -1  # what Zendesk calls its own system where a person could stand
MOST_TAGS = 200
MOST_TAG_LETTERS = 5000
LONGEST_SUBJECT = 1000
YEARS = range(1970, 3000)  # others cannot be meant, and what is added to them would overflow

_ID = re.compile(r"-?\d{1,20}", re.ASCII)
_STATE = re.compile(r"[a-z][a-z_-]{0,39}", re.ASCII)
# The date may come without hyphens: the docs of the list of deleted tickets write `20140704T15:37:04Z` (§7.3).
_TIME = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,30}))?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
# What events call a channel, and what REST calls the same one.
_CHANNELS = {"web_form": "web", "mail": "email", "web_service": "api"}


class Unreadable(ValueError):
    """A value that has none of the forms that Zendesk sends; `field` names it, the value is not repeated."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} is unreadable")
        self.field = field


class Moment(NamedTuple):
    """A time in UTC: its `second`, all that Zendesk keeps of `created_at` and `updated_at`, and nine digits more."""

    second: datetime
    fraction: str

    @property
    def moment(self) -> datetime:
        """With microseconds."""
        return self.second.replace(microsecond=int(self.fraction[:6]))

    @property
    def nine_digits(self) -> str:
        """As text with all nine fractional digits."""
        return f"{self.second.isoformat()[:19]}.{self.fraction}Z"


def read_ticket_id(value: Any) -> int:
    """A ticket's id, 1 to 2**63-1."""
    number = _whole_number(value, "id")
    if number is None or not 1 <= number <= LARGEST_ID:
        raise Unreadable("id")
    return number


def read_id(value: Any, field: str) -> int | None:
    """Somebody's or something's id; null, empty text and 0 mean that there is none, and so does -1, the system."""
    number = _whole_number(value, field)
    if number is None or number in (0, NOBODY):
        return None
    if not 1 <= number <= LARGEST_ID:
        raise Unreadable(field)
    return number


def _whole_number(value: Any, field: str) -> int | None:
    if value is None or type(value) is int:  # a bool is none
        return value
    text = value.strip() if isinstance(value, str) else "no number"
    if not text:
        return None
    if _ID.fullmatch(text):
        return int(text)
    raise Unreadable(field)


def read_state(value: Any, field: str) -> str | None:
    """A status, priority or type in small letters; null and empty text mean that there is none."""
    if value in (None, ""):
        return None
    state = value.strip().lower() if isinstance(value, str) else ""
    if not _STATE.fullmatch(state):
        raise Unreadable(field)
    return state


def read_channel(value: Any) -> str | None:
    """The `channel` of a `via`, by REST's name. No rule depends on it, so what is unreadable is none."""
    channel = value.get("channel") if isinstance(value, dict) else None
    if not isinstance(channel, str) or not _STATE.fullmatch(channel.lower()):
        return None
    return _CHANNELS.get(channel.lower(), channel.lower())


def read_subject(value: Any) -> str | None:
    """A subject as it was sent, cut to 1,000 characters, without halves of characters that no encoding can carry."""
    if value in (None, ""):
        return None
    if not isinstance(value, str):
        raise Unreadable("subject")
    return clean_text(value[:LONGEST_SUBJECT])


def clean_text(text: str) -> str:
    """The text with lone surrogates replaced: JSON can carry them, UTF-8 cannot."""
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def read_tags(value: Any) -> tuple[str, ...]:
    """Tags from a list or from text with spaces between. Absurdly many are cut, that of a merge last."""
    tags = value.split() if isinstance(value, str) else value or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise Unreadable("tags")
    first = sorted(dict.fromkeys(tags), key=lambda tag: tag != "closed_by_merge")
    return tuple(_bounded([clean_text(tag) for tag in first if tag]))


def _bounded(tags: list[str]) -> list[str]:
    letters, kept = 0, []
    for tag in tags[:MOST_TAGS]:
        letters += len(tag)
        if letters > MOST_TAG_LETTERS:
            break
        kept.append(tag)
    return kept


def read_time(value: Any, field: str = "time") -> Moment:
    """An RFC 3339 time of a year in YEARS, with 0 to 9 fractional digits and any offset; more digits are cut."""
    match = _TIME.fullmatch(value.strip()) if isinstance(value, str) and len(value) < 80 else None  # noqa: PLR2004
    if match is None or int(match[1]) not in YEARS:
        raise Unreadable(field)
    *parts, fraction, offset = match.groups()
    try:
        second = datetime(*map(int, parts), tzinfo=UTC)  # type: ignore[misc, arg-type]
    except ValueError:
        raise Unreadable(field) from None
    if offset not in "Zz":
        second -= _offset(offset)
    return Moment(second, (fraction or "").ljust(9, "0")[:9])


def _offset(text: str) -> timedelta:
    hours, minutes = int(text[1:3]), int(text[-2:])
    return timedelta(hours=hours, minutes=minutes) * (-1 if text[0] == "-" else 1)
