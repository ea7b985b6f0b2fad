"""Temporal's server gone while webhooks arrive: what was answered 2xx is applied, all else comes again."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from tests.server.zendesk import stored_events
from tests.storms.conftest import Asked
from tests.storms.life import Life
from tests.storms.traffic import Traffic
from tests.storms.verdict import comes_true, summary
from tests.storms.world import World, running_world
from tests.support.wait import eventually
from ticketsync.embedded import Say
from ticketsync.sandbox.zendesk.invocation import Attempt, Delivery
from ticketsync.settings import DEFAULT_DESK

LONGEST_ANSWER = 9.0
LONG_OUTAGE = timedelta(seconds=30)
ASKED_FOR = 30.0  # seconds, by Retry-After
GIVEN_UP = {"circuit broken"}  # by its circuit breaker, which only the long form has; without it all come again
SPED_UP = 0.1  # Zendesk waits a tenth of that here
QUICK = {
    "TICKETSYNC_SETTLE_WINDOW": "1s",
    "TICKETSYNC_BLOCKED_RETRY": "10s",
    "TICKETSYNC_TEAMWORK_CALLS_PER_MINUTE": "3000",
}


async def test_temporal_stopped_and_killed_loses_no_webhook(tmp_path: Path, say: Say, storm: Asked) -> None:
    async with running_world(tmp_path, say, variables=QUICK, seed=storm.seed) as world:
        delivery = {"retry_time_factor": SPED_UP, "circuit_breaker": storm.long}
        await world.change("PATCH", "/sandbox/settings", {"delivery": delivery})
        lives = await _outage(world, storm, world.temporal.stop, refusals=3)  # some 30 s
        lives += await _gets_through(world, storm.seed)
        lives += await _outage(world, storm, world.temporal.kill, refusals=1)
        await comes_true(world, lives, deadline=240, seed=storm.seed)
        say(f"{summary(world, lives)}; {_answers(world)}")
        assert {ticket: len(tasks) for ticket, tasks in world.tasks().items()} == {life.id: 1 for life in lives}
        _every_answer_was_in_time(world)
        _what_was_refused_came_again(world, given_up=GIVEN_UP if storm.long else set())
        await _what_was_answered_2xx_is_stored(world, lives)


async def _outage(world: World, storm: Asked, ends: Callable[[], Awaitable[None]], *, refusals: int) -> list[Life]:
    """Temporal's server ends in the middle of the traffic, and is back when a webhook was refused so many times.

    In the long form Zendesk may have given all of them up before: there it is back after 30 s.
    """
    many = 4 if storm.long else 1
    before = len(_done(world))
    flowing = asyncio.create_task(Traffic(24 * many, 120 * many, storm.seed).flows(world))
    # In the long form Zendesk's circuit breaker may open once more, and all of these be given up.
    await eventually(
        lambda: len(_done(world)) > before + 30 or (storm.long and flowing.done()), what="webhooks are stored"
    )
    await ends()
    since = datetime.now(UTC)
    if storm.long:
        await eventually(lambda: datetime.now(UTC) > since + LONG_OUTAGE, what="half a minute has passed")
    else:
        await eventually(lambda: _refused(world, since, refusals), deadline=120, what=f"refused {refusals} times")
    await world.temporal.start()
    return await flowing


async def _gets_through(world: World, seed: int) -> list[Life]:
    """New tickets, until Zendesk's circuit breaker lets one through."""
    random, lives, before = Random(seed), list[Life](), len(_done(world))  # noqa: S311 - to repeat

    async def with_one_more() -> bool:
        lives.append(Life(world, random))
        await lives[-1].begin()
        return len(_done(world)) > before

    await eventually(with_one_more, what="a webhook gets through")
    return lives


def _done(world: World) -> list[Delivery]:
    return [delivery for delivery in world.zendesk.deliveries.log if delivery.state == "success"]


def _refused(world: World, since: datetime, times: int) -> list[Delivery]:
    """What is refused just now, for the so many-th time since then."""
    waiting = [delivery for delivery in world.zendesk.deliveries.log if delivery.state == "waiting"]
    return [one for one in waiting if sum(attempt.at > since for attempt in one.attempts) >= times]


def _attempts(world: World) -> list[Attempt]:
    return [attempt for delivery in world.zendesk.deliveries.log for attempt in delivery.attempts]


def _answers(world: World) -> str:
    attempts = _attempts(world)
    codes = Counter(attempt.status_code for attempt in attempts)
    return f"answers {dict(codes)}, the longest after {max(attempt.seconds for attempt in attempts):.1f} s"


# --- what holds afterwards


def _every_answer_was_in_time(world: World) -> None:
    assert max(attempt.seconds for attempt in _attempts(world)) < LONGEST_ANSWER


def _what_was_refused_came_again(world: World, *, given_up: set[str]) -> None:
    """All but what Zendesk gave up for these reasons, which came with the export."""
    refused = [attempt for attempt in _attempts(world) if attempt.status_code != 202 and attempt.not_sent is None]
    assert len(refused) > 50, "the outage was one"
    assert {(attempt.status_code, attempt.retry_after) for attempt in refused} == {(503, ASKED_FOR)}
    others = [delivery for delivery in world.zendesk.deliveries.log if delivery.state != "success"]
    assert {delivery.attempts[-1].not_sent for delivery in others} <= given_up


async def _what_was_answered_2xx_is_stored(world: World, lives: list[Life]) -> None:
    """Looked up one by one: a later change or Zendesk's export would make up for an event that was lost."""
    answered = {(delivery.ticket_id, delivery.event_id) for delivery in _done(world)}
    stored = {
        (life.id, event.id) for life in lives for event in await stored_events(world.client, DEFAULT_DESK, life.id)
    }
    ours = {life.id for life in lives}
    assert {(ticket, event) for ticket, event in answered if ticket in ours} <= stored
