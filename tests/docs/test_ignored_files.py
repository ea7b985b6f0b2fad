"""Whoever sets up a desk in a clone of the repository, as the pages say, commits none of its secrets."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT
from ticketsync.cli.desks_add import CONFIG
from ticketsync.cli.new_desk import NEW_FILES
from ticketsync.cli.webhook_secret import NEW_FILE

GIT = shutil.which("git")
OF_COMMANDS = [CONFIG, *(f"acme-{name}" for name in (*NEW_FILES.values(), NEW_FILE))]
HALF_WRITTEN = [f".{name}.4711" for name in OF_COMMANDS]
OF_PAGES = re.findall(r">([a-z-]+)|--db-filename (\S+)", "\n".join(PAGES["docs/first-desk.md"].fences("sh")))


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if GIT is None:
        pytest.skip("git is not here")
    folder = tmp_path_factory.mktemp("clone")
    _git(folder, "init", "-q")
    shutil.copy(ROOT / ".gitignore", folder)
    return folder


def _is_ignored(clone: Path, name: str) -> bool:
    return _git(clone, "check-ignore", "-q", name) == 0


def _git(folder: Path, *words: str) -> int:
    return subprocess.run([str(GIT), *words], cwd=folder, check=False).returncode  # noqa: S603 - our own words


def test_the_pages_files_are_found() -> None:
    assert {first or second for first, second in OF_PAGES} == {"zendesk-token", "teamwork-key", "temporal.db"}


@pytest.mark.parametrize("name", [*OF_COMMANDS, *HALF_WRITTEN, *(first or second for first, second in OF_PAGES)])
def test_what_setting_up_a_desk_writes_is_not_committed(clone: Path, name: str) -> None:
    assert _is_ignored(clone, name)


@pytest.mark.parametrize("name", ["pyproject.toml", "docs/first-desk.md", "tests/cli/test_webhook_secret.py", "secret"])
def test_all_else_is(clone: Path, name: str) -> None:
    assert not _is_ignored(clone, name)
