"""Prometheus' own promtool, which knows its rules best: that on PATH, else the pinned one, built once and kept.

The build takes about four minutes of two cores and goes into the user's cache, beside Temporal's binary.
"""

import asyncio
import hashlib
import json
import platform
import shutil
import sys
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from ticketsync.embedded import Say
from ticketsync.embedded.choices import NotUsable
from ticketsync.embedded.locks import file_lock
from ticketsync.embedded.temporal_build import _fitting_go, _run

MODULE = Path(__file__).parents[2] / "tools" / "promtool"
PACKAGE = "github.com/prometheus/prometheus/cmd/promtool"
OPTIONS = ("-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-tags=remove_all_sd")  # no cloud is discovered here


async def find_promtool(say: Say) -> Path:
    """A promtool. Raises NotUsable."""
    if found := shutil.which("promtool"):
        return Path(found)
    key = hashlib.sha256((MODULE / "go.sum").read_bytes()).hexdigest()[:12]
    kept = user_cache_path("ticketsync") / f"promtool-{sys.platform}-{platform.machine()}-{key}"
    if not kept.exists():
        async with file_lock(
            kept.with_suffix(".lock"), on_wait=lambda: say("another process builds promtool: waiting")
        ):
            if not kept.exists():
                await _build(kept, say)
    return kept


async def _build(kept: Path, say: Say) -> None:
    folder = kept.with_suffix(".work")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        go, env = await _fitting_go(MODULE, folder, say)
        say("building promtool: about 4 minutes, this once")
        built = folder / "promtool"
        await _run("building promtool", [go, "build", *OPTIONS, "-o", built, PACKAGE], say, env=env, cwd=MODULE)
        built.replace(kept)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Promtool:
    """`folder` takes the files that it reads."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self._binary = binary
        self._folder = folder

    async def check_rules(self, rules: Path) -> None:
        """Fails with what promtool says unless these are good rules."""
        await self._succeeds("check", "rules", "--lint=all", "--lint-fatal", str(rules))

    async def test_rules(self, test: dict[str, Any]) -> None:
        """Fails with what promtool says unless it is as the test expects."""
        path = self._folder / "test.yml"
        path.write_text(json.dumps(test), encoding="utf-8")  # which is YAML too
        await self._succeeds("test", "rules", str(path))

    async def _succeeds(self, *arguments: str) -> None:
        process = await asyncio.create_subprocess_exec(
            self._binary, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()


__all__ = ["NotUsable", "Promtool", "find_promtool"]
