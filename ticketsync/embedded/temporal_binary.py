"""Which Temporal binary runs our own server: the first usable one of five choices.

1. the path in `TICKETSYNC_TEMPORAL_PATH`
2. `temporal` on PATH
3. the cache, filled by 4 or 5
4. the download that the Temporal SDK offers (seconds, needs the internet)
5. a build of `tools/temporal` (minutes, needs a Go module proxy; see `temporal_build.py`)

A binary whose server is older than the pinned one is skipped with a line that says so: time skipping, which the tests
use, needs it (reference/temporal-python §2.3).
"""

import contextlib
import hashlib
import os
import platform
import re
import shutil
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

from platformdirs import user_cache_path

from ticketsync.embedded.choices import NotUsable, Say
from ticketsync.embedded.errors import TemporalUnavailable
from ticketsync.embedded.locks import file_lock
from ticketsync.embedded.process import ChildProcess
from ticketsync.embedded.temporal_build import MODULE, build
from ticketsync.embedded.temporal_download import download

PATH_VARIABLE = "TICKETSYNC_TEMPORAL_PATH"
CLI_VERSION = "1.9.1"
SERVER_VERSION = "1.32.0"
VERSION_DEADLINE = 30.0

Choice = tuple[str, Callable[[], Awaitable[Path]]]


async def find_temporal(say: Say, *, cache: Path | None = None, module: Path = MODULE) -> Path:
    """The path of a usable Temporal binary, downloaded or built if need be; `say` gets each line of progress.

    `cache` is a folder, by default the user's cache; `module` the folder of the Go module to build. Two processes that
    need a binary at once make one: the second waits. Raises TemporalUnavailable, which lists what was tried.
    """
    kept = cached_binary(cache, module)
    tried: dict[str, str] = {}
    found = await _first(_at_hand(kept), tried, say) or await _made(kept, module, tried, say)
    if found is None:
        raise TemporalUnavailable(_advice(tried))
    return found


def cached_binary(cache: Path | None = None, module: Path = MODULE) -> Path:
    """Where a downloaded or built binary is kept: another version, module or kind of machine has another name."""
    folder = cache or user_cache_path("ticketsync")
    sums = module / "go.sum"
    key = hashlib.sha256(sums.read_bytes() if sums.exists() else b"").hexdigest()[:12]
    return folder / f"temporal-{CLI_VERSION}-{sys.platform}-{platform.machine()}-{key}"


def _at_hand(kept: Path) -> list[Choice]:
    return [(PATH_VARIABLE, _configured), ("PATH", _on_path), ("cache", partial(_cached, kept))]


async def _made(kept: Path, module: Path, tried: dict[str, str], say: Say) -> Path | None:
    choices: list[Choice] = [
        ("cache", partial(_cached, kept)),  # whoever held the lock before us may have filled it
        ("download by the Temporal SDK", partial(_make, kept, partial(download, f"v{CLI_VERSION}", say=say))),
        (f"build of {module}", partial(_make, kept, partial(build, module, say=say))),
    ]
    try:
        async with file_lock(_lock_of(kept), on_wait=lambda: say("another process is fetching Temporal: waiting")):
            return await _first(choices, tried, say)
    except OSError as error:
        tried["cache"] = f"cannot be written: {error}"
        return None


async def _first(choices: Sequence[Choice], tried: dict[str, str], say: Say) -> Path | None:
    for label, choice in choices:
        try:
            return await choice()
        except NotUsable as reason:
            tried[label] = str(reason)
            if reason.surprising:
                say(f"skipping Temporal from {label}: {reason}")
    return None


async def _configured() -> Path:
    configured = os.environ.get(PATH_VARIABLE)
    if not configured:
        raise NotUsable("not set")
    return await _usable(Path(configured))


async def _on_path() -> Path:
    found = shutil.which("temporal")
    if found is None:
        raise NotUsable("no temporal there")
    return await _usable(Path(found))


async def _cached(kept: Path) -> Path:
    if not kept.exists():
        raise NotUsable(f"no {kept}")
    return await _usable(kept)


async def _make(kept: Path, make: Callable[[Path], Awaitable[Path]]) -> Path:
    """Let `make` put a binary into an empty folder, and keep it once it is whole and usable."""
    work = kept.with_name(f"{kept.name}.work")
    shutil.rmtree(work, ignore_errors=True)  # of one that was killed: a build leaves two gigabytes
    work.mkdir()
    try:
        fresh = await _usable(await make(work))
        return fresh.replace(kept)
    finally:
        shutil.rmtree(work, ignore_errors=True)


async def _usable(binary: Path) -> Path:
    version = await _server_version(binary)
    if _parts(version) < _parts(SERVER_VERSION):
        raise NotUsable(f"{binary} has server {version}, older than the needed {SERVER_VERSION}", surprising=True)
    return binary


async def _server_version(binary: Path) -> str:
    """The server inside: a binary that was built rather than released has no CLI version of its own."""
    async with ChildProcess("temporal --version", [binary, "--version"]) as process:
        with contextlib.suppress(TimeoutError):
            await process.wait(within=VERSION_DEADLINE)
        printed = process.output()
    if match := re.search(r"\bServer v?(\d+\.\d+\.\d+)", printed):
        return match[1]
    raise NotUsable(f"{binary} does not say its server's version: {printed.strip()[:200]!r}", surprising=True)


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _lock_of(kept: Path) -> Path:
    return kept.with_name(f"{kept.name}.lock")


def _advice(tried: dict[str, str]) -> str:
    lines = [f"  {label}: {reason}" for label, reason in tried.items()]
    helps = (
        f"What helps: install the Temporal CLI {CLI_VERSION} or newer; or set {PATH_VARIABLE} to one; "
        "or work in a checkout from where pip and Go reach their registries, so that it can be built."
    )
    return "\n".join(["no usable Temporal server binary. Tried:", *lines, helps])
