"""How setting values are written: durations, comma lists, addresses; and how they are shown without their secrets.

No error here repeats the value: it may be a secret that was pasted into the wrong place.
"""

import math
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

MASK = "********"

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)", re.ASCII)
_UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST = timedelta(days=3650)
_OUT_OF_RANGE = f"is no duration between 0 and {_LONGEST.days} days"
# What stands before the host of a URL: `user:password@`, or a token alone. People paste passwords as they are, so any
# character may be in one, also `/` and `@`; what begins like a port is none.
USER_INFO = re.compile(r"(?<=://)(?:(?P<user>:|[^\s/@:\[]+:(?!\d+(?:[/?#\s]|$)))\S*|[^\s/?#]*)@")


def parse_duration(value: Any) -> timedelta:
    """A duration from seconds (number or text) or from text such as `90s`, `5m`, `24h`, `7d`; ValueError otherwise."""
    duration = value if isinstance(value, timedelta) else _from_seconds(_seconds(value))
    if not timedelta(0) <= duration <= _LONGEST:
        raise ValueError(_OUT_OF_RANGE)
    return duration


def _seconds(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    match = _DURATION.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("is not a duration: give seconds, or for example 90s, 5m or 24h")
    return float(match[1]) * _UNIT_SECONDS[match[2]]


def _from_seconds(seconds: float) -> timedelta:
    if not math.isfinite(seconds) or abs(seconds) > _LONGEST.total_seconds():
        raise ValueError(_OUT_OF_RANGE)
    return timedelta(seconds=seconds)


def format_duration(duration: timedelta) -> str:
    """The shortest text that `parse_duration` reads back: `24h`, `90s`, `0.5s`."""
    seconds = duration.total_seconds()
    for unit, length in (("h", 3600), ("m", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds / length:.0f}{unit}"
    return f"{seconds:g}s"


def parse_list(value: Any) -> Any:
    """The items of a comma list; line breaks separate too, for lists that are kept in files. Not text: unchanged."""
    if not isinstance(value, str):
        return value
    return tuple(item.strip() for item in re.split(r"[,\n]", value) if item.strip())


def parse_addresses(value: Any, default_port: int) -> tuple[tuple[str, int], ...]:
    """`host:port` items of a list as (host, port) pairs; ValueError when one has no readable form."""
    items = parse_list(value)
    if not isinstance(items, Iterable):
        raise ValueError("is not a list of host:port")  # noqa: TRY004, pydantic wants a ValueError
    return tuple(item if isinstance(item, tuple) else parse_address(item, default_port) for item in items)


def parse_address(value: Any, default_port: int | None = None) -> tuple[str, int]:
    """A `host:port` as a pair: `127.0.0.1:9090`, `[::1]:9090`, and without a port when there is a default for it."""
    match = (
        re.fullmatch(r"(\[[0-9a-fA-F:.%]+\]|[^\s:\[\]/]+)(?::(\d{1,5}))?", value) if isinstance(value, str) else None
    )
    port = int(match[2]) if match and match[2] else default_port
    if match is None or port is None or port > 65535:  # noqa: PLR2004
        raise ValueError("is not of the form host:port")
    return match[1].strip("[]"), port


def without_passwords(text: str) -> str:
    """The text with what stands before the `@` of a URL masked: `redis://:pw@host` is `redis://********@host`."""
    return USER_INFO.sub(f"{MASK}@", text)
