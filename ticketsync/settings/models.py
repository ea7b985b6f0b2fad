"""The settings as the rest of ticketsync sees them: validated, complete, and with secrets that no print shows."""

import re
from datetime import timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveInt,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from ticketsync.settings.keys import EncryptionKey, with_ids_of_their_own
from ticketsync.settings.values import parse_address, parse_addresses, parse_duration, parse_list
from ticketsync.sync.policy import Policy

DEFAULT_DESK = "default"
# Zendesk signs with this public secret while a webhook that does not exist yet is tested (reference/zendesk-api §3).
PUBLIC_TEST_SECRET = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="  # noqa: S105

_DESK_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?")
_REDIS_SENTINEL_PORT = 26379


class SettingsError(Exception):
    """The settings cannot be used. Its text has one line per problem: which setting, and what to do about it."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def missing(field: str) -> PydanticCustomError:
    """The error for a field that has no value and cannot be derived; the loader words it."""
    return PydanticCustomError("missing_setting", "is not set", {"field": field})


def site_of(url: str) -> str:
    """The host of a base URL, with the port when it names one: what quotas and locks are keyed by."""
    return urlsplit(url).netloc.lower()


def is_loopback(url: str) -> bool:
    """Whether a base URL stays on this machine: only a sandbox does."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _checked_url(url: str) -> str:
    """A base URL without its trailing slash; ValueError when requests cannot be built on it."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("give an address such as https://acme.example")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address holds no user name or password: give the token by its own setting")
    _ = parts.port  # raises ValueError on a port that is none
    return url.rstrip("/")


def _bare_host(value: Any) -> Any:
    """What people paste from the address bar, without scheme and slash."""
    return value.strip().lower().removeprefix("https://").rstrip("/") if isinstance(value, str) else value


def _subdomain(value: str) -> str:
    name = value.removesuffix(".zendesk.com")
    if not _LABEL.fullmatch(name):
        raise ValueError("give the name before .zendesk.com")
    return name


def _teamwork_host(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise ValueError("give the site's name (acme) or its whole host (acme.eu.teamwork.com)")
    return value


def _plain_email(email: str) -> str:
    """The address alone: people paste it with the `/token` that Zendesk's examples have behind it."""
    address = email.strip().removesuffix("/token")
    if "@" not in address or ":" in address or not address.isprintable():
        raise ValueError("is not an e-mail address")
    return address


def _desk_name(name: str) -> str:
    if not _DESK_NAME.fullmatch(name):
        raise ValueError("a desk's name is 1 to 32 small letters, digits and hyphens, and does not begin with a hyphen")
    return name


def _not_empty(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text or not text.isprintable() or not text.isascii():
        raise ValueError("is empty or holds characters that no token has")
    return secret


def _one_of_lower_case(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


DeskName = Annotated[str, AfterValidator(_desk_name)]
Secret = Annotated[SecretStr, AfterValidator(_not_empty)]
BaseUrl = Annotated[str, AfterValidator(lambda url: _checked_url(url) if url else url)]
Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Port = Annotated[int, Field(ge=0, le=65535)]


class SecretPlace(NamedTuple):
    """Where a secret is kept, under the name that says so (`origin`): in a file, or in a variable. In neither: nowhere
    yet, and `table` is the config file whose table of the desk could name a file.
    """

    origin: str
    file: Path | None = None
    variable: str | None = None
    table: Path | None = None


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ZendeskSettings(_Section):
    """How to reach a desk's Zendesk. Without `email` the token is an OAuth bearer token.

    `webhook_secrets` may be empty (a webhook that is still to be installed): then no delivery can be verified.
    """

    subdomain: Annotated[str, BeforeValidator(_bare_host), AfterValidator(_subdomain)] | None = None
    base_url: BaseUrl = Field(default="", validate_default=True)
    email: Annotated[str, AfterValidator(_plain_email)] | None = None
    api_token: Secret
    webhook_secrets: Annotated[tuple[Secret, ...], BeforeValidator(parse_list)] = ()

    @field_validator("base_url")
    @classmethod
    def _derive_base_url(cls, url: str, info: ValidationInfo) -> str:
        if url or "subdomain" not in info.data:
            return url
        if info.data["subdomain"] is None:
            raise missing("subdomain")
        return f"https://{info.data['subdomain']}.zendesk.com"

    @field_validator("webhook_secrets")
    @classmethod
    def _no_public_secret(cls, secrets: tuple[SecretStr, ...], info: ValidationInfo) -> tuple[SecretStr, ...]:
        published = any(secret.get_secret_value() == PUBLIC_TEST_SECRET for secret in secrets)
        if published and not is_loopback(info.data.get("base_url", "")):
            raise ValueError("holds Zendesk's public test secret, which anybody can sign with: only a sandbox takes it")
        return secrets

    @property
    def site(self) -> str:
        return site_of(self.base_url)


class TeamworkSettings(_Section):
    """How to reach a desk's Teamwork project. Without `tasklist_id` the list is found or created by its name.

    `former_users`: tasks that these users made may be marked as ours too, such as those of an older service.
    """

    domain: Annotated[str, BeforeValidator(_bare_host), AfterValidator(_teamwork_host)] | None = None
    base_url: BaseUrl = Field(default="", validate_default=True)
    api_token: Secret
    project_id: int = Field(gt=0)
    tasklist_id: int | None = Field(default=None, gt=0)
    former_users: Annotated[tuple[PositiveInt, ...], BeforeValidator(parse_list)] = ()
    calls_per_minute: int = Field(default=120, gt=0)

    @field_validator("base_url")
    @classmethod
    def _derive_base_url(cls, url: str, info: ValidationInfo) -> str:
        if url or "domain" not in info.data:
            return url
        if info.data["domain"] is None:
            raise missing("domain")
        domain = info.data["domain"]
        return f"https://{domain}" if "." in domain or ":" in domain else f"https://{domain}.teamwork.com"

    @property
    def site(self) -> str:
        return site_of(self.base_url)


def _secret_url(secret: SecretStr) -> SecretStr:
    """A whole address, with its query where it has one."""
    parts = urlsplit(secret.get_secret_value())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is no address: give that of an incoming webhook, https://…")
    return secret


class AlertSettings(_Section):
    """What people are told by themselves. `webhook` is a Slack-compatible incoming webhook, whose address is a secret.

    `notes`: also as a private note on the ticket. `after`: how long a ticket has been blocked when it is told of.
    """

    webhook: Annotated[Secret, AfterValidator(_secret_url)] | None = None
    notes: bool = False
    after: Duration = timedelta(minutes=30)

    @property
    def on(self) -> bool:
        return self.webhook is not None or self.notes


class DeskSettings(_Section):
    """One Zendesk account, the Teamwork project its tickets go to, and the rules between them."""

    name: DeskName
    zendesk: ZendeskSettings
    teamwork: TeamworkSettings
    policy: Policy = Policy()
    alerts: AlertSettings = AlertSettings()

    @property
    def is_sandbox(self) -> bool:
        return is_loopback(self.zendesk.base_url)


class RedisSettings(_Section):
    """Where Redis is: one server, or a master that sentinels name. `sentinel_hosts` are (host, port) pairs."""

    host: str = "localhost"
    port: Port = 6379
    db: int = Field(default=0, ge=0)
    password: Secret | None = None
    use_sentinel: bool = False
    sentinel_hosts: Annotated[
        tuple[tuple[str, int], ...], BeforeValidator(partial(parse_addresses, default_port=_REDIS_SENTINEL_PORT))
    ] = Field(default=(), validate_default=True)
    sentinel_master: str = "mymaster"

    @field_validator("sentinel_hosts")
    @classmethod
    def _needed_by_sentinel(
        cls, hosts: tuple[tuple[str, int], ...], info: ValidationInfo
    ) -> tuple[tuple[str, int], ...]:
        if info.data.get("use_sentinel") and not hosts:
            raise missing("sentinel_hosts")
        return hosts


class Settings(BaseSettings):
    """Everything that can be set. Built by `load_settings`; built directly it holds what it is given and reads nothing.

    `metrics_address` and `health_address` are `host:port`. `signature_age` is how old a webhook's signature may be. Of
    the `encryption_keys` the first encrypts what Temporal stores; without any it is plain. `temporal_ui` is the address
    of Temporal's UI, `traces_endpoint` the base URL of a collector that takes OTLP over HTTP. `worker_desks`: the
    desks whose calls a worker makes, or none for those of all; it need not know them yet. `worker_tickets`: how many
    tickets a worker keeps in memory, under 0.5 MiB each.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    host: str = "0.0.0.0"  # noqa: S104, a server in a container is reached from outside of it
    port: Port = 8080
    metrics_address: str | None = None
    health_address: str | None = None
    api_token: Secret | None = None
    encryption_keys: Annotated[
        tuple[EncryptionKey, ...], BeforeValidator(parse_list), AfterValidator(with_ids_of_their_own)
    ] = ()
    temporal_ui: BaseUrl | None = None
    config: Path | None = None
    worker_deployment: str | None = None
    worker_desks: Annotated[tuple[DeskName, ...], BeforeValidator(parse_list)] = ()
    worker_tickets: int = Field(default=1000, ge=100, le=100_000)  # that of the SDK; fewer than it works on are too few
    log_format: Annotated[Literal["auto", "json", "console"], BeforeValidator(_one_of_lower_case)] = "auto"
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_one_of_lower_case)] = "info"
    signature_age: Duration = timedelta(hours=24)
    traces_endpoint: Annotated[str, AfterValidator(_checked_url)] | None = None
    redis: RedisSettings = RedisSettings()
    desks: dict[str, DeskSettings] = {}

    @field_validator("metrics_address", "health_address")
    @classmethod
    def _host_and_port(cls, address: str | None) -> str | None:
        if address is not None:
            parse_address(address)
        return address

    def desk(self, name: str) -> DeskSettings:
        """The desk of that name; SettingsError, with the names there are, when there is none."""
        if name not in self.desks:
            raise SettingsError(f"there is no desk {name!r}: {_desks_there_are(self.desks)}")
        return self.desks[name]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        *_others: Any,
        **_more: Any,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what it is given: the names that its users know are read by `load_settings`."""
        return (init_settings,)


def _desks_there_are(desks: dict[str, DeskSettings]) -> str:
    if desks:
        return f"use one of {', '.join(sorted(desks))}, or add it to the config file"
    return "set ZENDESK_SUBDOMAIN and its companions for one desk, or TICKETSYNC_CONFIG for a file of many"
