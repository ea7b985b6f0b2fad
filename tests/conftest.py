"""One Temporal server and one Redis for the whole run, on ports of their own.

Where no server can be had the tests that need it are skipped, loudly; with TICKETSYNC_REQUIRE_SERVERS=1 they fail, and
so does a run in which anything was skipped.
"""

import logging
import os
from collections.abc import AsyncIterator, Iterator
from typing import NoReturn

import pytest
import structlog
from redis.asyncio import Redis

from ticketsync import embedded, names, worker
from ticketsync.redis_client import close_redis, connect_redis
from ticketsync.settings import RedisSettings

# What tests write as the file of a secret must be nobody else's to read, or the settings refuse it.
os.umask(0o077)

SERVERS_REQUIRED = os.environ.get("TICKETSYNC_REQUIRE_SERVERS") == "1"
PATIENCE_SECONDS = 20.0
TIME_SKIPPING = {"frontend.WorkflowTimeSkippingEnabled": "true"}
os.environ[worker.LAST_ANSWER[0]] = "0"  # a worker of a test may end at once: nobody goes on with its tickets
SEARCH_ATTRIBUTES = {key.name: "Keyword" for key in names.SEARCH_ATTRIBUTES}


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """How a test has logs written counts for no other, whichever comes next in this process."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def unused_tcp_port() -> int:
    """One that nobody gets by chance before the test uses it, as any of those that the system hands out may."""
    return embedded.free_port(0)


@pytest.fixture(scope="session")
def say(pytestconfig: pytest.Config) -> embedded.Say:
    """Shows a line at once: a Temporal server may be minutes in the making."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")

    def show(line: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\n{line}", flush=True)  # noqa: T201 - progress, for the person who waits

    return show


@pytest.fixture(scope="session")
async def temporal_server(say: embedded.Say) -> AsyncIterator[embedded.EmbeddedTemporal]:
    """A Temporal server in memory, with time skipping and our search attributes; shared, so use ids of your own."""
    try:
        binary = await embedded.find_temporal(say)
    except embedded.TemporalUnavailable as error:
        cannot_run(error)
    async with embedded.temporal_server(
        say=say, binary=binary, port=0, dynamic_config=TIME_SKIPPING, search_attributes=SEARCH_ATTRIBUTES
    ) as server:
        yield server


@pytest.fixture(scope="session")
async def redis_server(say: embedded.Say) -> AsyncIterator[embedded.EmbeddedRedis]:
    """A Redis in memory; shared, so take `redis_db` for an empty one."""
    try:
        binary = embedded.find_redis(say)
    except embedded.RedisUnavailable as error:
        cannot_run(error)
    async with embedded.redis_server(say=say, binary=binary, port=0) as server:
        yield server


@pytest.fixture
async def redis_db(redis_server: embedded.EmbeddedRedis) -> str:
    """The URL of an empty Redis database."""
    async with Redis.from_url(redis_server.url) as client:
        await client.flushall()
    return redis_server.url


@pytest.fixture
async def own_redis(redis_server: embedded.EmbeddedRedis) -> AsyncIterator[embedded.EmbeddedRedis]:
    """An empty Redis that the test may stop. Which program it is the shared one has said already."""
    async with embedded.redis_server(say=lambda _: None, port=0) as server:
        yield server


@pytest.fixture
async def redis(own_redis: embedded.EmbeddedRedis) -> AsyncIterator[Redis]:
    """A client of `own_redis`, as a worker's, but patient: 250 ms may pass on a busy machine without any fault."""
    redis = connect_redis(RedisSettings(host=own_redis.host, port=own_redis.port), seconds=PATIENCE_SECONDS)
    yield redis
    await close_redis(redis)


def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if SERVERS_REQUIRED and reporter and reporter.stats.get("skipped"):
        reporter.write_line("\na test was skipped although TICKETSYNC_REQUIRE_SERVERS=1", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def cannot_run(error: embedded.EmbeddedError) -> NoReturn:
    if SERVERS_REQUIRED:
        raise pytest.fail.Exception(f"TICKETSYNC_REQUIRE_SERVERS=1, but {error}", pytrace=False) from None
    raise pytest.skip.Exception(f"NOT TESTED: {error}") from None
