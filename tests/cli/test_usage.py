"""What holds for every command: help, flags, exit codes, one message instead of a traceback."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from ticketsync import __version__
from ticketsync.cli import COMMANDS, main
from ticketsync.cli.flags import SettingsCommand
from ticketsync.settings import load_settings, setting_names

RUNS_ON = {"server", "worker", "dev"}
HAS_NO_DESK = {"server", "worker", "dev", "sandbox", "config show", "desks list", "codec keygen"}
DESK = {
    "ZENDESK_SUBDOMAIN": "acme",
    "ZENDESK_API_TOKEN": "zendesk-secret",
    "ZENDESK_WEBHOOK_SECRET": "webhook-secret",
    "TEAMWORK_DOMAIN": "acme",
    "TEAMWORK_API_TOKEN": "teamwork-secret",
    "TEAMWORK_PROJECT_ID": "987654",
    "REDIS_PASSWORD": "redis-secret",
    "TICKETSYNC_API_TOKEN": "api-secret",
}


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in setting_names():
        monkeypatch.delenv(name.env, raising=False)


def invoke(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(main, arguments, env=environ, prog_name="ticketsync")


def leaves() -> Iterator[tuple[str, click.Command]]:
    """All commands that do something, by the words that call them."""
    context = click.Context(main)
    for name in COMMANDS:
        command = main.get_command(context, name)
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner}", leaf) for inner, leaf in command.commands.items())
        elif command is not None:
            yield name, command


LEAVES = dict(leaves())


def options(command: click.Command) -> set[str]:
    return {option for param in command.params for option in param.opts if param.param_type_name == "option"}


def test_the_overview_names_every_command_and_every_setting() -> None:
    result = invoke("--help")
    assert result.exit_code == 0
    assert all(f"\n  {name} " in result.stdout for name in COMMANDS)
    assert all(f"{setting.flag} " in result.stdout and setting.env in result.stdout for setting in setting_names())


@pytest.mark.parametrize("noun", sorted({words.split()[0] for words in LEAVES if " " in words}))
def test_the_overview_of_a_noun_says_each_command_whole(noun: str) -> None:
    commands = invoke(noun, "--help").stdout.partition("Commands:")[2]
    assert commands.splitlines()
    assert "..." not in commands


@pytest.mark.parametrize("words", LEAVES)
def test_every_command_explains_itself_and_its_options(words: str) -> None:
    result = invoke(*words.split(), "--help")
    assert result.exit_code == 0
    command = LEAVES[words]
    assert command.help
    own = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    assert [option.name for option in own if not option.help] == []


def test_everything_that_prints_can_print_json() -> None:
    assert {words for words, command in LEAVES.items() if "--json" not in options(command)} == RUNS_ON


def test_every_command_about_a_desk_takes_its_name() -> None:
    assert {words for words, command in LEAVES.items() if "--desk" not in options(command)} == HAS_NO_DESK


def test_every_setting_is_a_flag_of_every_command_that_reads_settings() -> None:
    flags = {setting.flag for setting in setting_names()}
    with_settings = [command for command in LEAVES.values() if isinstance(command, SettingsCommand)]
    assert len(with_settings) > 10
    assert all(flags <= options(command) for command in with_settings)


def test_the_version_is_told() -> None:
    assert invoke("--version").stdout == f"ticketsync {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["tickets", "nonsense"],
        ["server", "--nonsense"],
        ["tickets", "show"],
        ["tickets", "show", "twelve"],
        ["tickets", "show", "0"],
        ["tickets", "list", "--state", "happy"],
        ["tickets", "list", "--limit", "0"],
        ["tickets", "list", "--desk", "x' OR 'x'='x"],
        ["desks", "show", "No Desk"],
        ["users", "add", "1"],
        ["sandbox", "--zendesk-port", "70000"],
        ["worker", "--make-current"],
        ["worker", "--only-make-current"],
    ],
)
def test_wrong_use_ends_with_2_and_says_how_it_is_used(arguments: list[str]) -> None:
    result = invoke(*arguments, **DESK)
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: ticketsync")
    assert result.stdout == ""


@pytest.mark.parametrize("arguments", [["server"], ["worker"], ["check"], ["desks", "list"], ["users", "list"]])
def test_without_any_desk_it_says_which_settings_are_missing(arguments: list[str]) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert "ZENDESK_SUBDOMAIN" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_desk_that_is_not_in_the_settings_is_one_clear_line() -> None:
    result = invoke("desks", "show", "acme", **DESK)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Error: there is no desk 'acme': use one of default, or add it to the config file\n"


def test_wrong_settings_are_all_told_at_once() -> None:
    result = invoke("config", "show", **DESK | {"TEAMWORK_PROJECT_ID": "many", "TICKETSYNC_SETTLE_WINDOW": "soon"})
    assert result.exit_code == 2
    assert "TEAMWORK_PROJECT_ID" in result.stderr
    assert "TICKETSYNC_SETTLE_WINDOW" in result.stderr


def test_a_wrong_temporal_address_ends_with_2() -> None:
    result = invoke("config", "show", TEMPORAL_ADDRESS="nowhere")
    assert (result.exit_code, result.stderr.splitlines()) == (
        2,
        ["Error: TEMPORAL_ADDRESS is not of the form host:port"],
    )


def test_flags_work_before_and_after_the_command_and_the_nearer_one_wins() -> None:
    result = invoke(
        *("--redis-host", "before", "--redis-port", "6001"), *("config", "show", "--json", "--redis-port", "6002")
    )
    redis = json.loads(result.stdout)["redis"]
    assert (redis["host"], redis["port"]) == ("before", 6002)


def test_a_flag_wins_over_its_variable_and_that_over_the_file(tmp_path: Path) -> None:
    config = tmp_path / "ticketsync.toml"
    config.write_text('host = "file"\nport = 8001\nlog_level = "debug"\n')
    variables = {"TICKETSYNC_HOST": "variable", "TICKETSYNC_PORT": "8002"}
    shown = json.loads(
        invoke("--config", str(config), "config", "show", "--json", "--port", "8003", **variables).stdout
    )
    assert (shown["host"], shown["port"], shown["log_level"]) == ("variable", 8003, "debug")


def test_config_show_masks_every_secret(tmp_path: Path) -> None:
    """Also one that is given by a file; in text and in JSON alike."""
    token = tmp_path / "token"
    token.write_text("file-secret\n")
    for arguments in (["config", "show"], ["config", "show", "--json"]):
        result = invoke(*arguments, **DESK | {"ZENDESK_API_TOKEN": "", "ZENDESK_API_TOKEN_FILE": str(token)})
        assert result.exit_code == 0
        assert not any(secret in result.stdout for secret in [*DESK.values(), "file-secret"] if "-secret" in secret)
        assert result.stdout.count("********") == 5


def test_config_show_says_where_temporal_is_looked_for() -> None:
    result = invoke("config", "show", TEMPORAL_ADDRESS="temporal.example:7233", TEMPORAL_NAMESPACE="support")
    assert "# address: temporal.example:7233\n# namespace: support\n" in result.stdout


FILE = """
log_format = "json"

[redis]
password_env = "SECRET"

[desks.acme.zendesk]
subdomain = "acme"
email = "sync@acme.example"
api_token_env = "SECRET"
webhook_secret_env = "SECRET"

[desks.acme.teamwork]
domain = "acme.eu.teamwork.com"
api_token_env = "SECRET"
project_id = 987654
tasklist_id = 1234

[desks.acme.policy]
include_tags = ["teamwork_task"]
settle_window = "90s"

[desks.globex.zendesk]
base_url = "https://help.globex.example"
api_token_env = "SECRET"

[desks.globex.teamwork]
domain = "globex"
api_token_env = "SECRET"
project_id = 24680
"""


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"TICKETSYNC_METRICS_ADDRESS": "0.0.0.0:9464", "TICKETSYNC_WORKER_DEPLOYMENT": "blue"},
        {"REDIS_USE_SENTINEL": "true", "REDIS_SENTINEL_HOSTS": "one,[::1]:2"},
        DESK | {"TICKETSYNC_TITLE": '["#{id}"] \\ {subject} ☃', "TICKETSYNC_EXCLUDE_TAGS": "a,b"},
    ],
)
def test_config_show_prints_a_config_file(variables: dict[str, str], tmp_path: Path) -> None:
    """Of desks of a file and of the environment's. Only the secrets must be named again."""
    config, again, secret = tmp_path / "ticketsync.toml", tmp_path / "again.toml", {"SECRET": "secret"}
    config.write_text(FILE)
    environ = secret | {name: "secret" if "-secret" in value else value for name, value in variables.items()}
    printed = invoke("--config", str(config), "config", "show", **environ).stdout
    again.write_text(re.sub(r"^# (\w+_env) or \w+_file: .*$", r'\1 = "SECRET"', printed, flags=re.MULTILINE))
    given = load_settings({"config": str(config)}, environ).model_dump(exclude={"config"})
    assert load_settings({"config": str(again)}, secret).model_dump(exclude={"config"}) == given


def test_a_folder_with_something_else_in_it_is_refused_by_the_sandbox(tmp_path: Path) -> None:
    (tmp_path / "zendesk.json").write_text("not a state")
    result = invoke("sandbox", "--state", str(tmp_path))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: {tmp_path}/zendesk.json")
