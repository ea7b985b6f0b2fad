"""Connecting to Redis. Everything in it can be wiped, so nothing ever waits for it: 250 ms, then the caller goes on."""

from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff

from ticketsync.settings import RedisSettings

TIMEOUT_SECONDS = 0.25


def connect_redis(
    settings: RedisSettings, *, encoding_errors: str = "strict", seconds: float = TIMEOUT_SECONDS
) -> Redis:
    """A client that answers in text and connects at its first command; end it with `close_redis`.

    Connecting, sending and each answer may take so many seconds, and nothing is tried twice. With sentinels they are
    asked for the master whenever a connection is made, each for so long at most. `encoding_errors`: what becomes of
    bytes that are no text, as for `bytes.decode`.
    """
    bounds = {"socket_timeout": seconds, "socket_connect_timeout": seconds, "retry": Retry(NoBackoff(), 0)}
    options = {"decode_responses": True, "encoding_errors": encoding_errors, **bounds}
    return _behind_sentinels(settings, options) if settings.use_sentinel else _plain(settings, options)


async def close_redis(redis: Redis) -> None:
    """Close the client's connections, those to the sentinels too."""
    await redis.aclose()
    pool = redis.connection_pool
    if isinstance(pool, SentinelConnectionPool):
        for sentinel in pool.sentinel_manager.sentinels:
            await sentinel.aclose()


def _plain(settings: RedisSettings, options: dict[str, Any]) -> Redis:
    return Redis(host=settings.host, port=settings.port, db=settings.db, password=_password(settings), **options)


def _behind_sentinels(settings: RedisSettings, options: dict[str, Any]) -> Redis:
    bounds = {name: options[name] for name in ("socket_timeout", "socket_connect_timeout", "retry")}
    sentinel = Sentinel(settings.sentinel_hosts, sentinel_kwargs=bounds)  # type: ignore[no-untyped-call]
    master: Redis = sentinel.master_for(
        settings.sentinel_master, db=settings.db, password=_password(settings), **options
    )
    return master


def _password(settings: RedisSettings) -> str | None:
    return settings.password.get_secret_value() if settings.password is not None else None
