import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from pydantic import BaseModel, SecretStr, TypeAdapter

from ticketsync import logs
from ticketsync.settings import RedisSettings, Settings


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where this test's lines go, as JSON unless it configures anew."""
    before = (set(logs._secrets), logs._secret_pattern)
    logs._secrets.clear()  # of the whole run: to look for thousands of them takes seconds
    stream = io.StringIO()
    logs.configure_logging("json", stream=stream)
    yield stream
    secrets, logs._secret_pattern = before
    logs._secrets.clear()
    logs._secrets.update(secrets)


def only_line(stream: io.StringIO) -> dict[str, str]:
    [line] = stream.getvalue().splitlines()
    return TypeAdapter(dict[str, str]).validate_json(line)


def test_a_line_says_when_what_how_bad_and_for_which_ticket(stream: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(desk="acme", ticket="35436", delivery="01HANA"):
        structlog.get_logger("ticketsync.test").warning("not stored", code="UNAVAILABLE")
    line = only_line(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "not stored",
        "level": "warning",
        "logger": "ticketsync.test",
        "desk": "acme",
        "ticket": "35436",
        "delivery": "01HANA",
        "code": "UNAVAILABLE",
    }


def test_lines_of_libraries_look_the_same_and_have_the_context(stream: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(desk="acme"):
        logging.getLogger("uvicorn.error").warning("Invalid %s received.", "HTTP request")
    line = only_line(stream)
    assert line["event"] == "Invalid HTTP request received."
    assert (line["logger"], line["level"], line["desk"]) == ("uvicorn.error", "warning", "acme")


@pytest.mark.parametrize("name", ["uvicorn.error", "uvicorn.access", "temporalio.worker", "httpx", "asyncio"])
def test_chatter_of_libraries_is_left_out(stream: io.StringIO, name: str) -> None:
    logging.getLogger(name).info("GET https://acme.teamwork.com/tasks.json?searchTerm=Printer+on+fire")
    assert stream.getvalue() == ""


def test_addresses_that_httpx_calls_are_left_out_even_at_debug(stream: io.StringIO) -> None:
    logs.configure_logging("json", "debug", stream=stream)
    logging.getLogger("httpx").info("GET https://acme.teamwork.com/tasks.json?searchTerm=Printer+on+fire")
    assert stream.getvalue() == ""


@pytest.mark.parametrize(("level", "expected"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_decides_what_is_written(stream: io.StringIO, level: logs.LogLevel, expected: int) -> None:
    logs.configure_logging("json", level, stream=stream)
    log = structlog.get_logger()
    for write in (log.debug, log.info, log.warning, log.error):
        write("x")
    assert len(stream.getvalue().splitlines()) == expected


def test_configuring_twice_writes_every_line_once(stream: io.StringIO) -> None:
    logs.configure_logging("json", stream=stream)
    structlog.get_logger().info("once")
    assert only_line(stream)["event"] == "once"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_auto_is_json_in_a_pipe_and_readable_on_a_terminal(stream: io.StringIO) -> None:
    terminal, pipe = Terminal(), io.StringIO()
    for target in (terminal, pipe):
        logs.configure_logging("auto", stream=target)
        structlog.get_logger().info("listening", port="8080")
    assert "listening" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")
    assert only_line(pipe)["event"] == "listening"


SECRET = 'p&ss/wörd+"1'


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize(
    "shown",
    [
        SECRET,
        f"before {SECRET} after",
        "https://acme.example/?key=p%26ss%2Fw%C3%B6rd%2B%221",
        "https://acme.example/p%26ss/w%C3%B6rd%2B%221",
        [{"deep": SECRET}],
        json.dumps({"token": SECRET}),
        ValueError(SECRET),
    ],
)
def test_a_registered_secret_never_shows(stream: io.StringIO, log_format: logs.LogFormat, shown: object) -> None:
    logs.hide_secrets([SECRET])
    logs.configure_logging(log_format, stream=stream)
    structlog.get_logger().info("called", value=shown, message=str(shown))
    assert "***" in stream.getvalue()
    for piece in ("p&ss", "p%26ss", "wörd", "w\\u00f6rd", "w%C3%B6rd"):
        assert piece not in stream.getvalue()


def test_a_longer_secret_is_hidden_whole_though_a_shorter_one_is_part_of_it(stream: io.StringIO) -> None:
    logs.hide_secrets(["abcd", "abcdefgh"])
    structlog.get_logger().info("token abcdefgh")
    assert only_line(stream)["event"] == "token ***"


def test_the_password_in_an_address_is_hidden_though_nobody_registered_it(stream: io.StringIO) -> None:
    structlog.get_logger().info("redis://user:hunter2@redis.example:6379/0")
    assert only_line(stream)["event"] == "redis://user:***@redis.example:6379/0"


def test_words_shorter_than_a_secret_can_be_are_not_blanked_out(stream: io.StringIO) -> None:
    logs.hide_secrets(["", "e", "abc"])
    structlog.get_logger().info("the event abc")
    assert only_line(stream)["event"] == "the event abc"


def test_all_secrets_of_the_settings_are_hidden(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_API_KEY", "temporal-key")
    settings = Settings(
        api_token=SecretStr("bearer-token"),
        redis=RedisSettings(password=SecretStr("redis-password")),
        log_format="json",
    )
    logs.start_logging(settings)
    assert logs.masked("bearer-token redis-password temporal-key") == "*** *** ***"


@pytest.mark.parametrize("key", ["subject", "title", "description", "comment", "body", "payload", "snapshot"])
def test_ticket_text_is_not_written_whoever_passes_it(stream: io.StringIO, key: str) -> None:
    structlog.get_logger().info("stored", **{key: "Printer on fire"})
    assert only_line(stream)[key] == "(not logged)"


class Holding(BaseModel):
    subject: str = "Printer on fire"
    token: SecretStr = SecretStr("Printer on fire")


@pytest.mark.parametrize(
    "value",
    [{"subject": "Printer on fire"}, [{"title": "Printer on fire"}], Holding(), ValueError("Printer on fire")],
    ids=lambda value: type(value).__name__,
)
def test_nor_is_it_within_what_is_passed(stream: io.StringIO, value: object) -> None:
    structlog.get_logger().info("stored", found=value)
    assert "Printer" not in stream.getvalue()
    assert "stored" in stream.getvalue()


def failing(error: Exception) -> None:
    try:
        try:
            int("Printer on fire")
        except ValueError as cause:
            raise error from cause
    except Exception:  # noqa: BLE001
        structlog.get_logger().exception("failed")


def test_an_exception_is_written_as_places_and_types_without_foreign_messages(stream: io.StringIO) -> None:
    failing(KeyError("Printer on fire"))
    text = only_line(stream)["exception"]
    assert "ValueError\n" in text
    assert text.endswith("KeyError")
    assert "test_logs.py" in text
    assert "Printer" not in text


def test_messages_that_hold_codes_only_are_kept(stream: io.StringIO) -> None:
    failing(ConnectionRefusedError(111, "Connection refused"))
    assert only_line(stream)["exception"].endswith("ConnectionRefusedError: [Errno 111] Connection refused")


def test_exceptions_of_libraries_get_the_same_treatment(stream: io.StringIO) -> None:
    try:
        int("Printer on fire")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    assert only_line(stream)["exception"].endswith("ValueError")
    assert "Printer" not in stream.getvalue()


def test_every_member_of_a_group_is_written(stream: io.StringIO) -> None:
    failing(ExceptionGroup("two", [KeyError("Printer"), RuntimeError("on fire")]))
    text = only_line(stream)["exception"]
    assert "KeyError" in text
    assert "RuntimeError" in text
    assert "Printer" not in text


def test_a_chain_of_exceptions_that_bites_its_tail_is_written_once(stream: io.StringIO) -> None:
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    structlog.get_logger().error("failed", exc_info=first)
    assert only_line(stream)["exception"].splitlines() == ["KeyError", "ValueError"]
