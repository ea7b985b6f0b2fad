"""`python -m ticketsync …` as processes of their own: commands that answer and end, and programs that run on."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.wait import eventually

OURS = ("TICKETSYNC_", "ZENDESK_", "TEAMWORK_", "REDIS_", "TEMPORAL_")
STARTS_WITHIN = 90.0  # on a busy machine
ENDS_WITHIN = 90.0


@dataclass(frozen=True)
class Ran:
    """A command that has ended. Nothing that a person can cause may end in a traceback."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


async def run(*arguments: str, environ: Mapping[str, str] | None = None) -> Ran:
    process = await _start(arguments, environ or {}, out=PIPE)
    async with asyncio.timeout(STARTS_WITHIN):
        out, err = await process.communicate()
    ran = Ran(process.returncode or 0, out.decode(), err.decode())
    assert "Traceback" not in ran.err, ran.err
    return ran


async def at_a_terminal(*arguments: str, environ: Mapping[str, str], typed: str) -> tuple[int, str]:
    """The exit code of a command that a person at a terminal has typed this to, and what it said beside its answer."""
    master, slave = os.openpty()
    try:
        os.write(master, typed.encode())
        process = await _start(arguments, environ, out=PIPE, stdin=slave)
        async with asyncio.timeout(STARTS_WITHIN):
            _, err = await process.communicate()
    finally:
        os.close(master)
        os.close(slave)
    assert "Traceback" not in err.decode(), err.decode()
    return process.returncode or 0, err.decode()


@dataclass
class Program:
    """A program that runs on, and the lines it has said so far: `out` as they are, `logs` as JSON."""

    process: Process
    out: list[str] = field(default_factory=list)
    logs: list[dict[str, Any]] = field(default_factory=list)

    def said(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.logs if line["event"].startswith(event)]

    async def says(self, event: str) -> dict[str, Any]:
        """The first log line that begins so, when it is there."""
        return (await eventually(lambda: self.said(event), STARTS_WITHIN, what=f"it logs {event!r}"))[0]

    async def stopped(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Its exit code after this signal."""
        self.process.send_signal(number)
        async with asyncio.timeout(ENDS_WITHIN):
            return await self.process.wait()

    async def read(self) -> None:
        await asyncio.gather(self._read_out(), self._read_err())

    async def _read_out(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.out.append(line.decode())

    async def _read_err(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.logs.append(json.loads(line))  # anything but JSON, as a traceback, fails here


@asynccontextmanager
async def program(*arguments: str, environ: Mapping[str, str] | None = None) -> AsyncIterator[Program]:
    """Killed at the end if it has not ended by itself."""
    running = Program(await _start(arguments, environ or {}, out=PIPE))
    reading = asyncio.create_task(running.read())
    try:
        yield running
    finally:
        if running.process.returncode is None:
            running.process.kill()
        await running.process.wait()
        await reading


async def _start(arguments: tuple[str, ...], environ: Mapping[str, str], out: int, stdin: int = DEVNULL) -> Process:
    others = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    command = [sys.executable, "-m", "ticketsync", *arguments]
    return await asyncio.create_subprocess_exec(
        *command, env={**others, **environ}, stdin=stdin, stdout=out, stderr=PIPE
    )
