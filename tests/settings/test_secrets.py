"""Where secrets may come from, and that nothing ever shows one."""

import json
import os
import threading
from pathlib import Path

import pytest

from tests.settings.given import (
    KEYS,
    ONE_DESK,
    default_desk,
    load,
    problem,
)
from ticketsync import logs
from ticketsync.settings import (
    PUBLIC_TEST_SECRET,
    Settings,
    masked,
    setting_names,
    without_passwords,
)

SECRETS = [
    "TICKETSYNC_ALERT_WEBHOOK",
    "TICKETSYNC_API_TOKEN",
    "TICKETSYNC_ENCRYPTION_KEYS",
    "REDIS_PASSWORD",
    "ZENDESK_API_TOKEN",
    "ZENDESK_WEBHOOK_SECRET",
    "TEAMWORK_API_TOKEN",
]


def revealed(settings: Settings) -> set[str]:
    desk = settings.desk("default")
    found = [settings.api_token, settings.redis.password, desk.zendesk.api_token, desk.teamwork.api_token]
    found += [desk.alerts.webhook]
    keys = [key.text for key in settings.encryption_keys]
    return {*keys, *(one.get_secret_value() for one in (*found, *desk.zendesk.webhook_secrets) if one)}


def test_the_secrets_are_these() -> None:
    assert sorted(name.env for name in setting_names() if name.secret) == sorted(SECRETS)


@pytest.mark.parametrize("variable", SECRETS)
@pytest.mark.parametrize("by_flag", [True, False])
def test_every_secret_can_come_from_a_file(variable: str, by_flag: bool, tmp_path: Path) -> None:
    secret = KEYS[0] if variable == "TICKETSYNC_ENCRYPTION_KEYS" else "https://from-the-file"
    (tmp_path / "secret").write_text(f"{secret}\n")
    environ = {name: value for name, value in ONE_DESK.items() if name != variable}
    path = str(tmp_path / "secret")
    flag = variable.removeprefix("TICKETSYNC_").lower() + "_file"
    settings = load(environ, **{flag: path}) if by_flag else load(environ | {f"{variable}_FILE": path})
    assert secret in revealed(settings)


def test_file_of_webhook_secrets_has_one_a_line_or_a_comma_list(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("one\ntwo, three\n")
    environ = {name: value for name, value in ONE_DESK.items() if name != "ZENDESK_WEBHOOK_SECRET"}
    desk = load(environ | {"ZENDESK_WEBHOOK_SECRET_FILE": str(tmp_path / "secret")}).desk("default")
    assert [one.get_secret_value() for one in desk.zendesk.webhook_secrets] == ["one", "two", "three"]


def test_secret_given_both_ways_is_refused() -> None:
    told = problem(ONE_DESK | {"ZENDESK_API_TOKEN_FILE": "/run/secret"})
    assert told == "ZENDESK_API_TOKEN: ZENDESK_API_TOKEN_FILE is set too: keep one of them"


@pytest.mark.parametrize(
    ("content", "said"), [(None, "No such file"), (b"\n", "is empty"), (b"\xff\xfe", "not text"), (b"a b\x00", "token")]
)
def test_unusable_file_of_a_secret_is_refused_by_its_variable(content: bytes | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    told = problem({"TICKETSYNC_API_TOKEN_FILE": str(path)})
    assert told.startswith("TICKETSYNC_API_TOKEN_FILE: ")
    assert said in told


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o602, 0o777])
@pytest.mark.parametrize("variable", SECRETS)
def test_file_of_a_secret_that_every_user_can_open_is_refused(variable: str, mode: int, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("s3cret")
    path.chmod(mode)
    environ = {name: value for name, value in ONE_DESK.items() if name != variable}
    told = problem(environ | {f"{variable}_FILE": str(path)})
    said = f"the file that it names is open to every user of the machine (mode {mode:o}): chmod 600 it"
    assert told == f"{variable}_FILE: {said}"


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o440])
def test_file_of_a_secret_for_its_owner_and_group_is_taken(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("from-the-file")
    path.chmod(mode)
    assert "from-the-file" in revealed(load(ONE_DESK | {"TICKETSYNC_API_TOKEN_FILE": str(path)}))


def test_secret_can_come_through_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    path.chmod(0o644)
    writer = threading.Thread(target=path.write_text, args=("from-the-file",))
    writer.start()
    settings = load(ONE_DESK | {"TICKETSYNC_API_TOKEN_FILE": str(path)})
    writer.join()
    assert "from-the-file" in revealed(settings)


def test_public_test_secret_is_taken_only_by_a_sandbox_desk() -> None:
    told = problem(ONE_DESK | {"ZENDESK_WEBHOOK_SECRET": f"x,{PUBLIC_TEST_SECRET}"})
    assert told.startswith("ZENDESK_WEBHOOK_SECRET: ")
    assert "public test secret" in told
    sandbox = default_desk(ZENDESK_WEBHOOK_SECRET=PUBLIC_TEST_SECRET, ZENDESK_BASE_URL="http://localhost:8001")
    assert sandbox.is_sandbox
    for remote in ("http://127.0.0.1.evil.example", "http://10.0.0.1", "http://localhost.evil.example"):
        problem(ONE_DESK | {"ZENDESK_WEBHOOK_SECRET": PUBLIC_TEST_SECRET, "ZENDESK_BASE_URL": remote})


@pytest.mark.parametrize(
    "wrong",
    [
        {"ZENDESK_BASE_URL": "https://user:s3cret@acme.example"},
        {"ZENDESK_BASE_URL": "s3cret"},
        {"TEAMWORK_PROJECT_ID": "s3cret"},
        {"ZENDESK_SUBDOMAIN": "s3cret!"},
        {"ZENDESK_EMAIL": "s3cret"},
        {"ZENDESK_API_TOKEN": "s3cret\n!"},
        {"TEAMWORK_API_TOKEN": "s3cret\u00e9"},
        {"ZENDESK_API_TOKEN": "", "ZENDESK_API_TOKEN_FILE": "s3cret"},
        {"TICKETSYNC_METRICS_ADDRESS": "s3cret"},
        {"REDIS_SENTINEL_HOSTS": "redis://:s3cret@host:26379"},
        {"TICKETSYNC_GRACE_PERIOD": "s3cret"},
        {"TICKETSYNC_LOG_LEVEL": "s3cret"},
        {"TICKETSYNC_PROTECT_WORKED_TASKS": "s3cret"},
        {"TICKETSYNC_ALERT_WEBHOOK": "hooks.example/s3cret"},
        {"TICKETSYNC_TRACES_ENDPOINT": "https://user:s3cret@collector"},
    ],
)
def test_no_error_repeats_a_value_because_it_may_be_a_misplaced_secret(wrong: dict[str, str]) -> None:
    told = problem(ONE_DESK | wrong)
    assert told.startswith(list(wrong)[-1])
    assert "s3cret" not in told


def test_secrets_are_in_no_repr_and_not_in_what_is_shown() -> None:
    settings = load(ONE_DESK | {"TICKETSYNC_API_TOKEN": "s3cret-api", "REDIS_PASSWORD": "s3cret-redis"})
    shown = json.dumps(masked(settings))
    assert "s3cret" not in shown + repr(settings) + str(settings)
    assert shown.count("********") == 6
    assert masked(Settings())["api_token"] is None


def test_passwords_inside_urls_are_not_shown() -> None:
    told = masked(default_settings_with_title("see https://ann:s3cret@host/x {subject}"))
    assert told["desks"]["default"]["policy"]["title"] == "see https://********@host/x {subject}"
    assert without_passwords("ann@acme.example") == "ann@acme.example"


@pytest.mark.parametrize(
    "told", ["user:hunter2", ":hunter2", "hunter2", ":hun@ter2", ":hun/ter2", ":6379/hunter2", "u:1hunter2"]
)
def test_whatever_stands_before_the_host_of_a_url_is_masked(told: str) -> None:
    assert without_passwords(f"at redis://{told}@host:1/0 now") == "at redis://********@host:1/0 now"
    shown = logs.masked(f"at redis://{told}@host:1/0 now")
    assert "ter2" not in shown
    assert shown.endswith("***@host:1/0 now")


@pytest.mark.parametrize(
    "url", ["http://host:80/a@b", "http://host/a:b@c", "http://host?mail=a@b", "http://[::1]:80/a@b", "http://host:80"]
)
def test_url_without_a_password_stays_as_it_is(url: str) -> None:
    assert (without_passwords(url), logs.masked(url)) == (url, url)


def default_settings_with_title(title: str) -> Settings:
    return load(ONE_DESK | {"TICKETSYNC_TITLE": title})


def test_shown_settings_are_readable() -> None:
    shown = masked(load(ONE_DESK | {"TICKETSYNC_CONFIG": ""}))
    assert (shown["signature_age"], shown["config"]) == ("24h", None)
    assert shown["desks"]["default"]["policy"]["settle_window"] == "1m"
