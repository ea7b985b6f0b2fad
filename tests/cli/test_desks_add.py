"""`ticketsync desks add`: each part is tried as it is given, and what is written is what server and worker load."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click import ClickException
from click.testing import CliRunner, Result

from tests.cli.dialogue import dialogue
from tests.docs.command_tree import mistake
from ticketsync.cli import main
from ticketsync.cli.asking import Asking
from ticketsync.cli.desks_add import _write
from ticketsync.cli.first_calls import FirstCalls
from ticketsync.cli.new_desk import NewDesk, Secret
from ticketsync.embedded import EmbeddedRedis, free_port
from ticketsync.sandbox.http import serve
from ticketsync.sandbox.teamwork import Switches, TeamworkSandbox
from ticketsync.sandbox.zendesk import ZendeskSandbox
from ticketsync.settings import RedisSettings, Settings, load_settings, setting_names

TOKEN, KEY, PROJECT, TASK_LIST = "zendesk-sandbox-token", "twp_sandbox", 987654, 1234
VARIABLES = {f"{setting.env}{end}" for setting in setting_names() for end in ("", "_FILE")}
OTHER = """\
# all our desks
log_format = "json"   # for the collector

[desks.globex.zendesk]
subdomain = 'globex'
api_token_env = "GLOBEX"

[desks.globex.teamwork]
domain = "globex"
api_token_env = "GLOBEX"
project_id = 5"""


@dataclass
class Places:
    """The two sides, and a folder with a config file that may not be there yet."""

    zendesk: str
    teamwork: str
    folder: Path
    environ: dict[str, str]

    @property
    def config(self) -> Path:
        return self.folder / "ticketsync.toml"

    @property
    def flags(self) -> dict[str, str]:
        """All that is needed."""
        return {
            "--config": str(self.config),
            "--zendesk-base-url": self.zendesk,
            "--zendesk-email": "sync@sandbox.example",
            "--zendesk-api-token-env": "ZENDESK_TOKEN",
            "--teamwork-base-url": self.teamwork,
            "--teamwork-api-token-env": "TEAMWORK_KEY",
            "--teamwork-project-id": str(PROJECT),
            "--teamwork-calls-per-minute": "3000",
        }

    async def add(self, desk: str, *arguments: str, without: tuple[str, ...] = (), **environ: str) -> Result:
        """`desks add` where nobody can be asked. Nothing that a person can cause may end in a traceback."""
        flags = [word for flag, value in self.flags.items() if flag not in without for word in (flag, value)]
        given = dict.fromkeys(VARIABLES) | self.environ | environ
        command = ["desks", "add", desk, *flags, *arguments]
        result = await asyncio.to_thread(CliRunner().invoke, main, command, env=given, prog_name="ticketsync")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    def loaded(self, **environ: str) -> Settings:
        return load_settings({"config": str(self.config)}, self.environ | environ)


@pytest.fixture(scope="module")
async def sides() -> AsyncIterator[tuple[str, str]]:
    async with (
        ZendeskSandbox() as zendesk,
        serve(zendesk.app) as one,
        serve(TeamworkSandbox(switches=Switches(calls_per_minute=10_000)).app) as other,
    ):
        yield one.url, other.url


@pytest.fixture
def places(sides: tuple[str, str], redis_server: EmbeddedRedis, tmp_path: Path) -> Places:
    environ = {
        "ZENDESK_TOKEN": TOKEN,
        "TEAMWORK_KEY": KEY,
        "REDIS_HOST": redis_server.host,
        "REDIS_PORT": str(redis_server.port),
    }
    return Places(*sides, tmp_path, environ)


# --- with flags


async def test_what_it_writes_is_a_desk_that_can_be_loaded(places: Places) -> None:
    ran = await places.add("acme", "--on-closed", "complete", "--include-tags", "vip, it", "--settle-window", "90s")
    assert ran.exit_code == 0, ran.stderr
    desk = places.loaded().desk("acme")
    assert (desk.zendesk.base_url, desk.zendesk.email) == (places.zendesk, "sync@sandbox.example")
    assert (desk.teamwork.base_url, desk.teamwork.project_id, desk.teamwork.tasklist_id) == (
        places.teamwork,
        PROJECT,
        None,
    )
    assert (desk.policy.on_closed, desk.policy.settle_window.total_seconds()) == ("complete", 90)
    assert sorted(desk.policy.include_tags) == ["it", "vip"]
    assert TOKEN not in places.config.read_text()
    assert ran.stdout.splitlines()[0] == f"desk acme is in {places.config}"


async def test_it_says_what_to_type_next_and_that_can_be_typed(places: Places) -> None:
    ran = await places.add("acme")
    told = [line.split() for line in ran.stdout.splitlines() if line.startswith("  ticketsync ")]
    assert [words[3] for words in told] == ["worker", "server", "webhook", "check"]
    assert [found for words in told if (found := mistake(words, whole=True)) is not None] == []


async def test_who_is_told_by_alerts_is_taken_from_flags(places: Places) -> None:
    (places.folder / "chat").write_text("https://hooks.example/s3cret\n")
    (places.folder / "chat").chmod(0o600)
    given = ("--alert-webhook-file", str(places.folder / "chat"), "--alert-notes", "true", "--alert-after", "2h")
    ran = await places.add("acme", *given)
    assert ran.exit_code == 0, ran.stderr
    alerts = places.loaded().desk("acme").alerts
    assert alerts.webhook is not None
    assert alerts.webhook.get_secret_value() == "https://hooks.example/s3cret"
    assert (alerts.notes, alerts.after.total_seconds()) == (True, 7200)
    assert "s3cret" not in places.config.read_text() + ran.stdout
    without = (await places.add("globex", "--dry-run")).stdout
    assert "alerts" not in without


async def test_a_second_desk_leaves_all_that_is_there_as_it_is(places: Places) -> None:
    places.config.write_text(OTHER)
    places.config.chmod(0o640)
    ran = await places.add("acme", GLOBEX="s3cret")
    assert ran.exit_code == 0, ran.stderr
    assert places.config.read_text().startswith(OTHER)
    assert sorted(places.loaded(GLOBEX="s3cret").desks) == ["acme", "globex"]
    assert stat.S_IMODE(places.config.stat().st_mode) == 0o640


async def test_what_is_wrong_with_other_desks_is_told_and_does_not_stop_it(places: Places) -> None:
    places.config.write_text(OTHER)
    ran = await places.add("acme")
    assert ran.exit_code == 0, ran.stderr
    assert f"Warning: {places.config}:desks.globex.zendesk.api_token_env: the variable GLOBEX is not set" in ran.stderr


async def test_a_dry_run_shows_it_and_writes_nothing(places: Places) -> None:
    ran = await places.add("acme", "--dry-run")
    assert ran.exit_code == 0, ran.stderr
    assert list(places.folder.iterdir()) == []
    places.config.write_text(ran.stdout)
    assert places.loaded().desk("acme").teamwork.project_id == PROJECT
    told = json.loads((await places.add("globex", "--dry-run", "--json")).stdout)
    assert (told["desk"], told["dry_run"], told["files"]) == ("globex", True, [])


async def test_files_of_secrets_are_named_as_the_config_file_sees_them(places: Places) -> None:
    (places.folder / "token").write_text(f"{TOKEN}\n")
    elsewhere = places.folder.parent / f"{places.folder.name}-key"
    elsewhere.write_text(KEY)
    files = {"--zendesk-api-token-file": places.folder / "token", "--teamwork-api-token-file": elsewhere}
    given = [str(word) for pair in files.items() for word in pair]
    ran = await places.add("acme", *given, without=("--zendesk-api-token-env", "--teamwork-api-token-env"))
    assert ran.exit_code == 0, ran.stderr
    assert 'api_token_file = "token"' in places.config.read_text()
    assert f'api_token_file = "{elsewhere}"' in places.config.read_text()
    assert places.loaded().desk("acme").zendesk.api_token.get_secret_value() == TOKEN


async def test_a_file_behind_links_is_named_as_it_was_given(places: Places) -> None:
    """What is behind them goes away when whoever mounts the secret has rotated it."""
    mounted = places.folder / "..2026_1"
    mounted.mkdir()
    (mounted / "token").write_text(TOKEN)
    (places.folder / "..data").symlink_to("..2026_1")
    (places.folder / "token").symlink_to("..data/token")
    given = ("--zendesk-api-token-file", str(places.folder / "token"))
    ran = await places.add("acme", *given, without=("--zendesk-api-token-env",))
    assert ran.exit_code == 0, ran.stderr
    assert 'api_token_file = "token"' in places.config.read_text()
    mounted.rename(places.folder / "..2026_2")
    (places.folder / "..data").unlink()
    (places.folder / "..data").symlink_to("..2026_2")
    assert places.loaded().desk("acme").zendesk.api_token.get_secret_value() == TOKEN


async def test_variables_of_another_desk_are_no_answers(places: Places) -> None:
    """What the environment says is said of the desk `default`."""
    ran = await places.add("acme", without=("--zendesk-base-url",), ZENDESK_BASE_URL=places.zendesk)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr.startswith("Error: --zendesk-subdomain is missing: give it, or run this in a terminal")
    warned = await places.add("default", TEAMWORK_PROJECT_ID="5")
    assert warned.exit_code == 0, warned.stderr
    assert "Warning: these variables go before its keys: TEAMWORK_PROJECT_ID" in warned.stderr


@pytest.mark.parametrize(
    ("flag", "value", "code", "says"),
    [
        ("--zendesk-base-url", "http://127.0.0.1:{free}", 1, "Zendesk: unreachable"),
        ("--zendesk-base-url", "{zendesk}/desk", 1, "no Zendesk account answers at {zendesk}/desk"),
        ("--zendesk-base-url", "nowhere", 2, "base_url: give an address such as"),
        ("--zendesk-email", "nobody@sandbox.example", 1, "Zendesk: credentials_refused"),
        ("--zendesk-email", "carla@customer.example", 1, "use the token of an admin, customers cannot read tickets"),
        ("--zendesk-api-token-env", "NOT_SET", 1, "the variable NOT_SET is not set"),
        ("--zendesk-api-token-env", "WRONG", 1, "Zendesk: credentials_refused"),
        ("--teamwork-base-url", "{zendesk}/site", 1, "no Teamwork site answers at {zendesk}/site"),
        ("--teamwork-api-token-env", "WRONG", 1, "Teamwork: credentials_refused"),
        ("--teamwork-project-id", "4711", 1, "project 4711 is not there for the key's user"),
        ("--teamwork-project-id", "many", 2, "the number of a project is one of digits only"),
        ("--teamwork-tasklist-id", "77", 1, "77 is no open task list of the project: choose one of"),
        ("--on-closed", "burn", 2, "policy.on_closed"),
        ("--title", "{{nonsense}}", 2, "policy.title"),
        ("--settle-window", "soon", 2, "--settle-window: is not a duration"),
        ("--teamwork-calls-per-minute", "0", 2, "calls_per_minute"),
    ],
)
async def test_a_part_that_does_not_work_ends_it_with_one_message_and_nothing_is_written(
    places: Places, flag: str, value: str, code: int, says: str
) -> None:
    known = {"free": free_port(0), "teamwork": places.teamwork, "zendesk": places.zendesk}
    ran = await places.add("acme", flag, value.format(**known), WRONG="s3cret-wrong")
    assert (ran.exit_code, ran.stdout) == (code, "")
    assert says.format(**known) in ran.stderr.splitlines()[-1]
    assert list(places.folder.iterdir()) == []
    assert "s3cret" not in ran.stderr


async def test_a_desk_that_is_there_already_is_not_touched(places: Places) -> None:
    places.config.write_text(OTHER)
    ran = await places.add("globex")
    assert (ran.exit_code, places.config.read_text()) == (2, OTHER)
    assert ran.stderr.startswith(f"Error: desk globex is in {places.config} already")


@pytest.mark.parametrize("text", ["[desks", "desks = {}\n"])
async def test_a_file_that_takes_no_desk_stays_as_it_is(places: Places, text: str) -> None:
    places.config.write_text(text)
    ran = await places.add("acme")
    assert (ran.exit_code, places.config.read_text()) == (2, text)
    assert str(places.config) in ran.stderr.splitlines()[-1]


async def test_a_file_that_is_not_utf_8_stays_as_it_is(places: Places) -> None:
    """As some shells write what is put into a file."""
    places.config.write_text(OTHER, encoding="utf-16")
    ran = await places.add("acme")
    assert (ran.exit_code, places.config.read_text(encoding="utf-16")) == (2, OTHER)
    assert ran.stderr == f"Error: {places.config} cannot be read: it is not UTF-8, as TOML is\n"


async def test_secrets_that_were_written_go_again_when_the_config_file_cannot_be(places: Places) -> None:
    too_long = places.folder / ("n" * 250)  # with what is put around it while it is written
    with pytest.raises(ClickException, match="cannot be written: File name too long"):
        _write(_with_a_typed_token(places), too_long, "[desks.acme.zendesk]\n")
    assert list(places.folder.iterdir()) == []


async def test_a_file_of_secrets_that_came_meanwhile_is_not_overwritten(places: Places) -> None:
    new, there = _with_a_typed_token(places), places.folder / "acme-zendesk-token"
    there.write_text("of somebody else")
    with pytest.raises(ClickException, match="is there already"):
        _write(new, places.config, "[desks.acme.zendesk]\n")
    assert [file.read_text() for file in places.folder.iterdir()] == ["of somebody else"]


def _with_a_typed_token(places: Places) -> NewDesk:
    new = NewDesk("acme", places.config, Asking({}), FirstCalls(RedisSettings()))
    new.secrets.append(Secret(TOKEN, "api_token_file", "acme-zendesk-token", places.folder / "acme-zendesk-token"))
    return new


# --- in a terminal


async def test_in_a_terminal_it_asks_tries_and_asks_again_and_keeps_what_is_typed_to_itself(places: Places) -> None:
    async with dialogue("desks", "add", "acme", folder=places.folder, environ=places.environ) as person:
        await person.asked("Zendesk subdomain", f"http://127.0.0.1:{free_port(0)}")
        await person.shows("unreachable")
        await person.asked("Zendesk subdomain", places.zendesk)
        await person.asked("E-mail of an admin", "sync@sandbox.example")
        await person.asked("Zendesk API token", "wr0ng-token")
        await person.shows("credentials_refused")
        await person.asked("E-mail of an admin", "sync@sandbox.example")
        await person.asked("Zendesk API token", TOKEN)
        await person.shows("ok: sync@sandbox.example, admin")
        await person.asked("Teamwork site", places.teamwork)
        await person.asked("Teamwork API key", KEY)
        await person.asked("Number of the project", "4711")
        await person.shows("project 4711 is not there")
        await person.asked("Number of the project", str(PROJECT))
        await person.shows(f"{TASK_LIST}  Zendesk tickets")
        await person.asked("Number of the task list", str(TASK_LIST))
        await person.shows("Zendesk closes every solved ticket by itself")
        await person.asked("A closed ticket's task", "complete")
        await person.shows("desk acme is in ticketsync.toml")
        assert await person.ended() == 0
        assert not any(secret in person.shown for secret in (TOKEN, KEY, "wr0ng-token"))
    desk = places.loaded().desk("acme")
    assert (desk.teamwork.tasklist_id, desk.policy.on_closed) == (TASK_LIST, "complete")
    assert desk.teamwork.api_token.get_secret_value() == KEY
    files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in places.folder.iterdir()}
    assert files == {"acme-zendesk-token": 0o600, "acme-teamwork-key": 0o600, "ticketsync.toml": 0o644}


async def test_in_a_terminal_flags_are_not_asked_for(places: Places) -> None:
    flags = [word for pair in places.flags.items() for word in pair]
    arguments = ("desks", "add", "acme", *flags, "--teamwork-tasklist-id", str(TASK_LIST), "--on-closed", "keep")
    async with dialogue(*arguments, folder=places.folder, environ=places.environ) as person:
        await person.shows("desk acme is in")
        assert await person.ended() == 0
        assert "?" not in person.shown
    assert places.loaded().desk("acme").policy.on_closed == "keep"


async def test_what_others_write_while_the_questions_are_answered_stays(places: Places) -> None:
    places.config.write_text(OTHER)
    flags = [word for flag, value in places.flags.items() if flag != "--teamwork-project-id" for word in (flag, value)]
    async with dialogue("desks", "add", "acme", *flags, folder=places.folder, environ=places.environ) as person:
        await person.shows("Number of the project")
        places.config.write_text(OTHER.replace("globex", "initech") + "\n\n" + OTHER.partition("collector\n")[2])
        await person.asked("Number of the project", str(PROJECT))
        await person.asked("Number of the task list", "")
        await person.asked("A closed ticket's task", "keep")
        assert await person.ended() == 0, person.shown
    assert sorted(places.loaded(GLOBEX="s3cret").desks) == ["acme", "globex", "initech"]


async def test_a_desk_that_somebody_else_adds_meanwhile_is_not_added_twice(places: Places) -> None:
    flags = [word for flag, value in places.flags.items() if flag != "--teamwork-project-id" for word in (flag, value)]
    async with dialogue("desks", "add", "globex", *flags, folder=places.folder, environ=places.environ) as person:
        await person.shows("Number of the project")
        places.config.write_text(OTHER)
        await person.asked("Number of the project", str(PROJECT))
        await person.asked("Number of the task list", "")
        await person.asked("A closed ticket's task", "keep")
        await person.shows("desk globex is in")
        assert await person.ended() == 2
    assert places.config.read_text() == OTHER


@pytest.mark.parametrize("name", ["acme-zendesk-token", "acme-teamwork-key"])
async def test_a_file_of_secrets_that_is_there_is_told_before_the_first_question(places: Places, name: str) -> None:
    (places.folder / name).write_text("the only copy")
    async with dialogue("desks", "add", "acme", folder=places.folder, environ=places.environ) as person:
        await person.shows(f"Error: {name} is there already: use it by --zendesk-api-token-file")
        assert await person.ended() == 2
        assert "?" not in person.shown
        assert "subdomain" not in person.shown
    assert [(file.name, file.read_text()) for file in places.folder.iterdir()] == [(name, "the only copy")]


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        *[("--teamwork-calls-per-minute", "0"), ("--title", "{nonsense}"), ("--alert-after", "soon")],
        *[("--zendesk-webhook-secret-file", "missing"), ("--alert-webhook-file", "missing")],
    ],
)
async def test_a_flag_that_no_answer_could_put_right_ends_it_before_the_first_question(
    places: Places, flag: str, value: str
) -> None:
    command = ("desks", "add", "acme", flag, value)
    async with dialogue(*command, folder=places.folder, environ=places.environ) as person:
        await person.shows("Error: ")
        assert await person.ended() in (1, 2)
        assert "subdomain" not in person.shown
