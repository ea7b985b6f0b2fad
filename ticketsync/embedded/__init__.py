"""A Temporal server and a Redis of our own, for `ticketsync dev` and the tests."""

from ticketsync.embedded.choices import Say
from ticketsync.embedded.errors import (
    EmbeddedError,
    NoFreePort,
    RedisUnavailable,
    ServerFailed,
    StateInUse,
    TemporalUnavailable,
)
from ticketsync.embedded.ports import free_port
from ticketsync.embedded.process import ChildProcess
from ticketsync.embedded.redis_server import EmbeddedRedis, find_redis, redis_server
from ticketsync.embedded.temporal_binary import find_temporal
from ticketsync.embedded.temporal_server import FAIR_QUEUES, EmbeddedTemporal, temporal_server

__all__ = [
    "FAIR_QUEUES",
    "ChildProcess",
    "EmbeddedError",
    "EmbeddedRedis",
    "EmbeddedTemporal",
    "NoFreePort",
    "RedisUnavailable",
    "Say",
    "ServerFailed",
    "StateInUse",
    "TemporalUnavailable",
    "find_redis",
    "find_temporal",
    "free_port",
    "redis_server",
    "temporal_server",
]
