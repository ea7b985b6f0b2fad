import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from tests.support.wait import eventually
from ticketsync import embedded
from ticketsync.embedded import ChildProcess, EmbeddedRedis
from ticketsync.redis_client import close_redis, connect_redis
from ticketsync.settings import RedisSettings

BOUND = 0.25


@asynccontextmanager
async def connected(settings: RedisSettings) -> AsyncIterator[Redis]:
    redis = connect_redis(settings)
    try:
        yield redis
    finally:
        await close_redis(redis)


@pytest.fixture
async def private(say: embedded.Say) -> AsyncIterator[EmbeddedRedis]:
    """A Redis that this test may stop."""
    async with embedded.redis_server(say=say, port=0) as server:
        yield server


async def test_values_come_back_as_text(redis_server: EmbeddedRedis) -> None:
    async with connected(RedisSettings(host=redis_server.host, port=redis_server.port, db=3)) as redis:
        await redis.set("ticketsync:test", "wörd")
        assert await redis.get("ticketsync:test") == "wörd"
    async with connected(RedisSettings(host=redis_server.host, port=redis_server.port)) as other_database:
        assert await other_database.get("ticketsync:test") is None


async def test_the_password_is_used(private: EmbeddedRedis) -> None:
    plain = RedisSettings(host=private.host, port=private.port)
    async with connected(plain) as redis:
        await redis.config_set("requirepass", "a-password")
    async with connected(plain) as redis:
        with pytest.raises(RedisError):
            await redis.ping()
    async with connected(plain.model_copy(update={"password": SecretStr("a-password")})) as redis:
        assert await redis.ping()


async def test_a_redis_that_is_not_there_is_an_error_at_once(private: EmbeddedRedis) -> None:
    await private.stop()
    async with connected(RedisSettings(host=private.host, port=private.port)) as redis:
        began = time.monotonic()
        with pytest.raises(RedisConnectionError):
            await redis.ping()
        assert time.monotonic() - began < 2


async def test_a_redis_that_does_not_answer_is_an_error_after_250_ms_and_is_not_asked_twice() -> None:
    asked: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _reader, writer: asked.append(writer), "127.0.0.1", 0)
    async with silent, connected(RedisSettings(host="127.0.0.1", port=silent.sockets[0].getsockname()[1])) as redis:
        began = time.monotonic()
        with pytest.raises(RedisError):
            await redis.ping()
        assert BOUND <= time.monotonic() - began < 5
        assert len(asked) == 1
        asked[0].transport.abort()


async def test_a_redis_that_was_restarted_is_found_again(private: EmbeddedRedis) -> None:
    async with connected(RedisSettings(host=private.host, port=private.port)) as redis:
        assert await redis.ping()
        await private.stop()
        with pytest.raises(RedisConnectionError):
            await redis.ping()
        await private.start()
        assert await redis.ping()


async def test_closing_leaves_no_connection(private: EmbeddedRedis) -> None:
    settings = RedisSettings(host=private.host, port=private.port)
    async with connected(settings) as observer:

        async def is_alone() -> bool:
            return len(await observer.client_list()) == 1

        async with connected(settings) as redis:
            await asyncio.gather(*(redis.ping() for _ in range(5)))
            assert not await is_alone()
        await eventually(is_alone)


@pytest.fixture
async def sentinel(private: EmbeddedRedis, say: embedded.Say, tmp_path: Path) -> AsyncIterator[int]:
    """The port of a sentinel that watches `private` under the name `tickets`."""
    port = embedded.free_port(0)
    config = tmp_path / "sentinel.conf"
    config.write_text(f"port {port}\nbind 127.0.0.1\nsentinel monitor tickets {private.host} {private.port} 1\n")
    async with ChildProcess("sentinel", [embedded.find_redis(say), config, "--sentinel"]) as process:
        await process.wait_ready(lambda: answers(port), within=30)
        yield port


async def answers(port: int) -> bool:
    async with connected(RedisSettings(host="127.0.0.1", port=port)) as redis:
        try:
            return bool(await redis.ping())
        except RedisError:
            return False


async def test_behind_sentinels_the_master_is_found_past_one_that_is_gone(
    private: EmbeddedRedis, sentinel: int
) -> None:
    hosts = (("127.0.0.1", embedded.free_port(0)), ("127.0.0.1", sentinel))
    settings = RedisSettings(use_sentinel=True, sentinel_hosts=hosts, sentinel_master="tickets", db=2)
    async with connected(RedisSettings(host=private.host, port=private.port, db=2)) as direct:
        async with connected(settings) as redis:
            await redis.set("ticketsync:test", "through the sentinel")
        assert await direct.get("ticketsync:test") == "through the sentinel"


async def test_a_master_that_no_sentinel_knows_is_an_error(sentinel: int) -> None:
    hosts = (("127.0.0.1", sentinel),)
    async with connected(RedisSettings(use_sentinel=True, sentinel_hosts=hosts, sentinel_master="other")) as redis:
        with pytest.raises(RedisError):
            await redis.ping()
