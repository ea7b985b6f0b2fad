"""Whoever types what `docs/first-desk.md` says up to its rehearsal, and nothing else, gets to a synced ticket.

Its two servers are started by its own commands. Only `make setup` is not typed: its environment is that of the tests.
"""

import os
import re
import signal
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from tests.docs.pages import PAGES
from tests.docs.shell import commands
from tests.docs.terminal import Terminal, terminal
from tests.support.binaries import executable
from tests.support.wait import eventually
from ticketsync.embedded import EmbeddedTemporal, free_port
from ticketsync.embedded.temporal_binary import PATH_VARIABLE

SERVERS = PAGES["docs/first-desk.md"].section("What it runs on")
REHEARSAL = PAGES["docs/first-desk.md"].section("Rehearse it in the sandbox")
ANN_PERSON = 500002


@pytest.fixture
def environ(temporal_server: EmbeddedTemporal, tmp_path: Path) -> dict[str, str]:
    """What the page says of other ports, and where programs are: nothing else of the environment of the tests."""
    executable(tmp_path / "bin" / "python", f'exec {sys.executable} "$@"')
    ticketsync = executable(tmp_path / "bin" / "ticketsync", f'exec {sys.executable} -m ticketsync "$@"')
    return {
        "PATH": f"{ticketsync.parent}:{os.defpath}",
        "HOME": str(tmp_path),
        PATH_VARIABLE: str(temporal_server.binary),
        "TEMPORAL_ADDRESS": f"127.0.0.1:{free_port(0)}",
        "REDIS_PORT": str(free_port(0)),
        "TICKETSYNC_PORT": str(free_port(0)),
    }


def test_the_rehearsal_uses_the_commands_that_a_real_desk_needs() -> None:
    typed = [words for words in commands(REHEARSAL) if words[0] == "ticketsync"]
    called = {" ".join(word for word in words[1:3] if not word.startswith("-")) for words in typed}
    assert called >= {"sandbox", "desks add", "webhook install", "server", "worker", "check"}


async def test_the_rehearsal_leads_to_a_synced_ticket(environ: dict[str, str], tmp_path: Path) -> None:
    _, servers = SERVERS.fences("sh")
    sandbox, worker, server, webhook, check, opens, look, takes_over = REHEARSAL.fences("sh")
    folder = tmp_path / "anywhere"
    folder.mkdir()
    async with AsyncExitStack() as opened:
        terminals = [await opened.enter_async_context(terminal(folder, environ)) for _ in range(5)]
        below, first, second, third, fourth = terminals
        await below.type(_on_free_ports(servers, environ))
        await first.leave_running(sandbox, "export TEAMWORK_TASKLIST_ID")
        zendesk, teamwork = (_address(first, name) for name in ("Zendesk", "Teamwork"))

        elsewhere = {
            "http://127.0.0.1:8090": zendesk,
            "http://127.0.0.1:8091": teamwork,
            "http://127.0.0.1:8080": f"http://127.0.0.1:{environ['TICKETSYNC_PORT']}",
        }

        def here(block: str) -> str:
            """The block with other addresses; every other letter is the page's."""
            for told, real in elsewhere.items():
                block = block.replace(told, real)
            return block

        await second.leave_running(here(worker), "worker is running")
        await third.leave_running(here(server), "connected to Temporal")
        assert "arrived: the server has verified its signature" in await fourth.type(here(webhook))
        await fourth.type_until(here(check), "desk default: ready\n")
        await fourth.type(here(opens))
        await fourth.type_until(look.splitlines()[0], "in_step")
        assert "Printer on fire" in await fourth.type(here(look))
        await fourth.type(here(takes_over))
        await _is_anns(teamwork)
        for running in (third, second, first):
            await running.end(signal.SIGINT)
            assert not any("Traceback" in line for line in running.lines)


def _on_free_ports(servers: str, environ: Mapping[str, str]) -> str:
    """The block with other ports: the page's own may be taken."""
    temporal = environ["TEMPORAL_ADDRESS"].partition(":")[2]
    block = servers.replace("server start-dev ", f"server start-dev --port {temporal} --ui-port {free_port(0)} ")
    block = block.replace('"$redis" ', f'"$redis" --port {environ["REDIS_PORT"]} ')
    assert block.count("port ") == 3
    return block


def _address(sandbox: Terminal, name: str) -> str:
    """Where the sandbox says that it serves this side: another port than the page's when that one was taken."""
    found = re.search(rf"^{name}\s+(http://\S+)", "\n".join(sandbox.lines), re.MULTILINE)
    assert found
    return found[1]


async def _is_anns(teamwork: str) -> None:
    """The site's only task is that of ticket 1, with the person of the agent who took it over."""
    async with httpx.AsyncClient(base_url=teamwork, auth=("twp_sandbox", "x"), trust_env=False) as http:

        async def reached() -> bool:
            tasks = (await http.get("/projects/api/v3/tasks.json")).raise_for_status().json()["tasks"]
            assert [task["name"] for task in tasks] == ["Printer on fire"]
            return bool(tasks[0]["assigneeUserIds"] == [ANN_PERSON])

        await eventually(reached, what="the task is Ann's")
