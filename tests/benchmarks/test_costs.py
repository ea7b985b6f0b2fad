"""What py-spy saw is counted for the library that was at work, and the start is not counted."""

import sys
from pathlib import Path

import pytest

from benchmarks.costs import CORE, HTTP, end, looking, seen_at_work, shares
from tests.support.wait import eventually
from ticketsync.embedded import ChildProcess

LOOP = "<module> (ticketsync/__main__.py:5);run (uvloop/__init__.py:92)"
THREAD = "Thread._bootstrap (threading.py:1002);_worker (concurrent/futures/thread.py:83)"
AT_WORK = """
import pathlib, sys, threading, time
from waiting.asleep import sleep

def work():
    while True:
        if sum(range(1000)) and time.process_time() > 0.5:
            pathlib.Path(sys.argv[1]).touch()

for target in (work, *[sleep] * 20):
    threading.Thread(target=target, daemon=True).start()
sleep()
"""
ASLEEP = """
import time

def sleep():
    time.sleep(60)
"""


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    return tmp_path / "worker.stacks"


@pytest.mark.parametrize(
    ("innermost", "library"),
    [
        ("Event.model_validate (ticketsync/sync/event.py:7)", "ticketsync.sync"),
        ("settings (ticketsync/names.py:7)", "ticketsync.names"),
        ("activate (temporalio/worker/_workflow_instance.py:400)", "temporalio.worker"),
        ("to_payload (temporalio/converter.py:9);dumps (json/__init__.py:231)", "temporalio.converter"),
        ("BaseModel.model_dump (pydantic/main.py:1)", "pydantic"),
        ("handle (httpx/_client.py:1);write (h11/_connection.py:2);info (logging/__init__.py:3)", HTTP),
        ("Handle._run (asyncio/events.py:84)", "uvloop"),
    ],
)
def test_a_look_counts_for_the_innermost_library(stacks: Path, innermost: str, library: str) -> None:
    stacks.write_text(f"{LOOP};{innermost} 3\n{LOOP};{innermost} 4\n")
    assert seen_at_work(stacks) == {library: 7}


def test_threads_count_too(stacks: Path) -> None:
    stacks.write_text(f"{THREAD} 2\n{THREAD};decide (ticketsync/workflows/ticket.py:1) 5\n")
    assert seen_at_work(stacks) == {"Python's concurrent.futures": 2, "ticketsync.workflows": 5}


def test_pythons_own_work_counts_by_module(stacks: Path) -> None:
    stacks.write_text("Thread.run (threading.py:982) 2\n")
    assert seen_at_work(stacks) == {"Python's threading": 2}


def test_the_start_does_not_count(stacks: Path) -> None:
    start = (
        "<module> (ticketsync/__main__.py:1);_find_and_load (<frozen importlib._bootstrap>:1178);<module> (a/b.py:1)"
    )
    stacks.write_text(f"{start} 900\n{LOOP} 1\n")
    assert seen_at_work(stacks) == {"uvloop": 1}


def test_seeing_nothing_is_no_figure(stacks: Path) -> None:
    with pytest.raises(RuntimeError, match=r"py-spy saw nothing at work in worker.stacks"):
        seen_at_work(stacks)


def test_python_shares_what_the_core_has_left() -> None:
    assert shares({"pydantic": 3, "uvloop": 1}, core=0.5) == [(CORE, 50), ("pydantic", 37.5), ("uvloop", 12.5)]


async def test_threads_that_work_are_seen_and_those_that_wait_are_not(stacks: Path, tmp_path: Path) -> None:
    for name, text in (("working/__main__.py", AT_WORK), ("waiting/asleep.py", ASLEEP)):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).with_name("__init__.py").touch()
        (tmp_path / name).write_text(text)
    has_worked = tmp_path / "has_worked"
    command = [*looking(stacks), sys.executable, "-m", "working", has_worked]
    async with ChildProcess("working", command, cwd=tmp_path) as process:
        await eventually(has_worked.exists, what="the program works")
        await end(process)
        assert not process.running
    seen = seen_at_work(stacks)
    assert seen["working"] > 0.9 * seen.total()
