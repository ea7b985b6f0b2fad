"""The Temporal and the Redis of a storm: those of `ticketsync dev`, unless a storm brings others."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from tests.conftest import SEARCH_ATTRIBUTES, TIME_SKIPPING
from ticketsync.embedded import EmbeddedRedis, Say, redis_server, temporal_server
from ticketsync.embedded.environment import servers_environment

IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it


class TemporalServer(Protocol):
    """A Temporal server that can be ended in order or as by a crash, and started again where it was."""

    address: str
    namespace: str

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def kill(self) -> None: ...


@dataclass(frozen=True)
class Servers:
    """Both, running. `environ` are the settings with which ours find them."""

    temporal: TemporalServer
    redis: EmbeddedRedis
    environ: Mapping[str, str]


Starting = Callable[[Say], AbstractAsyncContextManager[Servers]]


@asynccontextmanager
async def embedded_servers(say: Say, *, state: Path | None = None) -> AsyncIterator[Servers]:
    """One process each. Temporal keeps its database in a file, which is in `state` where a test wants to have it."""
    with ExitStack() as held:
        folder = state or held.enter_context(_quick_folder())
        async with (
            temporal_server(
                say=say,
                state_dir=folder,
                port=0,
                dynamic_config=TIME_SKIPPING,
                search_attributes=SEARCH_ATTRIBUTES,
            ) as temporal,
            redis_server(say=say, port=0) as redis,
        ):
            yield Servers(temporal, redis, servers_environment(temporal, redis))


@contextmanager
def _quick_folder() -> Iterator[Path]:
    """Files that no disk is waited for, where the machine has such: the storms were twice as long without."""
    with TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as folder:
        yield Path(folder)
