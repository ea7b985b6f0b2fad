"""Export the histories that `test_replay.py` replays: `python -m tests.workflows.export_histories`.

Each scenario is played once against real servers and sandboxes, in about four minutes. The files go to
`histories/<version>/`; those of released versions stay as they are, so that workflows begun by them still replay.
"""

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHandle

from tests.conftest import SEARCH_ATTRIBUTES
from tests.support.stack import Stack, running_stack
from tests.workflows.scenarios import CONTINUED, ON_ONE_STACK, Scenario
from ticketsync import __version__
from ticketsync.embedded import redis_server, temporal_server
from ticketsync.sync.policy import Policy

FOLDER = Path(__file__).parent / "histories"
KNOWN_BAD = "known_bad"
SHORT = Policy(settle_window=timedelta(seconds=1), grace_period=timedelta(seconds=2))
SUGGEST_AT_50 = {"limit.historyCount.suggestContinueAsNew": "50"}


async def main() -> None:
    for old in (FOLDER / __version__).glob("*.gz"):
        old.unlink()
    async with _stack({}) as stack:
        for scenario in ON_ONE_STACK:
            await _record(stack, scenario)
    async with _stack(SUGGEST_AT_50) as stack:
        await _record(stack, CONTINUED)
    _make_known_bad(FOLDER / __version__ / "create_to_close.json.gz")


@asynccontextmanager
async def _stack(dynamic_config: dict[str, str]) -> AsyncIterator[Stack]:
    async with (
        temporal_server(
            say=print, port=0, dynamic_config=dynamic_config, search_attributes=SEARCH_ATTRIBUTES
        ) as server,
        redis_server(say=print, port=0) as redis,
        running_stack(server.address, redis.port, policy=SHORT) as stack,
    ):
        yield stack


async def _record(stack: Stack, scenario: Scenario) -> None:
    workflow = await scenario(stack)
    runs = await _runs(stack, workflow)
    for number, history in enumerate(runs, start=1):
        name = scenario.__name__ if len(runs) == 1 else f"{scenario.__name__}.{number}"
        _write(FOLDER / __version__ / f"{name}.json.gz", {"workflowId": workflow.id, **history})


async def _runs(stack: Stack, workflow: WorkflowHandle[Any, Any]) -> list[dict[str, Any]]:
    """The histories of all its runs, oldest first."""
    runs = [run async for run in stack.client.list_workflows(f"WorkflowId = '{workflow.id}'")]
    runs.sort(key=lambda run: run.start_time)
    histories = [await stack.client.get_workflow_handle(run.id, run_id=run.run_id).fetch_history() for run in runs]
    return [history.to_json_dict() for history in histories]


def _write(path: Path, history: dict[str, Any]) -> None:
    """Without what the machine tells of itself: who did it, and the paths of its stack traces."""
    text = json.dumps(history, separators=(",", ":"))
    for told in ("identity", "stackTrace"):
        text = re.sub(rf'("{told}":)"(?:[^"\\]|\\.)*"', r'\1""', text)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"{path.relative_to(FOLDER)}: {len(history['events'])} events, {path.stat().st_size} bytes")  # noqa: T201


def _make_known_bad(good: Path) -> None:
    """The same history with one activity of another name: workflow code that did this would not match it any more."""
    text = gzip.decompress(good.read_bytes()).decode()
    bad = text.replace('"rename_task"', '"retitle_task"')
    if bad == text:
        raise ValueError(f"{good.name} holds no rename_task")
    _write(FOLDER / KNOWN_BAD / f"{__version__}_activity_renamed.json.gz", json.loads(bad))


if __name__ == "__main__":
    asyncio.run(main())
