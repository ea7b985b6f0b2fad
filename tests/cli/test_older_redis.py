"""Where an older service's Redis is, as flags say it: what cannot be is one clear line."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from ticketsync.cli.import_redis import _source
from ticketsync.cli.output import Failed
from ticketsync.settings import RedisSettings

OURS = RedisSettings(host="redis", port=7000, db=1, password=SecretStr("ours"))
SENTINELS = RedisSettings(use_sentinel=True, sentinel_hosts=(("one", 26379),))


def test_without_flags_it_is_our_own() -> None:
    assert _source(OURS, None, None, None, None) == OURS
    assert _source(SENTINELS, None, None, 3, None) == SENTINELS.model_copy(update={"db": 3})


def test_another_database_of_our_own_keeps_all_else_and_another_server_nothing(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("theirs\n")
    assert _source(OURS, None, None, 3, None) == OURS.model_copy(update={"db": 3})
    other = _source(OURS, "older", None, None, tmp_path / "password")
    assert other == RedisSettings(host="older", password=SecretStr("theirs"))


@pytest.mark.parametrize("host", [None, "older"])
@pytest.mark.parametrize("text", ["two\nlines", "pässword"])
def test_a_password_that_cannot_be_one_is_told_and_not_repeated(tmp_path: Path, host: str | None, text: str) -> None:
    (tmp_path / "password").write_text(text)
    with pytest.raises(Failed, match="the older service's Redis: password: is empty or holds") as failed:
        _source(OURS, host, None, None, tmp_path / "password")
    assert failed.value.exit_code == 2
    assert "pässword" not in failed.value.message


@pytest.mark.parametrize(
    ("text", "mode", "said"), [("", 0o600, "is empty"), ("theirs", 0o644, "is open to every user")]
)
def test_a_file_that_keeps_no_password_is_told(tmp_path: Path, text: str, mode: int, said: str) -> None:
    file = tmp_path / "password"
    file.write_text(text)
    file.chmod(mode)
    with pytest.raises(Failed, match=f"--from-password-file: {file} {said}"):
        _source(OURS, "older", None, None, file)


def test_a_port_without_a_host_means_nothing_where_sentinels_name_the_server() -> None:
    with pytest.raises(Failed, match="--from-port: sentinels say where our own Redis is: give --from-host too"):
        _source(SENTINELS, None, 7000, None, None)
    assert _source(SENTINELS, "older", 7000, None, None) == RedisSettings(host="older", port=7000)
