"""`ticketsync server` and `ticketsync worker` as processes that a storm kills and starts again."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from ticketsync.embedded import ChildProcess

OURS = ("TICKETSYNC_", "ZENDESK_", "TEAMWORK_", "REDIS_", "TEMPORAL_")
STARTS_WITHIN = 90.0  # on two busy cores


class Program:
    """One `ticketsync …` process. `ready` is what its log says when it is up (empty: at once); the log is kept over all
    its lives.
    """

    def __init__(self, name: str, *arguments: str, environ: Mapping[str, str], log: Path, ready: str) -> None:
        self.name = name
        self.lives = 0
        self._ready = ready
        self._log = log
        self._log_began = 0
        others = {variable: value for variable, value in os.environ.items() if not variable.startswith(OURS)}
        command = [sys.executable, "-m", "ticketsync", *arguments]
        self._process = ChildProcess(name, command, log=log, env={**others, **environ})

    async def start(self) -> None:
        """Return when it says that it is up. Raises ServerFailed with the end of its log."""
        self._log_began = len(self.log)
        self.lives += 1
        await self._process.start()
        await self._process.wait_ready(self._is_ready, within=STARTS_WITHIN)

    async def kill(self) -> None:
        """End it at once, as a crash would (SIGKILL)."""
        await self._process.kill()

    async def stop(self) -> None:
        """End it in order (SIGTERM); a worker may take 30 s for what is under way."""
        await self._process.stop(grace=40)

    async def ended(self, *, within: float) -> int:
        """Its exit code, when it has ended by itself. Raises TimeoutError."""
        code = await self._process.wait(within=within)
        await self._process.kill()  # what is left of it: its log
        return code

    @property
    def pid(self) -> int | None:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.running

    @property
    def log(self) -> str:
        """All it has said in all its lives."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    async def _is_ready(self) -> bool:
        return self._ready in self.log[self._log_began :]
