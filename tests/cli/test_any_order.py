"""Started in any order: server and worker are there first, say what they wait for, and work when it comes."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.cli.conftest import ANN, ANN_PERSON, CUSTOMER, Programs, Service, in_use, started
from tests.cli.curl import send_webhook
from tests.cli.programs import STARTS_WITHIN
from tests.support.wait import eventually
from ticketsync.desk_calls import NotLinkedError, read_facts
from ticketsync.embedded import Say, free_port, redis_server, temporal_server

HINT = b'{"ticket_id": 1}'


async def health(programs: Programs) -> tuple[int, dict[str, Any]]:
    """The status of /healthz, and of each part the server needs."""
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(httpx.URL(programs.webhook).join("/healthz"))
    return answer.status_code, {part: check["status"] for part, check in answer.json()["checks"].items()}


async def test_server_and_worker_started_first_wait_say_so_and_then_work(say: Say) -> None:
    temporal_port, redis_port = free_port(0), free_port(0)
    where = {
        "TEMPORAL_ADDRESS": f"127.0.0.1:{temporal_port}",
        "TEMPORAL_NAMESPACE": "default",
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(redis_port),
    }
    async with started(where) as programs:
        await _both_wait(programs)
        async with temporal_server(say=say, port=temporal_port), in_use(programs) as service:
            ticket_id = await _works_without_redis(programs, service)
            async with redis_server(say=say, port=redis_port):
                await programs.worker.says("quota_redis_reached")
                await service.until(ticket_id, "in_step", assignee_id=ANN_PERSON)
                assert await health(programs) == (200, {"temporal": "ok", "redis": "ok"})


async def _both_wait(programs: Programs) -> None:
    """What comes in meanwhile is put off, not lost."""
    for waiting in (programs.server, programs.worker):
        assert (await waiting.says("waiting for Temporal"))["level"] == "warning"
    assert await health(programs) == (503, {"temporal": "down", "redis": "down"})
    answer = await send_webhook(programs.webhook, HINT, programs.environ["ZENDESK_WEBHOOK_SECRET"])
    assert (answer.status, answer.body["error"]) == (503, "not_stored")


async def _works_without_redis(programs: Programs, service: Service) -> int:
    """A task is made at once; only its person waits for the directory."""
    await programs.worker.says("worker is running")
    await programs.server.says("connected to Temporal")
    assert (await programs.worker.says("quota_redis_not_reached"))["level"] == "warning"
    assert await health(programs) == (200, {"temporal": "ok", "redis": "down"})
    await eventually(lambda: _is_linked(service), STARTS_WITHIN, what="the second of linking is over")
    ticket = {"subject": "Early", "comment": {"body": "…"}, "requester_id": CUSTOMER, "assignee_id": ANN}
    answer = await service.zendesk.post("/api/v2/tickets", json={"ticket": ticket})
    ticket_id: int = answer.raise_for_status().json()["ticket"]["id"]
    status = await service.until(ticket_id, "pending", standing="open", assignee_id=None)
    assert status["reason"] == "waiting_for_directory"
    return ticket_id


async def _is_linked(service: Service) -> bool:
    """Of tickets of that very second it is not sure that they are new: their tasks are looked for."""
    with suppress(NotLinkedError):
        facts = await read_facts(service.client, "default")
        return facts is not None and datetime.now(UTC).replace(microsecond=0) > facts.linked_at
    return False
