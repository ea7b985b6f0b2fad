"""Two hundred tickets in a storm: nothing lost, nothing doubled, nothing stuck."""

from pathlib import Path
from random import Random

from tests.storms.conftest import Asked
from tests.storms.traffic import Traffic
from tests.storms.verdict import comes_true, summary
from tests.storms.weather import bad_answers, bad_deliveries, over, workers_killed
from tests.storms.world import World, running_world
from tests.support.wait import eventually
from ticketsync.embedded import Say

TICKETS, CHANGES = 200, 2_000
IN_MAKE_TEST, LONG = 1_200, 10_000
QUICK = {
    "TICKETSYNC_SETTLE_WINDOW": "3s",
    "TICKETSYNC_TEAMWORK_CALLS_PER_MINUTE": "3000",
    "TICKETSYNC_BLOCKED_RETRY": "10s",
}
DROPPED = 0.1


async def test_every_ticket_has_one_task_as_the_model_says(tmp_path: Path, say: Say, storm: Asked) -> None:
    async with running_world(tmp_path, say, variables=QUICK, seed=storm.seed) as world:
        await passes(world, say, storm.seed, LONG if storm.long else IN_MAKE_TEST)
        assert [one for one in world.zendesk.deliveries.log if one.state == "terminated"] == []


async def passes(world: World, say: Say, seed: int, changes: int = CHANGES) -> None:
    """The storm goes over this world, and all is as the model says."""
    bad_answers(world)
    bad_deliveries(world, dropped=DROPPED)
    async with workers_killed(world, Random(seed)):  # noqa: S311 - to repeat
        lives = await Traffic(TICKETS, changes, seed).flows(world)
        await eventually(lambda: world.undelivered == 0, 300, what="all deliveries are made")
    over(world)
    await world.reads_the_export()
    await comes_true(world, lives, deadline=240, seed=seed)
    say(summary(world, lives))
    assert len(lives) == TICKETS
    assert sum(len(tasks) for tasks in world.tasks().values()) == TICKETS
    assert min(worker.lives for worker in world.workers) >= 2, "both workers were killed"
