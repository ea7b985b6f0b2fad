"""Under which outcome an attempt counts: a code from a fixed list, whatever went wrong."""

import asyncio
from typing import get_args

import pytest
from temporalio.exceptions import ApplicationError, CancelledError

from ticketsync import names
from ticketsync.metrics.attempts import KINDS, outcome_of
from ticketsync.sync.step import StepKind


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ApplicationError("Teamwork answered 403 to …", type="forbidden"), "forbidden"),
        (ApplicationError("without a type"), "activity_failed"),
        (ValueError("Checkout broken for Mrs. Smith"), "activity_failed"),
        (CancelledError("told to stop"), "cancelled"),
        (asyncio.CancelledError(), "cancelled"),
    ],
)
def test_an_attempt_counts_by_its_code_and_never_by_a_text(error: BaseException, outcome: str) -> None:
    assert outcome_of(error) == outcome


def test_every_step_counts_under_its_kind() -> None:
    assert {KINDS[name] for name in names.STEP_ACTIVITIES.values()} == set(get_args(StepKind))
