"""What a worker is handed with a look at a ticket, and when that is ahead of the workflow's own task."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.bridge.proto.workflow_activation import WorkflowActivation, WorkflowActivationJob

from tests.support.wait import eventually
from ticketsync import activations as module
from ticketsync.activations import CALM_SECONDS, Activations, AheadOfItsTask

RUN = "a run"
FOR_EVER = 3600.0
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.fixture
def activations() -> Iterator[Activations]:
    with Activations() as executor:
        yield executor


async def test_signals_that_come_before_their_workflow_task_are_not_handed_over(activations: Activations) -> None:
    await _takes(activations, _activation("initialize_workflow", length=4))
    await _takes(activations, _activation("resolve_activity", length=12, second=1))
    await _refuses(activations, _activation("signal_workflow", length=14, second=1))


async def test_the_same_signals_are_taken_with_their_workflow_task(activations: Activations) -> None:
    await _takes(activations, _activation("initialize_workflow", length=4))
    await _refuses(activations, _activation("signal_workflow", length=6))
    await _takes(activations, _activation("remove_from_cache", length=6))
    await _takes(activations, _activation("initialize_workflow", length=4))
    await _takes(activations, _activation("signal_workflow", length=8, second=1))


async def test_what_a_workflow_task_brings_bit_by_bit_is_taken(activations: Activations) -> None:
    await _takes(activations, _activation("initialize_workflow", length=4))
    await _takes(activations, _activation("resolve_activity", length=4))
    await _takes(activations, _activation("query_workflow", length=4))


async def test_a_look_alone_is_taken_whatever_came_in_since(activations: Activations) -> None:
    await _takes(activations, _activation("initialize_workflow", length=4))
    await _takes(activations, _activation("query_workflow", length=6))
    await _refuses(activations, _activation("signal_workflow", length=6))


async def test_a_look_that_comes_after_the_decision_has_gone_is_refused_until_the_workflow_has_the_decision(
    activations: Activations,
) -> None:
    await _takes(activations, _activation("initialize_workflow", length=4))
    await activations.calm(RUN)
    await _refuses(activations, _activation("query_workflow", length=4))
    await _takes(activations, _activation("resolve_activity", length=4))
    await _takes(activations, _activation("query_workflow", length=4))


async def test_a_look_that_comes_apart_from_any_task_is_always_taken(activations: Activations) -> None:
    await _takes(activations, _activation("initialize_workflow", length=4))
    await activations.calm(RUN)
    apart = _activation("query_workflow", length=4)
    apart.jobs[0].query_workflow.query_id = "legacy_query"
    await _takes(activations, apart)


async def test_a_decision_waits_until_what_was_handed_over_before_it_is_reported(
    activations: Activations,
) -> None:
    reported = asyncio.Event()

    handing_over = asyncio.create_task(_hand_over_and_report(activations, reported))
    await asyncio.sleep(0)  # begins
    calm = asyncio.create_task(activations.calm(RUN))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(calm), timeout=50 * CALM_SECONDS)
    reported.set()
    await handing_over
    await calm


async def test_the_moment_of_calm_counts_from_the_last_that_was_under_way(
    activations: Activations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CALM_SECONDS", FOR_EVER)
    await _is_free_to_go(activations)
    await _takes(activations, _activation("initialize_workflow", length=4))
    await _is_held(activations)


async def test_a_decision_is_held_longer_where_somebody_looks_also_after_a_refusal(
    activations: Activations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CALM_SECONDS_UNDER_LOOKS", FOR_EVER)
    await _takes(activations, _activation("initialize_workflow", length=4))
    await _is_free_to_go(activations)
    await _refuses(activations, _activation("query_workflow", length=4))
    await _takes(activations, _activation("remove_from_cache", length=4))
    await _takes(activations, _activation("initialize_workflow", length=4))
    await _is_held(activations)


async def test_where_looks_do_not_end_new_ones_are_refused_and_the_last_is_waited_for(
    activations: Activations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_PAUSES", 3)
    await _takes(activations, _activation("initialize_workflow", length=4))
    reported = asyncio.Event()
    handing_over = asyncio.create_task(_hand_over_and_report(activations, reported))
    await asyncio.sleep(0)  # begins
    deciding = asyncio.create_task(activations.calm(RUN))
    await eventually(lambda: RUN in activations._decided, what="no more looks are taken")
    await _refuses(activations, _activation("query_workflow", length=4))
    assert not deciding.done()
    reported.set()
    await handing_over
    await deciding


async def _hand_over_and_report(activations: Activations, reported: asyncio.Event) -> None:
    activations.submit(_handed_over, _activation("query_workflow", length=4)).result(timeout=10)
    await reported.wait()


async def _is_free_to_go(activations: Activations) -> None:
    async with asyncio.timeout(30):
        await activations.calm(RUN)


async def _is_held(activations: Activations) -> None:
    deciding = asyncio.create_task(activations.calm(RUN))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(deciding, timeout=0.1)


async def _takes(activations: Activations, activation: WorkflowActivation) -> None:
    """In a task of its own, as the SDK does it."""

    async def hand_over() -> int:
        future: Future[int] = activations.submit(_handed_over, activation)
        return future.result(timeout=10)

    assert await asyncio.create_task(hand_over()) == activation.history_length


async def _refuses(activations: Activations, activation: WorkflowActivation) -> None:
    with pytest.raises(AheadOfItsTask, match="Ask again"):
        activations.submit(_handed_over, activation).result(timeout=10)


def _handed_over(activation: WorkflowActivation) -> int:
    length: int = activation.history_length
    return length


def _activation(job: str, *, length: int, second: int = 0) -> WorkflowActivation:
    asked = WorkflowActivationJob()
    getattr(asked, job).SetInParent()
    activation = WorkflowActivation(run_id=RUN, history_length=length, jobs=[asked])
    activation.timestamp.FromDatetime(NOON + timedelta(seconds=second))
    return activation
