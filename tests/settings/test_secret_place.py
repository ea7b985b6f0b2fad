"""Where a desk's webhook secret is kept or will be, and what may be missing until it is."""

from pathlib import Path
from typing import Any

import pytest

from tests.settings.given import ACME_TOKENS, ONE_DESK, TEAMWORK_TABLE, ZENDESK_TABLE, problem
from ticketsync.settings import WEBHOOK_SECRETS, SecretPlace, SettingsError, load_settings, webhook_secret_place

WITHOUT = {name: value for name, value in ONE_DESK.items() if name != "ZENDESK_WEBHOOK_SECRET"}
MISSING = "/nowhere/secret"


def place(environ: dict[str, str], desk: str = "default", **flags: Any) -> SecretPlace:
    return webhook_secret_place(desk, flags, environ)


def with_file(config: Path, zendesk: str = "") -> dict[str, str]:
    config.write_text(ZENDESK_TABLE + zendesk + TEAMWORK_TABLE)
    return ACME_TOKENS | {"TICKETSYNC_CONFIG": str(config)}


def test_of_the_environments_desk_it_is_the_variable_given_or_not() -> None:
    wanted = SecretPlace("ZENDESK_WEBHOOK_SECRET", variable="ZENDESK_WEBHOOK_SECRET")
    assert place(ONE_DESK) == place(WITHOUT) == wanted


def test_a_file_that_a_variable_or_a_flag_names() -> None:
    by_variable = WITHOUT | {"ZENDESK_WEBHOOK_SECRET_FILE": MISSING}
    assert place(by_variable) == SecretPlace("ZENDESK_WEBHOOK_SECRET_FILE", file=Path(MISSING))
    flag = "--zendesk-webhook-secret-file"
    assert place(ONE_DESK, zendesk_webhook_secret_file=MISSING) == SecretPlace(flag, file=Path(MISSING))


def test_what_the_config_file_names(config: Path) -> None:
    of_file = place(with_file(config, 'webhook_secret_file = "acme-secret"\n'), "acme")
    assert of_file == SecretPlace(
        f"{config}:desks.acme.zendesk.webhook_secret_file", file=config.parent / "acme-secret"
    )
    of_variable = place(with_file(config, 'webhook_secret_env = "ACME_SECRET"\n'), "acme")
    assert of_variable == SecretPlace(f"{config}:desks.acme.zendesk.webhook_secret_env", variable="ACME_SECRET")


def test_a_desk_of_the_config_file_without_any_has_its_table(config: Path) -> None:
    assert place(with_file(config), "acme").table == config


def test_the_environments_desk_beside_a_config_file_is_still_the_variables(config: Path) -> None:
    environ = with_file(config) | WITHOUT
    assert place(environ) == SecretPlace("ZENDESK_WEBHOOK_SECRET", variable="ZENDESK_WEBHOOK_SECRET")


def test_the_variable_goes_before_the_file(config: Path) -> None:
    config.write_text((ZENDESK_TABLE + 'webhook_secret_file = "x"\n' + TEAMWORK_TABLE).replace("acme", "default"))
    environ = ACME_TOKENS | {"TICKETSYNC_CONFIG": str(config), "ZENDESK_WEBHOOK_SECRET": "hush"}
    assert place(environ).variable == "ZENDESK_WEBHOOK_SECRET"


# --- what may be missing


def test_a_secret_that_cannot_be_read_may_be_missing_for_who_gets_it_first(config: Path) -> None:
    environ = WITHOUT | {"ZENDESK_WEBHOOK_SECRET_FILE": MISSING}
    assert "ZENDESK_WEBHOOK_SECRET_FILE" in problem(environ)
    assert load_settings(environ=environ, may_lack=[WEBHOOK_SECRETS]).desk("default").zendesk.webhook_secrets == ()
    named = with_file(config, 'webhook_secret_env = "ACME_SECRET"\n')
    assert load_settings(environ=named, may_lack=[WEBHOOK_SECRETS]).desk("acme").zendesk.webhook_secrets == ()


def test_all_other_secrets_must_still_be_readable() -> None:
    environ = WITHOUT | {"ZENDESK_API_TOKEN": "", "ZENDESK_API_TOKEN_FILE": MISSING}
    with pytest.raises(SettingsError, match="ZENDESK_API_TOKEN_FILE"):
        load_settings(environ=environ, may_lack=[WEBHOOK_SECRETS])


def test_a_secret_that_may_be_missing_is_still_read_and_checked() -> None:
    settings = load_settings(environ=ONE_DESK, may_lack=[WEBHOOK_SECRETS])
    assert len(settings.desk("default").zendesk.webhook_secrets) == 2
    with pytest.raises(SettingsError):
        load_settings(environ=ONE_DESK | {"ZENDESK_WEBHOOK_SECRET": "hüsh"}, may_lack=[WEBHOOK_SECRETS])
