"""`ticketsync server` takes over the desks of a changed config file while it serves, and keeps them when it is bad."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.cli.programs import Program, program
from tests.server.zendesk import a_body, signed
from tests.support.wait import eventually
from ticketsync.embedded import free_port

DESK = """
[desks.{name}.zendesk]
base_url = "http://127.0.0.1:1"
api_token_env = "TOKEN"
webhook_secret_file = "{name}-secret"

[desks.{name}.teamwork]
base_url = "http://127.0.0.1:1"
api_token_env = "TOKEN"
project_id = 1
"""


@dataclass
class Running:
    """The server, and its config file's folder."""

    program: Program
    http: httpx.AsyncClient
    folder: Path

    def desks(self, *names: str, more: str = "") -> None:
        """Have these desks in the config file, each signed for with its own name."""
        for name in names:
            (self.folder / f"{name}-secret").write_text(f"secret of {name}")
        (self.folder / "ticketsync.toml").write_text("".join(DESK.format(name=name) for name in names) + more)

    async def outcome(self, desk: str, *, secret: str | None = None, account: int = 1) -> str:
        """What becomes of a delivery that changes no task: no Temporal is needed for that."""
        raw = json.dumps(a_body(35436, "comment_added", account=account)).encode()
        headers = signed(raw, secret or f"secret of {desk}")
        answer = await self.http.post(f"/webhooks/zendesk/{desk}", content=raw, headers=headers)
        content = answer.json()
        return str(content.get("status") or content["error"])

    async def until(self, desk: str, outcome: str, **delivery: str) -> None:
        async def reached() -> bool:
            return await self.outcome(desk, **delivery) == outcome  # type: ignore[arg-type]

        await eventually(reached, what=f"a delivery of desk {desk} is {outcome}")


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Running]:
    """A server with the desk `acme`; there is no Temporal."""
    port = free_port(0)
    environ = {"TOKEN": "t", "TEMPORAL_ADDRESS": f"127.0.0.1:{free_port(0)}", "TICKETSYNC_LOG_FORMAT": "json"}
    arguments = ("server", "--host", "127.0.0.1", "--port", str(port), "--config", str(folder / "ticketsync.toml"))
    Running(None, None, folder).desks("acme")  # type: ignore[arg-type]
    async with (
        program(*arguments, environ=environ) as server,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
    ):
        await server.says("listening")
        yield Running(server, http, folder)


async def test_desks_come_and_go_while_the_server_serves_and_a_bad_file_changes_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        assert [await server.outcome(desk) for desk in ("acme", "globex")] == ["ignored", "unknown_desk"]
        server.desks("acme", "globex")
        await server.until("globex", "ignored")
        assert await server.outcome("acme") == "ignored"
        server.desks("acme", more="[desks.acme.colours]\n")
        refused = await server.program.says("the changed settings are refused and those before stay")
        assert "desks.acme.colours: unknown key" in refused["problems"][0]
        assert [await server.outcome(desk) for desk in ("acme", "globex")] == ["ignored", "ignored"]
        server.desks("globex")
        await server.until("acme", "unknown_desk")
        assert await server.outcome("globex") == "ignored"
        assert len(server.program.said("the changed settings are refused")) == 1
        assert await server.program.stopped() == 0


async def test_a_rotated_secret_is_taken_over(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        assert await server.outcome("acme", secret="the next one") == "wrong_signature"
        (tmp_path / "acme-secret").write_text("the next one\nsecret of acme")
        await server.until("acme", "ignored", secret="the next one")
        assert await server.outcome("acme") == "ignored"


async def test_a_desk_that_is_led_to_another_zendesk_has_another_account(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        assert await server.outcome("acme", account=1) == "ignored"
        assert await server.outcome("acme", account=2) == "account_mismatch"
        config = tmp_path / "ticketsync.toml"
        text = config.read_text().replace("127.0.0.1:1", "127.0.0.1:2", 1)
        config.write_text(text)
        await server.program.says("the desks of the settings have changed")
        assert await server.outcome("acme", account=2) == "ignored"
