"""`ticketsync worker --processes`: several as one. No Temporal is needed to see them come and go together."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.cli.programs import ENDS_WITHIN, Program, program
from tests.settings.given import ONE_DESK
from tests.support.wait import eventually
from ticketsync.embedded import free_port

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="who started whom is in /proc")
NUMBER = 2


@asynccontextmanager
async def processes(*arguments: str) -> AsyncIterator[Program]:
    """Up, and waiting for a Temporal that is not there."""
    nowhere = {"TEMPORAL_ADDRESS": f"127.0.0.1:{free_port(0)}", "TICKETSYNC_LOG_FORMAT": "json"}
    arguments = ("worker", "--processes", str(NUMBER), *arguments)
    async with program(*arguments, environ=ONE_DESK | nowhere) as several:
        await eventually(lambda: len(waiting(several)) == NUMBER, what="all are up")
        pids = children(several)
        try:
            yield several
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def waiting(several: Program) -> set[int]:
    return {line["process"] for line in several.said("waiting for Temporal")}


def children(several: Program) -> list[int]:
    pid = several.process.pid
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def are_gone(pids: list[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


async def test_each_serves_its_metrics_on_a_port_of_its_own_and_a_signal_ends_them_all_in_order() -> None:
    first = free_port(0)
    async with processes("--metrics-address", f"127.0.0.1:{first}") as several, httpx.AsyncClient() as http:
        pids = children(several)
        assert len(pids) == NUMBER
        for port in range(first, first + NUMBER):
            assert (await http.get(f"http://127.0.0.1:{port}/metrics")).status_code == httpx.codes.OK
        assert await several.stopped(signal.SIGTERM) == 0
        assert are_gone(pids)


async def test_when_one_ends_by_itself_all_are_stopped_and_it_has_failed() -> None:
    async with processes() as several:
        pids = children(several)
        os.kill(pids[1], signal.SIGKILL)
        assert await asyncio.wait_for(several.process.wait(), ENDS_WITHIN) == 1
        assert are_gone(pids)
    (said,) = several.said("a process has ended by itself")
    assert said["exit_codes"] == {"2": -signal.SIGKILL}


async def test_they_do_not_outlive_a_parent_that_was_killed() -> None:
    async with processes() as several:
        pids = children(several)
        several.process.kill()
        await eventually(lambda: are_gone(pids), ENDS_WITHIN, what="they end")
