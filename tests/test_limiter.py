"""The shared quota over a real Redis: in windows of one second (50 calls) a minute's promise shows in seconds."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff

from tests.support.wait import eventually
from ticketsync.embedded import EmbeddedRedis, find_redis, free_port
from ticketsync.embedded import redis_server as run_redis
from ticketsync.embedded.process import ChildProcess
from ticketsync.limiter import QuotaExceeded, SiteQuota, shared, window_of
from ticketsync.limiter import quota as quota_module

FAST = 3000
BURST = 50
SLOWER, BURST_OF_SLOWER = 480, 24  # in any 3 s
SITE = "acme.example"
WAITERS = 8
# A call counts from when its process asks Redis; the test sees it when it is let through, on a busy machine later.
SLACK = 0.2
NO_RETRY = Retry(NoBackoff(), 0)
BOUND_SECONDS = shared.BOUND_SECONDS


@pytest.fixture(autouse=True)
def _patient_with_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may hold up an answer for longer than the service waits for one; one test has the real bound."""
    monkeypatch.setattr(shared, "BOUND_SECONDS", 10.0)


@asynccontextmanager
async def process(
    url: str, calls_per_minute: int = FAST, max_wait: float = 10.0, *, reached: bool = True
) -> AsyncIterator[SiteQuota]:
    """What one process has: connections and a quota of its own. On a busy machine Redis may be reached late."""
    async with Redis.from_url(url) as redis:
        quota = SiteQuota(site=SITE, calls_per_minute=calls_per_minute, redis=redis, max_wait=max_wait)
        await quota.start()
        if reached:
            await eventually(lambda: quota._allowed() == quota._window, what="the whole window is ours")
        try:
            yield quota
        finally:
            await quota.aclose()


class Calls:
    """The calls that were let through: when, and by which process."""

    def __init__(self) -> None:
        self.at: list[float] = []
        self.by: Counter[int] = Counter()

    async def make(self, quotas: list[SiteQuota], *, until: float) -> None:
        """As many as the quotas let through before `until` (monotonic), several at a time in each process."""
        workers = (self._worker(number, quota, until) for number, quota in enumerate(quotas) for _ in range(WAITERS))
        await asyncio.gather(*workers)

    async def _worker(self, number: int, quota: SiteQuota, until: float) -> None:
        while time.monotonic() < until:
            await quota.turn()
            self.at.append(time.monotonic())
            self.by[number] += 1

    def most_within(self, seconds: float, *, since: float = 0.0) -> int:
        at = sorted(moment for moment in self.at if moment >= since)
        return max((sum(1 for other in at if moment <= other < moment + seconds) for moment in at), default=0)


def _quiet(line: str) -> None:
    """Where Redis comes from was said when the shared one started."""


@pytest.fixture
async def own_redis(redis_server: EmbeddedRedis) -> AsyncIterator[EmbeddedRedis]:
    """A Redis that may be killed."""
    async with run_redis(say=_quiet, binary=find_redis(_quiet), port=0) as server:
        yield server


# --- with Redis


async def test_one_process_keeps_to_the_window_and_uses_it(redis_db: str) -> None:
    calls = Calls()
    async with process(redis_db) as quota:
        await calls.make([quota], until=time.monotonic() + 2.9)
    assert calls.most_within(1 - SLACK) == BURST
    assert len(calls.at) >= 2.3 * BURST


async def test_processes_share_one_window_fairly(redis_db: str) -> None:
    calls = Calls()
    async with process(redis_db) as one, process(redis_db) as two, process(redis_db) as three:
        await calls.make([one, two, three], until=time.monotonic() + 3.9)
    assert calls.most_within(1 - SLACK) <= BURST
    assert len(calls.at) >= 3.2 * BURST
    assert min(calls.by.values()) >= len(calls.at) / 3 / 2


async def test_who_came_first_goes_first(redis_db: str) -> None:
    order: list[int] = []

    async def take(quota: SiteQuota, number: int) -> None:
        await quota.turn()
        order.append(number)

    async with process(redis_db) as quota:
        await asyncio.gather(*(take(quota, number) for number in range(2 * BURST)))
    assert order == list(range(2 * BURST))


async def test_without_a_place_in_time_it_says_when_one_may_be_free(redis_db: str) -> None:
    async with process(redis_db, calls_per_minute=1, max_wait=2) as quota:
        await quota.turn()
        began = time.monotonic()
        with pytest.raises(QuotaExceeded, match=SITE) as refused:
            await quota.turn()
    assert 2 <= time.monotonic() - began < 30
    assert 55 < refused.value.retry_after <= 60


async def test_another_process_is_told_when_the_shared_window_is_free(redis_db: str) -> None:
    async with process(redis_db, calls_per_minute=1) as one, process(redis_db, calls_per_minute=1, max_wait=2) as two:
        await one.turn()
        with pytest.raises(QuotaExceeded) as refused:
            await two.turn()
    assert 55 < refused.value.retry_after <= 60


async def test_a_waiter_that_gives_up_takes_nobodys_place(redis_db: str) -> None:
    async with process(redis_db, SLOWER) as quota:
        await asyncio.gather(*(quota.turn() for _ in range(BURST_OF_SLOWER)))
        given_up = [asyncio.create_task(quota.turn()) for _ in range(5)]
        waiting = asyncio.create_task(quota.turn())
        await asyncio.sleep(0)
        for task in given_up:
            task.cancel()
        await waiting
        began = time.monotonic()
        await asyncio.gather(*(quota.turn() for _ in range(BURST_OF_SLOWER - 1)))
    assert time.monotonic() - began < 2, "another window is 3 seconds"


async def test_a_hold_stops_every_process_until_it_ends(redis_db: str) -> None:
    async with process(redis_db) as one, process(redis_db) as two:
        began = time.monotonic()
        await one.hold(0.6)
        await one.hold(0.1)
        assert await two.left() == 0
        await asyncio.gather(one.turn(), two.turn())
    assert 0.6 <= time.monotonic() - began < 5


async def test_the_longest_hold_counts(redis_db: str) -> None:
    async with process(redis_db) as one, process(redis_db) as two:
        began = time.monotonic()
        await one.hold(0.1)
        await one.hold(0.6)
        await two.turn()
    assert time.monotonic() - began >= 0.6


async def test_a_process_that_ends_while_it_announces_itself_ends(
    redis_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota_module, "BEAT_SECONDS", 0)
    for loop_turns in range(30):
        async with asyncio.timeout(60), process(redis_db):
            for _ in range(loop_turns):
                await asyncio.sleep(0)


async def test_a_turn_that_is_cancelled_at_any_moment_is_cancelled(redis_db: str) -> None:
    async with process(redis_db) as quota:
        for loop_turns in range(1_000):
            turn = asyncio.create_task(quota.turn())
            for _ in range(loop_turns):
                await asyncio.sleep(0)
            if turn.done():
                break
            turn.cancel()
            with pytest.raises(asyncio.CancelledError):
                await turn
        assert loop_turns > 1


async def test_sites_do_not_share(redis_db: str) -> None:
    async with process(redis_db, calls_per_minute=1) as quota, Redis.from_url(redis_db) as redis:
        await quota.turn()
        other = SiteQuota(site="other.example", calls_per_minute=1, redis=redis, max_wait=1)
        await other.turn()
        assert (await quota.left(), await other.left()) == (0, 0)
        await other.aclose()


async def test_what_is_left_is_counted_over_all_processes(redis_db: str) -> None:
    async with process(redis_db) as one, process(redis_db) as two:
        await one.turn()
        await two.turn()
        assert await one.left() == await two.left() == BURST - 2


async def test_the_smallest_rate_counts_where_processes_disagree(redis_db: str) -> None:
    calls = Calls()
    async with process(redis_db, calls_per_minute=FAST) as larger, process(redis_db, calls_per_minute=600) as smaller:
        await eventually(lambda: larger._window == smaller._window, what="the smaller rate is known")
        await calls.make([larger, smaller], until=time.monotonic() + 1)
    assert calls.most_within(2 - SLACK) == 20


async def test_nothing_stays_in_redis(redis_db: str) -> None:
    async with process(redis_db) as quota, Redis.from_url(redis_db) as redis:
        await quota.turn()
        await quota.hold(1)
        keys = await redis.keys()
        assert len(keys) == 3
        assert all([0 < await redis.ttl(key) <= 60 for key in keys])


async def test_a_process_that_has_ended_gets_no_share(redis_db: str) -> None:
    async with process(redis_db) as one:
        async with process(redis_db) as two:
            await _know_each_other([one, two])
        async with process(redis_db) as three:
            assert three._processes[-1] == 2


async def test_clients_that_answer_in_text_will_do(redis_db: str) -> None:
    async with Redis.from_url(redis_db, decode_responses=True) as redis:
        quota = SiteQuota(site=SITE, calls_per_minute=1, redis=redis, max_wait=30)
        await quota.turn()
        assert await quota.left() == 0
        await quota.aclose()


# --- without Redis


async def test_a_wiped_redis_does_not_make_a_process_forget_its_own_calls(redis_db: str) -> None:
    calls = Calls()
    async with process(redis_db) as quota, Redis.from_url(redis_db) as redis:
        making = asyncio.create_task(calls.make([quota], until=time.monotonic() + 1.5))
        while not making.done():
            await redis.flushall()
    assert calls.most_within(1 - SLACK) == BURST


async def test_while_redis_is_away_each_process_takes_its_share(own_redis: EmbeddedRedis) -> None:
    calls = Calls()
    async with process(own_redis.url) as one, process(own_redis.url) as two, process(own_redis.url) as three:
        quotas = [one, two, three]
        await _know_each_other(quotas)
        making = asyncio.create_task(calls.make(quotas, until=time.monotonic() + 3.5))
        await eventually(lambda: len(calls.at) > BURST, what="a window is used up")
        await own_redis.kill()
        killed = time.monotonic()
        await making
    assert calls.most_within(1 - SLACK) <= 2 * BURST
    after = killed + 1
    assert 0 < calls.most_within(1 - SLACK, since=after) <= BURST
    assert len([at for at in calls.at if at > after]) >= BURST


async def test_redis_coming_back_costs_nothing(own_redis: EmbeddedRedis) -> None:
    """24 calls in 12 s: what was called without Redis is still in the window when it comes back, but not in Redis."""
    async with process(own_redis.url, 120, max_wait=1.5) as one, process(own_redis.url, 120, max_wait=1.5) as two:
        await _know_each_other([one, two])
        await own_redis.kill()
        assert await _let_through(two, 24) == 12
        assert await two.left() is None
        await own_redis.start()
        await eventually(lambda: one._connected and two._connected, what="both processes are back in Redis")
        assert await _let_through(two, 24) == 0
        assert await _let_through(one, 24) == 12
        assert await two.left() == 12


async def _let_through(quota: SiteQuota, calls: int) -> int:
    outcomes = await asyncio.gather(*(quota.turn() for _ in range(calls)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} <= {type(None), QuotaExceeded}
    return outcomes.count(None)


async def _know_each_other(quotas: list[SiteQuota]) -> None:
    """The first of them learns of the others at its next announcement."""
    await eventually(
        lambda: all(max(quota._processes) == len(quotas) for quota in quotas), what="all know how many they are"
    )


async def test_a_redis_that_hangs_costs_a_quarter_of_a_second_once(
    own_redis: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "BOUND_SECONDS", BOUND_SECONDS)
    async with process(own_redis.url) as quota:
        await quota.turn()
        assert own_redis.pid
        os.kill(own_redis.pid, signal.SIGSTOP)
        try:
            took = [await _seconds(quota) for _ in range(10)]
        finally:
            os.kill(own_redis.pid, signal.SIGCONT)
    assert 0.2 <= took[0] < 5
    assert median(took[1:]) < 0.2


async def _seconds(quota: SiteQuota) -> float:
    began = time.monotonic()
    await quota.turn()
    return time.monotonic() - began


async def test_a_process_that_begins_without_redis_takes_half_until_it_is_there(own_redis: EmbeddedRedis) -> None:
    without, with_redis = Calls(), Calls()
    await own_redis.kill()
    async with process(own_redis.url, reached=False) as quota:
        await without.make([quota], until=time.monotonic() + 1.2)
        await own_redis.start()
        await eventually(lambda: quota._connected, what="Redis is reached")
        await with_redis.make([quota], until=time.monotonic() + 2)
    assert without.most_within(1 - SLACK) == BURST // 2
    assert with_redis.most_within(1 - SLACK) == BURST


async def test_a_hold_counts_in_its_own_process_while_redis_is_away(own_redis: EmbeddedRedis) -> None:
    async with process(own_redis.url) as quota:
        await own_redis.kill()
        began = time.monotonic()
        await quota.hold(0.8)
        await quota.turn()
    assert time.monotonic() - began >= 0.8


async def test_a_master_named_by_sentinels_will_do(own_redis: EmbeddedRedis, tmp_path: Path) -> None:
    async with _sentinel(own_redis, tmp_path) as port:
        bounds = {"socket_timeout": 0.25, "retry": NO_RETRY}
        sentinel = Sentinel([("127.0.0.1", port)], sentinel_kwargs=bounds, **bounds)  # type: ignore[no-untyped-call]
        async with sentinel.master_for("main") as redis:
            quota = SiteQuota(site=SITE, calls_per_minute=FAST, redis=redis)
            await quota.start()
            await eventually(lambda: quota._connected, what="the sentinel has named the master")
            await quota.turn()
            assert await quota.left() == BURST - 1
            await quota.aclose()
        await sentinel.sentinels[0].aclose()


@asynccontextmanager
async def _sentinel(master: EmbeddedRedis, folder: Path) -> AsyncIterator[int]:
    port = free_port(0)
    config = folder / "sentinel.conf"
    config.write_text(f"bind 127.0.0.1\nport {port}\ndir {folder}\nsentinel monitor main 127.0.0.1 {master.port} 1\n")
    async with ChildProcess("Redis sentinel", [find_redis(_quiet), config, "--sentinel"]):
        yield port


# --- another rate


@pytest.mark.parametrize(("before", "after"), [(FAST, 600), (600, FAST), (600, 6000)])
async def test_a_changed_rate_counts_at_once_and_for_the_others_with_the_next_announcement(
    redis_db: str, before: int, after: int
) -> None:
    async with process(redis_db, before) as quota, process(redis_db, max(before, after)) as other:
        await quota.change(after)
        assert quota._window == window_of(after)
        expected = window_of(min(after, max(before, after)))
        await eventually(lambda: other._window == expected, what="the other process hears of it")
        calls = Calls()
        await calls.make([quota], until=time.monotonic() + 2.9)
    # Of any whole window; how exactly windows are kept is shown above.
    assert calls.most_within(expected.seconds - SLACK) <= expected.calls


async def test_a_higher_rate_than_any_before_is_kept_without_redis_too(own_redis: EmbeddedRedis) -> None:
    async with process(own_redis.url, 60) as quota:
        await quota.change(6000)
        await own_redis.stop()
        calls = Calls()
        await calls.make([quota], until=time.monotonic() + 2.9)
    assert 0 < calls.most_within(1 - SLACK) <= 100


async def test_the_same_rate_is_no_change(redis_db: str) -> None:
    async with process(redis_db) as quota:
        member = quota._member
        await quota.change(FAST)
        assert quota._member == member
