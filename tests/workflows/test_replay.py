"""Workflow code still does what it did in the recorded histories of every release: `export_histories.py` makes them.

A history that fails here belongs to workflows that run out there: mend it with `workflow.patched`, not with a new
recording.
"""

import gzip
import json
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.workflow import NondeterminismError

from tests.workflows.export_histories import FOLDER, KNOWN_BAD
from tests.workflows.recorded import replayer

GOOD = sorted(path for path in FOLDER.glob("*/*.json.gz") if path.parent.name != KNOWN_BAD)
BAD = sorted(FOLDER.glob(f"{KNOWN_BAD}/*.json.gz"))
SCENARIOS = frozenset(
    {
        "create_to_close",
        "merged_then_closed",
        "closed_then_merged",
        "blocked_and_retried",
        "step_cancelled_while_retrying",
        "continued_as_new.1",
        "continued_as_new.2",
        "undeleted_after_completion.2",
        "rule_error",
        "desk",
        "backfill.1",
        "backfill.2",
        "alerts",
    }
)


def _history(path: Path) -> WorkflowHistory:
    recorded = json.loads(gzip.decompress(path.read_bytes()))
    return WorkflowHistory.from_json(recorded.pop("workflowId"), recorded)


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name.removesuffix('.json.gz')}"


@pytest.mark.parametrize("path", GOOD, ids=_name)
async def test_a_recorded_history_replays(path: Path) -> None:
    await replayer().replay_workflow(_history(path))


@pytest.mark.parametrize("path", BAD, ids=_name)
async def test_a_history_of_other_code_does_not_replay(path: Path) -> None:
    with pytest.raises(NondeterminismError, match="retitle_task"):
        await replayer().replay_workflow(_history(path))


def test_every_release_has_its_histories() -> None:
    recorded = {path.parent.name: set[str]() for path in GOOD}
    for path in GOOD:
        recorded[path.parent.name].add(path.name.removesuffix(".json.gz"))
    assert recorded
    assert all(names >= SCENARIOS for names in recorded.values())
    assert BAD
