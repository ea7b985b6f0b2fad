"""Locks between processes, freed by the kernel when their holder ends, however it ends."""

import asyncio
import fcntl
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import BinaryIO

from ticketsync.embedded.errors import StateInUse

PAUSE = 0.05


@asynccontextmanager
async def file_lock(path: Path, *, on_wait: Callable[[], None] = lambda: None) -> AsyncIterator[None]:
    """Hold the lock file `path`; `on_wait` is called once if somebody else holds it. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        if not _try(file):
            on_wait()
            while not _try(file):  # noqa: ASYNC110 - flock has no way to wait that can be cancelled
                await asyncio.sleep(PAUSE)
        yield


@contextmanager
def claimed(folder: Path, name: str) -> Iterator[None]:
    """Hold `folder` for the server `name`; raises StateInUse when another process does."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("ab") as file:
        if not _try(file):
            raise StateInUse(f"{folder} is in use by another {name}: stop that one or choose another folder")
        yield


def ports_lock() -> Path:
    """The lock held from choosing ports until the server listens, so that two starts do not choose the same ones."""
    return Path(tempfile.gettempdir()) / f"ticketsync-{os.getuid()}-ports.lock"


def _try(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
