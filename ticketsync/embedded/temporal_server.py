"""A Temporal server of our own: the CLI's development server on loopback, as a child process.

Not through the SDK's `WorkflowEnvironment`: that one cannot be stopped and started again on the same port and database,
nor killed, which is what the storm tests do to it.
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.workflowservice.v1 import UpdateNamespaceRequest
from temporalio.service import ConnectConfig, RPCError, ServiceClient

from ticketsync.embedded.choices import Say
from ticketsync.embedded.locks import claimed, file_lock, ports_lock
from ticketsync.embedded.ports import HIGHEST, LOOPBACK, free_port
from ticketsync.embedded.process import ChildProcess
from ticketsync.embedded.runtime import own_runtime
from ticketsync.embedded.temporal_binary import find_temporal

PREFERRED_PORT = 7233
UI_PORT_OFFSET = 1000
RETENTION = timedelta(days=30)
READY_WITHIN = 30.0
PROBE_TIMEOUT = timedelta(seconds=1)
FAIR_QUEUES = {"matching.enableFairness": "true"}  # a dynamic setting: docs/operations.md, "What Temporal needs"


class EmbeddedTemporal:
    """One Temporal server on fixed ports. It can be stopped or killed, and started again where it was.

    `folder` keeps the database (`temporal.db`) and the log; without it everything is in memory and gone with the
    process. `ui_port` None means no web UI. Dynamic configuration values are JSON (`{"limit.x": "50"}`); search
    attributes are name to type (`{"TicketsyncDesk": "Keyword"}`), registered in `namespace`.
    """

    def __init__(
        self,
        binary: Path,
        *,
        port: int,
        ui_port: int | None = None,
        folder: Path | None = None,
        namespace: str = "default",
        dynamic_config: Mapping[str, str] | None = None,
        search_attributes: Mapping[str, str] | None = None,
    ) -> None:
        self.binary = binary
        self.address = f"{LOOPBACK}:{port}"
        self.ui_url = f"http://{LOOPBACK}:{ui_port}" if ui_port else None
        self.namespace = namespace
        command = [
            *(str(binary), "server", "start-dev", "--log-level", "warn"),
            *("--ip", LOOPBACK, "--port", str(port), "--namespace", namespace),
            *(("--ui-port", str(ui_port), "--ui-disable-news-fetch") if ui_port else ("--headless",)),
            *(("--db-filename", str(folder / "temporal.db")) if folder else ()),
            *_pairs("--dynamic-config-value", dynamic_config or {}),
            *_pairs("--search-attribute", search_attributes or {}),
        ]
        log = folder / "temporal.log" if folder else None
        self._process = ChildProcess(f"Temporal server {self.address}", command, log=log, env=_environ())

    @property
    def pid(self) -> int | None:
        return self._process.pid

    async def start(self) -> None:
        """Return when it answers, its namespace keeping closed workflows for 30 days. Raises ServerFailed."""
        await self._process.start()
        try:
            service = await self._service()
            await self._process.wait_ready(lambda: _is_ready(service, self.namespace), within=READY_WITHIN)
        except BaseException:
            await self.kill()
            raise

    async def stop(self) -> None:
        """End it in order: SIGTERM, after ten seconds SIGKILL."""
        await self._process.stop()

    async def kill(self) -> None:
        """End it at once, as a crash would (SIGKILL)."""
        await self._process.kill()

    async def _service(self) -> ServiceClient:
        config = ConnectConfig(target_host=self.address, lazy=True, runtime=own_runtime())
        return await ServiceClient.connect(config)


@asynccontextmanager
async def temporal_server(
    *,
    say: Say,
    state_dir: Path | None = None,
    port: int | None = None,
    ui: bool = False,
    namespace: str = "default",
    dynamic_config: Mapping[str, str] | None = None,
    search_attributes: Mapping[str, str] | None = None,
    binary: Path | None = None,
) -> AsyncIterator[EmbeddedTemporal]:
    """A running Temporal server, stopped on exit.

    `port` is the preferred one (None: 7233, 0: any); a taken one is answered with the next free one. The UI prefers the
    port 1000 higher. `state_dir` keeps the data; `binary` spares the search. Raises TemporalUnavailable, ServerFailed,
    NoFreePort, StateInUse.
    """
    found = binary or await find_temporal(say)
    with ExitStack() as held:
        if state_dir:
            held.enter_context(claimed(state_dir, "temporal"))
        async with file_lock(ports_lock()):
            chosen = free_port(PREFERRED_PORT if port is None else port)
            server = EmbeddedTemporal(
                found,
                port=chosen,
                ui_port=_ui_port(chosen, port) if ui else None,
                folder=state_dir,
                namespace=namespace,
                dynamic_config=dynamic_config,
                search_attributes=search_attributes,
            )
            await server.start()
        try:
            yield server
        finally:
            await server.stop()


async def _is_ready(service: ServiceClient, namespace: str) -> bool:
    """Whether it answers and has taken the retention: a new namespace of the development server keeps one day."""
    retention = Duration()
    retention.FromTimedelta(RETENTION)
    config = NamespaceConfig(workflow_execution_retention_ttl=retention)
    request = UpdateNamespaceRequest(namespace=namespace, config=config)
    try:
        healthy = await service.check_health(timeout=PROBE_TIMEOUT)
        if healthy:
            await service.workflow_service.update_namespace(request, timeout=PROBE_TIMEOUT)
    except (RPCError, RuntimeError):  # the SDK says RuntimeError while nobody listens
        return False
    return healthy


def _ui_port(port: int, asked: int | None) -> int:
    wanted = port + UI_PORT_OFFSET
    return free_port(0 if asked == 0 or wanted > HIGHEST else wanted)


def _pairs(option: str, values: Mapping[str, str]) -> list[str]:
    return [part for name, value in values.items() for part in (option, f"{name}={value}")]


def _environ() -> dict[str, str]:
    """Ours without `TEMPORAL_*`: those say how to reach another server, and the CLI would read them."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")}
