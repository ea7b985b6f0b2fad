"""The script that `helm test` runs in the cluster, run against a running service."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE

from tests.chart.chart import FOLDER
from tests.cli.conftest import Service
from tests.cli.programs import OURS, Ran
from ticketsync.embedded import free_port

SCRIPT = FOLDER / "files" / "helm_test.py"


async def _helm_test(service: Service, *arguments: str, **more: str) -> Ran:
    server = service.webhook.partition("/webhooks/")[0]
    others = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, SCRIPT, server, *arguments, env=others | service.environ | more, stdout=PIPE, stderr=PIPE
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    return Ran(process.returncode or 0, out.decode(), err.decode())


async def test_without_a_ticket_a_signed_event_arrives_and_touches_nothing(service: Service) -> None:
    ran = await _helm_test(service, "default")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == 'a signed event was taken: {"status":"ignored","reason":"test_call"}\n'


async def test_a_proxy_for_the_way_out_is_not_asked_for_the_service(service: Service) -> None:
    nobody = f"http://127.0.0.1:{free_port(0)}"
    ran = await _helm_test(service, "default", HTTP_PROXY=nobody, http_proxy=nobody, NO_PROXY="", no_proxy="")
    assert (ran.code, ran.err) == (0, "")


async def test_a_ticket_is_brought_in_step_and_read_back(service: Service) -> None:
    ticket = await service.ticket(subject="Read me back")
    ran = await _helm_test(service, "default", str(ticket))
    assert (ran.code, ran.err) == (0, "")
    taken, read = ran.out.splitlines()
    assert '"status":"stored"' in taken
    assert read == f"ticket {ticket} was read back: in_step"


async def test_a_wrong_secret_and_a_missing_one_are_told(service: Service) -> None:
    wrong = await _helm_test(service, "default", ZENDESK_WEBHOOK_SECRET="not-the-secret")
    assert wrong.code == 1
    assert "answered 401 instead of 200" in wrong.err
    assert "wrong_signature" in wrong.err
    missing = await _helm_test(service, "default", ZENDESK_WEBHOOK_SECRET="")
    assert missing.code == 1
    assert "has no webhook secret yet" in missing.err
