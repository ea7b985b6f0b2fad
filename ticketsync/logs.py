"""Logs: one line per thing worth knowing, with desk, ticket and delivery, and nothing that is not ours to write down.

Everything goes one way, our events and those of uvicorn, temporalio and other libraries: context is added, keys that
hold ticket text are emptied, registered secrets become `***`, and the line is rendered. Exceptions are written as the
places they went through; with their message only where that is known to carry no ticket text.
"""

import json
import logging
import os
import re
import sys
import traceback
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Literal, TextIO
from urllib.parse import quote, quote_plus

import structlog
from pydantic import BaseModel, SecretStr
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from ticketsync.settings import Settings
from ticketsync.settings.values import USER_INFO

LogFormat = Literal["auto", "json", "console"]
LogLevel = Literal["debug", "info", "warning", "error"]

MASK = "***"
NOT_LOGGED = "(not logged)"
SHORTEST_SECRET = 4

TICKET_TEXT = frozenset(
    {"subject", "title", "description", "comment", "body", "raw", "payload", "snapshot", "event_body"}
)
SAFE_MESSAGES = ("ticketsync", "temporalio")
# httpx writes whole addresses at INFO, and a search term in one is ticket text; the SDK's workers write whole payloads
# at DEBUG; what sends traces would write of itself with each batch: never below WARNING.
ALWAYS_QUIET = ("httpx", "httpcore", "hpack", "temporalio.worker", "urllib3")
QUIET = ("uvicorn", "uvicorn.error", "uvicorn.access", "temporalio", "asyncio", "redis")

_secrets: set[str] = set()
_secret_pattern: re.Pattern[str] | None = None


def start_logging(settings: Settings) -> None:
    """Log as the settings say, with all their secrets hidden and the API key of Temporal."""
    hide_secrets_of(settings)
    hide_secrets([os.environ.get("TEMPORAL_API_KEY", "")])
    configure_logging(settings.log_format, settings.log_level)


def configure_logging(
    log_format: LogFormat = "auto", level: LogLevel = "info", *, stream: TextIO | None = None
) -> None:
    """Send all logs of this process to `stream`, standard error by default; `auto` is console on a terminal, else JSON.

    May be called again; the last call counts.
    """
    stream = stream or sys.stderr
    structlog.configure(
        processors=[*_shared(), ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(_is_json(log_format, stream), colors=stream.isatty()))
    _only_handler(handler)
    _set_levels(level.upper())


def is_debug() -> bool:
    """Whether this process writes lines of level debug; one that has configured no logs writes none."""
    return logging.getLogger().isEnabledFor(logging.DEBUG)


def hide_secrets_of(settings: Settings) -> None:
    """Hide all secrets of these settings, also those that come while the process runs."""
    hide_secrets(_secrets_in(settings))


def hide_secrets(values: Iterable[str]) -> None:
    """Replace these values in every later line, also where they are part of an address or a quoted text.

    Values shorter than four characters are not taken: they would blank out ordinary words.
    """
    global _secret_pattern  # noqa: PLW0603 - logging is one per process
    _secrets.update(form for value in values if len(value) >= SHORTEST_SECRET for form in _forms(value))
    longest_first = sorted(_secrets, key=len, reverse=True)
    _secret_pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None


def _secrets_in(value: Any) -> Iterator[str]:
    """Every secret in a model, however deep."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        yield from _secrets_in([getattr(value, name) for name in type(value).model_fields])
    elif isinstance(value, dict):
        yield from _secrets_in(list(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _secrets_in(item)


def masked(text: str) -> str:
    """`text` without registered secrets and without passwords in addresses."""
    text = USER_INFO.sub(rf"\g<user>{MASK}@", text)
    return _secret_pattern.sub(MASK, text) if _secret_pattern else text


def _forms(secret: str) -> set[str]:
    """A secret as it looks in plain text, in an address, in JSON and in a Python literal."""
    return {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
    }


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_ticket_text,
        _exception_as_text,
        _masked_values,
    ]


def _formatter(as_json: bool, colors: bool) -> ProcessorFormatter:
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=colors)
    )
    from_libraries: list[Processor] = [
        structlog.stdlib.ExtraAdder(allow=("temporal_workflow", "temporal_activity")),
        *_shared(),
    ]
    return ProcessorFormatter(
        foreign_pre_chain=from_libraries,
        processors=[ProcessorFormatter.remove_processors_meta, renderer],
    )


def _masked_values(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {key: _masked(value) for key, value in event.items()}


def _masked(value: Any) -> Any:
    """Before rendering, because a renderer's quotes and escapes would hide a secret from the search for it."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {masked(str(key)): NOT_LOGGED if key in TICKET_TEXT else _masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(item) for item in value]
    if isinstance(value, BaseModel):
        return _masked(value.model_dump())
    if isinstance(value, BaseException):
        return masked(_name_and_message(value))
    return value if isinstance(value, int | float | None) else masked(repr(value))


def _without_ticket_text(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for key in TICKET_TEXT & event.keys():
        event[key] = NOT_LOGGED
    return event


def _exception_as_text(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    error = _exception(event.pop("exc_info", None))
    if error is not None:
        event["exception"] = exception_text(error)
    return event


def _exception(info: Any) -> BaseException | None:
    if isinstance(info, BaseException):
        return info
    if isinstance(info, tuple):
        return info[1] if isinstance(info[1], BaseException) else None
    return sys.exception() if info else None


def exception_text(error: BaseException) -> str:
    """The chain of an exception, what was raised last at the end: places, type, and the message where that is safe."""
    return "\n".join(_one(link) for link in reversed(list(_chain(error))))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """From the exception back to its first cause; a chain that bites its own tail ends there."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        yield link
        seen.add(id(link))
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def _one(error: BaseException) -> str:
    members = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return "\n".join((*map(exception_text, members), f"{_places(error.__traceback__)}{_name_and_message(error)}"))


def _places(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)
    return "".join(f"{frame.filename}:{frame.lineno} {frame.name}\n" for frame in frames)


def _name_and_message(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"{name}: {error}" if is_safe_to_say(error) and str(error) else name


def is_safe_to_say(error: BaseException) -> bool:
    """Whether its message is known to carry no ticket text."""
    return isinstance(error, OSError) or type(error).__module__.split(".")[0] in SAFE_MESSAGES


def _is_json(log_format: LogFormat, stream: TextIO) -> bool:
    return log_format == "json" or (log_format == "auto" and not stream.isatty())


def _only_handler(handler: logging.Handler) -> None:
    root = logging.getLogger()
    for old in root.handlers[:]:
        if isinstance(old.formatter, ProcessorFormatter):
            root.removeHandler(old)
    root.addHandler(handler)


def _set_levels(level: str) -> None:
    logging.getLogger().setLevel(level)
    quiet = level if level == "DEBUG" else "WARNING"
    for name in QUIET:
        logging.getLogger(name).setLevel(max(quiet, level, key=logging.getLevelNamesMapping().__getitem__))
    for name in ALWAYS_QUIET:
        logging.getLogger(name).setLevel("WARNING")
