"""Durations, the table of all settings, and that loading has no side effects."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from tests.settings.given import ONE_DESK, load
from ticketsync.settings import (
    AlertSettings,
    RedisSettings,
    SettingName,
    Settings,
    TeamworkSettings,
    ZendeskSettings,
    format_duration,
    load_settings,
    parse_duration,
    setting_names,
)
from ticketsync.sync.policy import Policy


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (90, 90),
        ("90", 90),
        ("90s", 90),
        ("5m", 300),
        ("24h", 86400),
        ("7d", 604800),
        (" 1.5 H ", 5400),
        (0.5, 0.5),
        (0, 0),
    ],
)
def test_durations(text: Any, seconds: float) -> None:
    duration = parse_duration(text)
    assert duration == timedelta(seconds=seconds)
    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize(
    "text", ["", "s", "-5", -5, "5 weeks", True, None, [], "1e3", "nan", float("inf"), 1e300, "9" * 400]
)
def test_what_is_no_duration(text: Any) -> None:
    with pytest.raises(ValueError, match="is no"):
        parse_duration(text)


def test_every_field_has_a_variable_and_every_variable_a_field() -> None:
    names = [name.env for name in setting_names()]
    assert len(names) == len(set(names)) == len({name.flag for name in setting_names()})
    models: list[type[BaseModel]] = [Settings, RedisSettings, ZendeskSettings, TeamworkSettings, Policy, AlertSettings]
    fields = sum(len(model.model_fields) for model in models) - len(["redis", "desks"])
    assert fields == len(names)


def test_flag_has_its_variables_name() -> None:
    flags = {name.env: name.flag for name in setting_names()}
    assert flags["TICKETSYNC_METRICS_ADDRESS"] == "--metrics-address"
    assert flags["ZENDESK_SUBDOMAIN"] == "--zendesk-subdomain"
    assert flags["TEAMWORK_API_TOKEN"] == "--teamwork-api-token-file"


# The other defaults are told in words: "no file", "every ticket".
IN_WORDS = ("no ", "the ", "https", "unversioned", "every ", "none")
WITH_VALUES = [name for name in setting_names() if name.default and not name.default.startswith(IN_WORDS)]


@pytest.mark.parametrize("name", WITH_VALUES, ids=lambda name: name.env)
def test_default_in_the_table_is_that_of_the_model(name: SettingName) -> None:
    assert load(ONE_DESK | {name.env: name.default}).model_dump() == load(ONE_DESK).model_dump()


def test_many_defaults_are_values() -> None:
    assert len(WITH_VALUES) == 22


def test_settings_built_directly_read_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "from-the-environment")
    monkeypatch.setenv("PORT", "1")
    assert (Settings().host, Settings().port) == ("0.0.0.0", 8080)  # noqa: S104
    monkeypatch.setenv("TICKETSYNC_PORT", "9000")
    assert load_settings().port == 9000


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load(ONE_DESK).desk("default").zendesk.base_url = "https://evil.example"  # type: ignore[misc]


def test_importing_reads_no_setting() -> None:
    code = "import ticketsync.settings"
    environ = {"PATH": os.environ["PATH"], "TICKETSYNC_PORT": "no number", "ZENDESK_SUBDOMAIN": "!"}
    subprocess.run([sys.executable, "-c", code], env=environ, check=True, cwd=Path(__file__).parents[2])  # noqa: S603
