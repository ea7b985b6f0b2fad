"""How many open tickets agents have: counted by Temporal's visibility, so that no worker is needed."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError

from ticketsync import names
from ticketsync.cli.output import note
from ticketsync.cli.reach import reach_temporal
from ticketsync.sync.state import SyncState
from ticketsync.temporal import BadTemporalConfigError, TemporalError
from ticketsync.tickets import READ_SECONDS

OPEN: tuple[SyncState, ...] = ("pending", "in_step", "retrying", "blocked", "paused")  # those that have a task
AT_ONCE = 8
TIMEOUT = timedelta(seconds=READ_SECONDS)


async def count_open(client: Client, desk: str, agent_ids: Iterable[int]) -> dict[int, int]:
    """Of each agent, how many tickets' tasks are to be theirs: a change of their person re-assigns them.

    Those that have ended, or have no task by the policy, do not count. Raises RPCError.
    """
    turns = asyncio.Semaphore(AT_ONCE)

    async def count(agent_id: int) -> int:
        async with turns:
            found = await client.count_workflows(_query(desk, agent_id), rpc_timeout=TIMEOUT)
        return found.count

    ids = list(dict.fromkeys(agent_ids))
    return dict(zip(ids, await asyncio.gather(*map(count, ids)), strict=True))


async def count_if_known(desk: str, agent_ids: Iterable[int]) -> dict[int, int] | None:
    """The same; None, and a note why, when Temporal does not tell. Raises BadTemporalConfigError."""
    try:
        return await count_open(await reach_temporal(), desk, agent_ids)
    except BadTemporalConfigError:
        raise
    except TemporalError as error:
        note(f"open tickets are not counted: {error}")
    except RPCError as error:
        note(f"open tickets are not counted: {error.status.name}")
    return None


def tickets(number: int) -> str:
    """`1 open ticket`, `3 open tickets`."""
    return f"{number} open ticket{'' if number == 1 else 's'}"


def _query(desk: str, agent_id: int) -> str:
    states = ", ".join(f"'{state}'" for state in OPEN)
    conditions = (
        f"WorkflowType = '{names.TICKET_WORKFLOW}'",
        "ExecutionStatus = 'Running'",
        f"{names.DESK.name} = '{desk}'",
        f"{names.ASSIGNEE_ID.name} = '{agent_id}'",
        f"{names.SYNC_STATE.name} IN ({states})",
    )
    return " AND ".join(conditions)
