"""A Redis that is watched: master, replica and three sentinels, real processes all of them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.support.wait import eventually
from ticketsync.embedded import ChildProcess, EmbeddedRedis, Say, find_redis, free_port, redis_server
from ticketsync.redis_client import close_redis, connect_redis
from ticketsync.settings import RedisSettings

MASTER = "tickets"
HOST = "127.0.0.1"
WATCH = """port {port}
bind 127.0.0.1
dir {folder}
sentinel monitor {name} 127.0.0.1 {master} 2
sentinel down-after-milliseconds {name} 1000
sentinel failover-timeout {name} 5000
"""


@dataclass
class WatchedRedis:
    """`sentinels` are (port, process); the first of them is the one that our processes ask first."""

    master: EmbeddedRedis
    replica: EmbeddedRedis
    sentinels: list[tuple[int, ChildProcess]]

    @property
    def environ(self) -> dict[str, str]:
        """The settings with which a process of ours finds the master."""
        return {
            "REDIS_USE_SENTINEL": "true",
            "REDIS_SENTINEL_HOSTS": ",".join(f"{HOST}:{port}" for port, _ in self.sentinels),
            "REDIS_SENTINEL_MASTER": MASTER,
        }

    async def fail_over(self) -> None:
        """The master and the first sentinel die at once; return when the others have made the replica the master."""
        await self.master.kill()
        await self.sentinels[0][1].kill()
        await eventually(lambda: _is_master(self.replica), what="the replica is the master")


@asynccontextmanager
async def watched_redis(folder: Path, say: Say) -> AsyncIterator[WatchedRedis]:
    """Running, and each of the sentinels knows the replica and the two others."""
    async with AsyncExitStack() as held:
        master, replica = [await held.enter_async_context(redis_server(say=say, port=0)) for _ in range(2)]
        async with Redis.from_url(replica.url) as redis:
            await redis.replicaof(HOST, str(master.port))
        sentinels = [
            await held.enter_async_context(_sentinel(folder / f"sentinel-{number}", master, say)) for number in range(3)
        ]
        for port, _ in sentinels:
            await eventually(partial(_knows_all, port), what="the sentinels know each other")
        yield WatchedRedis(master, replica, sentinels)


@asynccontextmanager
async def _sentinel(folder: Path, master: EmbeddedRedis, say: Say) -> AsyncIterator[tuple[int, ChildProcess]]:
    port = free_port(0)
    config = _config(folder, port, master)
    async with ChildProcess(f"sentinel {port}", [find_redis(say), config, "--sentinel"]) as process:
        yield port, process


def _config(folder: Path, port: int, master: EmbeddedRedis) -> Path:
    folder.mkdir(parents=True)
    config = folder / "sentinel.conf"
    config.write_text(WATCH.format(port=port, folder=folder, name=MASTER, master=master.port))
    return config


async def _knows_all(port: int) -> bool:
    async with _connected(port) as redis:
        try:
            seen = await redis.sentinel_master(MASTER)
        except RedisError:
            return False
    return isinstance(seen, dict) and (seen["num-slaves"], seen["num-other-sentinels"]) == (1, 2)


async def _is_master(redis: EmbeddedRedis) -> bool:
    async with _connected(redis.port) as client:
        try:
            return str((await client.info("replication"))["role"]) == "master"
        except RedisError:  # who becomes the master hangs up on all first
            return False


@asynccontextmanager
async def _connected(port: int) -> AsyncIterator[Redis]:
    redis = connect_redis(RedisSettings(host=HOST, port=port))
    try:
        yield redis
    finally:
        await close_redis(redis)
