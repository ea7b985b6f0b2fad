"""The download that the Temporal SDK offers: it fetches a CLI release when it starts a dev server without a path.

There is no public call for the download alone, so a server is started with it, on a port of its own, and stopped.
"""

import asyncio
import contextlib
import time
from pathlib import Path

from temporalio.testing import WorkflowEnvironment

from ticketsync.embedded.choices import NotUsable, Say
from ticketsync.embedded.runtime import own_runtime

LOOK_EVERY = 0.5
PARTIAL = ".downloading"


async def download(version: str, folder: Path, *, say: Say, stall: float = 10.0) -> Path:
    """The CLI release `version` (as `v1.9.1`) as a file in the empty `folder`.

    Raises NotUsable, also when nothing arrived for `stall` seconds.
    """
    say(f"asking for Temporal CLI {version}")
    error = await _fetch(version, folder, stall)
    files = [file for file in folder.iterdir() if file.suffix != PARTIAL]
    if len(files) != 1:  # one is enough even if its server was too slow to start
        raise NotUsable(str(error) if error else f"the SDK left {len(files)} files where one was expected")
    return files[0]


async def _fetch(version: str, folder: Path, stall: float) -> BaseException | None:
    fetching = asyncio.create_task(_start_and_stop(version, folder))
    try:
        await _until_done_or_stalled(fetching, folder, stall)
    finally:
        fetching.cancel()
        await asyncio.wait({fetching})
    return fetching.exception()


async def _start_and_stop(version: str, folder: Path) -> None:
    server = await WorkflowEnvironment.start_local(
        dev_server_download_version=version,
        download_dest_dir=str(folder),
        runtime=own_runtime(),
    )
    await server.shutdown()


async def _until_done_or_stalled(fetching: asyncio.Task[None], folder: Path, stall: float) -> None:
    size, since = 0, time.monotonic()
    while not fetching.done():
        await asyncio.wait({fetching}, timeout=LOOK_EVERY)
        if (now := _size(folder)) != size:
            size, since = now, time.monotonic()
        elif time.monotonic() - since > stall:
            raise NotUsable(f"nothing arrived for {stall:g} s")


def _size(folder: Path) -> int:
    with contextlib.suppress(FileNotFoundError):  # the SDK renames the file when it is whole
        return sum(file.stat().st_size for file in folder.iterdir())
    return 0
