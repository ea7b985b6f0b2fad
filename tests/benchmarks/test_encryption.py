from benchmarks.encryption import delivery, measure, sizes
from tests.support.tickets import Ticket
from ticketsync import tickets


def test_a_delivery_has_what_storing_an_event_encodes() -> None:
    event = Ticket(35436).created()
    start = tickets._start("acme", 35436, event.snapshot)
    assert [values[0] for values in delivery()[:2]] == [start["arg"], start["static_summary"]]
    assert type(delivery()[2][0]) is type(event)


async def test_encryption_costs_something_and_off_costs_less() -> None:
    figures = await measure(times=200)
    assert 0 < figures["encoded, encryption off"] < figures["encoded, encryption on"]
    assert figures["decrypted by a worker"] > 0


def test_encryption_takes_some_bytes() -> None:
    off, on = sizes()
    assert off < on < 2 * off
