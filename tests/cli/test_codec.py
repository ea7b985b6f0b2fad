"""`ticketsync codec keygen`: keys that the settings take, in files that nobody else reads."""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ticketsync.cli import main
from ticketsync.settings import load_settings, new_key


@pytest.fixture(autouse=True)
def _open_by_default() -> Iterator[None]:
    """As on most machines: a file that is merely written can be read by everybody."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def keygen(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["codec", "keygen", *arguments], prog_name="ticketsync")


def ids_in(file: Path) -> list[str]:
    settings = load_settings({"encryption_keys_file": str(file)}, {})
    return [key.id for key in settings.encryption_keys]


def test_a_key_is_printed_as_the_settings_take_it() -> None:
    printed = [keygen().stdout.strip() for _ in range(2)]
    (key,) = load_settings({}, {"TICKETSYNC_ENCRYPTION_KEYS": printed[0]}).encryption_keys
    assert key.text == printed[0] != printed[1]
    assert json.loads(keygen("--json").stdout).keys() == {"id", "file", "key"}


def test_a_file_gets_one_key_after_the_other_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    first, second = keygen("--file", str(file)), keygen("--file", str(file), "--json")
    told = json.loads(second.stdout)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ids_in(file)[1] == told["id"]
    assert first.stdout == f"key {ids_in(file)[0]} is in {file}: it encrypts and decrypts\n"
    assert (told["file"], told["key"]) == (str(file), None)
    third = keygen("--file", str(file))
    assert third.stdout == f"key {ids_in(file)[2]} is in {file}: it decrypts; the first one encrypts\n"
    assert len(file.read_text().splitlines()) == 3


def test_keys_that_are_there_stay_as_they_were_written(tmp_path: Path) -> None:
    file, one, two = tmp_path / "keys", new_key(), new_key()
    file.write_text(f"{one.text}, {two.text}")
    file.chmod(0o640)
    assert keygen("--file", str(file)).exit_code == 0
    assert ids_in(file)[:2] == [one.id, two.id]
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


@pytest.mark.parametrize("mode", [0o644, 0o606])
def test_a_file_that_others_can_open_gets_no_key(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "keys"
    file.write_text("as it was")
    file.chmod(mode)
    refused = keygen("--file", str(file))
    assert (refused.exit_code, file.read_text()) == (1, "as it was")
    assert "open to every user of the machine" in refused.stderr


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    refused = keygen("--file", str(tmp_path / "nowhere" / "keys"))
    said = f"Error: {tmp_path}/nowhere/keys: No such file or directory: no key was added\n"
    assert (refused.exit_code, refused.stderr) == (1, said)
