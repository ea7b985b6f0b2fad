"""A stored state and a signal of every released shape still decode, and mean the same.

Workflows live for months: what an older release wrote is read by this one. Fields are added with defaults, never
renamed or removed.
"""

import json
from pathlib import Path
from typing import Any, TypeVar

import pytest
from pydantic import BaseModel
from temporalio.api.common.v1 import Payload

from tests.sync.builders import decided
from tests.sync.shapes import FILLED, MINIMAL, RELEASE, STORED
from tests.sync.teamwork import ANN_IN_TEAMWORK
from ticketsync.sync.event import Event
from ticketsync.sync.people import People
from ticketsync.sync.policy import Policy
from ticketsync.sync.state import TicketState
from ticketsync.temporal import data_converter

ModelT = TypeVar("ModelT", bound=BaseModel)

WRITTEN = {"filled": FILLED, "minimal": MINIMAL}
SHAPES = [(how, name) for how, shapes in WRITTEN.items() for name in shapes]


def path(how: str, name: str) -> Path:
    return STORED / RELEASE / how / f"{name}.json"


def stored(how: str, model: type[ModelT], name: str) -> ModelT:
    """As Temporal's converter decodes it."""
    payload = Payload(metadata={"encoding": b"json/plain"}, data=path(how, name).read_bytes())
    decoded: ModelT = data_converter().payload_converter.from_payload(payload, model)
    return decoded


@pytest.mark.parametrize(("how", "name"), SHAPES)
def test_what_release_0_1_0_stored_still_decodes_and_holds_the_same(how: str, name: str) -> None:
    written = WRITTEN[how][name]
    assert stored(how, type(written), name) == written


@pytest.mark.parametrize(("how", "name"), SHAPES)
def test_nothing_that_was_stored_is_dropped(how: str, name: str) -> None:
    """Unknown fields are ignored, so a field that was renamed would be lost without a word."""
    kept = stored(how, type(WRITTEN[how][name]), name).model_dump(mode="json")
    assert _missing(json.loads(path(how, name).read_text()), kept) == []


@pytest.mark.parametrize("name", FILLED)
def test_every_field_of_today_is_in_the_newest_stored_shape(name: str) -> None:
    """A new field needs a stored shape of the release that brings it."""
    assert _missing(FILLED[name].model_dump(mode="json"), json.loads(path("filled", name).read_text())) == []


@pytest.mark.parametrize("name", sorted(set(FILLED) - {"decision"}))
def test_the_filled_shapes_are_filled(name: str) -> None:
    """A field with its default would decode even when it is not read at all."""
    for model in _models(FILLED[name]):
        defaults = {key for key, field in type(model).model_fields.items() if getattr(model, key) == field.default}
        assert defaults - {"schema_version", "version"} == set()


def test_a_stored_state_and_signal_still_lead_to_the_same_decision() -> None:
    state, event = stored("filled", TicketState, "ticket_state"), stored("filled", Event, "event")
    no_wishes = {"inspect": False, "commands": (), "link_to": None, "unlinked": False}
    alive = state.model_copy(update={"lifecycle": type(state.lifecycle)(), **no_wishes})
    policy = Policy(include_tags=("vip",))
    people = People(generation=12, known={8447388090777: ANN_IN_TEAMWORK})
    decision, after = decided(alive, event, seconds=0, policy=policy, people=people)
    assert [line.code for line in decision.lines] == ["hint"]
    assert [step.kind for step in decision.plan] == ["restore"]
    assert after.lifecycle.merged_into == 35440


def test_a_minimal_stored_state_is_that_of_a_ticket_of_which_nothing_is_known() -> None:
    state, event = stored("minimal", TicketState, "ticket_state"), stored("minimal", Event, "event")
    decision, after = decided(state, event)
    assert (decision.plan, [line.code for line in decision.lines]) == ((), ["hint"])
    assert after.read is not None


def _missing(wanted: Any, given: Any, where: str = "") -> list[str]:
    """Where `given` lacks something that `wanted` has."""
    if isinstance(wanted, dict):
        if not isinstance(given, dict):
            return [where]
        return [one for key in wanted for one in _missing(wanted[key], given.get(key, ...), f"{where}.{key}")]
    if isinstance(wanted, list) and isinstance(given, list) and len(wanted) == len(given):
        return [one for left, right in zip(wanted, given, strict=True) for one in _missing(left, right, where)]
    return [] if wanted == given else [where]


def _models(model: BaseModel) -> list[BaseModel]:
    """The model and all models within it."""
    values = [getattr(model, key) for key in type(model).model_fields]
    within = [one for value in values for one in (value if isinstance(value, tuple) else (value,))]
    return [model, *(deeper for one in within if isinstance(one, BaseModel) for deeper in _models(one))]
