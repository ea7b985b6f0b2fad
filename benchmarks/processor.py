"""The processor time that a running process has used: in all, and in the threads of the Temporal SDK's core."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

TICKS = os.sysconf("SC_CLK_TCK")  # a second: what Linux tells is in these
CORE = re.compile(r"tokio-|temporal-|workflow-proc")
"""How the core, which is in Rust, calls its threads. All others run Python."""


@dataclass(frozen=True)
class Used:
    """Seconds. `core` is the part of it in the core's threads."""

    total: float
    core: float

    @classmethod
    def by(cls, pid: int) -> Self:
        """Since the process began. Raises RuntimeError where the kernel does not tell."""
        threads = [thread for thread in Path(f"/proc/{pid}/task").glob("*") if CORE.match(_told(thread / "comm"))]
        return cls(total=_seconds(Path(f"/proc/{pid}/stat")), core=sum(_seconds(each / "stat") for each in threads))

    def since(self, before: "Used") -> "Used":
        return Used(total=self.total - before.total, core=self.core - before.core)


def core_part(runs: Sequence[Used]) -> float:
    """The part of all that was used in the core's threads, over several runs."""
    return sum(run.core for run in runs) / sum(run.total for run in runs)


def _seconds(stat: Path) -> float:
    """User and system time: the 12th and 13th field after the name, which may hold anything up to a parenthesis."""
    fields = _told(stat).rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _told(file: Path) -> str:
    try:
        return file.read_text()
    except OSError as error:
        raise RuntimeError(f"processor times are in /proc of Linux only: {error.strerror}") from None
