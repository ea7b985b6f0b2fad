"""The Temporal server proper, all its services in one process, with its tables in a PostgreSQL.

Its recipe: reference/temporal-python §2.4.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, RegisterNamespaceRequest
from temporalio.service import ConnectConfig, RPCError, RPCStatusCode, ServiceClient

from tests.conftest import TIME_SKIPPING
from tests.storms.cluster.binaries import TemporalTools, temporal_tools
from tests.storms.cluster.postgres import USER, Postgres
from ticketsync.embedded import ChildProcess, EmbeddedError, Say, free_port
from ticketsync.embedded.locks import file_lock, ports_lock
from ticketsync.embedded.ports import LOOPBACK
from ticketsync.embedded.runtime import own_runtime
from ticketsync.embedded.temporal_server import PROBE_TIMEOUT, RETENTION

NAMESPACE = "default"
SHARDS = 16  # for two cores; fixed for a cluster's life
SERVICES = ("frontend", "history", "matching", "worker")
DATABASES = {"temporal": "temporal", "temporal_visibility": "visibility"}
PLUGIN = "postgres12"
CONNECTIONS = 20
# Each new ticket asks once whether there was one before. Of more than ten a second the server refuses some by default,
# and then a task is looked for in Teamwork: docs/scaling.md.
RAISED = {"frontend.namespaceRPS.visibility": 100}
READY_WITHIN = 120.0
TOOL_WITHIN = 120.0


class PostgresTemporal:
    """One server on fixed ports. It can be stopped or killed, and started again where it was."""

    namespace = NAMESPACE

    def __init__(self, tools: TemporalTools, folder: Path, database: Postgres) -> None:
        ports = {service: (free_port(0), free_port(0)) for service in SERVICES}
        self.address = f"{LOOPBACK}:{ports['frontend'][0]}"
        dynamic, config = folder / "dynamic.yaml", folder / "config.yaml"
        switches = {name: json.loads(value) for name, value in TIME_SKIPPING.items()} | RAISED
        # What is JSON is YAML.
        dynamic.write_text(json.dumps({name: [{"value": value}] for name, value in switches.items()}))
        config.write_text(json.dumps(_config(ports, database.port, dynamic)))
        command: list[str | Path] = [tools.server, "--config-file", config, "--allow-no-auth", "start"]
        self._process = ChildProcess(f"Temporal server {self.address}", command, log=folder / "temporal.log")

    @property
    def pid(self) -> int | None:
        return self._process.pid

    async def start(self) -> None:
        """Return when its namespace answers. Raises ServerFailed."""
        await self._process.start()
        service = await ServiceClient.connect(ConnectConfig(target_host=self.address, lazy=True, runtime=own_runtime()))
        await self._process.wait_ready(lambda: _has_namespace(service), within=READY_WITHIN)

    async def stop(self) -> None:
        await self._process.stop(grace=30)

    async def kill(self) -> None:
        await self._process.kill()


@asynccontextmanager
async def temporal_on(database: Postgres, folder: Path, say: Say) -> AsyncIterator[PostgresTemporal]:
    """Running, its tables made in this database. Raises EmbeddedError."""
    tools = await temporal_tools(say)
    for name, schema in DATABASES.items():
        connection = ("--plugin", PLUGIN, "--ep", LOOPBACK, "--port", str(database.port), "--user", USER, "--db", name)
        await database.run("createdb", "-h", LOOPBACK, "-p", str(database.port), "-U", USER, name)
        await _tool(tools.sql, *connection, "setup-schema", "--version", "0.0")
        await _tool(tools.sql, *connection, "update-schema", "--schema-name", f"postgresql/v12/{schema}")
    async with file_lock(ports_lock()):
        server = PostgresTemporal(tools, folder, database)
        await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def _tool(program: Path, *arguments: str) -> None:
    async with ChildProcess(program.name, [program, *arguments]) as process:
        if await process.wait(within=TOOL_WITHIN):
            raise EmbeddedError(f"temporal-sql-tool {' '.join(arguments)} failed: {process.output().strip()[-500:]}")


async def _has_namespace(service: ServiceClient) -> bool:
    """Whether it answers and knows the namespace, which is made when it is missing."""
    try:
        await service.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=NAMESPACE), timeout=PROBE_TIMEOUT
        )
    except (RPCError, RuntimeError) as error:  # the SDK says RuntimeError while nobody listens
        if isinstance(error, RPCError) and error.status == RPCStatusCode.NOT_FOUND:
            await _make_namespace(service)
        return False
    return True


async def _make_namespace(service: ServiceClient) -> None:
    retention = Duration()
    retention.FromTimedelta(RETENTION)
    await service.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=NAMESPACE, workflow_execution_retention_period=retention)
    )


def _config(ports: dict[str, tuple[int, int]], database: int, dynamic: Path) -> dict[str, object]:
    frontend = f"{LOOPBACK}:{ports['frontend'][0]}"
    return {
        "log": {"stdout": True, "level": "warn"},
        "persistence": {
            "defaultStore": "temporal",
            "visibilityStore": "temporal_visibility",
            "numHistoryShards": SHARDS,
            "datastores": {name: {"sql": _store(name, database)} for name in DATABASES},
        },
        "global": {"membership": {"maxJoinDuration": "30s", "broadcastAddress": LOOPBACK}},
        "services": {
            service: {"rpc": {"grpcPort": grpc, "membershipPort": membership, "bindOnLocalHost": True}}
            for service, (grpc, membership) in ports.items()
        },
        "clusterMetadata": {
            "failoverVersionIncrement": 10,
            "masterClusterName": "active",
            "currentClusterName": "active",
            "clusterInformation": {
                "active": {
                    "enabled": True,
                    "initialFailoverVersion": 1,
                    "rpcName": "frontend",
                    "rpcAddress": frontend,
                }
            },
        },
        "dynamicConfigClient": {"filepath": str(dynamic), "pollInterval": "10s"},
    }


def _store(name: str, port: int) -> dict[str, object]:
    return {
        "pluginName": PLUGIN,
        "databaseName": name,
        "connectAddr": f"{LOOPBACK}:{port}",
        "connectProtocol": "tcp",
        "user": USER,
        "maxConns": CONNECTIONS,
        "maxIdleConns": CONNECTIONS,
        "maxConnLifetime": "1h",
    }
