"""The programs of a cluster: the Temporal server and its schema tool, built from `tools/temporal-server`; PostgreSQL's.

The Temporal CLI's development server has no PostgreSQL inside; the server proper is not to be downloaded.
"""

import hashlib
import importlib.util
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from ticketsync.embedded import EmbeddedError, Say
from ticketsync.embedded.choices import NotUsable
from ticketsync.embedded.locks import file_lock
from ticketsync.embedded.temporal_build import build_packages

MODULE = Path(__file__).parents[3] / "tools" / "temporal-server"
PACKAGES = ("go.temporal.io/server/cmd/server", "go.temporal.io/server/cmd/tools/sql")
NO_POSTGRES = (
    "no PostgreSQL here (looked for initdb on PATH, below /usr/lib/postgresql and in the pgserver wheel): "
    "install it with the system's package manager"
)


@dataclass(frozen=True)
class TemporalTools:
    """The server, and what makes its tables."""

    server: Path
    sql: Path


async def temporal_tools(say: Say) -> TemporalTools:
    """From the user's cache; built first where they are not there, which takes minutes. Raises EmbeddedError."""
    key = hashlib.sha256((MODULE / "go.sum").read_bytes()).hexdigest()[:12]
    kept = user_cache_path("ticketsync") / f"temporal-server-{sys.platform}-{platform.machine()}-{key}"
    async with file_lock(kept.with_name(f"{kept.name}.lock")):
        if not kept.exists():
            await _build(kept, say)
    return TemporalTools(kept / "server", kept / "sql")


async def _build(kept: Path, say: Say) -> None:
    work = kept.with_name(f"{kept.name}.work")
    shutil.rmtree(work, ignore_errors=True)  # of one that was killed
    (work / "built").mkdir(parents=True)
    try:
        built = await build_packages(MODULE, PACKAGES, work / "built", say=say)
        built.replace(kept)
    except NotUsable as reason:
        raise EmbeddedError(f"the Temporal server cannot be built: {reason}") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)


def postgres_binaries() -> Path:
    """The folder with PostgreSQL's programs, its newest version first. Raises EmbeddedError."""
    found = next((folder for folder in _places() if (folder / "initdb").exists()), None)
    if found is None:
        raise EmbeddedError(NO_POSTGRES)
    return found


def _places() -> Iterator[Path]:
    if on_path := shutil.which("initdb"):
        yield Path(on_path).resolve().parent  # the others are beside it, whatever leads there
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(versions, key=lambda folder: int(folder.parent.name), reverse=True)
    spec = importlib.util.find_spec("pgserver")  # found, not imported: only the binaries are used
    yield from (Path(place) / "pginstall" / "bin" for place in (spec and spec.submodule_search_locations) or ())
