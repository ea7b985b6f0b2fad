"""The tickets of a desk as Temporal's visibility lists them: from search attributes alone, no worker is needed."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args

from pydantic import BaseModel
from temporalio.client import Client, WorkflowExecution
from temporalio.common import SearchAttributeKey

from ticketsync import names
from ticketsync.sync.state import SyncState
from ticketsync.tickets import READ_SECONDS

TIMEOUT = timedelta(seconds=READ_SECONDS)


@dataclass(frozen=True)
class Wanted:
    """Which tickets. Values go into a query: they are checked names and numbers, never free text."""

    desk: str
    state: str | None = None
    status: str | None = None
    assignee: int | None = None
    limit: int = 50

    @property
    def query(self) -> str:
        """Without the state: that is counted by."""
        conditions = [f"{names.DESK.name} = '{self.desk}'", f"WorkflowType = '{names.TICKET_WORKFLOW}'"]
        conditions.append("ExecutionStatus = 'Running'")
        if self.status is not None:
            conditions.append(_is(names.TICKET_STATUS, self.status))
        if self.assignee is not None:
            conditions.append(_is(names.ASSIGNEE_ID, str(self.assignee)))
        return " AND ".join(conditions)

    def in_state(self, state: str | None) -> str:
        return f"{self.query} AND {_is(names.SYNC_STATE, state)}" if state is not None else self.query


class TicketRow(BaseModel):
    """One running ticket; a value that is None is not set.

    `assignee_id` is the Zendesk user whose person its task should have: who opened it, while it was never assigned.
    """

    ticket_id: int
    workflow_id: str
    state: str | None
    reason: str | None
    status: str | None
    task_id: int | None
    assignee_id: int | None
    started_at: datetime


class TicketList(BaseModel):
    """`counts` has every state, of all tickets that were asked for but for the state; `more`: the limit cut it."""

    desk: str
    counts: dict[str, int]
    tickets: list[TicketRow]
    more: bool


async def list_tickets(client: Client, wanted: Wanted) -> TicketList:
    """The newest first. Raises RPCError."""
    states: tuple[str, ...] = get_args(SyncState)
    counting = asyncio.gather(*(_count(client, wanted, state) for state in states))
    rows, counts = await asyncio.gather(_rows(client, wanted), counting)
    return TicketList(
        desk=wanted.desk,
        counts=dict(zip(states, counts, strict=True)),
        tickets=rows[: wanted.limit],
        more=len(rows) > wanted.limit,
    )


async def _rows(client: Client, wanted: Wanted) -> list[TicketRow]:
    found = client.list_workflows(wanted.in_state(wanted.state), limit=wanted.limit + 1, rpc_timeout=TIMEOUT)
    return [_row(run) async for run in found]


async def _count(client: Client, wanted: Wanted, state: str) -> int:
    return (await client.count_workflows(wanted.in_state(state), rpc_timeout=TIMEOUT)).count


def _row(run: WorkflowExecution) -> TicketRow:
    def value(key: SearchAttributeKey[str]) -> str | None:
        return run.typed_search_attributes.get(key) or None

    def number(key: SearchAttributeKey[str]) -> int | None:
        text = value(key) or ""
        return int(text) if text.isdigit() else None

    return TicketRow(
        ticket_id=number(names.TICKET_ID) or int(run.id.rpartition("-")[2]),
        workflow_id=run.id,
        state=value(names.SYNC_STATE),
        reason=value(names.REASON),
        status=value(names.TICKET_STATUS),
        task_id=number(names.TASK_ID),
        assignee_id=number(names.ASSIGNEE_ID),
        started_at=run.start_time,
    )


def _is(key: SearchAttributeKey[str], value: str) -> str:
    return f"{key.name} = '{value}'"
