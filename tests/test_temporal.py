import asyncio
import socket
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from google.protobuf.duration_pb2 import Duration
from pydantic import BaseModel
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCStatusCode

from tests.server.refusing_temporal import refusing_temporal
from ticketsync import embedded, names, temporal
from ticketsync.embedded import EmbeddedTemporal, Say, find_temporal
from ticketsync.temporal import (
    BadTemporalConfigError,
    TemporalError,
    TemporalUnreachableError,
    build_runtime,
    connect,
    missing_search_attributes,
    register_search_attributes,
    retention,
    search_attributes_command,
    wait_for_temporal,
)

ALL_NAMES = {key.name for key in names.SEARCH_ATTRIBUTES}


@pytest.fixture(autouse=True)
def _no_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No TEMPORAL_* of whoever runs this, and no profile file."""
    for name in (
        "TEMPORAL_ADDRESS",
        "TEMPORAL_NAMESPACE",
        "TEMPORAL_API_KEY",
        "TEMPORAL_PROFILE",
        "TEMPORAL_CONFIG_FILE",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


@pytest.fixture
def address(temporal_server: EmbeddedTemporal, monkeypatch: pytest.MonkeyPatch) -> str:
    """A running server, to which TEMPORAL_ADDRESS points."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_server.address)
    return temporal_server.address


async def new_namespace(client: Client) -> str:
    """A namespace without search attributes of ours."""
    name = f"test-{uuid.uuid4()}"
    kept = Duration()
    kept.FromTimedelta(timedelta(days=3))
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=kept)
    )
    return name


@pytest.fixture
async def fresh(address: str, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client of a namespace that nobody has used."""
    monkeypatch.setenv("TEMPORAL_NAMESPACE", await new_namespace(await connect()))
    return await wait_for_temporal(connect, print)


# --- connecting


async def test_without_settings_it_is_the_usual_address_and_namespace() -> None:
    client = await connect(lazy=True)
    assert client.service_client.config.target_host == "localhost:7233"
    assert client.namespace == "default"


async def test_settings_come_from_the_variables_and_the_profile_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    profile = tmp_path / "temporal.toml"
    profile.write_text('[profile.default]\naddress = "file:1"\nnamespace = "from-file"\n')
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(profile))
    monkeypatch.setenv("TEMPORAL_ADDRESS", "variable:2")
    client = await connect(lazy=True, identity="server-1")
    assert client.service_client.config.target_host == "variable:2"
    assert client.namespace == "from-file"
    assert client.identity == "server-1"


class Model(BaseModel):
    wait: timedelta


async def test_models_go_through_the_converter_as_themselves() -> None:
    client = await connect(lazy=True)
    [payload] = await client.data_converter.encode([Model(wait=timedelta(seconds=90))])
    assert await client.data_converter.decode([payload], [Model]) == [Model(wait=timedelta(seconds=90))]


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("TEMPORAL_ADDRESS", "temporal.example", "is not of the form host:port"),
        ("TEMPORAL_ADDRESS", "http://temporal.example:7233", "is not of the form host:port"),
        ("TEMPORAL_ADDRESS", "temporal.example:99999", "is not of the form host:port"),
        ("TEMPORAL_NAMESPACE", "", "TEMPORAL_NAMESPACE is empty"),
        ("TEMPORAL_PROFILE", "nope", "Profile 'nope' not found"),
        ("TEMPORAL_CONFIG_FILE", "/not/there.toml", "/not/there.toml is not there"),
        ("TEMPORAL_TLS_CLIENT_CERT_PATH", "/not/there.pem", "/not/there.pem"),
    ],
)
async def test_settings_that_cannot_be_used_are_one_clear_error(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadTemporalConfigError, match=said):
        await connect(lazy=True)


@pytest.mark.parametrize("line", ['api_key = "s3cretkey" x', 'api_key = ["s3cretkey"]', 'tls = "s3cretkey"'])
async def test_what_is_wrong_with_a_profile_file_is_told_without_what_is_in_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str
) -> None:
    profile = tmp_path / "temporal.toml"
    profile.write_text(f"[profile.default]\n{line}\n")
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(profile))
    with pytest.raises(BadTemporalConfigError, match=r"at line 2, column \d+$") as raised:
        await connect(lazy=True)
    assert "s3cretkey" not in str(raised.value)


@pytest.mark.parametrize("line", ['api_key = "s3cretkey"', 'tls = {client_key_data = "s3cretkey"}'])
async def test_a_profile_file_with_a_secret_is_not_open_to_everybody(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str
) -> None:
    profile = tmp_path / "temporal.toml"
    profile.write_text(f"[profile.default]\n{line}\n")
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(profile))
    profile.chmod(0o644)
    with pytest.raises(BadTemporalConfigError, match=r"^TEMPORAL_CONFIG_FILE: .* is open to .* \(mode 644\)"):
        await connect(lazy=True)
    profile.chmod(0o600)
    await connect(lazy=True)


async def test_nor_is_the_key_of_a_certificate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    files = {"CERT": tmp_path / "tls.crt", "KEY": tmp_path / "tls.key"}
    for name, file in files.items():
        file.write_text("-----BEGIN …")
        file.chmod(0o644)
        monkeypatch.setenv(f"TEMPORAL_TLS_CLIENT_{name}_PATH", str(file))
    with pytest.raises(BadTemporalConfigError, match=r"^TEMPORAL_TLS_CLIENT_KEY_PATH: .*tls\.key is open to"):
        await connect(lazy=True)
    files["KEY"].chmod(0o640)
    await connect(lazy=True)


async def test_nobody_at_the_address_is_said_in_plain_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{unused_port()}")
    with pytest.raises(
        TemporalUnreachableError, match=r"^Temporal does not answer at 127\.0\.0\.1:\d+: connection refused$"
    ):
        await connect()


async def test_a_port_that_accepts_and_says_nothing_does_not_hold_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporal, "CONNECT_TIMEOUT", timedelta(seconds=1))
    async with silent_port() as address:
        monkeypatch.setenv("TEMPORAL_ADDRESS", address)
        with pytest.raises(TemporalUnreachableError, match="no answer in time"):
            await connect()


# --- waiting


async def test_starting_before_temporal_waits_says_so_once_and_goes_on(
    temporal_server: EmbeddedTemporal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{unused_port()}")
    lines: list[str] = []
    tries = 0

    async def connect_later() -> Client:
        nonlocal tries
        tries += 1
        if tries == 3:
            monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_server.address)
        return await connect()

    client = await wait_for_temporal(connect_later, lines.append)
    assert client.service_client.config.target_host == temporal_server.address
    assert [line.partition(":")[0] for line in lines] == [
        "waiting for Temporal",
        lines[-1].partition(":")[0],
    ]
    assert lines[-1].startswith(f"Temporal answers at {temporal_server.address}")


async def test_a_long_wait_is_mentioned_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporal, "SAY_AGAIN", 0.0)
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{unused_port()}")
    lines: list[str] = []
    with pytest.raises(TemporalUnreachableError):
        await wait_for_temporal(connect, lines.append, deadline=timedelta(seconds=1))
    assert len(lines) == 2  # after 0 and 0.2 s; the next pause would end after the deadline


async def test_when_temporal_is_there_nothing_is_said(address: str) -> None:
    lines: list[str] = []
    await wait_for_temporal(connect, lines.append)
    assert lines == []


async def test_a_namespace_that_is_not_there_yet_is_waited_for(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "nobody-made-this")
    lines: list[str] = []
    with pytest.raises(TemporalUnreachableError):
        await wait_for_temporal(connect, lines.append, deadline=timedelta(seconds=0.3))
    command = f"temporal operator namespace create --address {address} --namespace nobody-made-this"
    assert lines == [f"waiting for Temporal: {address} has no namespace 'nobody-made-this': run {command}"]


async def test_waiting_does_not_help_against_settings_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "nonsense")
    with pytest.raises(BadTemporalConfigError):
        await wait_for_temporal(connect, pytest.fail)


async def test_a_key_that_may_not_read_the_namespace_is_good_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    async with refusing_temporal(RPCStatusCode.PERMISSION_DENIED) as address:
        monkeypatch.setenv("TEMPORAL_ADDRESS", address)
        assert isinstance(await wait_for_temporal(connect, pytest.fail), Client)


# --- search attributes and retention


async def start_with_all(client: Client) -> int:
    """Start a workflow with all search attributes; how many of them it has."""
    attributes = TypedSearchAttributes([SearchAttributePair(key, "x") for key in names.SEARCH_ATTRIBUTES])
    handle = await client.start_workflow("Any", id="any", task_queue="nobody", search_attributes=attributes)
    return len((await handle.describe()).typed_search_attributes)


async def test_missing_search_attributes_are_registered(fresh: Client) -> None:
    assert set(await missing_search_attributes(fresh)) == ALL_NAMES
    assert await register_search_attributes(fresh) is None
    assert await missing_search_attributes(fresh) == ()
    assert await start_with_all(fresh) == len(ALL_NAMES)


async def test_registering_returns_only_when_the_server_has_taken_notice(say: Say) -> None:
    """A real server looks at its namespaces only now and then, and refuses until then what it has just registered."""
    slow = {
        "system.forceSearchAttributesCacheRefreshOnRead": "false",
        "system.namespaceCacheRefreshInterval": '"1s"',
    }
    async with embedded.temporal_server(say=say, port=0, dynamic_config=slow) as server:
        client = await Client.connect(server.address)
        assert await register_search_attributes(client) is None
        assert await start_with_all(client) == len(ALL_NAMES)


async def test_only_what_is_missing_is_added(fresh: Client) -> None:
    await add(fresh, names.DESK.name, IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD)
    assert await register_search_attributes(fresh) is None
    assert await missing_search_attributes(fresh) == ()


async def test_several_processes_may_register_at_once(fresh: Client) -> None:
    assert await asyncio.gather(*(register_search_attributes(fresh) for _ in range(4))) == [None] * 4


async def test_an_attribute_of_another_type_is_an_error_that_says_which(fresh: Client) -> None:
    await add(fresh, names.REASON.name, IndexedValueType.INDEXED_VALUE_TYPE_INT)
    with pytest.raises(TemporalError, match="TicketsyncReason exists as INDEXED_VALUE_TYPE_INT, not Keyword"):
        await register_search_attributes(fresh)


async def test_where_registering_is_not_allowed_the_command_is_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async with refusing_temporal(RPCStatusCode.PERMISSION_DENIED) as address:
        monkeypatch.setenv("TEMPORAL_ADDRESS", address)
        command = await register_search_attributes(await connect())
    options = " ".join(f"--name {key.name} --type Keyword" for key in names.SEARCH_ATTRIBUTES)
    create = "temporal operator search-attribute create"
    assert command == f"{create} --address {address} --namespace default {options}"


async def test_the_command_that_is_handed_out_works(fresh: Client) -> None:
    program = await asyncio.create_subprocess_exec(
        await find_temporal(print), *search_attributes_command(fresh).split()[1:], stdout=asyncio.subprocess.DEVNULL
    )
    assert await program.wait() == 0
    assert await missing_search_attributes(fresh) == ()


async def test_a_server_that_keeps_failing_ends_the_registering(monkeypatch: pytest.MonkeyPatch) -> None:
    async with refusing_temporal(RPCStatusCode.FAILED_PRECONDITION) as address:
        monkeypatch.setenv("TEMPORAL_ADDRESS", address)
        with pytest.raises(TemporalUnreachableError, match="FAILED_PRECONDITION"):
            await register_search_attributes(await connect(), within=timedelta(seconds=0.5))


async def test_retention_is_what_the_namespace_says(fresh: Client) -> None:
    assert await retention(fresh) == timedelta(days=3)


# --- metrics


async def test_the_runtime_shows_metrics_under_their_documented_names(address: str) -> None:
    metrics = f"127.0.0.1:{unused_port()}"
    client = await connect(runtime=build_runtime(metrics))
    await client.service_client.check_health()
    async with httpx.AsyncClient() as http:
        text = (await http.get(f"http://{metrics}/metrics")).text
    assert "temporal_request_total{" in text
    assert "temporal_request_latency_seconds_bucket{" in text


async def test_a_metrics_address_that_is_taken_is_an_error_that_names_it() -> None:
    async with silent_port() as address:
        with pytest.raises(TemporalError, match=f"cannot serve metrics on {address}"):
            build_runtime(address)


async def add(client: Client, name: str, kind: IndexedValueType.ValueType) -> None:
    request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes={name: kind})
    await client.operator_service.add_search_attributes(request)


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def silent_port() -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield "{}:{}".format(*listener.getsockname())
