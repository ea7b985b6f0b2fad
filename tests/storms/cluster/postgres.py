"""A PostgreSQL of our own, on loopback, with the disk as it comes: a commit waits for it."""

import os
import pwd
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.storms.cluster.binaries import postgres_binaries
from ticketsync.embedded import ChildProcess, EmbeddedError, free_port
from ticketsync.embedded.ports import LOOPBACK

USER = "temporal"
ENDS_WITHIN = 120.0
READY_WITHIN = 60.0
CONNECTIONS = 200


class Postgres:
    """One server on a fixed port, its data in `folder`. It can crash, and be started again."""

    def __init__(self, binaries: Path, folder: Path, port: int) -> None:
        self.port = port
        self._binaries = binaries
        self._data = folder / "data"
        listen = ("-h", LOOPBACK, "-p", str(port), "-k", str(folder), "-c", f"max_connections={CONNECTIONS}")
        command = [*_as_somebody(), str(binaries / "postgres"), "-D", str(self._data), *listen]
        self._process = ChildProcess(f"PostgreSQL {LOOPBACK}:{port}", command, log=folder / "postgres.log")

    @property
    def pid(self) -> int | None:
        return self._process.pid

    async def create(self) -> None:
        """Make its data folder. Raises EmbeddedError."""
        await self.run("initdb", "-D", str(self._data), "-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C")

    async def start(self) -> None:
        """Return when it takes connections. Raises ServerFailed."""
        await self._process.start()
        await self._process.wait_ready(self._is_ready, within=READY_WITHIN)

    async def crash(self) -> None:
        """End it at once, without a checkpoint: the next start has its log to read."""
        await self.run("pg_ctl", "-D", str(self._data), "-m", "immediate", "stop")
        await self._process.wait(within=ENDS_WITHIN)
        await self._process.kill()  # what is left of it: its log

    async def stop(self) -> None:
        """End it in order; connections that there still are are cut."""
        if self._process.running:
            await self.run("pg_ctl", "-D", str(self._data), "-m", "fast", "stop")
        await self._process.stop()

    async def ask(self, question: str) -> int:
        """The number that this SQL asks for. Raises EmbeddedError."""
        where = ("-h", LOOPBACK, "-p", str(self.port), "-U", USER, "-d", "postgres")
        return int(await self.run("psql", *where, "--no-psqlrc", "--tuples-only", "--no-align", "-c", question))

    async def run(self, program: str, *arguments: str) -> str:
        """What one of PostgreSQL's programs prints, run as the user whose the data are. Raises EmbeddedError."""
        command = [*_as_somebody(), str(self._binaries / program), *arguments]
        async with ChildProcess(program, command) as process:
            if await process.wait(within=ENDS_WITHIN):
                raise EmbeddedError(f"{program} failed: {process.output().strip()}")
            return process.output()

    async def _is_ready(self) -> bool:
        command = [
            str(self._binaries / "pg_isready"),
            "-q",
            "-h",
            LOOPBACK,
            "-p",
            str(self.port),
            "-U",
            USER,
            "-d",
            "postgres",
        ]
        async with ChildProcess("pg_isready", command) as process:
            return await process.wait(within=ENDS_WITHIN) == 0


@asynccontextmanager
async def postgres(folder: Path) -> AsyncIterator[Postgres]:
    """Running, with nothing in it; its data go into this empty folder. Raises EmbeddedError."""
    if os.geteuid() == 0:
        os.chown(folder, *_somebody())
    server = Postgres(postgres_binaries(), folder, free_port(0))
    await server.create()
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def _as_somebody() -> list[str]:
    """PostgreSQL refuses to run as root. Another user takes the death of our process no longer for his own."""
    if os.geteuid() != 0:
        return []
    user, group = _somebody()
    return ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--pdeathsig=KILL", "--"]


def _somebody() -> tuple[int, int]:
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid
