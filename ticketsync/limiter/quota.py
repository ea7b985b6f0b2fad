"""One site's quota in one process: its own calls, its share while Redis is away, its place in the shared window."""

import asyncio
import math
import random
import time
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

import structlog
from redis.asyncio import Redis

from ticketsync.cancelling import cancel
from ticketsync.limiter.shared import ALIVE_SECONDS, RedisLost, SharedQuota
from ticketsync.limiter.windows import LARGEST_BURST, OwnCalls, Window, window_of

BEAT_SECONDS = 2.0
REMEMBERED_BEATS = int(ALIVE_SECONDS / BEAT_SECONDS)
UNKNOWN_PROCESSES = 2
JITTER_SECONDS = 0.01  # one waiter per process asks, so few meet; a longer start would give one process a whole burst

log = structlog.get_logger(__name__)

_stands_behind: ContextVar[bool] = ContextVar("stands_behind", default=False)


@contextmanager
def behind_others() -> Iterator[None]:
    """The calls made inside it let all others go first, and leave a third of each window free for those to come."""
    before = _stands_behind.set(True)
    try:
        yield
    finally:
        _stands_behind.reset(before)


class QuotaExceeded(Exception):
    """No turn came free in time. `retry_after`: seconds until one may."""

    def __init__(self, site: str, retry_after: float) -> None:
        super().__init__(f"no call to {site} is free for another {retry_after:.1f} s")
        self.retry_after = retry_after


class SiteQuota:
    """The quota of one site, shared with all other processes that call it. One instance per site and process.

    site: the host of the base URL. calls_per_minute: what all processes together may call; where they disagree (a
    deploy under way), the smallest counts from the next announcement on. redis: any asyncio client, also one made by
    Sentinel's `master_for`; it stays the caller's to close. max_wait: seconds that a turn may take.

    From `start` on (a turn does it when nobody has) the process announces itself every 2 s, until `aclose`.
    """

    def __init__(self, *, site: str, calls_per_minute: int, redis: Redis, max_wait: float = 10.0) -> None:
        self.site = site
        self._max_wait = max_wait
        self._shared = SharedQuota(site, redis)
        self._member = f"{uuid.uuid4().hex}/{calls_per_minute}"
        self._window = window_of(calls_per_minute)
        self._calls = OwnCalls(longest=max(LARGEST_BURST, self._window.calls))
        self._processes = deque([UNKNOWN_PROCESSES], maxlen=REMEMBERED_BEATS)
        self._in_line = asyncio.Lock()
        self._behind = asyncio.Lock()
        self._beats: asyncio.Task[None] | None = None
        self._connected = False
        self._share_until = math.inf
        self._held_until = 0.0
        self._free_at = 0.0

    async def start(self) -> None:
        """Announce this process, so that the others know of it before its first call."""
        if self._beats is None:
            async with self._in_line:
                await self._ensure_started()

    async def change(self, calls_per_minute: int) -> None:
        """Another rate from now on; the other processes hear of it with the next announcement."""
        former, self._member = self._member, f"{self._member.partition('/')[0]}/{calls_per_minute}"
        if former == self._member:
            return
        self._window = window_of(calls_per_minute)
        self._calls.make_room(self._window.calls)
        if self._connected:
            with suppress(RedisLost):
                await self._shared.withdraw(former)
            await self._beat()

    async def aclose(self) -> None:
        """Stop announcing this process."""
        if self._beats is not None:
            await cancel(self._beats)
            self._beats = None
        if self._connected:
            with suppress(RedisLost):
                await self._shared.withdraw(self._member)

    async def turn(self) -> None:
        """Wait for the right to make one call. Within a process, who came first goes first.

        Raises QuotaExceeded after `max_wait`, even when it is clear before that no place will come free: a worker's
        slot that waits keeps the backlog in its queue, where priorities act.
        """
        try:
            async with asyncio.timeout(self._max_wait):
                await (self._turn_behind_others() if _stands_behind.get() else self._turn_in_line())
        except TimeoutError:
            raise QuotaExceeded(self.site, max(self._free_at - time.monotonic(), 1.0)) from None

    async def _turn_in_line(self) -> None:
        async with self._in_line:
            await self._ensure_started()
            while wait := await self._take():
                await self._sleep(wait)

    async def _turn_behind_others(self) -> None:
        """Waits outside the line: whoever comes meanwhile is not behind it."""
        async with self._behind:
            while wait := await self._take_behind_others():
                await self._sleep(wait)

    async def _take_behind_others(self) -> float:
        async with self._in_line:
            await self._ensure_started()
            return await self._take(behind=True)

    async def _sleep(self, wait: float) -> None:
        self._free_at = time.monotonic() + wait
        await asyncio.sleep(wait + random.uniform(0, JITTER_SECONDS))  # noqa: S311 - spreads processes

    async def hold(self, seconds: float) -> None:
        """No more calls to this site, by any process, for so long: it said that its quota is used up."""
        self._held_until = max(self._held_until, time.monotonic() + seconds)
        if self._connected:
            try:
                await self._shared.hold(seconds)
            except RedisLost as error:
                self._lose(error)

    @property
    def burst(self) -> int:
        """Calls that all processes together may ever make at once."""
        return self._window.calls

    async def left(self) -> int | None:
        """Calls that all processes together may make at once; None while Redis does not answer."""
        try:
            return await self._shared.left(self._window)
        except RedisLost:
            return None

    async def has_room_behind_others(self, calls: int) -> bool:
        """Whether so many calls could be made at once, from behind all others; not while Redis does not answer.

        Of more calls than are ever free at once: whether all places are free.
        """
        left = await self.left()
        return left is not None and left >= min(calls + self._window.kept_for_others, self._window.calls)

    async def _take(self, *, behind: bool = False) -> float:
        """Take a place and answer 0, or the seconds until it is worth asking again."""
        allowed = self._allowed().behind_others if behind else self._allowed()
        wait = max(self._calls.wait(allowed), self._held_until - time.monotonic())
        if wait > 0:
            return wait
        if self._connected:
            try:
                wait = await self._take_shared(self._window.kept_for_others if behind else 0)
            except RedisLost as error:
                self._lose(error)
                return await self._take(behind=behind)
        if wait <= 0:
            self._calls.count()
        return max(wait, 0.0)

    async def _take_shared(self, leave: int) -> float:
        wait = await self._shared.take(self._window, leave)
        if wait.held:
            self._held_until = max(self._held_until, time.monotonic() + wait.seconds)
        return wait.seconds

    def _allowed(self) -> Window:
        if time.monotonic() < self._share_until:
            return self._window.share(max(self._processes))
        return self._window

    async def _ensure_started(self) -> None:
        if self._beats is None:
            await self._beat()
            if self._connected:
                self._share_until = 0.0  # nothing was called without Redis
            else:
                log.warning("quota_redis_not_reached", site=self.site)
            self._beats = asyncio.create_task(self._keep_beating())

    async def _keep_beating(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            await self._beat()

    async def _beat(self) -> None:
        try:
            members = await self._shared.announce(self._member)
        except RedisLost as error:
            self._lose(error)
            return
        self._processes.append(len(members))
        self._window = window_of(min(int(member.rpartition("/")[2]) for member in members))
        self._find_again()

    def _lose(self, error: RedisLost) -> None:
        if self._connected:
            log.warning("quota_redis_lost", site=self.site, error=str(error), processes=max(self._processes))
        self._connected = False
        self._share_until = math.inf

    def _find_again(self) -> None:
        if not self._connected:
            self._connected = True
            self._share_until = time.monotonic() + self._window.seconds
            log.info("quota_redis_reached", site=self.site)
