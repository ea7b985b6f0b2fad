"""No ticket waits for ever, and none goes round in circles."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.support.stack import Stack, running_stack
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.sandbox.faults import Fault, FaultMatch
from ticketsync.sync.policy import Policy

# A settle window that is over before the rules have answered.
SHORT_SETTLE = Policy(settle_window=timedelta(milliseconds=1), grace_period=timedelta(minutes=1))


@pytest.fixture(scope="module")
async def stack(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis) -> AsyncIterator[Stack]:
    async with running_stack(temporal_server.address, redis_server.port, policy=SHORT_SETTLE) as stack:
        yield stack


async def test_a_moment_that_passes_while_the_rules_decide_is_not_missed(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    await stack.signal(ticket.status("closed"))
    await eventually(lambda: _is_deleted(stack, task_id), what="the task is deleted")


async def test_a_ticket_whose_last_step_came_after_its_grace_period_ends(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    stack.teamwork.faults.add(Fault(kind="error", match=FaultMatch(method="DELETE", path=rf".*/{task_id}\.json")))
    await stack.signal(ticket.status("closed"))
    await stack.settled(ticket.id, "retrying")
    await stack.skip(stack.ticket(ticket.id), timedelta(minutes=2))
    stack.teamwork.faults.clear()
    await stack.skip(stack.ticket(ticket.id), timedelta(minutes=5))
    ended = await stack.ended(ticket)
    assert (ended.task.standing, ended.sync_state) == ("deleted", "ended")


async def test_clocks_that_do_not_decide_cost_few_reads(stack: Stack) -> None:
    ticket = Ticket()
    await stack.with_task(ticket)
    await stack.put_in_zendesk(ticket)
    deleted = ticket.changed("soft_deleted")
    await stack.signal(deleted, deleted.model_copy(update={"id": "hint", "kind": "hint", "hint": "read me"}))
    await eventually(lambda: _is_live_again(stack, ticket), what="Zendesk is believed")
    assert len(_reads(stack, ticket)) <= 4


async def test_while_the_rules_fail_nothing_is_read_again_and_no_event_is_lost(stack: Stack) -> None:
    ticket = Ticket()
    await stack.with_task(ticket)
    hint = ticket.changed("status_changed").model_copy(update={"snapshot": None, "hint": "older_form"})
    await stack.put_in_zendesk(ticket)
    stack.zendesk.faults.add(Fault(kind="error", match=FaultMatch(path="/api/v2/tickets/.*")))
    await stack.signal(hint)
    await stack.settled(ticket.id, "retrying")
    good = stack.desk_settings
    await stack.use(good.model_copy(update={"policy": good.policy.model_copy(update={"title": "{subject.no}"})}))
    stack.zendesk.faults.clear()
    await stack.skip(stack.ticket(ticket.id), timedelta(minutes=1))
    await eventually(lambda: _has_blocked(stack, ticket, times=1), what="the rules fail on the answer")
    reads = len(_reads(stack, ticket))
    await stack.signal(ticket.renamed("B"))
    await eventually(lambda: _has_blocked(stack, ticket, times=2), what="the rules fail on the next event")
    assert len(_reads(stack, ticket)) == reads
    await stack.use(good)
    await stack.signal(ticket.status("open"))
    await eventually(lambda: _has_title(stack, ticket, "B"), what="the title is on the task")


async def test_a_ticket_that_could_not_be_read_for_days_is_read_when_zendesk_lets_us(stack: Stack) -> None:
    ticket = Ticket()
    await stack.put_in_zendesk(ticket)
    stack.zendesk.faults.add(Fault(kind="error", status=403, match=FaultMatch(path="/api/v2/tickets/.*")))
    await stack.signal(ticket.created().model_copy(update={"snapshot": None, "hint": "older_form"}))
    assert (await stack.settled(ticket.id, "blocked"))["reason"] == "forbidden"
    await stack.skip(stack.ticket(ticket.id), timedelta(hours=80))
    stack.zendesk.faults.clear()
    await stack.signal(ticket.created().model_copy(update={"id": "again", "snapshot": None, "hint": "older_form"}))
    status = await stack.settled(ticket.id)
    assert [line["code"] for line in status["journal"]].count("blocked") > 1


async def _has_blocked(stack: Stack, ticket: Ticket, *, times: int) -> bool:
    status = await stack.status(ticket.id)
    return len([line for line in status.get("journal", ()) if line["code"] == "blocked"]) >= times


async def _has_title(stack: Stack, ticket: Ticket, title: str) -> bool:
    return bool((await stack.status(ticket.id)).get("task", {}).get("title") == title)


async def _is_deleted(stack: Stack, task_id: int) -> bool:
    return await stack.task(task_id) is None


async def _is_live_again(stack: Stack, ticket: Ticket) -> bool:
    status = await stack.status(ticket.id)
    return bool(status) and not status["lifecycle"]["deleted"] and status["read"] is None


def _reads(stack: Stack, ticket: Ticket) -> list[object]:
    return [*stack.zendesk.faults.matching_calls("GET", rf"/api/v2/tickets/{ticket.id}")]
