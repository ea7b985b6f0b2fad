"""The files of the settings are watched: changes that can be used are taken over, others refused in one line."""

import asyncio
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.settings.given import ACME_TOKENS, ONE_DESK, TEAMWORK_TABLE, ZENDESK_TABLE, load
from ticketsync.logs import masked
from ticketsync.settings import Settings
from ticketsync.settings import watch as watching
from ticketsync.settings.watch import SettingsWatch

ACME = ZENDESK_TABLE + TEAMWORK_TABLE
GLOBEX = ACME.replace("desks.acme", "desks.globex")
Look = Callable[[], Settings | None]


@pytest.fixture
def look(config: Path) -> Look:
    """What each further look at the files finds; the first ones, at the start, are over. The file has one desk."""
    config.write_text(ACME)
    return started(config, ACME_TOKENS)


def started(config: Path, environ: dict[str, str]) -> Look:
    flags = {"config": str(config)} if config.exists() else {}
    watch = SettingsWatch(load(environ, **flags), flags, environ)
    assert [watch._look() for _ in range(3)] == [None] * 3
    return watch._look


def two_looks(look: Look) -> tuple[Settings | None, list[Any]]:
    """What the second look at a change finds, and what was logged."""
    with capture_logs() as logs:
        assert look() is None
        return look(), logs


def test_a_desk_that_is_added_is_there_once_the_file_rests(look: Look, config: Path) -> None:
    config.write_text(ACME + GLOBEX)
    new, logs = two_looks(look)
    assert new is not None
    assert list(new.desks) == ["acme", "globex"]
    assert logs == [
        {
            "event": "the desks of the settings have changed",
            "log_level": "info",
            "added": ["globex"],
            "changed": [],
            "removed": [],
        }
    ]
    assert look() is None


def test_a_changed_policy_and_a_desk_that_goes_are_noticed(look: Look, config: Path) -> None:
    config.write_text(ACME + GLOBEX)
    two_looks(look)
    config.write_text(ACME + '[desks.acme.policy]\ntitle = "#{id}"\n')
    new, logs = two_looks(look)
    assert new is not None
    assert new.desk("acme").policy.title == "#{id}"
    assert (logs[0]["changed"], logs[0]["removed"]) == (["acme"], ["globex"])


def test_what_changes_nothing_is_no_change(look: Look, config: Path) -> None:
    config.write_text(ACME + "# a comment\n")
    assert two_looks(look) == (None, [])


def test_a_secret_that_comes_while_the_process_runs_is_hidden_in_logs(config: Path, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("teamwork-before")
    config.write_text(ACME.replace('api_token_env = "ACME_TEAMWORK"', 'api_token_file = "token"'))
    look = started(config, ACME_TOKENS)
    token.write_text("teamwork-rotated")
    new, _ = two_looks(look)
    assert new is not None
    assert masked("twp_ teamwork-rotated") == "twp_ ***"


def test_a_file_that_is_still_being_written_is_not_read(look: Look, config: Path) -> None:
    for text in ("[desks", "[desks.acme", ACME, ACME + "[desks", ACME + GLOBEX):
        config.write_text(text)
        with capture_logs() as logs:
            assert look() is None
        assert logs == []
    new = look()
    assert new is not None
    assert list(new.desks) == ["acme", "globex"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[desks", "is not TOML"),
        (ACME + GLOBEX.replace("project_id = 5", "project_id = 0"), "desks.globex.teamwork.project_id"),
        (ACME + GLOBEX.replace("ACME_ZENDESK", "GLOBEX_ZENDESK"), "the variable GLOBEX_ZENDESK is not set"),
        (ACME + "[desks.acme.colours]\n", "unknown key"),
        (ACME.replace('api_token_env = "ACME_TEAMWORK"', 'api_token_file = "\\u0000"'), "teamwork.api_token_file"),
        ("", "no desk is left"),
        ('log_format = "json"\n', "no desk is left"),
        (f"nested = {'[' * 100_000}", "RecursionError"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_in_one_line_until_they_are_mended(
    look: Look, config: Path, text: str, says: str
) -> None:
    config.write_text(text)
    new, logs = two_looks(look)
    assert new is None
    (line,) = logs
    assert (line["event"], line["log_level"]) == (
        "the changed settings are refused and those before stay",
        "warning",
    )
    assert says in "".join(line["problems"])
    with capture_logs() as later:
        assert [look() for _ in range(3)] == [None] * 3
    assert later == []
    config.write_text(ACME + GLOBEX)
    mended, _ = two_looks(look)
    assert mended is not None


def test_a_file_that_is_gone_for_a_moment_changes_nothing(look: Look, config: Path) -> None:
    config.rename(config.with_suffix(".old"))
    assert look() is None
    config.with_suffix(".old").rename(config)
    with capture_logs() as logs:
        assert [look() for _ in range(3)] == [None] * 3
    assert logs == []


def test_a_file_that_stays_away_is_refused_and_no_desk_is_lost(look: Look, config: Path) -> None:
    config.unlink()
    new, logs = two_looks(look)
    assert new is None
    assert "cannot be read" in logs[0]["problems"][0]


def test_a_link_that_leads_to_another_file_is_noticed(config: Path, tmp_path: Path) -> None:
    """As an orchestrator changes the files that it mounts."""
    first, second = tmp_path / "one", tmp_path / "two"
    first.write_text(ACME)
    second.write_text(ACME + GLOBEX)
    config.symlink_to(first)
    look = started(config, ACME_TOKENS)
    fresh = tmp_path / "fresh"
    fresh.symlink_to(second)
    fresh.rename(config)
    new, _ = two_looks(look)
    assert new is not None
    assert list(new.desks) == ["acme", "globex"]


def test_a_secret_that_is_rotated_in_its_file_is_taken_over(config: Path, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("s3cret-old")
    config.write_text(ACME.replace('api_token_env = "ACME_TEAMWORK"', 'api_token_file = "token"'))
    look = started(config, ACME_TOKENS)
    secret.write_text("s3cret-newer")
    new, logs = two_looks(look)
    assert new is not None
    assert new.desk("acme").teamwork.api_token.get_secret_value() == "s3cret-newer"
    assert "s3cret" not in str(logs)


def test_a_secret_that_everybody_could_read_is_taken_over_once_that_is_mended(config: Path, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("s3cret-old")
    config.write_text(ACME.replace('api_token_env = "ACME_TEAMWORK"', 'api_token_file = "token"'))
    look = started(config, ACME_TOKENS)
    secret.write_text("s3cret-newer")
    secret.chmod(0o644)
    new, logs = two_looks(look)
    assert new is None
    assert "chmod 600" in str(logs)
    secret.chmod(0o600)
    new, _ = two_looks(look)
    assert new is not None


def test_a_secret_of_the_environments_desk_too(config: Path, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("s3cret-old")
    environ = {name: value for name, value in ONE_DESK.items() if name != "TEAMWORK_API_TOKEN"}
    look = started(config, environ | {"TEAMWORK_API_TOKEN_FILE": str(secret)})
    secret.write_text("s3cret-newer")
    assert two_looks(look)[0] is not None


def test_a_secrets_file_that_comes_later_is_waited_for(look: Look, config: Path, tmp_path: Path) -> None:
    config.write_text(ACME + GLOBEX.replace('api_token_env = "ACME_TEAMWORK"', 'api_token_file = "token"'))
    assert two_looks(look)[0] is None
    (tmp_path / "token").write_text("s3cret")
    new, _ = two_looks(look)
    assert new is not None
    assert "globex" in new.desks


def test_what_is_not_of_a_desk_counts_from_the_next_start_on(look: Look, config: Path) -> None:
    config.write_text('port = 1\n[redis]\nhost = "other"\n' + ACME + GLOBEX)
    new, logs = two_looks(look)
    assert new is not None
    assert (new.port, new.redis.host, list(new.desks)) == (8080, "localhost", ["acme", "globex"])
    assert (logs[0]["event"], logs[0]["settings"]) == (
        "changed settings count from the next start on",
        ["port", "redis"],
    )


def test_what_changed_between_the_start_and_the_first_look_is_noticed(config: Path) -> None:
    config.write_text(ACME)
    flags = {"config": str(config)}
    watch = SettingsWatch(load(ACME_TOKENS, **flags), flags, ACME_TOKENS)
    config.write_text(ACME + GLOBEX)
    found = [watch._look() for _ in range(3)]
    assert sum(one is not None for one in found) == 1


async def test_a_look_at_hundreds_of_desks_holds_up_nobody_else(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_EVERY", 0.01)
    write(config, ACME)
    flags = {"config": str(config)}
    changes = SettingsWatch(load(ACME_TOKENS, **flags), flags, ACME_TOKENS).changes()
    write(config, ACME + "".join(GLOBEX.replace("globex", f"globex-{number}") for number in range(500)))
    loaded, ticks = asyncio.ensure_future(anext(changes)), [time.monotonic()]
    async with asyncio.timeout(60):
        while not loaded.done():
            await asyncio.sleep(0.001)
            ticks.append(time.monotonic())
    assert len(loaded.result().desks) == 501
    longest = max(after - before for before, after in pairwise(ticks))
    assert longest < (ticks[-1] - ticks[0]) * 0.8
    await changes.aclose()  # type: ignore[attr-defined]


async def test_changes_come_as_they_are_made(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_EVERY", 0.01)
    write(config, ACME)
    flags = {"config": str(config)}
    changes = SettingsWatch(load(ACME_TOKENS, **flags), flags, ACME_TOKENS).changes()
    for text, desks in ((ACME + GLOBEX, {"acme", "globex"}), (GLOBEX, {"globex"})):
        write(config, text)
        async with asyncio.timeout(60):
            assert set((await anext(changes)).desks) == desks
    await changes.aclose()  # type: ignore[attr-defined]


def write(config: Path, text: str) -> None:
    config.write_text(text)
