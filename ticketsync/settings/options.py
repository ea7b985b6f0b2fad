"""The table of every option: its variable, its flag, its place in the settings and in the config file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from ticketsync.settings.models import DEFAULT_DESK
from ticketsync.settings.values import parse_duration, parse_list

DESK_SECTIONS = ("zendesk", "teamwork", "policy", "alerts")


def _as_it_is(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Option:
    """One option. `section` and `key` name it in the config file, `field` in the model when that differs."""

    env: str
    section: str
    key: str
    help: str
    default: str = ""
    secret: bool = False
    field: str = ""
    read: Callable[[Any], Any] = _as_it_is

    @property
    def path(self) -> tuple[str, ...]:
        """Where the value goes in `Settings`, for the desk of the environment if it belongs to a desk."""
        desk = ("desks", DEFAULT_DESK) if self.section in DESK_SECTIONS else ()
        return (*desk, *filter(None, [self.section]), self.field or self.key)

    @property
    def flag(self) -> str:
        """The flag has the variable's name. A secret on a command line is seen by every user: its flag names a file."""
        name = self.env.removeprefix("TICKETSYNC_").lower().replace("_", "-")
        return f"--{name}-file" if self.secret else f"--{name}"

    @property
    def parameter(self) -> str:
        """The flag as a Python name: the key under which `load_settings` takes it."""
        return self.flag.removeprefix("--").replace("-", "_")

    @property
    def file_keys(self) -> tuple[str, ...]:
        """How the config file may give it."""
        return (f"{self.key}_env", f"{self.key}_file") if self.secret else (self.key,)


FILTERED_BY = {
    "tags": "with one of these tags",
    "groups": "of one of these groups (numbers)",
    "brands": "of one of these brands (numbers)",
    "forms": "with one of these forms (numbers)",
    "priorities": "of one of these priorities",
    "organizations": "of one of these organizations (numbers)",
}


def _filter_options() -> Iterator[Option]:
    """Which tickets get a task: for each part of a ticket what it must and what it must not show."""
    for part, which in FILTERED_BY.items():
        for verb, what, default in (
            ("include", f"comma list: only tickets {which} get a task", "every ticket"),
            ("exclude", f"comma list: tickets {which} get no task", "none"),
        ):
            key = f"{verb}_{part}"
            yield Option(f"TICKETSYNC_{key.upper()}", "policy", key, what, default, read=parse_list)


OPTIONS = (
    Option("TICKETSYNC_HOST", "", "host", "the address that the server listens on", "0.0.0.0"),  # noqa: S104
    Option("TICKETSYNC_PORT", "", "port", "the port that the server listens on", "8080"),
    Option("TICKETSYNC_METRICS_ADDRESS", "", "metrics_address", "host:port that serves GET /metrics", "no metrics"),
    Option("TICKETSYNC_HEALTH_ADDRESS", "", "health_address", "host:port for a worker's probes", "no probes"),
    Option("TICKETSYNC_API_TOKEN", "", "api_token", "bearer token of the ticket API", "no ticket API", secret=True),
    Option(
        "TICKETSYNC_ENCRYPTION_KEYS",
        "",
        "encryption_keys",
        "keys, ID:KEY each, that encrypt what Temporal stores: the first encrypts, all decrypt",
        "no encryption",
        secret=True,
        read=parse_list,
    ),
    Option(
        "TICKETSYNC_TEMPORAL_UI",
        "",
        "temporal_ui",
        "address of Temporal's UI, whose pages may ask the codec endpoint",
        "no page may",
    ),
    Option("TICKETSYNC_CONFIG", "", "config", "the TOML file with the desks", "no file"),
    Option(
        "TICKETSYNC_WORKER_DEPLOYMENT",
        "",
        "worker_deployment",
        "the worker deployment whose versions Temporal routes to",
        "unversioned workers",
    ),
    Option(
        "TICKETSYNC_WORKER_DESKS",
        "",
        "worker_desks",
        "comma list of the desks whose calls a worker makes",
        "every desk",
        read=parse_list,
    ),
    Option(
        "TICKETSYNC_WORKER_TICKETS",
        "",
        "worker_tickets",
        "how many tickets a worker keeps in memory",
        "1000",
    ),
    Option("TICKETSYNC_LOG_FORMAT", "", "log_format", "auto, json or console", "auto"),
    Option("TICKETSYNC_LOG_LEVEL", "", "log_level", "debug, info, warning or error", "info"),
    Option(
        "TICKETSYNC_SIGNATURE_AGE",
        "",
        "signature_age",
        "how old a webhook's signature may be; duration",
        "24h",
        read=parse_duration,
    ),
    Option(
        "TICKETSYNC_TRACES_ENDPOINT",
        "",
        "traces_endpoint",
        "the OpenTelemetry collector that gets traces, by OTLP over HTTP, as http://localhost:4318",
        "no traces",
    ),
    Option("REDIS_HOST", "redis", "host", "Redis host", "localhost"),
    Option("REDIS_PORT", "redis", "port", "Redis port", "6379"),
    Option("REDIS_DB", "redis", "db", "Redis database number", "0"),
    Option("REDIS_PASSWORD", "redis", "password", "Redis password", "no password", secret=True),
    Option("REDIS_USE_SENTINEL", "redis", "use_sentinel", "whether sentinels name the master: true or false", "false"),
    Option("REDIS_SENTINEL_HOSTS", "redis", "sentinel_hosts", "comma list of the sentinels, host:port"),
    Option("REDIS_SENTINEL_MASTER", "redis", "sentinel_master", "the name of the master", "mymaster"),
    Option("ZENDESK_SUBDOMAIN", "zendesk", "subdomain", "the name before .zendesk.com"),
    Option(
        "ZENDESK_EMAIL",
        "zendesk",
        "email",
        "the user that the API token belongs to",
        "the token is an OAuth bearer token",
    ),
    Option("ZENDESK_API_TOKEN", "zendesk", "api_token", "Zendesk API token", secret=True),
    Option(
        "ZENDESK_WEBHOOK_SECRET",
        "zendesk",
        "webhook_secret",
        "signing secret of the webhook; a comma list while rotating",
        "no delivery can be verified",
        secret=True,
        field="webhook_secrets",
        read=parse_list,
    ),
    Option(
        "ZENDESK_BASE_URL",
        "zendesk",
        "base_url",
        "another address of Zendesk",
        "https://{ZENDESK_SUBDOMAIN}.zendesk.com",
    ),
    Option("TEAMWORK_DOMAIN", "teamwork", "domain", "the site's name (acme) or its whole host (acme.eu.teamwork.com)"),
    Option("TEAMWORK_API_TOKEN", "teamwork", "api_token", "Teamwork API key", secret=True),
    Option("TEAMWORK_PROJECT_ID", "teamwork", "project_id", "the number of the project that the tasks go to"),
    Option(
        "TEAMWORK_TASKLIST_ID",
        "teamwork",
        "tasklist_id",
        "the number of the task list",
        'the list named "Zendesk tickets", created when missing',
    ),
    Option(
        "TEAMWORK_FORMER_USERS",
        "teamwork",
        "former_users",
        "comma list of the numbers of Teamwork users in whose name tasks were made before",
        "none",
        read=parse_list,
    ),
    Option("TEAMWORK_BASE_URL", "teamwork", "base_url", "another address of Teamwork", "https:// and the site's host"),
    Option(
        "TICKETSYNC_TEAMWORK_CALLS_PER_MINUTE",
        "teamwork",
        "calls_per_minute",
        "how many calls a minute Teamwork gets from all workers together",
        "120",
    ),
    Option(
        "TICKETSYNC_ON_CLOSED",
        "policy",
        "on_closed",
        "what a closed ticket's task gets: delete, complete, keep",
        "delete",
    ),
    Option(
        "TICKETSYNC_ON_FILTERED",
        "policy",
        "on_filtered",
        "what the task of a ticket that leaves the filter gets: keep, complete, delete",
        "keep",
    ),
    Option("TICKETSYNC_TITLE", "policy", "title", "template of the task's title", "{subject}"),
    Option(
        "TICKETSYNC_DESCRIPTION",
        "policy",
        "description",
        "template of the task's description, written when the task is made",
        "no text above the marker",
    ),
    *_filter_options(),
    Option(
        "TICKETSYNC_ROUTES",
        "policy",
        "routes",
        "comma list of routes to task lists, as group:NUMBER=LIST; by group, form, brand or tag",
        "the desk's task list",
        read=parse_list,
    ),
    Option(
        "TICKETSYNC_TASK_PRIORITIES",
        "policy",
        "task_priorities",
        "comma list of a ticket's and its task's priority, as urgent=high",
        "no priorities",
        read=parse_list,
    ),
    Option(
        "TICKETSYNC_TASK_TAGS",
        "policy",
        "task_tags",
        "comma list of a ticket's and its task's tags, as vip or vip=Important; * is every ticket",
        "no tags",
        read=parse_list,
    ),
    Option(
        "TICKETSYNC_NOTIFY",
        "policy",
        "notify",
        "whether Teamwork may send mail about what is written: true or false",
        "false",
    ),
    Option(
        "TICKETSYNC_PROTECT_WORKED_TASKS",
        "policy",
        "protect_worked_tasks",
        "whether a task that people worked on is completed instead of deleted: true or false",
        "true",
    ),
    Option(
        "TICKETSYNC_SETTLE_WINDOW",
        "policy",
        "settle_window",
        "how long a delete waits for events that are still on their way; duration",
        "60s",
        read=parse_duration,
    ),
    Option(
        "TICKETSYNC_GRACE_PERIOD",
        "policy",
        "grace_period",
        "how long an ended ticket stays open for late events; duration",
        "24h",
        read=parse_duration,
    ),
    Option(
        "TICKETSYNC_BLOCKED_RETRY",
        "policy",
        "blocked_retry",
        "how soon a blocked step is tried again at first; duration",
        "15m",
        read=parse_duration,
    ),
    Option(
        "TICKETSYNC_ALERT_WEBHOOK",
        "alerts",
        "webhook",
        "address of the Slack-compatible incoming webhook that gets alerts",
        "no chat",
        secret=True,
    ),
    Option(
        "TICKETSYNC_ALERT_NOTES",
        "alerts",
        "notes",
        "whether a blocked ticket gets a private note in Zendesk: true or false",
        "false",
    ),
    Option(
        "TICKETSYNC_ALERT_AFTER",
        "alerts",
        "after",
        "how long a ticket is blocked before people are told; duration",
        "30m",
        read=parse_duration,
    ),
)


class SettingName(NamedTuple):
    """One setting as docs and command line show it. A secret's variable also exists as `{env}_FILE`."""

    env: str
    flag: str
    secret: bool
    default: str
    help: str


def setting_names() -> list[SettingName]:
    """Every setting there is, in the order in which the docs list them."""
    return [SettingName(option.env, option.flag, option.secret, option.default, option.help) for option in OPTIONS]
