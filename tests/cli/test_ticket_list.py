"""Which tickets `tickets list` finds, in which order, page by page: against Temporal's visibility, without a worker."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.cli.programs import run
from tests.support.listed import ANN, BEN, NOON, Listed
from tests.support.stack import connected
from ticketsync.cli.ticket_prints import print_list
from ticketsync.embedded import EmbeddedTemporal
from ticketsync.reasons import codes_that_say
from ticketsync.ticket_list import TicketList

OTHERS = 7


@pytest.fixture(scope="module")
async def desk(temporal_server: EmbeddedTemporal) -> AsyncIterator[Listed]:
    """Three in trouble, whose runs began in another order than their troubles; seven others, one after the other."""
    desk = Listed(await connected(temporal_server.address))
    await desk.has(1, "blocked", "forbidden", minute=3)
    await desk.has(2, "retrying", "unreachable", minute=9)
    await desk.has(3, "paused", "paused", minute=6)
    for ticket_id in range(11, 11 + OTHERS - 1):
        await desk.has(ticket_id, "in_step", "no_mapping" if ticket_id == 11 else "")
    await desk.has(20, "pending")
    await desk.knows(3 + OTHERS)
    yield desk
    await desk.ends()


def ids(found: TicketList) -> list[int]:
    return [row.ticket_id for row in found.tickets]


async def test_the_newest_trouble_is_on_top_then_the_newest_tickets(desk: Listed) -> None:
    assert ids(await desk.page()) == [2, 3, 1, 20, 16, 15, 14, 13, 12, 11]


async def test_a_row_says_since_when_it_is_so(desk: Listed) -> None:
    first, *_, last = (await desk.page()).tickets
    assert (first.since, last.since) == (NOON + timedelta(minutes=9), None)


async def test_the_pages_hold_every_ticket_once_in_the_same_order(desk: Listed) -> None:
    whole = ids(await desk.page())
    for limit in (1, 2, 3, 4, 10):
        pages = [await desk.page(page=page, limit=limit) for page in range(1, -(-len(whole) // limit) + 1)]
        assert [ticket_id for page in pages for ticket_id in ids(page)] == whole
        assert [page.more for page in pages] == [True] * (len(pages) - 1) + [False]
        assert {page.total for page in pages} == {len(whole)}


async def test_every_page_counts_all_tickets_by_state(desk: Listed) -> None:
    found = await desk.page(page=2, limit=4, state="in_step")
    assert {state: count for state, count in found.counts.items() if count} == {
        "pending": 1,
        "in_step": 6,
        "retrying": 1,
        "blocked": 1,
        "paused": 1,
    }
    assert (ids(found), found.total, found.more) == ([12, 11], 6, False)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"state": "blocked"}, [1]),
        ({"state": "pending"}, [20]),
        ({"status": "pending"}, [2, 3, 1]),
        ({"assignee": BEN}, [2, 20, 16, 14, 12]),
        ({"assignee": ANN, "status": "pending"}, [3, 1]),
        ({"codes": codes_that_say("permission")}, [1]),
        ({"codes": codes_that_say("cannot be reached")}, [2]),
        ({"codes": codes_that_say("desk is paused")}, [3]),
        ({"codes": codes_that_say("of_tomorrow")}, []),
        ({"codes": ("no_mapping", "forbidden")}, [1, 11]),
        ({"codes": ("",)}, [20]),
        ({"codes": ("", "paused"), "state": "paused"}, [3]),
    ],
)
async def test_the_list_is_narrowed(desk: Listed, filters: dict[str, object], found: list[int]) -> None:
    assert ids(await desk.page(**filters)) == found  # type: ignore[arg-type]


async def test_the_words_of_a_reason_narrow_the_list_of_the_command(desk: Listed) -> None:
    environ = {"TEMPORAL_ADDRESS": desk.client.service_client.config.target_host}
    listing = ("tickets", "list", "--desk", desk.desk, "--json", "--reason")
    lacking, waiting, nothing = await asyncio.gather(
        run(*listing, "LACKS the permission", environ=environ),
        run(*listing, "no worker has looked", environ=environ),
        run(*listing, "what nobody ever says", environ=environ),
    )
    assert [row["ticket_id"] for row in lacking.json["tickets"]] == [1]
    assert [row["ticket_id"] for row in waiting.json["tickets"]] == [20]
    assert nothing.code == 2
    assert "no reason says 'what nobody ever says'" in nothing.err


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (1, "1-4 of 10; next: --page 2"),
        (2, "5-8 of 10; next: --page 3"),
        (3, "9-10 of 10"),
        (4, "page 4 is past the end: there are 10"),
    ],
)
async def test_people_are_told_which_page_they_see(
    desk: Listed, page: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_list(await desk.page(page=page, limit=4))
    assert capsys.readouterr().err == f"{said}\n"


async def test_one_page_is_not_numbered(desk: Listed, capsys: pytest.CaptureFixture[str]) -> None:
    print_list(await desk.page())
    assert capsys.readouterr().err == ""
