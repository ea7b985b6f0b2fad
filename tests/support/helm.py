"""Which `helm` the chart's checks run: one on PATH that is new enough, else one built from `tools/helm` and kept."""

import asyncio
import hashlib
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from platformdirs import user_cache_path

from ticketsync.embedded import Say
from ticketsync.embedded.choices import NotUsable
from ticketsync.embedded.locks import file_lock
from ticketsync.embedded.temporal_build import GoProgram, build

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "tools" / "helm"
VERSION = "4.3.1"
HELM = GoProgram("Helm", "helm.sh/helm/v4/cmd/helm", 4)


async def find_helm(say: Say, *, may_build: bool, cache: Path | None = None) -> Path:
    """The path of a usable `helm`; `cache` is a folder, by default the user's cache.

    Raises NotUsable when there is none, or when it cannot be built.
    """
    on_path = await asyncio.to_thread(_on_path)
    if on_path is not None:
        return on_path
    kept = _kept(cache or user_cache_path("ticketsync"))
    if not await asyncio.to_thread(kept.exists):
        if not may_build:
            raise NotUsable(f"no Helm {VERSION} or newer here: `make chart` builds it")
        await _built(kept, say)
    return kept


def _kept(folder: Path) -> Path:
    key = hashlib.sha256((MODULE / "go.sum").read_bytes()).hexdigest()[:12]
    return folder / f"helm-{VERSION}-{sys.platform}-{platform.machine()}-{key}"


async def _built(kept: Path, say: Say) -> None:
    work = kept.with_name(f"{kept.name}.work")
    async with file_lock(kept.with_name(f"{kept.name}.lock"), on_wait=lambda: say("another process is building Helm")):
        if await asyncio.to_thread(kept.exists):  # by whoever held the lock before us
            return
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        try:
            (await build(MODULE, work, say=say, program=HELM)).replace(kept)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _on_path() -> Path | None:
    helm = shutil.which("helm")
    if helm is None:
        return None
    ran = subprocess.run([helm, "version", "--short"], capture_output=True, text=True, check=False)  # noqa: S603
    found, needed = re.match(r"v(\d+)\.(\d+)", ran.stdout), re.match(r"(\d+)\.(\d+)", VERSION)
    return Path(helm) if found and needed and _numbers(found) >= _numbers(needed) else None


def _numbers(match: re.Match[str]) -> tuple[int, ...]:
    return tuple(map(int, match.groups()))
