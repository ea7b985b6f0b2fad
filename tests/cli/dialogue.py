"""A command in a terminal of its own: what it asks, and what is typed."""

import asyncio
import os
import pty
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.cli.programs import ENDS_WITHIN, OURS, STARTS_WITHIN
from tests.support.wait import eventually


@dataclass
class Dialogue:
    """`shown` is all that was on the screen so far, what was typed included where it is shown."""

    process: asyncio.subprocess.Process
    screen: int
    shown: str = ""
    answered: int = field(default=0)

    async def asked(self, question: str, answer: str) -> None:
        """Type the answer once this is asked, after everything that was answered before."""
        await self.shows(question)
        self.answered = len(self.shown)
        os.write(self.screen, f"{answer}\n".encode())

    async def shows(self, words: str) -> None:
        try:
            await eventually(lambda: words in self.shown[self.answered :], STARTS_WITHIN, what=f"it shows {words!r}")
        except AssertionError:
            raise AssertionError(f"it never showed {words!r}, but: {self.shown[-2000:]}") from None

    async def ended(self) -> int:
        async with asyncio.timeout(ENDS_WITHIN):
            return await self.process.wait()


@asynccontextmanager
async def dialogue(*arguments: str, folder: Path, environ: Mapping[str, str]) -> AsyncIterator[Dialogue]:
    screen, its = pty.openpty()
    others = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ticketsync", *arguments),
        stdin=its,
        stdout=its,
        stderr=its,
        cwd=folder,
        env={**others, **environ, "COLUMNS": "160"},
        start_new_session=True,  # or a password would be asked for in the terminal of whoever runs the tests
    )
    os.close(its)
    running, loop = Dialogue(process, screen), asyncio.get_running_loop()
    loop.add_reader(screen, _take, running, loop)
    try:
        yield running
    finally:
        loop.remove_reader(screen)
        os.close(screen)
        if process.returncode is None:
            process.kill()
            await process.wait()


def _take(running: Dialogue, loop: asyncio.AbstractEventLoop) -> None:
    try:
        taken = os.read(running.screen, 65536)
    except OSError:  # the other end of a terminal is closed: it has ended
        taken = b""
    if taken:
        running.shown += taken.decode(errors="replace")
    else:
        loop.remove_reader(running.screen)
