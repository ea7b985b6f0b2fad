"""Finding a ticket's task by its marker costs three calls at most, in a project with ten thousand tasks of our own."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.activities.bench import Bench, bench_of, publish
from tests.support.stack import ANN_KEY, PERSON_ANN, PERSON_BEN, PROJECT, TASK_LIST, Stack, running_stack
from tests.support.tickets import Ticket
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.hints import Hints
from ticketsync.sync.desk import DeskRequest
from ticketsync.sync.step import AppliedTask
from ticketsync.teamwork import has_marker

MANY = 10_000
FIRST, MIDDLE, LAST = 71, 75_000, 8250  # the n-th task there is that of ticket 7n, the last 250 are those of 8n
YESTERDAY = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)


@pytest.fixture(scope="module")
async def crowded_stack(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis) -> AsyncIterator[Stack]:
    """All of its tasks are as new as the tickets that are looked for, and ours: only the marker tells them apart."""
    async with running_stack(temporal_server.address, redis_server.port, work=False) as stack:
        await publish(stack)
        await _import(stack, f"[ticketsync:{stack.desk}/7{{n}}](https://desk.example/7{{n}})", count=MANY)
        await _import(stack, f"[ticketsync:{stack.desk}/35436](https://desk.example/35436)")
        await _import(stack, f"[ticketsync:{stack.desk}/8{{n}}](https://desk.example/8{{n}})", count=250)
        yield stack


@pytest.fixture
async def crowded(crowded_stack: Stack) -> AsyncIterator[Bench]:
    async with bench_of(crowded_stack) as bench:
        await bench.desk.me()  # asked once for all tickets
        yield bench
    crowded_stack.teamwork.switches.search_words = False


# --- without a hint


@pytest.mark.parametrize(("ticket_id", "calls"), [(FIRST, 1), (LAST, 2), (MIDDLE, 3)])
async def test_one_of_very_many_tasks_is_found_with_three_calls_at_most(
    crowded: Bench, ticket_id: int, calls: int
) -> None:
    with crowded.counted() as made:
        found = (await crowded.do("inspect", _of_yesterday(ticket_id), AppliedTask())).task
    assert found.id is not None
    task = await crowded.stack.task(found.id)
    assert task is not None
    assert has_marker(task["description"], crowded.desk.name, ticket_id)
    assert len(made) == calls


async def test_that_there_is_no_task_is_known_after_three_calls(crowded: Bench) -> None:
    with crowded.counted() as made:
        result = await crowded.do("inspect", _of_yesterday(3543), AppliedTask())
    assert (result.task.id, result.looked) == (None, True)
    assert len(made) == 3


@pytest.mark.parametrize("search_words", [False, True], ids=["search for texts", "search for words"])
async def test_a_ticket_whose_id_begins_another_is_not_taken_for_that_one(
    crowded: Bench, *, search_words: bool
) -> None:
    """To the search acme/3543 is in acme/35436."""
    crowded.stack.teamwork.switches.search_words = search_words
    longer = await crowded.do("inspect", _of_yesterday(35436), AppliedTask())
    shorter = await crowded.do("inspect", _of_yesterday(3543), AppliedTask())
    assert longer.task.id is not None
    assert (shorter.task.id, shorter.looked) == (None, True)


async def test_a_create_that_looks_makes_a_task_of_its_own_beside_that_of_a_longer_id(bench: Bench) -> None:
    theirs = await bench.created(Ticket(812))
    ours = (await bench.do("create", Ticket(81), title="Checkout broken", look="once")).task
    assert ours.id != theirs.id
    assert (await bench.do("create", Ticket(81), title="Checkout broken", look="once")).task.id == ours.id


# --- with a hint


async def test_with_a_hint_the_task_is_read_with_one_call(crowded: Bench) -> None:
    task_id = (await crowded.do("inspect", _of_yesterday(MIDDLE), AppliedTask())).task.id
    with crowded.counted() as made:
        found = await crowded.do("inspect", _of_yesterday(MIDDLE), AppliedTask(id=task_id, standing="open"))
    assert (found.task.id, found.looked) == (task_id, False)
    assert len(made) == 1


async def test_a_scan_gives_every_ticket_its_hint_and_is_made_once(crowded: Bench) -> None:
    request, scan = DeskRequest(desk=crowded.desk.name), crowded.activities.desks.scan_project
    assert await crowded.run(scan, request) >= MANY
    hints = Hints(crowded.stack.redis)
    for ticket_id in (FIRST, MIDDLE, LAST):
        task_id = await hints.task_id(crowded.desk.name, ticket_id)
        assert task_id == (await crowded.do("inspect", _of_yesterday(ticket_id), AppliedTask())).task.id
    with crowded.counted() as made:
        assert await crowded.run(scan, request) == 0
    assert made == []


# --- whoever made it


async def test_a_task_of_a_former_user_is_found_and_one_of_anybody_else_is_not(bench: Bench) -> None:
    former, anybody = _of_yesterday(90_001), _of_yesterday(90_002)
    for ticket, by in ((former, PERSON_ANN), (anybody, PERSON_BEN)):
        await _import(bench.stack, f"[ticketsync:{bench.desk.name}/{ticket.id}](x)", created_by=by)
    teamwork = bench.desk.settings.teamwork.model_copy(update={"former_users": (PERSON_ANN,)})
    async with bench_of(bench.stack, bench.desk.settings.model_copy(update={"teamwork": teamwork})) as later:
        assert (await later.do("inspect", former, AppliedTask())).task.id is not None
        assert (await later.do("inspect", anybody, AppliedTask())).task.id is None
    assert (await bench.do("inspect", former, AppliedTask())).task.id is None


async def test_a_scan_gives_hints_for_tasks_of_former_users_too(bench: Bench) -> None:
    ticket = _of_yesterday(90_003)
    await _import(bench.stack, f"[ticketsync:{bench.desk.name}/{ticket.id}](x)", created_by=PERSON_ANN)
    teamwork = bench.desk.settings.teamwork.model_copy(update={"former_users": (PERSON_ANN,)})
    async with bench_of(bench.stack, bench.desk.settings.model_copy(update={"teamwork": teamwork})) as later:
        await later.run(later.activities.desks.scan_project, DeskRequest(desk=later.desk.name))
    assert await Hints(bench.stack.redis).task_id(bench.desk.name, ticket.id) is not None


# --- wherever people have put it


async def test_a_task_is_found_where_people_have_moved_it(bench: Bench) -> None:
    task_id = await _made(bench, ticket := Ticket())
    body = {"taskListId": await _new_list(bench.stack)}
    moved = await bench.stack.teamwork_http.put(f"/tasks/{task_id}/move.json", json=body, auth=ANN_KEY)
    assert moved.is_success
    assert (await bench.do("inspect", ticket, AppliedTask())).task.id == task_id


async def test_a_task_is_found_that_people_have_completed(bench: Bench) -> None:
    task_id = await _made(bench, ticket := Ticket())
    await bench.stack.teamwork_http.put(f"/tasks/{task_id}/complete.json", auth=ANN_KEY)
    found = (await bench.do("inspect", ticket, AppliedTask())).task
    assert (found.id, found.standing, found.gone) == (task_id, "completed", False)


@pytest.mark.parametrize(("key", "gone"), [(ANN_KEY, True), (("twp_sandbox", "x"), False)], ids=["people", "us"])
async def test_a_task_in_the_trash_is_found_and_stays_gone_if_people_put_it_there(
    bench: Bench, key: tuple[str, str], *, gone: bool
) -> None:
    task_id = await _made(bench, ticket := Ticket())
    await bench.stack.teamwork_http.delete(f"/projects/api/v3/tasks/{task_id}.json", auth=key)
    found = (await bench.do("inspect", ticket, AppliedTask())).task
    assert (found.id, found.standing, found.gone) == (task_id, "deleted", gone)


async def test_a_task_is_found_that_seems_older_than_its_ticket(bench: Bench) -> None:
    """Teamwork's clock may be behind that of Zendesk by some minutes."""
    ticket = Ticket(created_at=datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=4))
    task_id = await _made(bench, ticket)
    assert (await bench.do("inspect", ticket, AppliedTask())).task.id == task_id


async def test_a_live_task_counts_more_than_an_older_one_in_the_trash(bench: Bench) -> None:
    older = await _made(bench, ticket := Ticket())
    await bench.stack.teamwork_http.delete(f"/projects/api/v3/tasks/{older}.json")
    newer = await _made(bench, ticket)
    assert (await bench.do("inspect", ticket, AppliedTask())).task.id == newer


async def test_a_task_of_somebody_else_is_not_ours_whatever_its_description_says(bench: Bench) -> None:
    ticket = Ticket()
    description = f"As in [ticketsync:{bench.desk.name}/{ticket.id}](https://desk.example)"
    body = {"task": {"name": "Copied by hand", "description": description}}
    path = f"/projects/api/v3/tasklists/{TASK_LIST}/tasks.json"
    assert (await bench.stack.teamwork_http.post(path, json=body, auth=ANN_KEY)).is_success
    assert (await bench.do("inspect", ticket, AppliedTask())).task.id is None


async def _made(bench: Bench, ticket: Ticket) -> int:
    task_id = (await bench.created(ticket)).id
    assert task_id is not None
    return task_id


async def _import(stack: Stack, description: str, **fields: int) -> None:
    made = {"count": 1, "tasklist_id": TASK_LIST, "name": "Imported", "description": description, **fields}
    answer = await stack.teamwork_http.post("/sandbox/tasks/import", json={**made, "created_at": YESTERDAY.isoformat()})
    answer.raise_for_status()


async def _new_list(stack: Stack) -> int:
    path, body = f"/projects/{PROJECT}/tasklists.json", {"todo-list": {"name": "Escalations"}}
    return int((await stack.teamwork_http.post(path, json=body)).json()["tasklistId"])


def _of_yesterday(ticket_id: int) -> Ticket:
    return Ticket(ticket_id, created_at=YESTERDAY)
