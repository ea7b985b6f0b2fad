"""A child process that ends when we do, and only then.

It has a session of its own, so Ctrl-C in the terminal reaches us alone and we stop it in order; when we are killed the
kernel kills it too (see `_launcher.py`; on Linux). The kernel watches the *thread* that started it: start it from a
thread that lives as long as it should.
"""

import asyncio
import contextlib
import itertools
import os
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Self

from ticketsync.embedded.errors import ServerFailed

LAUNCHER = Path(__file__).with_name("_launcher.py")
PROBE_PAUSE = 0.02
TAIL_LINES = 15
TAIL_BYTES = 32768
GO_STACK = "goroutine "  # what a Go server prints from here on tells nobody


class ChildProcess:
    """One run of a command, its output in a log.

    `name` is how messages call it. The log is the file `log`, appended to, or without one an unnamed temporary file.
    Used as a context manager it is started on entry and stopped on exit.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.name = name
        self._command = [str(part) for part in command]
        self._log_path = log
        self._env = env
        self._cwd = cwd
        self._log: BinaryIO | None = None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it; raises OSError when the log cannot be opened. A command that cannot run shows as an early end."""
        self._log = self._open_log()
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", LAUNCHER, str(os.getpid())),
            *self._command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=self._log,
            stderr=asyncio.subprocess.STDOUT,
            env=self._env,
            cwd=self._cwd,
            start_new_session=True,
        )

    async def wait(self, *, within: float | None = None) -> int:
        """Its exit code, once it has ended; raises TimeoutError when that takes more than `within` seconds."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was not started")
        return await asyncio.wait_for(self._process.wait(), within)

    async def wait_ready(self, probe: Callable[[], Awaitable[bool]], *, within: float) -> None:
        """Return once `probe` answers true; raises ServerFailed when it ended or `within` seconds have passed."""
        try:
            async with asyncio.timeout(within):
                while not await probe():
                    self._check_running()
                    await asyncio.sleep(PROBE_PAUSE)
        except TimeoutError:
            raise ServerFailed(f"{self.name} does not answer after {within:g} s. {self._end_of_log()}") from None
        self._check_running()

    async def stop(self, *, grace: float = 10) -> None:
        """Ask it to end (SIGTERM), wait `grace` seconds, then kill it. Does nothing when it does not run."""
        try:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended(), grace)
        finally:
            await self.kill()

    async def kill(self) -> None:
        """End it and all it started at once (SIGKILL)."""
        self._signal(signal.SIGKILL)
        await self._ended()
        self._close_log()

    def output(self) -> str:
        """The end of its log, 32 KiB at most; empty once it was stopped."""
        if self._log is None:
            return ""
        size = os.fstat(self._log.fileno()).st_size
        # pread leaves the offset alone, which the child shares.
        return os.pread(self._log.fileno(), TAIL_BYTES, max(0, size - TAIL_BYTES)).decode(errors="replace")

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _signal(self, number: signal.Signals) -> None:
        # To its whole group: a compiler has workers. Never to an ended one, whose number may be somebody else's by now.
        if self._process is not None and self.running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    async def _ended(self) -> None:
        if self._process is not None:
            await self._process.wait()

    def _check_running(self) -> None:
        if self._process is not None and self._process.returncode is not None:
            code = self._process.returncode
            raise ServerFailed(f"{self.name} ended with code {code} while starting. {self._end_of_log()}")

    def _end_of_log(self) -> str:
        printed = self.output().splitlines()
        told = itertools.takewhile(lambda line: not line.startswith(GO_STACK), printed)
        lines = list(told)[-TAIL_LINES:]
        where = f" ({self._log_path})" if self._log_path else ""
        return "\n".join([f"The end of its log{where}:", *(f"  {line}" for line in lines)])

    def _open_log(self) -> BinaryIO:
        if self._log_path is None:
            return tempfile.TemporaryFile()
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        return self._log_path.open("ab+")

    def _close_log(self) -> None:
        if self._log is not None:
            self._log.close()
            self._log = None
