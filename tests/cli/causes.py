"""Why a ticket is not as people expect: how each cause comes about, and who is asked for it.

A cause is brought about on a real stack; then `tickets why`, `tickets list` and the ticket API are asked, as a support
lead would.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr

from tests.cli.programs import Ran, run
from tests.support.stack import Stack
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from ticketsync import names
from ticketsync.sandbox.http import serve
from ticketsync.server import create_app
from ticketsync.settings import Settings
from ticketsync.sync.event import Event

API_TOKEN = "token-of-the-support-lead"
Bring = Callable[[Stack], Awaitable[int]]


@dataclass(frozen=True)
class Cause:
    """What state and code it leads to, what is said of it (the cause and the remedy), and how it comes about.

    `bring` returns the ticket's number.
    """

    state: str
    code: str
    means: str
    to_do: str
    bring: Bring
    answer: str = ""


@dataclass(frozen=True)
class Told:
    """What people are told of one ticket."""

    ticket_id: int
    why: Ran
    listed: Ran
    shown: dict[str, Any]
    explained: dict[str, Any]
    listed_over_http: dict[str, Any]

    @property
    def row(self) -> list[str]:
        """The ticket's line in the list, cell by cell."""
        lines = (line.split() for line in self.listed.out.splitlines())
        return next(cells for cells in lines if cells[:1] == [str(self.ticket_id)])

    def below_the_list(self, code: str) -> str:
        """What the list says of a reason."""
        return next(line for line in self.listed.out.splitlines() if line.startswith(f"{code}: "))

    def part(self, head: str) -> str:
        """The part of `why` whose head begins so."""
        parts = self.why.out.split("\n\n")
        return next(part for part in parts if part.lstrip().startswith(head))


async def asked(stack: Stack, ticket_id: int, state: str, code: str) -> Told:
    """What is told of the ticket, once it stands so everywhere."""
    await eventually(lambda: _stands(stack, ticket_id, state, code), what=f"ticket {ticket_id} is {state} ({code})")
    desk, environ = ("--desk", stack.desk), {"TEMPORAL_ADDRESS": stack.client.service_client.config.target_host}
    why, listed, over_http = await asyncio.gather(
        run("tickets", "why", str(ticket_id), *desk, environ=environ),
        run("tickets", "list", "--limit", "1000", *desk, environ=environ),
        _over_http(stack, ticket_id),
    )
    assert (why.code, listed.code) == (0, 0), (why.err, listed.err)
    return Told(ticket_id, why, listed, *over_http)


async def _stands(stack: Stack, ticket_id: int, state: str, code: str) -> bool:
    """Also for visibility, which follows a moment later."""
    status = await stack.status(ticket_id)
    if (status.get("sync_state"), status.get("reason")) != (state, code):
        return False
    reason = f"= '{code}'" if code else "IS NULL"
    query = f"WorkflowId = '{names.ticket_workflow_id(stack.desk, ticket_id)}' AND ExecutionStatus = 'Running'"
    query += f" AND {names.SYNC_STATE.name} = '{state}' AND {names.REASON.name} {reason}"
    return (await stack.client.count_workflows(query)).count == 1


async def _over_http(stack: Stack, ticket_id: int) -> list[dict[str, Any]]:
    """The ticket, why it is so, and the list."""
    any_desk = next(iter(stack.settings.desks.values()))
    settings = Settings(
        redis=stack.settings.redis,
        desks={**stack.settings.desks, stack.desk: any_desk.model_copy(update={"name": stack.desk})},
        api_token=SecretStr(API_TOKEN),
    )
    tickets, headers = f"/api/v1/desks/{stack.desk}/tickets", {"Authorization": f"Bearer {API_TOKEN}"}
    paths = (f"{tickets}/{ticket_id}", f"{tickets}/{ticket_id}/why", f"{tickets}?limit=1000")
    async with (
        serve(create_app(settings, lambda: stack.client)) as server,
        httpx.AsyncClient(base_url=server.url, headers=headers, timeout=20) as http,
    ):
        answers = await asyncio.gather(*(http.get(path) for path in paths))
    return [answer.raise_for_status().json() for answer in answers]


def holds(cause: Cause, told: Told) -> None:
    """Cause and remedy stand in `why`, in `list` and in all answers of the ticket API, in the same words."""
    assert told.row[2] == cause.state
    assert told.row[3] == cause.code
    explanation = told.shown["explanation"]
    assert (explanation["state"], explanation["reason"]) == (cause.state, cause.code)
    assert cause.means in explanation["meaning"]
    assert cause.to_do in explanation["to_do"]
    assert told.explained["explanation"] == explanation
    assert told.listed_over_http["reasons"][cause.code] == {name: explanation[name] for name in ("meaning", "to_do")}
    for said in (told.why.out, told.below_the_list(cause.code)):
        assert explanation["meaning"] in said
        assert explanation["to_do"] in said
    assert cause.answer in told.why.out


# --- what the tests do to both sides


async def fault(http: httpx.AsyncClient, kind: str, method: str = ".*", path: str = "", **more: Any) -> None:
    """Have a sandbox do so from now on."""
    asked_for = {"kind": kind, "match": {"method": method, "path": path}, **more}
    (await http.post("/sandbox/faults", json=asked_for)).raise_for_status()


async def renamed_while(stack: Stack, kind: str, **more: Any) -> int:
    """A ticket whose task cannot be renamed, for this fault of Teamwork."""
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    await fault(stack.teamwork_http, kind, "PATCH", rf"/tasks/{task_id}\.json", **more)
    await stack.signal(ticket.renamed("Checkout still broken"))
    return ticket.id


def hint(ticket: Ticket) -> Event:
    """An event that says no more than that something happened."""
    return ticket.created().model_copy(update={"snapshot": None, "hint": "older_form"})
