"""What one attempt tells the next by its heartbeat."""

from dataclasses import replace
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from ticketsync.activities.between_attempts import SWITCHED_OFF, switched_off_in_a_row


@pytest.mark.parametrize(
    ("details", "times"),
    [
        ((), 1),
        ((SWITCHED_OFF, 6, 3), 4),
        ((SWITCHED_OFF, 5, 3), 1),
        (("another", 6, 3), 1),
    ],
    ids=["the first", "the next", "after one that was not", "after something else"],
)
def test_what_is_switched_off_is_counted_from_attempt_to_attempt(details: tuple[Any, ...], times: int) -> None:
    said: list[tuple[Any, ...]] = []
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, attempt=7, heartbeat_details=details)
    environment.on_heartbeat = lambda *details: said.append(details)
    assert environment.run(switched_off_in_a_row) == times
    assert said == [(SWITCHED_OFF, 7, times)]
