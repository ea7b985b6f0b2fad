"""The image: its rules, and its install steps, carried out in a plain directory: no container engine is needed."""

import asyncio
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
from dockerfile_parse import DockerfileParser

from ticketsync import __version__
from ticketsync.cli.worker_probes import answering_probes
from ticketsync.embedded import free_port

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
HEALTH_CHECK = ROOT / "deploy" / "healthcheck.py"
ABSOLUTE = re.compile(r"(?<![\w./])/opt/")


class Step(NamedTuple):
    word: str
    value: str


def _stages() -> list[list[Step]]:
    """The steps of each stage, behind its FROM."""
    stages: list[list[Step]] = []
    for step in DockerfileParser(fileobj=io.BytesIO(DOCKERFILE.read_bytes())).structure:
        if step["instruction"] == "FROM":
            stages.append([])
        if stages:
            stages[-1].append(Step(step["instruction"], step["value"]))
    return stages


BUILD, IMAGE = _stages()


def _values(steps: list[Step], word: str) -> list[str]:
    return [step.value for step in steps if step.word == word]


# --- rules


def _hadolint(path: Path) -> subprocess.CompletedProcess[str]:
    hadolint = Path(sys.executable).with_name("hadolint")
    return subprocess.run([hadolint, path], capture_output=True, text=True, check=False)


def test_the_linter_of_dockerfiles_has_nothing_against_it(tmp_path: Path) -> None:
    assert _hadolint(DOCKERFILE).stdout == ""
    worse = tmp_path / "Dockerfile"
    worse.write_text(
        DOCKERFILE.read_text().replace("FROM python:${PYTHON}\n", "FROM python\nRUN apt-get install gcc\n")
    )
    assert "DL3006" in _hadolint(worse).stdout


def test_it_runs_as_nobody_in_particular_and_is_watched() -> None:
    (user,) = _values(IMAGE, "USER")
    assert all(int(part) > 999 for part in user.split(":"))
    assert [step.word for step in IMAGE].index("USER") > max(i for i, step in enumerate(IMAGE) if step.word == "RUN")
    assert _values(IMAGE, "ENTRYPOINT") == ['["ticketsync"]'], "signals reach the program itself"
    assert "/opt/ticketsync/healthcheck.py" in _values(IMAGE, "HEALTHCHECK")[0]


def test_no_build_tool_comes_into_it() -> None:
    copied = _values(IMAGE, "COPY")
    assert copied == ["--from=build /opt/ticketsync /opt/ticketsync"]


def test_the_base_images_own_build_tools_are_taken_out(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path], check=True)
    (tools,) = (tmp_path / "lib").glob("*/site-packages")
    (tools / "wheel-0.45.1.dist-info").mkdir()
    (tools / "wheel-0.45.1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: wheel\nVersion: 0.45.1\n")
    (tools / "wheel-0.45.1.dist-info" / "RECORD").write_text(
        "wheel-0.45.1.dist-info/METADATA,,\nwheel-0.45.1.dist-info/RECORD,,\n"
    )
    assert len(list(tools.glob("*.dist-info"))) == 3
    environ = {**os.environ, "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}
    for step in _values(IMAGE, "RUN"):
        subprocess.run(["sh", "-ec", step], env=environ, check=True)
    assert list(tools.glob("*.dist-info")) == []


def test_all_stages_have_one_python_of_a_version_that_the_tests_run_with() -> None:
    version = re.search(r"^ARG PYTHON=(\d+\.\d+)\.\d+-slim-\w+$", DOCKERFILE.read_text(), re.MULTILINE)
    assert version is not None
    assert version[1] in (ROOT / "Makefile").read_text()
    assert [_values(stage, "FROM")[0].split()[0] for stage in (BUILD, IMAGE)] == ["python:${PYTHON}"] * 2


def test_what_is_copied_is_there_and_is_not_ignored() -> None:
    ignored = DOCKERFILE.with_name("Dockerfile.dockerignore").read_text().splitlines()
    let_in = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    copied = {path for value in _values(BUILD, "COPY") for path in value.split()[:-1] if not path.startswith("--")}
    assert ignored[1] == "*"
    assert copied == let_in
    assert all((ROOT / path).exists() for path in copied)


# --- its steps


class Installed(NamedTuple):
    root: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A program of the image, away from the checkout and with nothing of its environment."""
        program = self.root / "opt" / "ticketsync" / "bin" / command[0]
        environ = {"PATH": f"{program.parent}:/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/nonexistent"}
        return subprocess.run(
            [program, *command[1:]], cwd="/", env=environ, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The steps of the build stage, with `/opt` and the working directory in a folder of ours."""
    root = tmp_path_factory.mktemp("image")
    here, python = root / "src", root / "python"
    here.mkdir()
    subprocess.run([sys.executable, "-m", "venv", python], check=True)
    environ = {**os.environ, "PATH": f"{python / 'bin'}:/usr/bin:/bin"} | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    environ.pop("PYTHONPATH", None)
    for step in BUILD:
        value = ABSOLUTE.sub(f"{root}/opt/", step.value)
        if step.word == "COPY":
            _copy(here, *value.split())
        elif step.word == "RUN":
            ran = subprocess.run(
                ["sh", "-ec", value], cwd=here, env=environ, capture_output=True, text=True, check=False
            )
            assert ran.returncode == 0, ran.stdout + ran.stderr
    return Installed(root)


def _copy(here: Path, *words: str) -> None:
    """As COPY does: into a folder when there are several or it says so, the content of a folder into a folder.

    The checkout is one with a umask of 077.
    """
    mode = next((word.partition("=")[2] for word in words if word.startswith("--chmod=")), "600")
    *sources, target = (word for word in words if not word.startswith("--"))
    into = here / target
    for source in sources:
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, into, ignore=shutil.ignore_patterns("__pycache__"))
            continue
        file = into / Path(source).name if target.endswith("/") else into
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / source, file)
        file.chmod(int(mode, 8))


def test_the_installed_program_runs_from_its_own_files(installed: Installed) -> None:
    ran = installed.run("ticketsync", "--version")
    assert (ran.returncode, __version__ in ran.stdout) == (0, True), ran.stderr
    where = installed.run("python", "-c", "import ticketsync; print(ticketsync.__file__)").stdout
    assert where.startswith(str(installed.root / "opt" / "ticketsync" / "lib"))


def test_exactly_what_is_locked_is_installed(installed: Installed) -> None:
    listed = installed.run(
        "python", "-c", "import importlib.metadata as m; [print(d.name, d.version) for d in m.distributions()]"
    )
    found = dict(line.split() for line in listed.stdout.splitlines())
    assert found.pop("ticketsync") == __version__
    lock = (ROOT / "requirements" / "runtime.txt").read_text()
    locked = set(re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==(\S+)", lock, re.MULTILINE))
    assert len(found) > 30
    assert {(_plain(name), version) for name, version in found.items()} <= locked
    assert not {"pip", "setuptools", "hatchling", "pytest"} & found.keys()


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_extra_for_tracing_is_there(installed: Installed) -> None:
    ran = installed.run(
        "python", "-c", "import temporalio.contrib.opentelemetry, opentelemetry.exporter.otlp.proto.http"
    )
    assert ran.returncode == 0, ran.stderr


def test_the_server_and_the_worker_start_on_a_disk_that_cannot_be_written(installed: Installed) -> None:
    """All of their files are compiled already, and they write none."""
    before = {path for path in installed.root.rglob("*.pyc") if "/opt/ticketsync/" in str(path)}
    assert len(before) > 300
    for command in ("server", "worker"):
        ran = installed.run("ticketsync", command, "--help")
        assert ran.returncode == 0, ran.stderr
        ran = installed.run("ticketsync", command)
        assert (ran.returncode, "ZENDESK_SUBDOMAIN" in ran.stderr) == (2, True), ran.stderr
    assert {path for path in installed.root.rglob("*.pyc") if "/opt/ticketsync/" in str(path)} == before


# --- its health check


def test_the_user_of_the_image_may_read_it_whatever_the_checkouts_umask(installed: Installed) -> None:
    assert (installed.root / "opt" / "ticketsync" / HEALTH_CHECK.name).stat().st_mode & 0o004


@pytest.fixture
async def probed() -> AsyncIterator[int]:
    port = free_port(0)
    async with answering_probes(f"127.0.0.1:{port}", lambda: False):
        yield port


async def _checked(server: int, worker: int) -> int | None:
    environ = {"TICKETSYNC_PORT": str(server), "TICKETSYNC_HEALTH_ADDRESS": f"0.0.0.0:{worker}"}
    process = await asyncio.create_subprocess_exec(sys.executable, HEALTH_CHECK, env=os.environ | environ)
    return await process.wait()


async def test_it_is_healthy_when_server_or_worker_answers(probed: int) -> None:
    assert await _checked(server=probed, worker=free_port(0)) == 0
    assert await _checked(server=free_port(0), worker=probed) == 0


async def test_it_is_not_healthy_when_nobody_answers() -> None:
    assert await _checked(server=free_port(0), worker=free_port(0)) == 1
