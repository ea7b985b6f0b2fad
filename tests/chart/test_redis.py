"""The scripts of the chart's three Redis, run as real processes: who is master, and what comes after it."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.chart.chart import FOLDER
from tests.support.wait import eventually
from ticketsync import embedded
from ticketsync.embedded import free_port
from ticketsync.embedded.process import ChildProcess
from ticketsync.redis_client import close_redis, connect_redis
from ticketsync.settings import RedisSettings

SCRIPTS = FOLDER / "files" / "redis"
PASSWORD = 'red"is \\ password'
HOST = "127.0.0.1"


@dataclass
class Node:
    """One pod of the three: its Redis and its sentinel."""

    redis: int = field(default_factory=lambda: free_port(0))
    sentinel: int = field(default_factory=lambda: free_port(0))
    running: AsyncExitStack = field(default_factory=AsyncExitStack)


@dataclass
class Trio:
    nodes: list[Node]
    folder: Path
    path: str

    async def start(self, node: Node) -> None:
        for script, port in (("redis", node.redis), ("sentinel", node.sentinel)):
            data = self.folder / f"{script}-{port}"
            data.mkdir(exist_ok=True)
            await node.running.enter_async_context(
                ChildProcess(script, ["sh", SCRIPTS / f"{script}.sh"], env=self._environ(node, port, data))
            )

    def _environ(self, node: Node, port: int, data: Path) -> dict[str, str]:
        """What `templates/redis.yaml` tells them, here by ports in place of host names."""
        return {
            "PATH": self.path,
            "SELF": f"{HOST}:{node.redis}",
            "FIRST": f"{HOST}:{self.nodes[0].redis}",
            "SENTINELS": " ".join(f"{HOST}:{one.sentinel}" for one in self.nodes),
            "MASTER": "mymaster",
            "PORT": str(port),
            "MAX_MEMORY": "100mb",
            "FOLDER": str(data),
            "REDISCLI_AUTH": PASSWORD,
        }

    async def roles(self) -> dict[int, str]:
        """By index, of those that answer: master or slave, in Redis' words."""
        found = {}
        for index, node in enumerate(self.nodes):
            async with Redis(host=HOST, port=node.redis, password=PASSWORD, decode_responses=True) as client:
                try:
                    replication = await client.info("replication")
                except (RedisError, OSError):
                    continue
                found[index] = str(replication["role"])
        return found

    @property
    def settings(self) -> RedisSettings:
        hosts = ",".join(f"{HOST}:{node.sentinel}" for node in self.nodes)
        return RedisSettings(use_sentinel=True, sentinel_hosts=hosts, password=PASSWORD)


@pytest.fixture
async def trio(say: embedded.Say, tmp_path: Path) -> AsyncIterator[Trio]:
    server = embedded.find_redis(say)
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "redis-server").symlink_to(server)
    cli = server.with_name("redis-cli")
    (tools / "redis-cli").symlink_to(cli if cli.exists() else shutil.which("redis-cli") or cli)
    trio = Trio([Node() for _ in range(3)], tmp_path, f"{tools}:/usr/bin:/bin")
    async with _stopped_at_the_end(trio):
        await asyncio.gather(*(trio.start(node) for node in trio.nodes))
        yield trio


@asynccontextmanager
async def _stopped_at_the_end(trio: Trio) -> AsyncIterator[None]:
    try:
        yield
    finally:
        for node in trio.nodes:
            await node.running.aclose()


async def test_the_first_is_master_and_when_it_is_gone_another_one_is(trio: Trio) -> None:
    await eventually(lambda: _is(trio, {0: "master", 1: "slave", 2: "slave"}), what="the first one is master")
    client = connect_redis(trio.settings)
    await eventually(lambda: _write(client), what="the service's own client finds the master by the sentinels")
    await eventually(lambda: _knows_the_others(trio), what="the sentinels know of each other and of the replicas")
    await trio.nodes[0].running.aclose()
    await eventually(lambda: _write(client), what="another one is master, and is found")
    taken_over = await trio.roles()
    assert sorted(taken_over.values()) == ["master", "slave"]
    # Its pod comes back with nothing: it asks who is master now, instead of being one beside him.
    await trio.start(trio.nodes[0])
    first = await eventually(lambda: _role(trio, 0), what="the first one answers")
    assert first == "slave", (
        "from its first answer on: the sentinels would mend it later, and lose what was written to it"
    )
    await eventually(lambda: _is(trio, taken_over | {0: "slave"}), what="all three are there again")
    await close_redis(client)


async def _is(trio: Trio, roles: dict[int, str]) -> bool:
    return await trio.roles() == roles


async def _role(trio: Trio, index: int) -> str | None:
    return (await trio.roles()).get(index)


async def _write(client: Redis) -> bool:
    try:
        return bool(await client.set("key", "value"))
    except (RedisError, OSError):
        return False


async def _knows_the_others(trio: Trio) -> bool:
    async with Redis(host=HOST, port=trio.nodes[2].sentinel, decode_responses=True) as sentinel:
        try:
            master: Any = await sentinel.sentinel_master("mymaster")
        except (RedisError, OSError):
            return False
    return bool(master["num-other-sentinels"] == 2 and master["num-slaves"] == 2)
