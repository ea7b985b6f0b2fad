"""Server, worker and commands as processes go by the encryption keys of their settings."""

from pathlib import Path

import httpx

from tests.cli.programs import program, run
from tests.support.stack import connected, running_stack
from tests.support.tickets import Ticket
from tests.support.worker_process import told_of, worker_process
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.settings import new_key

KEY = new_key()
KEYS = {"TICKETSYNC_ENCRYPTION_KEYS": KEY.text}
API = {"TICKETSYNC_API_TOKEN": "token-of-the-test", "TICKETSYNC_HOST": "127.0.0.1", "TICKETSYNC_PORT": "0"}


async def test_server_worker_and_commands_go_by_the_keys_of_their_settings(
    temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis, tmp_path: Path
) -> None:
    async with running_stack(temporal_server.address, redis_server.port, work=False, keys=[KEY]) as stack:
        environ, ticket = told_of(stack, tmp_path), Ticket(subject="Xylographer")
        async with worker_process(stack, tmp_path, **KEYS):
            await stack.with_task(ticket, deadline=90)
            show = ("tickets", "show", str(ticket.id), "--desk", stack.desk)
            with_key, without = await run(*show, environ=environ | KEYS), await run(*show, environ=environ)
            api = f"/api/v1/desks/{stack.desk}/tickets/{ticket.id}"
            answers = [await _asked(api, environ | API | keys) for keys in (KEYS, {})]
        plain = await connected(temporal_server.address)
        history = await plain.get_workflow_handle(f"ticket-{stack.desk}-{ticket.id}").fetch_history()
    assert "Xylographer" in with_key.out
    assert (without.code, without.out) == (1, "")
    said = f"Error: what Temporal stores is encrypted with key '{KEY.id}', which is not set here: add it to TICKETSYNC_"
    assert without.err.startswith(said)
    assert len(without.err.splitlines()) == 1
    assert answers[0].json()["status"]["snapshot"]["subject"] == "Xylographer"
    assert (answers[1].status_code, answers[1].json()["error"]) == (503, "undecodable")
    assert b"Xylographer" not in b"".join(event.SerializeToString() for event in history.events)


async def _asked(path: str, environ: dict[str, str]) -> httpx.Response:
    """What a server that was started for it answers."""
    async with program("server", environ=environ) as server:
        await server.says("connected to Temporal")
        port = (await server.says("listening"))["port"]
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:
            return await http.get(path, headers={"Authorization": f"Bearer {API['TICKETSYNC_API_TOKEN']}"})
