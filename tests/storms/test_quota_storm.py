"""More work than Teamwork's quota allows, by two workers: never a call above it, as Teamwork itself counts."""

from pathlib import Path
from random import Random

from tests.storms.conftest import Asked
from tests.storms.traffic import Traffic
from tests.storms.verdict import comes_true, summary
from tests.storms.weather import bad_deliveries, over, workers_killed
from tests.storms.world import running_world
from ticketsync.embedded import Say

REAL_QUOTA = 150  # calls a minute; we take 120 of them by default
QUICK = {"TICKETSYNC_SETTLE_WINDOW": "3s"}


async def test_no_call_goes_above_the_real_quota(tmp_path: Path, say: Say, storm: Asked) -> None:
    tickets, kills = (100, 2) if storm.long else (34, 0)  # three minutes and more, or one and a little
    async with running_world(tmp_path, say, variables=QUICK, calls_per_minute=REAL_QUOTA, seed=storm.seed) as world:
        bad_deliveries(world, dropped=0, seconds=10)
        async with workers_killed(world, Random(storm.seed), times=kills, bursts=False):  # noqa: S311 - to repeat
            lives = await Traffic(tickets, 5 * tickets, storm.seed).flows(world)
            await comes_true(world, lives, deadline=120 + tickets * 3, seed=storm.seed)
        over(world)
        say(summary(world, lives))
        busiest = world.teamwork.meter.max_per_minute()
        assert 90 < busiest <= REAL_QUOTA, "there was more to do than was allowed, and it was not done"
        assert [call.path for call in world.teamwork.faults.calls if call.status == 429] == []
