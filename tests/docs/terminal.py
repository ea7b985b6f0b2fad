"""A shell that blocks of a page are typed into, word for word, with nothing of our own environment."""

import asyncio
import os
import signal
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.wait import eventually

ANSWERS_WITHIN = 90.0  # a block of a few commands, on a busy machine
ENDS_WITHIN = 90.0


@dataclass
class Terminal:
    """`lines` is all that it has shown so far, `typed` how many blocks were typed that end.

    A command that fails closes it, as `sh -e` does.
    """

    process: Process
    lines: list[str] = field(default_factory=list)
    typed: int = 0

    async def type(self, block: str) -> str:
        """What the block showed when all its commands have ended well; AssertionError when one failed."""
        self.typed += 1
        done, before = f"[block {self.typed} is done]", len(self.lines)
        self._send(f"{block}\nprintf '\\n{done}\\n'\n")
        await eventually(lambda: done in self.lines or self._closed, ANSWERS_WITHIN, what=f"it is done: {block}")
        shown = "\n".join(self.lines[before:])
        assert done in shown, f"a command failed\n{block}\n{shown}"
        return shown

    async def type_until(self, block: str, text: str) -> str:
        """The same, typed again and again until it shows the text; what fails before that is only too early."""

        async def shows() -> str | None:
            shown = await self.type(f"set +e\n{block}\nset -e")
            return shown if text in shown else None

        return await eventually(shows, ANSWERS_WITHIN, what=f"{text!r} is shown by: {block}")

    async def leave_running(self, block: str, says: str) -> None:
        """Type a block whose last command runs on, and wait for what it says when it stands."""
        self._send(f"{block}\n")
        await eventually(lambda: self._says(says) or self._closed, ANSWERS_WITHIN, what=f"{says!r} after: {block}")
        assert self._says(says), "\n".join(self.lines)

    async def end(self, number: signal.Signals) -> None:
        """Send it to all that runs here, as Ctrl-C does, and wait until nothing of it is left.

        The shell goes by the end of its input too: started in the background, the tests had it ignore Ctrl-C.
        """
        os.killpg(self.process.pid, number)
        assert self.process.stdin is not None
        self.process.stdin.close()
        await eventually(lambda: self._closed, ENDS_WITHIN, what="all has ended that ran in the terminal")

    async def read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode().removesuffix("\n"))

    def _send(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode())

    def _says(self, text: str) -> bool:
        return any(text in line for line in self.lines)

    @property
    def _closed(self) -> bool:
        """Nobody is left who could show anything."""
        assert self.process.stdout is not None
        return self.process.stdout.at_eof()


@asynccontextmanager
async def terminal(folder: Path, environ: Mapping[str, str]) -> AsyncIterator[Terminal]:
    """In this folder, with this environment and no other. What still runs at its end is killed."""
    process = await asyncio.create_subprocess_exec(
        *("sh", "-e"), cwd=folder, env=environ, stdin=PIPE, stdout=PIPE, stderr=STDOUT, start_new_session=True
    )
    opened = Terminal(process)
    reading = asyncio.create_task(opened.read())
    try:
        yield opened
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        await reading
