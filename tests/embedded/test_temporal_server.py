import asyncio
import socket
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy

from tests.support.binaries import executable
from tests.support.wait import eventually
from ticketsync.embedded import EmbeddedTemporal, Say, ServerFailed, StateInUse
from ticketsync.embedded import temporal_server as run_temporal

KEYWORD = 2
USE_EXISTING = WorkflowIDConflictPolicy.USE_EXISTING


@pytest.fixture
def binary(temporal_server: EmbeddedTemporal) -> Path:
    """The binary of the shared server: whoever cannot have that one cannot run these tests either."""
    return temporal_server.binary


async def _client(server: EmbeddedTemporal) -> Client:
    return await Client.connect(server.address, namespace=server.namespace)


async def test_it_answers_and_shows_its_ui(binary: Path, say: Say) -> None:
    async with run_temporal(say=say, binary=binary, port=0, ui=True) as server:
        assert await (await _client(server)).service_client.check_health()
        assert server.ui_url is not None
        host, port = server.ui_url.removeprefix("http://").split(":")
        await eventually(lambda: _accepts(host, int(port)), what="the UI accepts connections")


async def test_a_taken_port_is_answered_with_the_next_free_one(
    binary: Path, temporal_server: EmbeddedTemporal, say: Say
) -> None:
    _, taken = _host_and_port(temporal_server)
    async with run_temporal(say=say, binary=binary, port=taken) as server:
        _, port = _host_and_port(server)
        assert taken < port <= taken + 200
        assert await (await _client(server)).service_client.check_health()


async def test_two_that_start_at_once_do_not_choose_the_same_port(binary: Path, say: Say) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        preferred = somebody.getsockname()[1]

        async def address() -> str:
            async with run_temporal(say=say, binary=binary, port=preferred) as server:
                await both.wait()
                return server.address

        both = asyncio.Barrier(2)
        first, second = await asyncio.gather(address(), address())
    assert first != second


async def test_closed_workflows_are_kept_for_thirty_days(temporal_server: EmbeddedTemporal) -> None:
    client = await _client(temporal_server)
    namespace = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default"))
    assert namespace.config.workflow_execution_retention_ttl.ToTimedelta() == timedelta(days=30)


async def test_the_search_attributes_are_registered(temporal_server: EmbeddedTemporal) -> None:
    client = await _client(temporal_server)
    found = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="default"))
    ours = {name: kind for name, kind in found.custom_attributes.items() if name.startswith("Ticketsync")}
    assert len(ours) == 8
    assert set(ours.values()) == {KEYWORD}


async def test_data_outlives_a_stop_and_a_crash(binary: Path, tmp_path: Path, say: Say) -> None:
    async with run_temporal(say=say, binary=binary, port=0, state_dir=tmp_path, namespace="kept") as server:
        client = await _client(server)
        await client.start_workflow("Waits", id="waits", task_queue="nobody")
        for end in (server.stop, server.kill):
            await end()
            assert not _accepts(*_host_and_port(server))
            await server.start()
            again = await _client(server)
            assert (await again.get_workflow_handle("waits").describe()).status == WorkflowExecutionStatus.RUNNING
    assert (tmp_path / "temporal.log").exists()


async def test_a_later_server_goes_on_with_the_same_folder(binary: Path, tmp_path: Path, say: Say) -> None:
    attributes = {"TicketsyncDesk": "Keyword"}
    for _ in range(2):
        async with run_temporal(
            say=say, binary=binary, port=0, state_dir=tmp_path, search_attributes=attributes
        ) as server:
            client = await _client(server)
            await client.start_workflow("Waits", id="waits", task_queue="nobody", id_conflict_policy=USE_EXISTING)
            runs = await client.count_workflows("WorkflowId = 'waits'")
    assert runs.count == 1


async def test_a_folder_serves_one_server_at_a_time(binary: Path, tmp_path: Path, say: Say) -> None:
    async with run_temporal(say=say, binary=binary, port=0, state_dir=tmp_path):
        with pytest.raises(StateInUse, match="is in use by another temporal"):
            async with run_temporal(say=say, binary=binary, port=0, state_dir=tmp_path):
                pass


async def test_it_leaves_the_default_runtime_of_the_sdk_to_others(binary: Path) -> None:
    code = (
        "import asyncio; from pathlib import Path; from temporalio.runtime import Runtime, TelemetryConfig\n"
        "from ticketsync.embedded import temporal_server\n"
        "async def main():\n"
        f"    async with temporal_server(say=print, binary=Path('{binary}'), port=0):\n"
        "        Runtime.set_default(Runtime(telemetry=TelemetryConfig()), error_if_already_set=True)\n"
        "asyncio.run(main())"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await process.wait() == 0


async def test_it_does_not_read_where_another_temporal_is(
    binary: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "elsewhere")
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example:7233")
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", "/nowhere/temporal.toml")
    async with run_temporal(say=say, binary=binary, port=0) as server:
        assert await (await _client(server)).service_client.check_health()


async def test_a_server_that_ends_at_once_says_why(tmp_path: Path, say: Say) -> None:
    broken = executable(tmp_path / "temporal", "echo 'no such flag'; exit 1")
    with pytest.raises(ServerFailed, match=r"Temporal server 127.0.0.1:\d+ ended with code 1(?s:.*)no such flag"):
        async with run_temporal(say=say, binary=broken, port=0):
            pass


async def test_it_dies_with_a_process_that_is_killed(binary: Path) -> None:
    code = (
        "import asyncio; from pathlib import Path; from ticketsync.embedded import temporal_server\n"
        "async def main():\n"
        f"    async with temporal_server(say=print, binary=Path('{binary}'), port=0) as server:\n"
        "        print(server.address, flush=True)\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(main())"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    host, port = (await parent.stdout.readline()).decode().strip().split(":")
    assert _accepts(host, int(port))
    parent.kill()
    await parent.wait()
    await eventually(lambda: not _accepts(host, int(port)), what="nobody listens any more")


def _host_and_port(server: EmbeddedTemporal) -> tuple[str, int]:
    host, port = server.address.split(":")
    return host, int(port)


def _accepts(host: str, port: int) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex((host, port)) == 0
