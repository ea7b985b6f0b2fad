"""What each variable means, and what one desk from the environment is."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from tests.settings.given import ONE_DESK, default_desk, load, problem, problems
from ticketsync.settings import (
    RedisSettings,
    Settings,
    SettingsError,
)
from ticketsync.sync.policy import Policy


def test_environment_makes_the_desk_default() -> None:
    desk = default_desk()
    assert list(load(ONE_DESK).desks) == ["default"]
    assert (desk.name, desk.zendesk.base_url, desk.zendesk.email) == (
        "default",
        "https://acme.zendesk.com",
        "sync@acme.example",
    )
    assert desk.zendesk.api_token.get_secret_value() == "s3cret-zendesk"
    assert [one.get_secret_value() for one in desk.zendesk.webhook_secrets] == ["s3cret-one", "s3cret-two"]
    assert (desk.teamwork.base_url, desk.teamwork.project_id) == ("https://acme.teamwork.com", 987654)
    assert (desk.teamwork.tasklist_id, desk.teamwork.calls_per_minute) == (None, 120)
    assert desk.policy == Policy()


def test_nothing_set_is_all_defaults_and_no_desk() -> None:
    assert load().model_dump() == Settings().model_dump()
    settings = load()
    assert (settings.host, settings.port) == ("0.0.0.0", 8080)  # noqa: S104
    assert (settings.metrics_address, settings.api_token, settings.config) == (None, None, None)
    assert (settings.log_format, settings.log_level, settings.signature_age) == ("auto", "info", timedelta(hours=24))
    assert (settings.redis, settings.desks) == (RedisSettings(), {})


@pytest.mark.parametrize(
    ("variable", "value", "field", "read"),
    [
        ("TICKETSYNC_HOST", "127.0.0.1", "host", "127.0.0.1"),
        ("TICKETSYNC_PORT", "9000", "port", 9000),
        ("TICKETSYNC_METRICS_ADDRESS", "127.0.0.1:9090", "metrics_address", "127.0.0.1:9090"),
        ("TICKETSYNC_METRICS_ADDRESS", "[::1]:9090", "metrics_address", "[::1]:9090"),
        ("TICKETSYNC_API_TOKEN", "t", "api_token", SecretStr("t")),
        ("TICKETSYNC_WORKER_DEPLOYMENT", "sync", "worker_deployment", "sync"),
        ("TICKETSYNC_WORKER_TICKETS", "5000", "worker_tickets", 5000),
        ("TICKETSYNC_LOG_FORMAT", "JSON", "log_format", "json"),
        ("TICKETSYNC_LOG_LEVEL", "WARNING", "log_level", "warning"),
        ("TICKETSYNC_SIGNATURE_AGE", "2h", "signature_age", timedelta(hours=2)),
        ("TICKETSYNC_TRACES_ENDPOINT", "http://collector:4318/", "traces_endpoint", "http://collector:4318"),
    ],
)
def test_our_own_variables(variable: str, value: str, field: str, read: Any) -> None:
    assert getattr(load({variable: value}), field) == read


@pytest.mark.parametrize(
    ("variable", "value", "field", "read"),
    [
        ("REDIS_HOST", "redis", "host", "redis"),
        ("REDIS_PORT", "6380", "port", 6380),
        ("REDIS_DB", "3", "db", 3),
        ("REDIS_PASSWORD", "p", "password", SecretStr("p")),
        ("REDIS_SENTINEL_MASTER", "main", "sentinel_master", "main"),
        ("REDIS_SENTINEL_HOSTS", "a:1, b,[::1]:3", "sentinel_hosts", (("a", 1), ("b", 26379), ("::1", 3))),
    ],
)
def test_redis_variables(variable: str, value: str, field: str, read: Any) -> None:
    assert getattr(load({variable: value}).redis, field) == read


def test_sentinels_need_their_hosts() -> None:
    assert problem({"REDIS_USE_SENTINEL": "true"}).startswith("REDIS_SENTINEL_HOSTS is not set")
    assert load({"REDIS_USE_SENTINEL": "true", "REDIS_SENTINEL_HOSTS": "a"}).redis.use_sentinel


@pytest.mark.parametrize(
    ("variable", "value", "field", "read"),
    [
        ("TICKETSYNC_ON_CLOSED", "keep", "on_closed", "keep"),
        ("TICKETSYNC_ON_FILTERED", "delete", "on_filtered", "delete"),
        ("TICKETSYNC_TITLE", "#{id} {subject}", "title", "#{id} {subject}"),
        ("TICKETSYNC_INCLUDE_TAGS", "VIP, teamwork_task", "include_tags", ("vip", "teamwork_task")),
        ("TICKETSYNC_EXCLUDE_TAGS", "spam", "exclude_tags", ("spam",)),
        ("TICKETSYNC_INCLUDE_GROUPS", "360000000036, 37", "include_groups", (360000000036, 37)),
        ("TICKETSYNC_EXCLUDE_BRANDS", "61", "exclude_brands", (61,)),
        ("TICKETSYNC_EXCLUDE_PRIORITIES", "Low", "exclude_priorities", ("low",)),
        (
            "TICKETSYNC_DESCRIPTION",
            "From {requester_id}:\n{description}",
            "description",
            "From {requester_id}:\n{description}",
        ),
        ("TICKETSYNC_ROUTES", "group:36=1235, tag:vip=1236", "routes", ("group:36=1235", "tag:vip=1236")),
        ("TICKETSYNC_TASK_PRIORITIES", "urgent=high,low=low", "task_priorities", ("urgent=high", "low=low")),
        ("TICKETSYNC_TASK_TAGS", "vip=Very important, *=Zendesk", "task_tags", ("vip=Very important", "*=Zendesk")),
        ("TICKETSYNC_NOTIFY", "true", "notify", True),
        ("TICKETSYNC_PROTECT_WORKED_TASKS", "false", "protect_worked_tasks", False),
        ("TICKETSYNC_SETTLE_WINDOW", "5", "settle_window", timedelta(seconds=5)),
        ("TICKETSYNC_GRACE_PERIOD", "90m", "grace_period", timedelta(minutes=90)),
        ("TICKETSYNC_BLOCKED_RETRY", "2s", "blocked_retry", timedelta(seconds=2)),
    ],
)
def test_policy_of_the_environments_desk(variable: str, value: str, field: str, read: Any) -> None:
    assert getattr(default_desk(**{variable: value}).policy, field) == read


@pytest.mark.parametrize(
    ("domain", "base_url"),
    [
        ("acme", "https://acme.teamwork.com"),
        ("acme.eu.teamwork.com", "https://acme.eu.teamwork.com"),
        ("https://Acme.teamwork.com/", "https://acme.teamwork.com"),
        ("projects.acme.example:8443", "https://projects.acme.example:8443"),
    ],
)
def test_teamwork_domain_is_a_sites_name_or_its_whole_host(domain: str, base_url: str) -> None:
    teamwork = default_desk(TEAMWORK_DOMAIN=domain).teamwork
    assert teamwork.base_url == base_url
    assert teamwork.site == base_url.removeprefix("https://")


@pytest.mark.parametrize("subdomain", ["acme", "Acme", "acme.zendesk.com", "https://acme.zendesk.com/"])
def test_subdomain_is_taken_as_people_paste_it(subdomain: str) -> None:
    assert default_desk(ZENDESK_SUBDOMAIN=subdomain).zendesk.base_url == "https://acme.zendesk.com"


def test_email_is_taken_without_the_suffix_of_zendesks_examples() -> None:
    assert default_desk(ZENDESK_EMAIL="sync@acme.example/token").zendesk.email == "sync@acme.example"


def test_base_urls_replace_what_the_names_would_give() -> None:
    desk = default_desk(ZENDESK_BASE_URL="http://127.0.0.1:8001/", TEAMWORK_BASE_URL="http://localhost:8002")
    assert (desk.zendesk.base_url, desk.zendesk.site) == ("http://127.0.0.1:8001", "127.0.0.1:8001")
    assert desk.teamwork.site == "localhost:8002"
    assert desk.is_sandbox
    assert not default_desk().is_sandbox


def test_base_urls_alone_are_enough_to_name_both_sides() -> None:
    named = {"ZENDESK_SUBDOMAIN": "", "TEAMWORK_DOMAIN": "", "ZENDESK_BASE_URL": "https://support.acme.example"}
    desk = load(ONE_DESK | named | {"TEAMWORK_BASE_URL": "https://projects.acme.example"}).desk("default")
    assert (desk.zendesk.subdomain, desk.zendesk.site) == (None, "support.acme.example")


def test_desk_that_lacks_parts_names_each_of_them() -> None:
    assert problems({"ZENDESK_SUBDOMAIN": "acme"}) == (
        "ZENDESK_API_TOKEN (or ZENDESK_API_TOKEN_FILE) is not set: Zendesk API token",
        "TEAMWORK_DOMAIN is not set: the site's name (acme) or its whole host (acme.eu.teamwork.com)",
        "TEAMWORK_API_TOKEN (or TEAMWORK_API_TOKEN_FILE) is not set: Teamwork API key",
        "TEAMWORK_PROJECT_ID is not set: the number of the project that the tasks go to",
    )


@pytest.mark.parametrize(
    "mark",
    [
        "ZENDESK_SUBDOMAIN",
        "ZENDESK_BASE_URL",
        "TEAMWORK_DOMAIN",
        "TEAMWORK_BASE_URL",
        "TEAMWORK_PROJECT_ID",
        "TEAMWORK_TASKLIST_ID",
    ],
)
def test_each_part_that_names_a_side_makes_the_desk(mark: str) -> None:
    value = "https://acme.example" if mark.endswith("URL") else "5"
    assert any("is not set" in line for line in problems({mark: value}))


def test_tokens_alone_make_no_desk_because_the_file_may_refer_to_them() -> None:
    assert load({"ZENDESK_API_TOKEN": "t", "TEAMWORK_API_TOKEN": "t", "ZENDESK_EMAIL": "a@b.example"}).desks == {}


def test_empty_variable_is_not_set() -> None:
    assert default_desk(ZENDESK_EMAIL="", TEAMWORK_TASKLIST_ID=" ").zendesk.email is None


def test_variables_that_kubernetes_makes_of_a_service_are_no_settings() -> None:
    settings = load({"REDIS_PORT": "tcp://10.0.0.1:6379", "TICKETSYNC_PORT": "tcp://10.0.0.2:80"})
    assert (settings.redis.port, settings.port) == (6379, 8080)


def test_all_problems_are_said_at_once() -> None:
    environ = ONE_DESK | {"TICKETSYNC_PORT": "99999", "TEAMWORK_PROJECT_ID": "x", "TICKETSYNC_GRACE_PERIOD": "x"}
    told = problems(environ, log_level="loud")
    assert [line.split(":")[0] for line in told] == [
        "TICKETSYNC_GRACE_PERIOD",
        "TICKETSYNC_PORT",
        "--log-level",
        "TEAMWORK_PROJECT_ID",
    ]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TICKETSYNC_PORT", "-1"),
        ("TICKETSYNC_METRICS_ADDRESS", "9090"),
        ("TICKETSYNC_METRICS_ADDRESS", "host:99999"),
        ("TICKETSYNC_LOG_FORMAT", "xml"),
        ("REDIS_DB", "-1"),
        ("REDIS_SENTINEL_HOSTS", "a b"),
        ("ZENDESK_SUBDOMAIN", "acme.example.com"),
        ("ZENDESK_BASE_URL", "acme.zendesk.com"),
        ("ZENDESK_BASE_URL", "ftp://acme.zendesk.com"),
        ("ZENDESK_BASE_URL", "https://acme.zendesk.com?x=1"),
        ("ZENDESK_BASE_URL", "https://host:port"),
        ("ZENDESK_BASE_URL", "https://["),
        ("TEAMWORK_DOMAIN", "acme/projects"),
        ("TEAMWORK_PROJECT_ID", "0"),
        ("TEAMWORK_TASKLIST_ID", "-4"),
        ("TICKETSYNC_TEAMWORK_CALLS_PER_MINUTE", "0"),
    ],
)
def test_wrong_value_is_told_by_its_variable(variable: str, value: str) -> None:
    assert problem(ONE_DESK | {variable: value}).startswith(f"{variable}: ")


def test_unknown_desk_is_told_with_those_there_are() -> None:
    with pytest.raises(SettingsError, match="there is no desk 'acme': use one of default"):
        load(ONE_DESK).desk("acme")
    with pytest.raises(SettingsError, match="set ZENDESK_SUBDOMAIN and its companions"):
        load().desk("default")
