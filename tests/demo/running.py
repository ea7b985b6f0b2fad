"""`ticketsync dev` as a process of its own: in a terminal or in a pipe, on ports of its own."""

import asyncio
import os
import pty
import re
import signal
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.support.wait import eventually

STARTS_WITHIN, PLAYS_WITHIN, STOPS_WITHIN = 60.0, 150.0, 40.0
ANY_PORTS = ("--port", "0", "--temporal-port", "0", "--redis-port", "0", "--zendesk-port", "0", "--teamwork-port", "0")
COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class Dev:
    """A running `dev`, and what it has shown so far."""

    process: asyncio.subprocess.Process
    shown: list[bytes] = field(default_factory=list)

    @property
    def text(self) -> str:
        return COLOURS.sub("", b"".join(self.shown).decode(errors="replace"))

    async def shows(self, words: str, within: float = STARTS_WITHIN) -> None:
        try:
            await eventually(lambda: words in self.text, within, what=f"it shows {words!r}")
        except AssertionError:
            raise AssertionError(f"it never showed {words!r}, but: {self.text[-3000:]}") from None

    def address_of(self, part: str) -> str:
        """The address after the first mention of a part, such as "sandbox Zendesk"."""
        found = re.search(rf"{part}\s+(http://[0-9.:]+)", self.text)
        assert found is not None, self.text
        return found[1]

    async def ended(self, within: float = STOPS_WITHIN) -> int:
        async with asyncio.timeout(within):
            return await self.process.wait()

    async def stopped(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return await self.ended()

    def children(self) -> list[int]:
        """The processes that it started, by the kernel's word."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    # --- the sandboxes

    def zendesk(self) -> httpx.AsyncClient:
        auth = ("sync@sandbox.example/token", "zendesk-sandbox-token")
        return httpx.AsyncClient(base_url=self.address_of("sandbox Zendesk"), auth=auth)

    def teamwork(self, key: str = "twp_ann") -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.address_of("sandbox Teamwork"), auth=(key, "x"))

    async def create_ticket(self, subject: str) -> int:
        ticket = {"subject": subject, "comment": {"body": "?"}}
        async with self.zendesk() as client:
            answer = await client.post("/api/v2/tickets.json", json={"ticket": ticket})
        return int(answer.json()["ticket"]["id"])

    async def rename_ticket(self, ticket_id: int, subject: str) -> None:
        async with self.zendesk() as client:
            await client.put(f"/api/v2/tickets/{ticket_id}.json", json={"ticket": {"subject": subject}})

    async def tasks(self) -> list[dict[str, Any]]:
        """All tasks ever made."""
        async with self.teamwork() as client:
            answer = await client.get("/sandbox/tasks")
        tasks: list[dict[str, Any]] = answer.json()["tasks"]
        return tasks

    async def titles(self) -> list[str]:
        return [task["name"] for task in await self.tasks()]

    async def task_named(self, name: str) -> dict[str, Any] | None:
        return next((task for task in await self.tasks() if task["name"] == name), None)


@asynccontextmanager
async def dev_in_terminal(*arguments: str) -> AsyncIterator[Dev]:
    ours, its = pty.openpty()
    async with _dev(arguments, ours, its, stdin=its) as running:
        yield running


@asynccontextmanager
async def dev_in_pipe(*arguments: str) -> AsyncIterator[Dev]:
    ours, its = os.pipe()
    async with _dev(arguments, ours, its, stdin=DEVNULL) as running:
        yield running


@asynccontextmanager
async def _dev(arguments: tuple[str, ...], ours: int, its: int, *, stdin: int) -> AsyncIterator[Dev]:
    command = (sys.executable, "-m", "ticketsync", "dev", *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdin=stdin, stdout=its, stderr=its, env=_environ())
    os.close(its)
    running = Dev(process)
    loop = asyncio.get_running_loop()
    loop.add_reader(ours, _take, ours, running, loop)
    try:
        yield running
    finally:
        loop.remove_reader(ours)
        os.close(ours)
        if process.returncode is None:
            process.kill()
            await process.wait()


def _take(ours: int, running: Dev, loop: asyncio.AbstractEventLoop) -> None:
    try:
        taken = os.read(ours, 65536)
    except OSError:  # the other end of a terminal is closed: it has ended
        taken = b""
    if taken:
        running.shown.append(taken)
    else:
        loop.remove_reader(ours)


def _environ() -> dict[str, str]:
    names = ("TICKETSYNC_", "ZENDESK_", "TEAMWORK_", "REDIS_", "TEMPORAL_")
    ours = {name: value for name, value in os.environ.items() if not name.startswith(names)}
    binary = os.environ.get("TICKETSYNC_TEMPORAL_PATH")
    chosen = {"TICKETSYNC_TEMPORAL_PATH": binary} if binary else {}
    return ours | chosen | {"COLUMNS": "160", "PYTHONUNBUFFERED": "1"}
