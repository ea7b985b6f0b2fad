"""A config file that is changed stays the file that its writer knows."""

import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketsync.settings.edit import name_in_config, write_whole

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


@pytest.mark.parametrize(("text", "says"), [("desks = [", "not TOML"), ("[desks.globex]\n", "no table")])
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
    write_whole(secret, "hush")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (config, secret)] == [0o644, 0o600]


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
