"""Zendesk's circuit breaker (reference/zendesk-api §2)."""

from fastapi import Response
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.zendesk.conftest import Desk
from ticketsync.sandbox.zendesk.breaker import CircuitBreaker


def breaker_after(*outcomes: bool, every: float = 0.1) -> tuple[CircuitBreaker, float]:
    breaker, now = CircuitBreaker(), 0.0
    for succeeded in outcomes:
        now += every
        assert breaker.lets_through(now)
        breaker.note(now, succeeded=succeeded)
    return breaker, now


def test_it_opens_at_seventy_percent_of_a_hundred() -> None:
    below, now = breaker_after(*[True] * 31, *[False] * 69)
    assert below.lets_through(now)
    at, now = breaker_after(*[True] * 30, *[False] * 70)
    assert not at.lets_through(now)


def test_fewer_than_a_hundred_requests_never_open_it() -> None:
    breaker, now = breaker_after(*[False] * 99)
    assert breaker.lets_through(now)


def test_a_thousand_errors_open_it_however_many_successes_there_are() -> None:
    outcomes = [True, False] * 1000
    breaker, now = breaker_after(*outcomes, every=0.001)
    assert breaker.lets_through(now)
    breaker.note(now, succeeded=False)
    assert not breaker.lets_through(now)


def test_errors_of_more_than_five_minutes_ago_do_not_count() -> None:
    breaker, now = breaker_after(*[False] * 99)
    breaker.note(now + 301, succeeded=False)
    assert breaker.lets_through(now + 301)


def test_after_five_seconds_one_probe_decides() -> None:
    breaker, now = breaker_after(*[False] * 100)
    assert not breaker.lets_through(now + 4.9)
    assert [breaker.lets_through(now + 5) for _ in range(3)] == [True, False, False]
    breaker.note(now + 5.1, succeeded=False)
    assert not breaker.lets_through(now + 10)
    assert breaker.lets_through(now + 10.2)
    breaker.note(now + 10.3, succeeded=True)
    assert [breaker.lets_through(now + 10.4) for _ in range(3)] == [True, True, True]


@given(st.lists(st.tuples(st.floats(0, 20), st.booleans()), max_size=400))
def test_it_is_never_shut_for_good(steps: list[tuple[float, bool]]) -> None:
    """Whatever happened before: five seconds after the last answer the next request is let through."""
    breaker, now = CircuitBreaker(), 0.0
    for wait, succeeded in steps:
        now += wait
        if breaker.lets_through(now):
            breaker.note(now, succeeded=succeeded)
    assert breaker.lets_through(now + 5)


async def test_a_webhook_whose_receiver_only_fails_is_left_alone_for_a_while(desk: Desk) -> None:
    webhook_id = await desk.subscribe("created")
    await desk.control("POST", "/delivery-rules", kind="duplicate", copies=99)
    desk.receiver.answers = [Response(status_code=500) for _ in range(100)]
    await desk.create()
    await desk.settle()
    await desk.control("DELETE", "/delivery-rules")
    await desk.create()
    await desk.settle()
    rows = (await desk.get(f"/api/v2/webhooks/{webhook_id}/invocations"))["invocations"]
    assert rows[0].items() >= {"status": "circuit broken"}.items()
    assert len(desk.receiver.received) == 100
    await desk.control("PUT", "/clock", offset_seconds=6)
    await desk.create()
    await desk.settle()
    assert len(desk.receiver.received) == 101


async def test_the_breaker_can_be_switched_off(desk: Desk) -> None:
    await desk.control("PATCH", "/settings", delivery={"circuit_breaker": False})
    await desk.subscribe("created")
    await desk.control("POST", "/delivery-rules", kind="duplicate", copies=99)
    desk.receiver.answers = [Response(status_code=500) for _ in range(200)]
    for _ in range(2):
        await desk.create()
        await desk.settle()
    assert len(desk.receiver.received) == 200
