"""`ticketsync dev`, run as people run it: in a pipe, in a terminal, with a folder that keeps it."""

import asyncio
import json
import os
import pty
import re
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.support.wait import eventually

STARTS_WITHIN, PLAYS_WITHIN, STOPS_WITHIN = 60.0, 150.0, 40.0
ANY_PORTS = ("--port", "0", "--temporal-port", "0", "--redis-port", "0", "--zendesk-port", "0", "--teamwork-port", "0")
COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class Dev:
    """A running `dev` in a terminal of its own, and what it has shown so far."""

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

    async def stopped(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        async with asyncio.timeout(STOPS_WITHIN):
            return await self.process.wait()


@asynccontextmanager
async def dev(*arguments: str) -> AsyncIterator[Dev]:
    ours, its = pty.openpty()
    command = (sys.executable, "-m", "ticketsync", "dev", *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdin=its, stdout=its, stderr=its, env=_environ())
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
        running.shown.append(os.read(ours, 65536))
    except OSError:  # the other end is closed: it has ended
        loop.remove_reader(ours)


def _environ() -> dict[str, str]:
    names = ("TICKETSYNC_", "ZENDESK_", "TEAMWORK_", "REDIS_", "TEMPORAL_")
    return {name: value for name, value in os.environ.items() if not name.startswith(names)} | {"COLUMNS": "160"}


async def test_the_demo_in_a_pipe_plays_its_day_checks_its_own_table_and_ends_with_0() -> None:
    """Also with the usual ports taken, as by an unrelated Redis and Temporal."""
    with socket.socket() as redis, socket.socket() as temporal:
        for taken, port in ((redis, 6379), (temporal, 7233)):
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            _take_port(taken, port)
        command = (sys.executable, "-m", "ticketsync", "dev", "--demo")
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, env=_environ()
        )
        async with asyncio.timeout(PLAYS_WITHIN):
            out, _ = await process.communicate()
    text = out.decode()
    assert process.returncode == 0, text
    assert "tickets and their tasks are as they must be" in text
    assert "Traceback" not in text
    assert len({line.split()[0] for line in text.splitlines() if re.match(r"\d+\s", line)}) >= 30


def _take_port(taken: socket.socket, port: int) -> None:
    try:
        taken.bind(("127.0.0.1", port))
        taken.listen()
    except OSError:  # somebody else has it, which is as good
        return


async def test_ctrl_c_stops_everything_cleanly() -> None:
    async with dev(*ANY_PORTS) as running:
        await running.shows("Ctrl-C stops it")
        children = _children(running.process.pid)
        assert len(children) >= 2, "a Temporal server and a Redis"
        assert await running.stopped(signal.SIGINT) == 0
        assert "Traceback" not in running.text
        await eventually(lambda: not [pid for pid in children if Path(f"/proc/{pid}").exists()], what="no process left")


async def test_what_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    arguments = ("--state", str(tmp_path), *ANY_PORTS)
    async with dev(*arguments) as running:
        await running.shows("Ctrl-C stops it")
        ticket_id = await _create_ticket(running, "Before the stop")
        await eventually(lambda: _titles(running), what="the ticket has its task")
        assert await running.stopped(signal.SIGTERM) == 0
    async with dev(*arguments) as running:
        await running.shows("Ctrl-C stops it")
        await _rename_ticket(running, ticket_id, "After the start")
        await eventually(lambda: _has(running, "After the start"), 30, what="the same task is renamed")
        assert await _titles(running) == ["After the start"]
        assert await running.stopped(signal.SIGTERM) == 0


def _children(pid: int) -> list[int]:
    """The processes that this one started, by the kernel's word."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _zendesk(running: Dev) -> httpx.AsyncClient:
    auth = ("sync@sandbox.example/token", "zendesk-sandbox-token")
    return httpx.AsyncClient(base_url=running.address_of("sandbox Zendesk"), auth=auth)


async def _create_ticket(running: Dev, subject: str) -> int:
    async with _zendesk(running) as client:
        answer = await client.post(
            "/api/v2/tickets.json", json={"ticket": {"subject": subject, "comment": {"body": "?"}}}
        )
    return int(answer.json()["ticket"]["id"])


async def _rename_ticket(running: Dev, ticket_id: int, subject: str) -> None:
    async with _zendesk(running) as client:
        await client.put(f"/api/v2/tickets/{ticket_id}.json", content=json.dumps({"ticket": {"subject": subject}}))


async def _titles(running: Dev) -> list[str]:
    """The names of all tasks ever made."""
    async with httpx.AsyncClient(base_url=running.address_of("sandbox Teamwork")) as client:
        answer = await client.get("/sandbox/tasks")
    return [task["name"] for task in answer.json()["tasks"]]


async def _has(running: Dev, title: str) -> bool:
    return title in await _titles(running)
