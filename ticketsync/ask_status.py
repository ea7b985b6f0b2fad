"""What a workflow says of itself, by its query `status`."""

import asyncio
from typing import Any, TypeVar

from temporalio.client import WorkflowHandle, WorkflowQueryFailedError
from temporalio.service import RPCError

T = TypeVar("T")
TIMES = 3  # a worker that is just building the run anew may refuse: see activations.py


async def ask_status(
    handle: WorkflowHandle[Any, Any], result_type: type[T], give_up: float
) -> tuple[T | None, str | None]:
    """The answer, or why there is none. `give_up`: a moment of the event loop's clock."""
    try:
        async with asyncio.timeout_at(give_up):
            for _ in range(TIMES - 1):
                try:
                    return await handle.query("status", result_type=result_type), None
                except WorkflowQueryFailedError:
                    continue
            return await handle.query("status", result_type=result_type), None
    except WorkflowQueryFailedError:
        return None, "the worker could not answer"
    except (RPCError, TimeoutError):
        return None, "no worker answers"
