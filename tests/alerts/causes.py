"""What goes wrong, for each alert rule: how it is brought about, up to the scrape that shows it.

A cause leaves the service as it found it, but for the tickets of its own desk.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, NamedTuple, NoReturn

from temporalio import workflow
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from tests.alerts.scrapes import AS_IT_SHOULD_BE, GOES_ON, Scrape
from tests.alerts.service import CALLS_A_MINUTE, NARROW, Service
from tests.server.zendesk import a_body
from tests.support.stack import Stack
from tests.support.tickets import CLEO, Ticket
from tests.support.wait import eventually
from tests.workflows.reconciling import EXPORT, new_ticket, read_on, time_passes
from ticketsync import names
from ticketsync.desk_calls import command_desk, want_directory
from ticketsync.sandbox.faults import Fault, FaultKind, FaultMatch

WRITES = FaultMatch(method="PATCH", path="/tasks/")
_ids = count(77_000)


class Cause(NamedTuple):
    """`desk` is the number of the desk that it is about; None: none. `minutes` is how long it goes on."""

    acts: Callable[[Service], Awaitable[Scrape]]
    desk: int | None = None
    minutes: int = GOES_ON


async def ordinary_traffic(service: Service) -> Scrape:
    """Webhooks are stored, ignored and carried out."""
    stack, zendesk = service.desk(0), service.zendesk(0)
    stored = next(_ids)
    assert (await zendesk.send(_of_just_now(stored))).status_code == 202
    assert (await zendesk.send(a_body(stored, "comment_added"))).status_code == 200
    await stack.settled(stored)
    task_id = await stack.with_task(ticket := Ticket())
    await stack.signal(ticket.renamed("Changed"))
    await eventually(lambda: stack.shows(task_id, name="Changed"), what="it is renamed")
    return await service.scrape()


# --- webhooks


async def temporal_takes_nothing(service: Service) -> Scrape:
    service.is_connected = False
    assert (await service.zendesk(0).send(a_body(next(_ids)))).status_code == 503
    service.is_connected = True
    return await service.scrape()


async def a_wrong_secret(service: Service) -> Scrape:
    assert (await service.zendesk(0).send(a_body(next(_ids)), secret="another")).status_code == 401
    return await service.scrape()


async def another_kind_of_body(service: Service) -> Scrape:
    assert (await service.zendesk(0).send({"hello": "world"})).status_code == 400
    return await service.scrape()


async def a_webhook_that_is_gone(service: Service) -> Scrape:
    stack = service.desk(0)
    tickets = [await new_ticket(stack) for _ in range(2)]
    await read_on(stack)
    for ticket_id in tickets:
        await stack.settled(ticket_id)
    return await service.shows("ticketsync_changes_total", lambda value: value >= 2, source="export", desk=stack.desk)


async def an_export_that_is_closed(service: Service) -> Scrape:
    stack = service.desk(0)
    stack.zendesk.faults.add(Fault(kind="error", status=403, match=FaultMatch(path=EXPORT)))
    await time_passes(stack)
    shown = await service.shows(
        "ticketsync_step_attempts_total", bool, outcome="forbidden", kind="export", desk=stack.desk
    )
    stack.zendesk.faults.clear()
    return shown


# --- desks and tickets


async def a_revoked_key(service: Service) -> Scrape:
    stack, ticket = service.desk(1), Ticket()
    stack.teamwork.faults.add(Fault(kind="unauthorized"))
    await stack.signal(ticket.created())
    await stack.settled(ticket.id, "blocked")
    stack.teamwork.faults.clear()
    return await service.shows("ticketsync_desk_trouble", bool, desk=stack.desk)


async def a_forgotten_pause(service: Service) -> Scrape:
    stack = service.desk(0)
    await command_desk(stack.client, stack.desk, "pause")
    shown = await service.shows("ticketsync_desk_paused", bool, desk=stack.desk)
    await command_desk(stack.client, stack.desk, "resume")
    return shown


async def a_change_that_teamwork_forbids(service: Service) -> Scrape:
    return await _held_up(service, service.desk(2), "error", "blocked", status=403)


async def a_teamwork_that_is_down(service: Service) -> Scrape:
    return await _held_up(service, service.desk(3), "error", "retrying", status=503)


async def a_teamwork_that_says_429(service: Service) -> Scrape:
    return await _held_up(service, service.desk(4), "rate_limited", "retrying")


async def workers_that_come_too_late(service: Service) -> Scrape:
    """The events are stored, and nobody has looked at them for five minutes."""
    stack = service.desk(0)
    for _ in range(3):
        ticket = Ticket()
        await stack.signal(
            ticket.created().model_copy(update={"received_at": datetime.now(UTC) - timedelta(minutes=5)})
        )
        await stack.settled(ticket.id)
    return await service.scrape()


async def more_than_the_quota_allows(service: Service) -> Scrape:
    stack = service.desk(NARROW)
    await stack.signal(*(Ticket().created() for _ in range(CALLS_A_MINUTE)))
    shown = await service.shows("ticketsync_quota_left", lambda left: left == 0, side="teamwork", desk=stack.desk)
    plenty = stack.desk_settings.teamwork.model_copy(update={"calls_per_minute": 3000})
    await stack.use(stack.desk_settings.model_copy(update={"teamwork": plenty}))
    return shown


async def a_new_agent_whom_nobody_mapped(service: Service) -> Scrape:
    stack = service.desk(0)
    stack.zendesk._account.store.state.users[CLEO].suspended = False
    await want_directory(stack.client, stack.desk)
    return await service.shows("ticketsync_unmapped_agents", bool, desk=stack.desk)


# --- the processes


@workflow.defn(name=names.TASK_LIST_WORKFLOW)
class Broken:
    @workflow.run
    async def run(self) -> NoReturn:
        raise RuntimeError("an error of ours")


async def workflow_code_that_fails(service: Service) -> Scrape:
    client, queue = service.stack.client, "broken"
    async with Worker(client, task_queue=queue, workflows=[Broken], workflow_runner=UnsandboxedWorkflowRunner()):
        run = await client.start_workflow(Broken.run, id="broken", task_queue=queue)
        shown = await service.shows(
            "temporal_workflow_task_execution_failed_total", bool, workflow_type=names.TASK_LIST_WORKFLOW
        )
        await run.terminate()
    return shown


async def no_server(service: Service) -> Scrape:
    return await service.scrape(without="server")


async def no_worker(service: Service) -> Scrape:
    return await service.scrape(without="worker")


async def no_redis(service: Service) -> Scrape:
    await service.redis.kill()
    shown = await service.shows("ticketsync_redis_up", lambda value: value == 0)
    await service.redis.start()
    await service.shows("ticketsync_redis_up", bool)
    return shown


async def no_temporal(service: Service) -> Scrape:
    await service.temporal.kill()
    shown = await service.shows(
        "ticketsync_count_age_seconds", lambda age: age > AS_IT_SHOULD_BE["ticketsync_count_age_seconds"]
    )
    await service.temporal.start()
    return shown


CAUSES: dict[str, Cause] = {
    "TicketsyncDeliveriesNotStored": Cause(temporal_takes_nothing, 0),
    "TicketsyncDeliveriesRefused": Cause(a_wrong_secret, 0),
    "TicketsyncDeliveriesNotUnderstood": Cause(another_kind_of_body, 0),
    "TicketsyncDeskPaused": Cause(a_forgotten_pause, 0, minutes=13 * 60),
    "TicketsyncChangesLate": Cause(workers_that_come_too_late, 0),
    "TicketsyncDeskHeldUp": Cause(a_revoked_key, 1),
    "TicketsyncTicketsBlocked": Cause(a_change_that_teamwork_forbids, 2),
    "TicketsyncTicketsRetrying": Cause(a_teamwork_that_is_down, 3),
    "TicketsyncRateLimited": Cause(a_teamwork_that_says_429, 4),
    "TicketsyncQuotaExhausted": Cause(more_than_the_quota_allows, NARROW),
    "TicketsyncExportFailing": Cause(an_export_that_is_closed, 0),
    "TicketsyncWebhooksLost": Cause(a_webhook_that_is_gone, 0),
    "TicketsyncUnmappedAgents": Cause(a_new_agent_whom_nobody_mapped, 0),
    "TicketsyncWorkflowTasksFailing": Cause(workflow_code_that_fails),
    "TicketsyncServerMissing": Cause(no_server),
    "TicketsyncWorkerMissing": Cause(no_worker),
    "TicketsyncRedisDown": Cause(no_redis),
    "TicketsyncCountsOld": Cause(no_temporal),
}


def _of_just_now(ticket_id: int) -> dict[str, Any]:
    """Nobody need look whether it had a task before."""
    body = a_body(ticket_id)
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return {**body, "time": now, "detail": {**body["detail"], "created_at": now, "updated_at": now}}


async def _held_up(service: Service, stack: Stack, kind: FaultKind, state: str, *, status: int = 503) -> Scrape:
    """A ticket whose change meets this fault until it is in this state."""
    await stack.with_task(ticket := Ticket())
    stack.teamwork.faults.add(Fault(kind=kind, match=WRITES, status=status, seconds=1))
    await stack.signal(ticket.renamed("Held up"))
    shown = await service.shows("ticketsync_oldest_trouble_seconds", bool, state=state, desk=stack.desk)
    stack.teamwork.faults.clear()
    return shown
