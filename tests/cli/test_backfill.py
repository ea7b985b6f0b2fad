"""`ticketsync backfill` as people use it: with a worker of its own, on a desk that was linked an hour ago."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from tests.cli.conftest import Service, in_use, new_namespace, started
from tests.cli.programs import STARTS_WITHIN, Ran, at_a_terminal, program
from tests.support.wait import eventually
from ticketsync import names
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.sync.desk import FACTS, DeskFacts, DeskState
from ticketsync.teamwork import has_marker
from ticketsync.temporal import data_converter

OLD = datetime.now(UTC) - timedelta(days=30)


@pytest.fixture(scope="module")
async def office(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis) -> AsyncIterator[Service]:
    async with AsyncExitStack() as stack:
        where = {
            "REDIS_HOST": redis_server.host,
            "REDIS_PORT": str(redis_server.port),
            "REDIS_DB": "5",
            "TEMPORAL_ADDRESS": temporal_server.address,
            "TEMPORAL_NAMESPACE": await new_namespace(temporal_server.address),
        }
        client = await connected(temporal_server.address, where["TEMPORAL_NAMESPACE"])
        await eventually(lambda: is_linked_an_hour_ago(client), what="the new namespace takes the desk")
        programs = await stack.enter_async_context(started(where))
        await programs.worker.says("worker is running")
        service = await stack.enter_async_context(in_use(programs))
        tuning = {"limits": {"incremental_exports": 1000}}
        (await service.zendesk.patch("/sandbox/settings", json=tuning)).raise_for_status()
        yield service


async def connected(address: str, namespace: str) -> Client:
    return await Client.connect(address, namespace=namespace, data_converter=data_converter())


async def is_linked_an_hour_ago(client: Client) -> bool:
    """Before a worker links it now."""
    linked_at = datetime.now(UTC) - timedelta(hours=1)
    try:
        await client.start_workflow(
            names.DESK_WORKFLOW,
            DeskState(desk="default", linked_at=linked_at),
            id=names.desk_workflow_id("default"),
            task_queue=names.WORKFLOW_QUEUE,
            memo={FACTS: DeskFacts(linked_at=linked_at)},
        )
    except RPCError:
        return False
    return True


async def old_tickets(service: Service, number: int, **fields: Any) -> list[int]:
    times = dict.fromkeys(("created_at", "updated_at"), f"{OLD:%Y-%m-%dT%H:%M:%SZ}")
    row = {"subject": "Old", "status": "open", "generated_timestamp": int(OLD.timestamp()), **times, **fields}
    answer = await service.zendesk.post("/sandbox/tickets", json={"tickets": [row] * number})
    return [int(one["id"]) for one in answer.raise_for_status().json()["tickets"]]


async def tasks_of(service: Service, ticket_id: int) -> int:
    tasks = (await service.teamwork.get("/sandbox/tasks")).json()["tasks"]
    return sum(has_marker(one["description"], "default", ticket_id) for one in tasks)


async def writes(service: Service) -> int:
    return int((await service.teamwork.get("/sandbox/usage")).json()["writes"])


async def counted(service: Service, *options: str) -> Ran:
    """The dry run, once the worker has read which tasks there are."""

    async def ran() -> Ran | None:
        done = await service.run("backfill", "--dry-run", *options)
        return done if "is not known yet" not in done.err else None

    return await eventually(ran, STARTS_WITHIN, what="the tasks are known")


async def test_it_counts_and_asks_and_does_it_and_tells_how_far_it_is(office: Service) -> None:
    open_ones, solved = await old_tickets(office, 3), await old_tickets(office, 2, status="solved")
    before = await writes(office)
    tried = await counted(office, "--open")
    assert tried.code == 0, tried.err
    assert tried.out.splitlines() == [
        "tickets",
        "3        to get a task",
        "2        left out: solved, closed, merged or deleted",
        "about 6 calls of Teamwork, less than a minute at the desk's quota",
    ]
    unasked = await office.run("backfill", "--open")
    assert unasked.code == 2
    assert "Bring in 3 tickets? Nobody can be asked here: say --yes" in unasked.err
    assert await writes(office) == before
    never = await office.run("backfill", "status")
    assert never.out == "desk default had no backfill yet, or none that Temporal remembers\n"

    code, said = await at_a_terminal("backfill", "--open", environ=office.environ, typed="y\n")
    assert (code, "Bring in 3 tickets? [y/N]" in said) == (0, True)
    assert [await tasks_of(office, ticket_id) for ticket_id in (*open_ones, *solved)] == [1, 1, 1, 0, 0]
    status = await office.run("backfill", "status")
    words = " ".join(status.out.split())
    assert "backfill done brought in 3 of 3 tickets of these 3 new" in words
    again = await office.run("backfill", "--open")
    assert again.out.splitlines()[-1] == "desk default: there is nothing to bring in"


async def test_as_json_it_tells_the_plan_and_how_it_ended(office: Service) -> None:
    await old_tickets(office, 2)
    planned = (await counted(office, "--json")).json
    assert (planned["dry_run"], planned["plan"]["new"], planned["plan"]["to_bring_in"]) == (True, 2, 2)
    assert planned["backfill"] is None
    done = (await office.run("backfill", "--yes", "--json")).json
    assert (done["backfill"]["state"], done["backfill"]["at_rest"], done["backfill"]["counts"]["new"]) == ("done", 2, 2)
    assert (await office.run("backfill", "status", "--json")).json == done


async def test_ctrl_c_ends_the_watching_only_and_what_is_stopped_goes_on_later(office: Service) -> None:
    tickets = await old_tickets(office, 30)
    slow = {"kind": "slow", "match": {"method": "POST", "path": "/tasks.json"}, "seconds": 3}
    (await office.teamwork.post("/sandbox/faults", json=slow)).raise_for_status()
    before = await writes(office)
    async with program("backfill", "--yes", environ=office.environ) as watching:
        await eventually(lambda: _has_written(office, before + 2), STARTS_WITHIN, what="it has begun")
        assert await watching.stopped(signal.SIGINT) == 0
    said = "".join(watching.out)
    assert "the backfill of desk default goes on without you: ticketsync backfill status --desk default tells" in said
    assert "ticketsync backfill stop --desk default stops it" in said
    running = await office.run("backfill", "status", "--json")
    assert running.json["backfill"]["state"] == "running"

    stopped = await office.run("backfill", "stop")
    assert stopped.out.startswith("the backfill of desk default stops within a minute;")
    await eventually(lambda: _is(office, "stopped"), STARTS_WITHIN, what="it has stopped")
    nothing = await office.run("backfill", "stop", "--json")
    assert nothing.json == {"desk": "default", "status": "not running"}
    await office.teamwork.delete("/sandbox/faults")

    rest = await office.run("backfill", "--yes")
    assert rest.code == 0, rest.err
    assert "going on where a backfill was stopped" in rest.err
    assert await asyncio.gather(*(tasks_of(office, ticket_id) for ticket_id in tickets)) == [1] * 30


async def test_without_a_worker_it_says_what_to_start(office: Service, temporal_server: EmbeddedTemporal) -> None:
    nobody = {"TEMPORAL_NAMESPACE": await new_namespace(temporal_server.address)}
    ran = await office.run("backfill", **nobody)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "Error: desk default has no workflow yet: start a worker (ticketsync worker)\n"


async def test_status_and_stop_take_no_options_of_a_beginning(office: Service) -> None:
    ran = await office.run("backfill", "stop", "--open")
    assert (ran.code, "stop takes no options but --desk and --json" in ran.err) == (2, True)


async def _has_written(service: Service, number: int) -> bool:
    return await writes(service) >= number


async def _is(service: Service, state: str) -> bool:
    return bool(json.loads((await service.run("backfill", "status", "--json")).out)["backfill"]["state"] == state)
