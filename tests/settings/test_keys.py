"""Encryption keys in the settings: how they are written, and that none is shown."""

import json

import pytest

from tests.settings.given import KEYS, load, problem
from ticketsync import logs
from ticketsync.settings import Settings, load_settings, masked, new_key


def keys(text: str) -> Settings:
    return load({"TICKETSYNC_ENCRYPTION_KEYS": text})


def test_without_keys_nothing_is_encrypted() -> None:
    assert load().encryption_keys == ()


@pytest.mark.parametrize("text", [",".join(KEYS), "\n".join(KEYS) + "\n", f" {KEYS[0]} , {KEYS[1]}"])
def test_keys_are_a_comma_list_or_one_a_line_in_the_order_given(text: str) -> None:
    assert [key.id for key in keys(text).encryption_keys] == ["first", "second"]
    assert keys(text).encryption_keys[0].raw == bytes(32)


def test_a_key_that_is_made_is_one_that_is_taken() -> None:
    made = [new_key() for _ in range(20)]
    (taken,) = keys(made[0].text).encryption_keys
    assert taken.raw == made[0].raw
    assert {len(key.raw) for key in made} == {32}
    assert len({key.raw for key in made}) == 20


@pytest.mark.parametrize(
    "wrong",
    [
        "s3cret",
        "first:s3cret",
        KEYS[0].partition(":")[2],
        f"first:{'A' * 43}",
        f"first:{'A' * 63}=",
        f":{'A' * 43}=",
        f"a b:{'A' * 43}=",
    ],
)
def test_what_is_no_key_is_refused_and_not_repeated(wrong: str) -> None:
    told = problem({"TICKETSYNC_ENCRYPTION_KEYS": f"{KEYS[0]},{wrong}"})
    assert told.startswith("TICKETSYNC_ENCRYPTION_KEYS: item 2: is not of the form ID:KEY")
    assert "s3cret" not in told
    assert "AAAA" not in told


def test_two_keys_of_one_id_are_refused() -> None:
    told = problem({"TICKETSYNC_ENCRYPTION_KEYS": f"{KEYS[0]},first:{'B' * 42}A="})
    assert told == "TICKETSYNC_ENCRYPTION_KEYS: two keys have the same id: give each its own"


def test_keys_are_shown_by_their_ids_alone() -> None:
    settings = keys(",".join(KEYS))
    assert masked(settings)["encryption_keys"] == ["first:********", "second:********"]
    everything = repr(settings) + str(settings) + settings.model_dump_json() + json.dumps(masked(settings))
    assert not any(key.partition(":")[2] in everything for key in KEYS)


def test_keys_are_hidden_in_logs() -> None:
    made = new_key()
    logs.start_logging(keys(made.text))
    assert logs.masked(f"with {made.text}") == f"with {made.id}:***"


@pytest.mark.parametrize(
    "url", ["https://ui.acme.example", "https://ui.acme.example/temporal/", "http://localhost:8233"]
)
def test_temporals_ui_is_an_address(url: str) -> None:
    assert load({"TICKETSYNC_TEMPORAL_UI": url}).temporal_ui == url.rstrip("/")


@pytest.mark.parametrize("wrong", ["*", "ui.acme.example", "https://me:s3cret@ui.acme.example"])
def test_what_is_no_address_is_not_temporals_ui(wrong: str) -> None:
    told = problem({"TICKETSYNC_TEMPORAL_UI": wrong})
    assert told.startswith("TICKETSYNC_TEMPORAL_UI: ")
    assert "s3cret" not in told


def test_a_key_cannot_stand_on_a_command_line() -> None:
    with pytest.raises(KeyError):
        load_settings({"encryption_keys": KEYS[0]}, {})
