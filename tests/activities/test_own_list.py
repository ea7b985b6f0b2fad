"""Which list is the desk's own: the configured one, else the one that was found for the very settings of now."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from ticketsync.activities.looks import known_list, list_place
from ticketsync.settings import TeamworkSettings
from ticketsync.sync.desk import DeskFacts

FOUND = 1234


def settings(**fields: Any) -> TeamworkSettings:
    given = {"domain": "acme", "api_token": SecretStr("t"), "project_id": 1, **fields}
    return TeamworkSettings.model_validate(given)


def found_for(**fields: Any) -> DeskFacts:
    place = list_place(settings(**fields))
    return DeskFacts(linked_at=datetime(2026, 1, 15, tzinfo=UTC), tasklist_id=FOUND, tasklist_of=place)


def test_a_list_that_was_found_for_these_settings_is_the_desks() -> None:
    assert known_list(settings(api_token=SecretStr("new"), calls_per_minute=7), found_for()) == FOUND


@pytest.mark.parametrize("before", [{"project_id": 2}, {"domain": "globex"}, {"tasklist_id": FOUND}])
def test_a_list_that_was_found_for_another_place_is_not(before: dict[str, Any]) -> None:
    assert known_list(settings(), found_for(**before)) is None


def test_neither_is_one_of_which_nobody_kept_where_it_was_found() -> None:
    assert known_list(settings(), DeskFacts(linked_at=datetime(2026, 1, 15, tzinfo=UTC), tasklist_id=FOUND)) is None
    assert known_list(settings(), None) is None


def test_workers_of_a_version_before_take_the_same_lock_of_a_project() -> None:
    assert list_place(settings()) == "tasklist-acme.teamwork.com-1"


def test_the_configured_list_counts_wherever_another_was_found() -> None:
    assert known_list(settings(tasklist_id=77), found_for()) == 77
    assert known_list(settings(tasklist_id=77), None) == 77
