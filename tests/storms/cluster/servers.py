"""The servers of a cluster for a storm, in place of those of `ticketsync dev`."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.storms.cluster.postgres import Postgres, postgres
from tests.storms.cluster.temporal import PostgresTemporal, temporal_on
from tests.storms.sentinels import WatchedRedis, watched_redis
from tests.storms.servers import Servers
from ticketsync.embedded import Say


@dataclass(frozen=True)
class Cluster:
    """What runs. `servers` is how a storm's world takes it."""

    database: Postgres
    temporal: PostgresTemporal
    redis: WatchedRedis

    @asynccontextmanager
    async def servers(self, _say: Say) -> AsyncIterator[Servers]:
        reached = {"TEMPORAL_ADDRESS": self.temporal.address, "TEMPORAL_NAMESPACE": self.temporal.namespace}
        yield Servers(self.temporal, self.redis.master, reached | self.redis.environ)


@asynccontextmanager
async def running_cluster(folder: Path, say: Say) -> AsyncIterator[Cluster]:
    """PostgreSQL, Temporal on it, and a Redis that is watched by three sentinels."""
    with tempfile.TemporaryDirectory(prefix="ticketsync-postgres-") as data:  # to be reached by another user, too
        async with (
            postgres(Path(data)) as database,
            temporal_on(database, folder, say) as temporal,
            watched_redis(folder, say) as redis,
        ):
            yield Cluster(database, temporal, redis)
