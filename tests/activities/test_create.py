"""Creating the task of a ticket: with its marker, never twice, and without looking for it where nothing was sent."""

from datetime import timedelta
from typing import Any, Literal

import pytest

from tests.activities.bench import FIRST_ATTEMPT, Bench, bench_of, publish
from tests.activities.deaf import deaf_to
from tests.support.stack import PERSON_ANN, Stack
from tests.support.tickets import Ticket
from ticketsync.activities.looks import list_place
from ticketsync.embedded import free_port
from ticketsync.hints import Hints
from ticketsync.sandbox.faults import Call, Fault, FaultMatch
from ticketsync.sandbox.teamwork import DORA_ID
from ticketsync.workflows.attempt import PATIENT

CREATE = FaultMatch(method="POST", path=r"/tasklists/\d+/tasks\.json")
LOOK = FaultMatch(method="GET", path=r"/projects/\d+/tasks\.json")
NOTHING_SENT, LOOKING = "nothing_sent", "looking_for_its_task"


async def test_the_last_line_of_the_description_is_the_marker_and_redis_has_a_hint(bench: Bench) -> None:
    ticket = Ticket()
    task_id = (await bench.created(ticket)).id
    assert task_id is not None
    task = await bench.stack.task(task_id)
    assert task is not None
    address = f"{bench.stack.desk_settings.zendesk.base_url}/agent/tickets/{ticket.id}"
    assert task["description"].splitlines()[-1] == f"[ticketsync:{bench.desk.name}/{ticket.id}]({address})"
    assert await Hints(bench.stack.redis).task_id(bench.desk.name, ticket.id) == task_id


# --- never twice


async def test_a_create_whose_answer_was_lost_is_found_although_lists_show_it_late(bench: Bench) -> None:
    ticket = Ticket()
    bench.stack.teamwork.switches.stale_lists_seconds = 1.5
    bench.stack.teamwork.faults.add(Fault(kind="lost_answer", match=CREATE, times=1))
    lost = await bench.failure("create", ticket, title="Checkout broken")
    assert (lost.details.code, lost.details.nothing_sent, lost.passing, bench.said) == ("answer_lost", False, True, [])
    early = await bench.failure("create", ticket, title="Checkout broken", number=2)
    assert (early.details.code, early.details.nothing_sent, early.passing) == (LOOKING, False, True)
    bench.stack.teamwork.switches.stale_lists_seconds = 0
    with bench.counted() as calls:
        found = await bench.do("create", ticket, title="Checkout broken", number=3, heard=bench.said[-1])
    assert await bench.stack.tasks_of(ticket.id) == [found.task.id]
    assert (_count(calls, LOOK), _count(calls, CREATE), found.decide_again) == (1, 0, True)


async def test_what_may_be_landing_is_looked_for_four_times_before_another_is_made(bench: Bench) -> None:
    ticket, heard = Ticket(), tuple[object, ...]()
    for number, (at, next_look) in enumerate([(0, 2), (2, 7), (7.2, 22)], start=1):
        looked: dict[str, Any] = {"look": "patiently", "number": number, "heard": heard, "at": timedelta(seconds=at)}
        failed = await bench.failure("create", ticket, title="Checkout broken", **looked)
        assert (failed.details.code, failed.details.nothing_sent, failed.passing) == (LOOKING, True, True)
        assert failed.again_in == timedelta(seconds=next_look - at)
        heard = bench.said[-1]
    last: dict[str, Any] = {"look": "patiently", "number": 4, "heard": heard, "at": timedelta(seconds=22)}
    with bench.counted() as calls:
        made = await bench.do("create", ticket, title="Checkout broken", **last)
    assert (_count(calls, LOOK), _count(calls, CREATE)) == (1, 1)
    assert await bench.stack.tasks_of(ticket.id) == [made.task.id]


async def test_a_look_after_an_attempt_that_may_have_landed_begins_anew(bench: Bench) -> None:
    long_ago = (LOOKING, 1, FIRST_ATTEMPT.isoformat(), True)
    attempt: dict[str, Any] = {"look": "patiently", "number": 3, "heard": long_ago, "at": timedelta(seconds=60)}
    failed = await bench.failure("create", Ticket(), title="Checkout broken", **attempt)
    assert (failed.details.code, failed.details.nothing_sent) == (LOOKING, False)
    assert failed.again_in == timedelta(seconds=2)


@pytest.mark.parametrize(("tries", "pause"), [(1, 10), (2, 20), (3, 40), (8, 600), (4000, 600)])
async def test_the_pause_after_a_failed_try_does_not_grow_by_the_looks(bench: Bench, tries: int, pause: int) -> None:
    """Three looks before each try but the first, whose answer was lost as well."""
    looks = 3 * (tries - 1)
    heard = (LOOKING, tries + looks - 1, FIRST_ATTEMPT.isoformat(), False, looks) if looks else ()
    bench.stack.teamwork.faults.add(Fault(kind="error", status=502, match=CREATE, times=1))
    attempt: dict[str, Any] = {"number": tries + looks, "heard": heard, "at": timedelta(seconds=22), "policy": PATIENT}
    failed = await bench.failure("create", Ticket(), title="Checkout broken", **attempt)
    assert (failed.details.code, failed.passing) == ("answer_lost", True)
    assert failed.again_in == (timedelta(seconds=pause) if looks else None)  # None: as Temporal counts


async def test_each_look_counts_itself_to_those_before_it(bench: Bench) -> None:
    heard = (LOOKING, 5, FIRST_ATTEMPT.isoformat(), False, 4)
    attempt: dict[str, Any] = {"number": 7, "heard": heard, "at": timedelta(seconds=60)}
    await bench.failure("create", Ticket(), title="Checkout broken", **attempt)
    (said,) = bench.said
    assert said[-1] == 5


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_an_answer_of_a_gateway_does_not_say_that_nothing_was_sent(bench: Bench, status: int) -> None:
    bench.stack.teamwork.faults.add(Fault(kind="error", status=status, match=CREATE))
    failed = await bench.failure("create", Ticket(), title="Checkout broken")
    assert (failed.details.code, failed.details.nothing_sent, bench.said) == ("answer_lost", False, [])


# --- nothing was sent


async def test_a_refused_call_spares_the_next_attempt_the_look(bench: Bench) -> None:
    ticket = Ticket()
    bench.stack.teamwork.faults.add(Fault(kind="rate_limited", match=CREATE, seconds=1, times=1))
    refused = await bench.failure("create", ticket, title="Checkout broken")
    assert (refused.details.code, refused.details.nothing_sent) == ("rate_limited", True)
    assert bench.said == [(NOTHING_SENT, 1)]
    with bench.counted() as calls:
        made = await bench.do("create", ticket, title="Checkout broken", number=2, heard=bench.said[0])
    assert [call.path for call in calls if call.method == "GET"] == []
    assert await bench.stack.tasks_of(ticket.id) == [made.task.id]


async def test_a_site_that_cannot_be_reached_spares_the_next_attempt_the_look(quiet_stack: Stack) -> None:
    nobody = f"http://127.0.0.1:{free_port(0)}"
    settings = quiet_stack.desk_settings
    teamwork = settings.teamwork.model_copy(update={"base_url": nobody})
    await publish(quiet_stack, tasklist_of=list_place(teamwork))
    async with bench_of(quiet_stack, settings.model_copy(update={"teamwork": teamwork})) as bench:
        failed = await bench.failure("create", Ticket(), title="Checkout broken")
        assert (failed.details.code, failed.details.nothing_sent) == ("unreachable", True)
        assert bench.said == [(NOTHING_SENT, 1)]


async def test_while_the_desk_has_no_task_list_nothing_is_called_and_that_is_said(quiet_stack: Stack) -> None:
    await publish(quiet_stack, tasklist_id=None)
    async with bench_of(quiet_stack) as bench:
        with bench.counted() as calls:
            failed = await bench.failure("create", Ticket(), title="Checkout broken")
    await publish(quiet_stack)
    assert (failed.details.code, failed.details.nothing_sent, failed.passing) == ("no_task_list_yet", True, True)
    assert (calls, bench.said) == ([], [(NOTHING_SENT, 1)])


@pytest.mark.parametrize(
    ("number", "heard", "looks"),
    [
        (1, (), False),
        (2, (), True),
        (2, (NOTHING_SENT, 1), False),
        (3, (NOTHING_SENT, 2), False),
        (3, (NOTHING_SENT, 1), True),
    ],
    ids=["first", "after one that said nothing", "after nothing sent", "after twice nothing sent", "said too early"],
)
async def test_only_what_the_attempt_just_before_said_spares_the_look(
    bench: Bench, number: int, heard: tuple[Any, ...], *, looks: bool
) -> None:
    ticket = Ticket()
    there = await bench.created(ticket)
    with bench.counted() as calls:
        result = await bench.do("create", ticket, title="Checkout broken", number=number, heard=heard)
    assert (_count(calls, LOOK) > 0, result.task.id == there.id) == (looks, looks)


async def test_an_attempt_that_had_to_look_says_nothing_to_the_next_one(bench: Bench) -> None:
    """An attempt before it, or an earlier life, may have made the task: the next one has to look as well."""
    bench.stack.teamwork.faults.add(Fault(kind="rate_limited", match=CREATE, seconds=1, times=1))
    failed = await bench.failure("create", Ticket(), title="Checkout broken", look="once")
    assert (failed.details.code, bench.said) == ("rate_limited", [])


# --- an assignee who is refused


@pytest.mark.parametrize("status", [400, 422])
async def test_a_refused_assignee_is_left_out_and_named(bench: Bench, status: Literal[400, 422]) -> None:
    bench.stack.teamwork.switches.invalid_assignee = status
    ticket = Ticket()
    made = await bench.do("create", ticket, title="Checkout broken", assignee_id=DORA_ID)
    assert (made.refused_assignee_id, made.task.assignee_id, made.decide_again) == (DORA_ID, None, True)
    assert (made.task.title, made.task.standing) == ("Checkout broken", "open")
    assert await bench.stack.tasks_of(ticket.id) == [made.task.id]


async def test_an_assignee_who_is_dropped_without_a_word_counts_as_refused(quiet_stack: Stack) -> None:
    async with deaf_to("taskOptions", quiet_stack) as bench:
        dropped = await bench.do("create", Ticket(), title="Checkout broken", assignee_id=DORA_ID)
        taken = await bench.do("create", Ticket(), title="Checkout broken", assignee_id=PERSON_ANN)
    assert (dropped.refused_assignee_id, dropped.task.assignee_id) == (DORA_ID, None)
    assert (taken.refused_assignee_id, taken.task.assignee_id) == (None, PERSON_ANN)


def _count(calls: list[Call], match: FaultMatch) -> int:
    return sum(match.covers(call.method, call.path) for call in calls)
