"""Settings that tests begin with, and how they load them."""

from typing import Any

import pytest

from ticketsync.settings import (
    DEFAULT_DESK,
    DeskSettings,
    Settings,
    SettingsError,
    load_settings,
)

ONE_DESK = {
    "ZENDESK_SUBDOMAIN": "acme",
    "ZENDESK_EMAIL": "sync@acme.example",
    "ZENDESK_API_TOKEN": "s3cret-zendesk",
    "ZENDESK_WEBHOOK_SECRET": "s3cret-one, s3cret-two",
    "TEAMWORK_DOMAIN": "acme",
    "TEAMWORK_API_TOKEN": "s3cret-teamwork",
    "TEAMWORK_PROJECT_ID": "987654",
}
KEYS = (f"first:{'A' * 43}=", f"second:{'B' * 42}A=")
ZENDESK_TABLE = '[desks.acme.zendesk]\nsubdomain = "acme"\napi_token_env = "ACME_ZENDESK"\n'
TEAMWORK_TABLE = (
    '[desks.acme.teamwork]\ndomain = "acme.eu.teamwork.com"\napi_token_env = "ACME_TEAMWORK"\nproject_id = 5\n'
)
ACME_TOKENS = {"ACME_ZENDESK": "s3cret-a", "ACME_TEAMWORK": "s3cret-b"}


def load(environ: dict[str, str] | None = None, **flags: Any) -> Settings:
    return load_settings(flags, environ=environ or {})


def default_desk(**variables: str) -> DeskSettings:
    return load(ONE_DESK | variables).desk(DEFAULT_DESK)


def problems(environ: dict[str, str] | None = None, **flags: Any) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refused:
        load(environ, **flags)
    assert str(refused.value).splitlines() == list(refused.value.problems)
    return refused.value.problems


def problem(environ: dict[str, str] | None = None, **flags: Any) -> str:
    (only,) = problems(environ, **flags)
    return only
