"""How ticketsync reaches Temporal: one client, one data converter, search attributes, runtime metrics.

The connection is configured by `TEMPORAL_*` and the profile file exactly as `temporalio.envconfig` reads them.
"""

import asyncio
import ctypes
import logging
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, DescribeNamespaceResponse
from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfigProfile, ClientConnectConfig
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)
from temporalio.service import RPCError, RPCStatusCode

from ticketsync import names
from ticketsync.metrics.table import HISTOGRAM_BUCKETS
from ticketsync.settings.keys import EncryptionKey
from ticketsync.settings.secret_file import read_secret
from ticketsync.settings.values import parse_address
from ticketsync.stored_failures import EncryptedFailures, StoredFailures
from ticketsync.stored_payloads import PlainPayloads

DEFAULT_ADDRESS = "localhost:7233"
CONNECT_TIMEOUT = timedelta(seconds=5)
LOOK_TIMEOUT = timedelta(seconds=5)
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
SAY_AGAIN = 30.0

NAMES = tuple(key.name for key in names.SEARCH_ATTRIBUTES)
KEYWORD = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
USABLE_WITHIN = timedelta(seconds=60)

REFUSED = frozenset({RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED, RPCStatusCode.UNIMPLEMENTED})


class TemporalError(Exception):
    """What keeps us from Temporal, in one sentence with what to do next."""


class BadTemporalConfigError(TemporalError):
    """`TEMPORAL_*` or the profile file cannot be used: waiting does not help."""


class TemporalUnreachableError(TemporalError):
    """Nothing usable answers at the address, for now."""


def data_converter(keys: Sequence[EncryptionKey] = ()) -> DataConverter:
    """The one converter of every client, worker and replayer: pydantic models as JSON, failures without ticket text.

    With keys everything is encrypted with the first of them.
    """
    if not keys:
        return DataConverter(payload_converter_class=PlainPayloads, failure_converter_class=StoredFailures)
    from ticketsync.encryption import EncryptionCodec  # noqa: PLC0415 - who does not encrypt does not load it

    return DataConverter(
        payload_converter_class=PlainPayloads,
        payload_codec=EncryptionCodec(keys),
        failure_converter_class=EncryptedFailures,
    )


def build_runtime(metrics_address: str | None = None) -> Runtime:
    """A runtime whose own log goes to the logger `temporalio.core`; it serves metrics when it is given an address.

    `metrics_address` is `host:port`. Names are those of the alert documentation (reference/temporal-python §3):
    counters end on `_total`, durations are seconds and say so. Raises TemporalError when the address cannot be bound.
    """
    forwarding = LogForwardingConfig(logger=logging.getLogger("temporalio.core"), append_target_to_name=False)
    log = LoggingConfig(filter=TelemetryFilter(core_level="WARN", other_level="ERROR"), forwarding=forwarding)
    try:
        return _kept(Runtime(telemetry=TelemetryConfig(logging=log, metrics=_prometheus(metrics_address))))
    except (RuntimeError, ValueError) as error:
        raise TemporalError(f"cannot serve metrics on {metrics_address}: {error}. Choose another address") from None


def _kept(runtime: Runtime) -> Runtime:
    """The runtime with one reference too many, so that the interpreter never frees it.

    Freed at exit it waits for its threads while it holds the interpreter's lock. A thread that brings the result of a
    call waits for that lock, which at exit it never gets: the process never ends (seen one time in two when a call was
    under way at SIGTERM). Not freed, the threads end with the process.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(runtime))
    return runtime


@cache
def _own_runtime() -> Runtime:
    return build_runtime()


def _prometheus(address: str | None) -> PrometheusConfig | None:
    if address is None:
        return None
    return PrometheusConfig(
        bind_address=address,
        counters_total_suffix=True,
        unit_suffix=True,
        durations_as_seconds=True,
        histogram_bucket_overrides=HISTOGRAM_BUCKETS,
    )


async def connect(
    *,
    keys: Sequence[EncryptionKey] = (),
    identity: str | None = None,
    lazy: bool = False,
    runtime: Runtime | None = None,
) -> Client:
    """A client for the address, namespace and credentials of `TEMPORAL_*`; by default localhost:7233, `default`.

    `keys` are those of `data_converter`. With `lazy` nothing is asked of the server before the first call. Raises
    BadTemporalConfigError and, unless lazy, TemporalUnreachableError when the server does not answer within some
    seconds.
    """
    config = _connect_config()
    address = config["target_host"]
    try:
        # `connect_timeout` ends with the TCP connection: a port that accepts and says nothing would hold us for good.
        async with asyncio.timeout(2 * CONNECT_TIMEOUT.total_seconds()):
            return await Client.connect(
                **config,
                data_converter=data_converter(keys),
                identity=identity,
                lazy=lazy,
                runtime=runtime or _own_runtime(),
                connect_timeout=CONNECT_TIMEOUT,
            )
    except ValueError as error:
        raise BadTemporalConfigError(f"the Temporal settings for {address} cannot be used: {error}") from None
    except (RuntimeError, TimeoutError, RPCError) as error:
        raise TemporalUnreachableError(f"Temporal does not answer at {address}: {_reason(error)}") from None


def _connect_config() -> ClientConnectConfig:
    file = _config_file()
    try:
        profile = ClientConfigProfile.load(config_source=file)
        _refuse_open_files(profile, file)
        config = profile.to_client_connect_config()
    except (RuntimeError, OSError, ValueError) as error:
        # Of a file that is not TOML the lines below the first quote it, and it may hold the API key.
        reason = str(error).partition("\n")[0]
        raise BadTemporalConfigError(f"the Temporal settings (TEMPORAL_*) cannot be used: {reason}") from None
    config.setdefault("target_host", DEFAULT_ADDRESS)
    try:
        parse_address(config["target_host"])
    except ValueError as error:
        raise BadTemporalConfigError(f"TEMPORAL_ADDRESS {error}") from None
    if config.get("namespace") == "":
        raise BadTemporalConfigError("TEMPORAL_NAMESPACE is empty: name a namespace or leave the variable out")
    return config


def _config_file() -> Path | None:
    """The SDK passes over a missing file silently; one that was named on purpose must be there."""
    path = os.environ.get("TEMPORAL_CONFIG_FILE")
    if path and not Path(path).is_file():
        raise BadTemporalConfigError(f"TEMPORAL_CONFIG_FILE {path} is not there: correct or remove the variable")
    return Path(path) if path else None


def _refuse_open_files(profile: ClientConfigProfile, file: Path | None) -> None:
    """The files of our own settings are not the only ones with secrets. Raises BadTemporalConfigError."""
    key = profile.tls.client_private_key if profile.tls else None
    in_file = [
        profile.api_key and not os.environ.get("TEMPORAL_API_KEY"),
        isinstance(key, str | bytes) and not os.environ.get("TEMPORAL_TLS_CLIENT_KEY_DATA"),
    ]
    secret_files = {"TEMPORAL_CONFIG_FILE": file if any(in_file) else None, "TEMPORAL_TLS_CLIENT_KEY_PATH": key}
    for name, path in secret_files.items():
        if isinstance(path, Path):
            try:
                read_secret(path)
            except ValueError as error:
                raise BadTemporalConfigError(f"{name}: {path} {error}") from None


def _reason(error: Exception) -> str:
    """The core's message without the wrapping of its layers."""
    text = str(error)
    for sign, plain in _KNOWN_REASONS:
        if sign in text:
            return plain
    return text.removeprefix("Failed client connect: ") or "no answer in time"


_KNOWN_REASONS = (
    ("ConnectionRefused", "connection refused"),
    ("dns error", "the host name is not known"),
    ("deadline has elapsed", "no answer in time"),
)


async def wait_for_temporal(
    connect: Callable[[], Awaitable[Client]], say: Callable[[str], None], deadline: timedelta | None = None
) -> Client:
    """A connected client whose namespace is there, however long that takes.

    `say` hears one line when waiting begins, one every 30 s, and one when it is over. Raises BadTemporalConfigError at
    once, and TemporalUnreachableError when `deadline` has passed.
    """
    waiting = _Waiting(say, deadline)
    while True:
        try:
            client = await connect()
            await _look(client)
        except TemporalUnreachableError as error:
            await waiting.pause(error)
        else:
            waiting.over(client)
            return client


class _Waiting:
    """Pauses that grow, and a line now and then."""

    def __init__(self, say: Callable[[str], None], deadline: timedelta | None) -> None:
        self._say = say
        self._began = time.monotonic()
        self._give_up = None if deadline is None else self._began + deadline.total_seconds()
        self._said: float | None = None
        self._pause = FIRST_PAUSE

    async def pause(self, error: TemporalUnreachableError) -> None:
        now = time.monotonic()
        if self._give_up is not None and now + self._pause > self._give_up:
            raise error
        if self._said is None or now - self._said >= SAY_AGAIN:
            self._said = now
            self._say(f"waiting for Temporal: {error}")
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def over(self, client: Client) -> None:
        if self._said is not None:
            waited = time.monotonic() - self._began
            self._say(f"Temporal answers at {client.service_client.config.target_host} after {waited:.0f} s")


async def _look(client: Client) -> None:
    """Whether the namespace answers. A key that may not read the namespace itself may be good for all the rest."""
    try:
        await _namespace(client)
    except RPCError as error:
        if error.status in REFUSED:
            return
        address = client.service_client.config.target_host
        if error.status == RPCStatusCode.NOT_FOUND:
            create = f"temporal operator namespace create --address {address} --namespace {client.namespace}"
            raise TemporalUnreachableError(f"{address} has no namespace {client.namespace!r}: run {create}") from None
        raise TemporalUnreachableError(f"Temporal does not answer at {address}: {error.status.name}") from None


async def retention(client: Client) -> timedelta:
    """How long the namespace keeps closed workflows. Raises RPCError."""
    return (await _namespace(client)).config.workflow_execution_retention_ttl.ToTimedelta()


async def _namespace(client: Client) -> DescribeNamespaceResponse:
    request = DescribeNamespaceRequest(namespace=client.namespace)
    return await client.workflow_service.describe_namespace(request, timeout=LOOK_TIMEOUT)


async def missing_search_attributes(client: Client) -> tuple[str, ...]:
    """The names of `names.SEARCH_ATTRIBUTES` that the namespace does not have yet.

    Raises RPCError, and TemporalError for one that exists with another type than Keyword.
    """
    request = ListSearchAttributesRequest(namespace=client.namespace)
    known = (await client.operator_service.list_search_attributes(request, timeout=LOOK_TIMEOUT)).custom_attributes
    for name in NAMES:
        if known.get(name, KEYWORD) != KEYWORD:
            kind = IndexedValueType.Name(known[name])
            raise TemporalError(f"search attribute {name} exists as {kind}, not Keyword: use another namespace")
    return tuple(name for name in NAMES if name not in known)


async def register_search_attributes(client: Client, within: timedelta = USABLE_WITHIN) -> str | None:
    """Add the search attributes that are missing, and return when a workflow can be started with them.

    Any number of processes may do this at once. Returns None, or the command for somebody who may when this client may
    not. Raises TemporalError as `missing_search_attributes` does, TemporalUnreachableError when `within` has passed.
    """
    waiting = _Waiting(lambda _line: None, within)
    while True:
        try:
            if await _registered(client):
                return None
            reason = "not usable yet"
        except RPCError as error:
            if error.status in REFUSED:
                return await _command_unless_usable(client)
            reason = f"{error.status.name}: {error.message}"
        await waiting.pause(TemporalUnreachableError(f"the search attributes are not registered: {reason}"))


async def _registered(client: Client) -> bool:
    missing = await missing_search_attributes(client)
    if missing:
        wanted = dict.fromkeys(missing, KEYWORD)
        request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=wanted)
        await client.operator_service.add_search_attributes(request, timeout=LOOK_TIMEOUT)
    return await _usable(client)


async def _usable(client: Client) -> bool:
    """A listed attribute may be unknown yet to the frontend that starts workflows: it refuses a query the same way."""
    try:
        await client.count_workflows(" AND ".join(f"{name} = ''" for name in NAMES), rpc_timeout=LOOK_TIMEOUT)
    except RPCError as error:
        if error.status == RPCStatusCode.INVALID_ARGUMENT:
            return False
        raise
    return True


async def _command_unless_usable(client: Client) -> str | None:
    try:
        return None if await _usable(client) else search_attributes_command(client)
    except RPCError:
        return search_attributes_command(client)


def search_attributes_command(client: Client) -> str:
    """What somebody with the right to do so types to register them; those that exist already are passed over."""
    options = " ".join(f"--name {name} --type Keyword" for name in NAMES)
    where = f"--address {client.service_client.config.target_host} --namespace {client.namespace}"
    return f"temporal operator search-attribute create {where} {options}"
