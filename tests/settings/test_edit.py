"""A config file that is changed stays the file that its writer knows, and all files those of their readers."""

import errno
import os
import stat
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketsync.settings.edit import name_in_config, write_secret, write_whole

SOMEBODY, SOME_GROUP = 12345, 23456
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
TABLE = ("desks", "acme", "zendesk")
FILE = """\
# all our desks
log_format = "json"   # for the collector

[desks.acme.zendesk]
subdomain = 'acme'    # not acme2

# the project
[desks.acme.teamwork]
project_id = 5
"""


def test_a_key_is_added_and_everything_else_stays(config: Path) -> None:
    config.write_text(FILE)
    name_in_config(config, TABLE, "webhook_secret_file", "acme-secret")
    after = config.read_text()
    assert [line for line in after.splitlines() if "webhook_secret_file" not in line] == FILE.splitlines()
    assert tomllib.loads(after)["desks"]["acme"]["zendesk"] == {
        "subdomain": "acme",
        "webhook_secret_file": "acme-secret",
    }


def test_a_key_that_is_there_gets_the_new_value(config: Path) -> None:
    config.write_text(FILE)
    for value in ("one", "two"):
        name_in_config(config, TABLE, "webhook_secret_file", value)
    assert config.read_text().count("webhook_secret_file") == 1
    assert tomllib.loads(config.read_text())["desks"]["acme"]["zendesk"]["webhook_secret_file"] == "two"


@pytest.mark.parametrize(
    "text",
    [
        'desks = {acme = {zendesk = {subdomain = "acme"}}}\n',
        'desks.acme.zendesk.subdomain = "acme"\n',
        '[desks]\nacme.zendesk.subdomain = "acme"\n',
        '[desks.acme]\nzendesk = {subdomain = "acme"}\n',
        '[desks.globex.zendesk]\nsubdomain = "globex"\n\n[desks.acme.zendesk]\nsubdomain = "acme"\n',
    ],
)
@given(value=st.text(max_size=30))
def test_any_way_to_write_a_table_is_understood(
    text: str, value: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    config = tmp_path_factory.mktemp("edit") / "ticketsync.toml"
    config.write_text(text)
    name_in_config(config, TABLE, "webhook_secret_file", value)
    wanted = tomllib.loads(text)
    wanted["desks"]["acme"]["zendesk"]["webhook_secret_file"] = value
    assert tomllib.loads(config.read_text()) == wanted


@pytest.mark.parametrize(
    ("text", "says"), [("desks = [", "no program can change its text"), ("[desks.globex]\n", "no table")]
)
def test_a_file_that_cannot_be_changed_is_left_as_it_is(config: Path, text: str, says: str) -> None:
    config.write_text(text)
    with pytest.raises(ValueError, match=says):
        name_in_config(config, TABLE, "key", "value")
    assert config.read_text() == text


def test_the_files_mode_stays_and_secrets_are_private(tmp_path: Path) -> None:
    config, secret = tmp_path / "config", tmp_path / "secret"
    config.write_text(FILE)
    config.chmod(0o644)
    name_in_config(config, TABLE, "key", "value")
    write_secret(secret, "hush")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (config, secret)] == [0o644, 0o600]


def test_what_is_there_keeps_its_mode_but_a_secret_is_for_owner_and_group_at_most(tmp_path: Path) -> None:
    config, secret = tmp_path / "config", tmp_path / "secret"
    for file, mode in ((config, 0o644), (config, 0o640), (secret, 0o640), (secret, 0o600)):
        file.write_text("old")
        file.chmod(mode)
        (write_whole if file is config else write_secret)(file, "new")
        assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("new", mode)
    secret.chmod(0o666)
    write_secret(secret, "new")
    assert stat.S_IMODE(secret.stat().st_mode) == 0o640


@AS_ROOT
def test_a_file_stays_that_of_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("old")
    os.chown(file, SOMEBODY, SOME_GROUP)
    for write in (write_whole, write_secret):
        write(file, "new")
        assert (file.stat().st_uid, file.stat().st_gid) == (SOMEBODY, SOME_GROUP)


@AS_ROOT
@pytest.mark.parametrize(("config_mode", "mode"), [(0o640, 0o640), (0o644, 0o600), (0o600, 0o600)])
def test_a_new_secret_of_root_is_for_those_who_read_the_config_file(
    config: Path, tmp_path: Path, config_mode: int, mode: int
) -> None:
    config.write_text(FILE)
    os.chown(config, SOMEBODY, SOME_GROUP)
    config.chmod(config_mode)
    secret = tmp_path / "secret"
    write_secret(secret, "hush", config=config)
    found = secret.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (SOMEBODY, SOME_GROUP, mode)


@AS_ROOT
@pytest.mark.parametrize(
    ("mode", "group", "stays"),
    [(0o644, "theirs", True), (0o640, "ours", True), (0o640, "theirs", False), (0o600, "ours", False)],
)
def test_a_file_that_its_readers_would_lose_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, group: str, stays: bool
) -> None:
    """Who may write into a folder can replace any file in it, but not give it away again."""
    file, ours = tmp_path / "file", os.getgid()
    file.write_text("old")
    os.chown(file, SOMEBODY, ours if group == "ours" else SOME_GROUP)
    file.chmod(mode)
    monkeypatch.setattr(os, "fchown", only_to(ours))
    if stays:
        write_whole(file, "new")
    else:
        with pytest.raises(PermissionError, match="its readers would lose it"):
            write_whole(file, "new")
    assert file.read_text() == ("new" if stays else "old")
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def only_to(group: int) -> Callable[[int, int, int], None]:
    """As the system answers one who is not root: a file may be given to groups of one's own only."""

    def fchown(_: int, user: int, to: int) -> None:
        if user != -1 or to != group:
            raise PermissionError(errno.EPERM, "Operation not permitted")

    return fchown


def test_several_who_change_a_file_at_once_lose_nothing_of_each_other(config: Path) -> None:
    config.write_text(FILE)
    keys = [f"key_{number}" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: name_in_config(config, TABLE, key, "v"), keys))
    assert set(keys) < set(tomllib.loads(config.read_text())["desks"]["acme"]["zendesk"])


def test_a_link_still_leads_to_its_file(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_whole(tmp_path / "link", "new")
    assert (tmp_path / "real").read_text() == "new"
    assert (tmp_path / "link").is_symlink()


def test_nothing_is_left_behind_when_it_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match=r"taken|directory"):
        write_whole(tmp_path / "taken", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
