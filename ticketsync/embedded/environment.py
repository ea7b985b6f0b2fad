"""The environment variables with which `ticketsync server` and `ticketsync worker` use embedded servers."""

from ticketsync.embedded.redis_server import EmbeddedRedis
from ticketsync.embedded.temporal_server import EmbeddedTemporal


def servers_environment(temporal: EmbeddedTemporal, redis: EmbeddedRedis) -> dict[str, str]:
    """Where they listen, and the namespace."""
    return {
        "TEMPORAL_ADDRESS": temporal.address,
        "TEMPORAL_NAMESPACE": temporal.namespace,
        "REDIS_HOST": redis.host,
        "REDIS_PORT": str(redis.port),
    }
