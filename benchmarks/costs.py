"""What a process spends its time on, by py-spy, which looks at the stacks of all its Python threads again and again.

It looks from outside: the threads that run workflows count like any other, and what the looking costs is not counted.
It starts the process itself, for a parent may look at its child where nobody may look at others, as in most containers.
It never stops the process to look (`--nonblocking`), which would wake the threads that wait, and counts only the thread
that holds the interpreter's lock (`--gil`): one that merely waits for its turn on a core is not at work.
"""

import os
import re
import signal
import sys
import sysconfig
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from benchmarks.service import Command
from ticketsync.embedded import ChildProcess

LOOKS_A_SECOND = 250
ENDS_WITHIN = 30.0
FILE = re.compile(r"\(([^()]+?)(?::\d+)?\)$")
AFTER_THE_START = frozenset({"uvloop/__init__.py", "threading.py"})  # in the event loop, or in another thread
CORE = "temporalio's core, in Rust"
HTTP = "httpx, with httpcore, h11 and anyio"
CALLED = {"httpx": HTTP, "httpcore": HTTP, "h11": HTTP, "anyio": HTTP}
IN_PARTS = frozenset({"ticketsync", "temporalio"})


def looking(stacks: Path) -> Command:
    """What to start a Python program under, to have the file `stacks` at its end. Raises FileNotFoundError."""
    py_spy = Path(sysconfig.get_path("scripts")) / "py-spy"
    if not py_spy.exists():
        raise FileNotFoundError(f"{py_spy} is missing: make setup")
    how = ("--nonblocking", "--gil", "--rate", str(LOOKS_A_SECOND), "--format", "raw", "--output", stacks)
    return (py_spy, "record", *how, "--")


async def end(process: ChildProcess) -> None:
    """End a program that was started under `looking`."""
    if process.pid is not None and process.running:
        os.kill(process.pid, signal.SIGINT)  # py-spy alone: it writes, and kills what it looked at
        await process.wait(within=ENDS_WITHIN)


def seen_at_work(stacks: Path) -> Counter[str]:
    """How often each library was, of ours and Temporal's each package, since the program's start was over.

    The file has py-spy's raw form: in each line the frames, the innermost last, and how often they were seen. Raises
    RuntimeError when there are none.
    """
    seen: Counter[str] = Counter()
    for line in stacks.read_text().splitlines() if stacks.exists() else ():
        frames, _, times = line.rpartition(" ")
        files = [found[1] for found in map(FILE.search, frames.split(";")) if found]
        if not AFTER_THE_START.isdisjoint(files):
            seen[_at_work(files)] += int(times)
    if not seen:
        raise RuntimeError(f"py-spy saw nothing at work in {stacks.name}: may it look at its child here (ptrace)?")
    return seen


def _at_work(files: list[str]) -> str:
    """The innermost library; what its standard one does, Python does for it."""
    for file in reversed(files):
        package, _, module = file.partition("/")
        if module and package not in sys.stdlib_module_names:
            part = module.partition("/")[0].removesuffix(".py")
            return f"{package}.{part}" if package in IN_PARTS else CALLED.get(package, package)
    return "Python's " + (files[-1].rpartition("/")[0].replace("/", ".") or files[-1].removesuffix(".py"))


def shares(seen: Mapping[str, int], core: float) -> list[tuple[str, float]]:
    """Percent of the process's time, most first: `core` is the part of Temporal's core, which has no Python stacks."""
    whole = sum(seen.values())
    parts = {CORE: core, **{name: (1 - core) * times / whole for name, times in seen.items()}}
    return sorted(((name, 100 * part) for name, part in parts.items()), key=lambda item: item[1], reverse=True)
