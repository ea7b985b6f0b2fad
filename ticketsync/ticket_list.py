"""The tickets of a desk as Temporal's visibility lists them: from search attributes alone, no worker is needed.

Visibility sorts by start alone (its SQL stores refuse ORDER BY), and groups its counts by nothing of ours. So the
troubles, which are few as a rule, are sorted here, and each state is counted by a query of its own. Of everything else
no more is fetched than what is shown and what stands before it.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

from pydantic import BaseModel, computed_field
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, TypedSearchAttributes
from temporalio.converter import decode_typed_search_attributes

from ticketsync import names
from ticketsync.listing import TROUBLES, found_runs, since_of
from ticketsync.reasons import InWords, Reason, explained
from ticketsync.sync.state import SyncState
from ticketsync.tickets import READ_SECONDS

TicketStatus = Literal["new", "open", "pending", "hold", "solved", "closed", "deleted"]

TIMEOUT = timedelta(seconds=READ_SECONDS)
STATES: tuple[str, ...] = get_args(SyncState)
STATUSES: tuple[str, ...] = get_args(TicketStatus)


@dataclass(frozen=True)
class Wanted:
    """Which tickets. Values go into a query: they are checked names, codes and numbers, never free text.

    `codes`: only tickets with one of these reasons; "" stands for that of tickets which no worker has looked at.
    """

    desk: str
    state: str | None = None
    status: str | None = None
    assignee: int | None = None
    codes: tuple[str, ...] | None = None
    limit: int = 50
    page: int = 1

    @property
    def query(self) -> str:
        """Without the state: that is counted by."""
        conditions = [f"{names.DESK.name} = '{self.desk}'", f"WorkflowType = '{names.TICKET_WORKFLOW}'"]
        conditions.append("ExecutionStatus = 'Running'")
        if self.status is not None:
            conditions.append(_is(names.TICKET_STATUS, self.status))
        if self.assignee is not None:
            conditions.append(_is(names.ASSIGNEE_ID, str(self.assignee)))
        if self.codes is not None:
            conditions.append(_has_reason(self.codes))
        return " AND ".join(conditions)

    def in_state(self, *states: str) -> str:
        return f"{self.query} AND {_is_one_of(names.SYNC_STATE, states)}"

    @property
    def troubles(self) -> tuple[str, ...]:
        """The states of trouble that are asked for."""
        return tuple(state for state in TROUBLES if self.state in (None, state))

    @property
    def others(self) -> tuple[str, ...]:
        return tuple(state for state in STATES if state not in TROUBLES and self.state in (None, state))


class TicketRow(BaseModel):
    """One running ticket; a value that is None is not set. `since` is when state and reason became what they are.

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
    since: datetime | None = None


class TicketList(BaseModel):
    """One page. `counts` has every state, of all tickets that were asked for but for the state.

    `total` is how many were asked for; `more`: there is another page. `reasons` says of those in the page what they
    mean and what to do.
    """

    desk: str
    counts: dict[str, int]
    tickets: list[TicketRow]
    more: bool
    total: int = 0
    page: int = 1
    limit: int = 50

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated property
    @property
    def reasons(self) -> dict[str, InWords]:
        """By code; a ticket that has none yet is explained by its state."""
        told = self.explained.items()
        return {code: InWords(meaning=reason.meaning, to_do=reason.remedy or "nothing") for code, reason in told}

    @property
    def explained(self) -> dict[str, Reason]:
        """Each once, in the order of the tickets."""
        rows = [(row.state or "", row.reason or "") for row in self.tickets]
        told = {code or state: explained(state, code) for state, code in rows}
        return {code: reason for code, reason in told.items() if reason is not None}


async def list_tickets(client: Client, wanted: Wanted) -> TicketList:
    """The newest trouble first, then the tickets that began last. Raises RPCError."""
    counts, troubles = await asyncio.gather(_counts(client, wanted), _troubles(client, wanted))
    first = (wanted.page - 1) * wanted.limit
    rows = troubles[first : first + wanted.limit]
    if len(rows) < wanted.limit:
        skip = max(first - len(troubles), 0)
        rows += await _others(client, wanted, skip, wanted.limit - len(rows))
    total = counts[wanted.state] if wanted.state is not None else sum(counts.values())
    return TicketList(
        desk=wanted.desk,
        counts=counts,
        tickets=[_row(run) for run in rows],
        more=total > first + wanted.limit,
        total=total,
        page=wanted.page,
        limit=wanted.limit,
    )


# --- what visibility is asked


async def _counts(client: Client, wanted: Wanted) -> dict[str, int]:
    counted = await asyncio.gather(*(_count(client, wanted.in_state(state)) for state in STATES))
    return dict(zip(STATES, counted, strict=True))


async def _count(client: Client, query: str) -> int:
    return (await client.count_workflows(query, rpc_timeout=TIMEOUT)).count


async def _troubles(client: Client, wanted: Wanted) -> list[WorkflowExecutionInfo]:
    if not wanted.troubles:
        return []
    found = [run async for run in found_runs(client, wanted.in_state(*wanted.troubles))]
    return sorted(found, key=_since, reverse=True)


async def _others(client: Client, wanted: Wanted, skip: int, number: int) -> list[WorkflowExecutionInfo]:
    """The next so many, as the server sorts them: the newest first."""
    if not wanted.others:
        return []
    found = [run async for run in found_runs(client, wanted.in_state(*wanted.others), skip + number)]
    return found[skip:]


# --- rows


def _since(run: WorkflowExecutionInfo) -> tuple[str, str]:
    """By what the troubles are sorted."""
    return since_of(run), run.execution.workflow_id


def _row(run: WorkflowExecutionInfo) -> TicketRow:
    attributes = decode_typed_search_attributes(run.search_attributes)
    since = _text(attributes, names.SINCE)
    return TicketRow(
        ticket_id=_number(attributes, names.TICKET_ID) or int(run.execution.workflow_id.rpartition("-")[2]),
        workflow_id=run.execution.workflow_id,
        state=_text(attributes, names.SYNC_STATE),
        reason=_text(attributes, names.REASON),
        status=_text(attributes, names.TICKET_STATUS),
        task_id=_number(attributes, names.TASK_ID),
        assignee_id=_number(attributes, names.ASSIGNEE_ID),
        started_at=run.start_time.ToDatetime(UTC),
        since=datetime.fromisoformat(since) if since is not None else None,
    )


def _text(attributes: TypedSearchAttributes, key: SearchAttributeKey[str]) -> str | None:
    return attributes.get(key) or None


def _number(attributes: TypedSearchAttributes, key: SearchAttributeKey[str]) -> int | None:
    text = attributes.get(key) or ""
    return int(text) if text.isdigit() else None


# --- conditions


def _is(key: SearchAttributeKey[str], value: str) -> str:
    return f"{key.name} = '{value}'"


def _is_one_of(key: SearchAttributeKey[str], values: tuple[str, ...]) -> str:
    return f"{key.name} IN ({', '.join(repr(value) for value in values)})"


def _has_reason(codes: tuple[str, ...]) -> str:
    known = tuple(code for code in codes if code)
    conditions = [_is_one_of(names.REASON, known)] if known else []
    if "" in codes:
        conditions.append(f"({names.REASON.name} IS NULL AND {_is(names.SYNC_STATE, 'pending')})")
    return f"({' OR '.join(conditions)})"
