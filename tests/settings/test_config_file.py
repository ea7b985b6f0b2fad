"""The config file, and which of flag, environment, file and default wins."""

import timeit
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.settings.given import ACME_TOKENS, ONE_DESK, TEAMWORK_TABLE, ZENDESK_TABLE, load, problem, problems
from ticketsync.settings import (
    DeskSettings,
    TeamworkSettings,
    ZendeskSettings,
)
from ticketsync.sync.policy import Policy


def test_flag_wins_over_environment_over_file_over_default(config: Path) -> None:
    config.write_text('host = "file"\nlog_level = "debug"\nport = 1\nsignature_age = "1h"\n[redis]\nhost = "file"\n')
    environ = {"TICKETSYNC_HOST": "env", "TICKETSYNC_LOG_LEVEL": "error", "TICKETSYNC_CONFIG": str(config)}
    settings = load(environ, host="flag", log_level=None)
    assert (settings.host, settings.log_level, settings.port) == ("flag", "error", 1)
    assert (settings.signature_age, settings.redis.host, settings.log_format) == (timedelta(hours=1), "file", "auto")


def test_environment_wins_over_the_files_desk_default_part_by_part(config: Path) -> None:
    text = ZENDESK_TABLE + TEAMWORK_TABLE + '[desks.acme.policy]\ntitle = "{id}"\non_closed = "keep"\n'
    config.write_text(text.replace("desks.acme", "desks.default"))
    environ = ACME_TOKENS | {"TEAMWORK_PROJECT_ID": "6", "TICKETSYNC_ON_CLOSED": "complete"}
    desk = load(environ, config=config).desk("default")
    assert (desk.zendesk.subdomain, desk.teamwork.project_id) == ("acme", 6)
    assert (desk.policy.title, desk.policy.on_closed) == ("{id}", "complete")
    assert load(environ, config=config, teamwork_project_id=7).desk("default").teamwork.project_id == 7


def test_wrong_value_is_told_under_the_name_that_gave_it() -> None:
    assert problem({"TICKETSYNC_PORT": "-1"}, port="-2").startswith("--port: ")
    assert problem({"TICKETSYNC_PORT": "-1"}, port=None).startswith("TICKETSYNC_PORT: ")


def test_flag_of_the_config_file_wins_over_its_variable(config: Path) -> None:
    config.write_text("port = 1\n")
    assert load({"TICKETSYNC_CONFIG": "/nowhere.toml"}, config=str(config)).port == 1


def test_flags_may_name_the_desk() -> None:
    environ = {name: value for name, value in ONE_DESK.items() if "TOKEN" in name}
    settings = load(environ, zendesk_subdomain="acme", teamwork_domain="acme", teamwork_project_id="5")
    assert settings.desk("default").teamwork.project_id == 5


def test_flag_that_does_not_exist_is_an_error_of_the_program() -> None:
    with pytest.raises(KeyError):
        load(zendesk_api_token="t")


def test_file_of_the_design_is_understood(config: Path, tmp_path: Path) -> None:
    (tmp_path / "acme-teamwork").write_text("s3cret-b\n")
    config.write_text(
        """
        [desks.acme.zendesk]
        subdomain = "acme"
        email = "sync@acme.example"
        api_token_env = "ACME_ZENDESK_TOKEN"
        webhook_secret_env = "ACME_ZENDESK_SECRET"
        base_url = "https://support.acme.example"

        [desks.acme.teamwork]
        domain = "acme.eu.teamwork.com"
        api_token_file = "acme-teamwork"
        project_id = 987654
        tasklist_id = 1234
        calls_per_minute = 60

        [desks.acme.policy]
        on_closed = "complete"
        include_tags = ["teamwork_task"]
        settle_window = "60s"
        """
    )
    environ = {"ACME_ZENDESK_TOKEN": "s3cret-a", "ACME_ZENDESK_SECRET": "s3cret-c,s3cret-d"}
    assert load(environ, config=config).desks == {
        "acme": DeskSettings(
            name="acme",
            zendesk=ZendeskSettings(
                subdomain="acme",
                email="sync@acme.example",
                api_token=SecretStr("s3cret-a"),
                webhook_secrets=(SecretStr("s3cret-c"), SecretStr("s3cret-d")),
                base_url="https://support.acme.example",
            ),
            teamwork=TeamworkSettings(
                domain="acme.eu.teamwork.com",
                api_token=SecretStr("s3cret-b"),
                project_id=987654,
                tasklist_id=1234,
                calls_per_minute=60,
            ),
            policy=Policy(on_closed="complete", include_tags=("teamwork_task",), settle_window=timedelta(seconds=60)),
        )
    }


def test_file_and_environment_give_their_desks_together(config: Path) -> None:
    config.write_text(ZENDESK_TABLE + TEAMWORK_TABLE)
    assert sorted(load(ONE_DESK | ACME_TOKENS, config=config).desks) == ["acme", "default"]


def test_file_has_the_other_settings_too(config: Path, tmp_path: Path) -> None:
    (tmp_path / "api").write_text("s3cret")
    config.write_text(
        'port = 1\napi_token_file = "api"\nlog_format = "json"\n'
        '[redis]\nhost = "r"\npassword_env = "PW"\nuse_sentinel = true\nsentinel_hosts = ["a:1", "b"]\n'
    )
    settings = load({"PW": "s3cret"}, config=config)
    assert (settings.port, settings.log_format, settings.api_token) == (1, "json", SecretStr("s3cret"))
    assert settings.redis.password == SecretStr("s3cret")
    assert settings.redis.sentinel_hosts == (("a", 1), ("b", 26379))


def file_problem(config: Path, text: str, environ: dict[str, str] | None = None) -> str:
    config.write_text(text)
    told = problem(ACME_TOKENS | (environ or {}), config=config)
    assert told.startswith(f"{config}:")
    assert "s3cret" not in told
    return told.removeprefix(f"{config}:")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('hots = "x"\n', "hots: unknown key; known are api_token_env, api_token_file, desks, encryption_keys_env, "),
        ("[redis]\nurl = 5\n", "redis.url: unknown key; known are db, host, password_env"),
        ("[desks.acme]\nzendisk = 5\n", "desks.acme.zendisk: unknown key; known are alerts, policy, teamwork, zendesk"),
        ("[desks.acme.zendesk]\nuser = 5\n", "desks.acme.zendesk.user: unknown key; known are api_token_env"),
        ("[desks.acme.policy]\non_close = 5\n", "desks.acme.policy.on_close: unknown key; known are blocked_retry"),
        ('config = "other"\n', "config: unknown key"),
    ],
)
def test_unknown_keys_are_refused_with_the_known_ones(config: Path, text: str, said: str) -> None:
    desk = (ZENDESK_TABLE + TEAMWORK_TABLE).replace("[desks.acme.zendesk]\n", "") if "acme.zendesk" in text else ""
    rest = desk or (ZENDESK_TABLE + TEAMWORK_TABLE if "acme" in text else "")
    assert file_problem(config, text + rest).startswith(said)


@pytest.mark.parametrize("key", ["api_token", "webhook_secret"])
def test_secrets_inside_the_file_are_refused(config: Path, key: str) -> None:
    told = file_problem(config, f'{ZENDESK_TABLE}{key} = "s3cret-inline"\n{TEAMWORK_TABLE}')
    advice = f"a secret does not belong in the file: use {key}_env or {key}_file"
    assert told == f"desks.acme.zendesk.{key}: {advice}"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('webhook_secret_env = "NOT_SET"', "the variable NOT_SET is not set"),
        ('webhook_secret_env = "s3cretToken"', "the variable that it names is not set"),
        ('webhook_secret_file = "s3cretToken"', "the file that it names cannot be read: No such file or directory"),
        ("webhook_secret_env = 5", "give a name in quotes"),
    ],
)
def test_reference_to_a_secret_that_is_not_there_is_refused(config: Path, line: str, said: str) -> None:
    told = file_problem(config, f"{ZENDESK_TABLE}{line}\n{TEAMWORK_TABLE}")
    assert told == f"desks.acme.zendesk.{line.partition(' ')[0]}: {said}"


def test_secret_by_variable_and_by_file_is_refused(config: Path) -> None:
    config.write_text(f'{ZENDESK_TABLE}api_token_file = "x"\n{TEAMWORK_TABLE}')
    assert any("is given twice: keep the variable or the file" in line for line in problems(ACME_TOKENS, config=config))


@pytest.mark.parametrize("name", ["Acme", "-acme", "a_b", "a" * 33, "a.b", ""])
def test_desk_names_are_small_letters_digits_and_hyphens(config: Path, name: str) -> None:
    text = (ZENDESK_TABLE + TEAMWORK_TABLE).replace("desks.acme", f'desks."{name}"')
    assert file_problem(config, text).startswith(f"desks.{name}: a desk's name is 1 to 32 small letters")


def test_parts_that_a_files_desk_lacks_are_named_by_their_keys(config: Path) -> None:
    config.write_text("[desks.acme.zendesk]\n")
    assert [line.removeprefix(f"{config}:") for line in problems(config=config)] == [
        "desks.acme.zendesk.subdomain is not set: the name before .zendesk.com",
        "desks.acme.zendesk.api_token_env (or api_token_file) is not set: Zendesk API token",
        "desks.acme.teamwork.domain is not set: the site's name (acme) or its whole host (acme.eu.teamwork.com)",
        "desks.acme.teamwork.api_token_env (or api_token_file) is not set: Teamwork API key",
        "desks.acme.teamwork.project_id is not set: the number of the project that the tasks go to",
    ]


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ('on_closed = "drop"', "on_closed: input should be 'delete', 'complete' or 'keep'"),
        ('title = "{sbject}"', "title: unknown field 'sbject' in the title template: use id, subject"),
        ('settle_window = "soon"', "settle_window: is not a duration: give seconds, or for example 90s, 5m or 24h"),
        ("include_tags = [5]", "include_tags: item 1: input should be a valid string"),
        ('include_groups = [36, "billing"]', "include_groups: item 2: input should be a valid integer"),
        ('exclude_priorities = ["low", "medium"]', "exclude_priorities: item 2: input should be 'low', 'normal'"),
        ('routes = ["group:36=1235", "sales=9"]', "routes: item 2: a route is group:NUMBER=LIST"),
        ('task_tags = ["vip="]', "task_tags: item 1: a rule for tags is TAG or TAG=TAG OF THE TASK"),
        (
            'task_priorities = ["asap=high"]',
            "task_priorities: item 1: a rule for priorities is for example urgent=high",
        ),
    ],
)
def test_wrong_value_of_the_file_is_told_by_its_key(config: Path, policy: str, said: str) -> None:
    told = file_problem(config, f"{ZENDESK_TABLE}{TEAMWORK_TABLE}[desks.acme.policy]\n{policy}\n")
    assert told.startswith(f"desks.acme.policy.{said}")


def test_lists_of_the_file_are_lists_or_have_commas(config: Path) -> None:
    for written in ('["group:36=1235", "tag:vip=1236"]', '"group:36=1235, tag:vip=1236"'):
        config.write_text(f"{ZENDESK_TABLE}{TEAMWORK_TABLE}[desks.acme.policy]\nroutes = {written}\n")
        settings = load({**ACME_TOKENS, "TICKETSYNC_CONFIG": str(config)})
        assert settings.desk("acme").policy.routes == ("group:36=1235", "tag:vip=1236")


@pytest.mark.parametrize("text", ["desks = 5\n", "redis = []\n", "[desks]\nacme = 5\n"])
def test_what_must_be_a_table_is_one(config: Path, text: str) -> None:
    config.write_text(text)
    assert any(line.endswith(": must be a table") for line in problems(config=config))


@pytest.mark.parametrize(
    ("content", "said"), [(b"a = ", "is not TOML"), (b"\xff", "is not TOML"), (None, "cannot be read")]
)
def test_config_file_that_cannot_be_read_is_told(config: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        config.write_bytes(content)
    told = problem({"TICKETSYNC_CONFIG": str(config)})
    assert told.startswith(f"{config}: the config file {said}")


def test_rule_of_the_environments_desk_without_one_is_refused_when_there_are_others(config: Path) -> None:
    config.write_text(ZENDESK_TABLE + TEAMWORK_TABLE)
    told = problem(ACME_TOKENS | {"TICKETSYNC_ON_CLOSED": "keep"}, config=config)
    assert told.startswith("TICKETSYNC_ON_CLOSED: is a rule of the environment's desk, and there is none")


def test_rule_of_the_environments_desk_does_no_harm_while_there_is_no_desk_at_all() -> None:
    assert load({"TICKETSYNC_ON_CLOSED": "keep"}).desks == {}


def test_the_work_grows_with_the_desks_and_not_with_their_square(config: Path) -> None:
    def seconds(desks: int) -> float:
        one = ZENDESK_TABLE + TEAMWORK_TABLE
        config.write_text("".join(one.replace("desks.acme", f"desks.d{number}") for number in range(desks)))
        return min(timeit.repeat(lambda: load(ACME_TOKENS, config=str(config)), number=1, repeat=3))

    few, many = seconds(50), seconds(500)
    assert many < few * 30
