"""In which list a task is and how it is labelled: in the create's one call, later by steps that fail alone."""

from collections.abc import AsyncIterator
from typing import Any, Literal

import pytest

from tests.activities.bench import Bench, bench_of, publish
from tests.activities.deaf import deaf_to
from tests.support.stack import ANN_KEY, PERSON_ANN, TASK_LIST, Stack
from tests.support.tickets import Ticket
from ticketsync.sandbox.faults import WRITES, Call, Fault, FaultMatch
from ticketsync.sandbox.teamwork import DORA_ID
from ticketsync.sync.policy import Policy
from ticketsync.sync.step import OWN_LIST, AppliedTask

NOWHERE = 77
CREATE = FaultMatch(method="POST", path=r"/tasklists/\d+/tasks\.json")
TAGS = FaultMatch(method="PUT", path=r"/tags\.json")
EVERYTHING = {"priority": "high", "tags": ("Important", "Zendesk")}


@pytest.fixture(scope="module")
async def billing(quiet_stack: Stack) -> int:
    """Another task list of the desk's project."""
    answer = await quiet_stack.teamwork_http.post("/projects/987654/tasklists.json", json={"todo-list": {"name": "B"}})
    return int(answer.json()["tasklistId"])


@pytest.fixture
async def tagged(quiet_stack: Stack) -> AsyncIterator[Bench]:
    """A desk whose policy has tags for tasks."""
    settings = quiet_stack.desk_settings
    policy = Policy(task_tags=("*=Zendesk", "vip=Important"))
    async with bench_of(quiet_stack, settings.model_copy(update={"policy": policy})) as bench:
        yield bench


async def _labels(bench: Bench, task: AppliedTask) -> tuple[int, str | None, set[str]]:
    """What people see: list, priority, tags."""
    answer = await bench.stack.teamwork_http.get(f"/projects/api/v3/tasks/{task.id}.json?include=tags")
    shown = answer.json()
    tags = {tag["name"] for tag in shown["included"]["tags"].values()}
    return shown["task"]["tasklistId"], shown["task"]["priority"], tags


# --- create


async def test_a_create_brings_list_priority_and_tags_in_one_call(bench: Bench, billing: int) -> None:
    with bench.counted() as calls:
        made = await bench.do("create", Ticket(), title="A", wants={"tasklist_id": billing, **EVERYTHING})
    assert [call.method for call in calls if call.method in WRITES] == ["POST"]
    assert await _labels(bench, made.task) == (billing, "high", {"Important", "Zendesk"})
    assert (made.task.tasklist_id, made.task.priority, made.task.tags) == (billing, "high", ("Important", "Zendesk"))
    assert not made.decide_again


@pytest.mark.parametrize("status", [404, 400, 403])
async def test_a_list_that_is_not_there_makes_no_create_fail(bench: Bench, status: Literal[404, 400, 403]) -> None:
    bench.stack.teamwork.switches.missing_tasklist = status
    wants = {"tasklist_id": NOWHERE, **EVERYTHING}
    made = await bench.do("create", Ticket(), title="A", assignee_id=PERSON_ANN, wants=wants)
    assert await _labels(bench, made.task) == (TASK_LIST, None, set())
    assert (made.task.tasklist_id, made.task.priority, made.task.tags) == (OWN_LIST, "none", ())
    assert (made.task.assignee_id, made.refused_assignee_id, made.decide_again) == (PERSON_ANN, None, True)
    assert f"at first without list {NOWHERE} and labels" in made.answer


async def test_labels_that_are_refused_make_no_create_fail(bench: Bench) -> None:
    bench.stack.teamwork.faults.add(Fault(kind="error", status=403, match=CREATE, times=1))
    made = await bench.do("create", Ticket(), title="A", wants=EVERYTHING)
    assert (made.task.priority, made.task.tags, made.decide_again) == ("none", (), True)
    assert "at first without labels (forbidden)" in made.answer


async def test_a_plain_create_that_is_refused_is_not_made_twice(bench: Bench) -> None:
    bench.stack.teamwork.faults.add(Fault(kind="error", status=403, match=CREATE))
    with bench.counted() as calls:
        failed = await bench.failure("create", Ticket(), title="A", wants={"tasklist_id": OWN_LIST, "priority": "none"})
    assert (failed.details.code, failed.details.desk_wide) == ("forbidden", False)
    assert _count(calls, CREATE) == 1


async def test_a_refused_person_and_a_bad_list_are_told_apart(bench: Bench) -> None:
    made = await bench.do("create", Ticket(), title="A", assignee_id=DORA_ID, wants={"tasklist_id": NOWHERE})
    assert (made.refused_assignee_id, made.task.assignee_id, made.task.tasklist_id) == (DORA_ID, None, OWN_LIST)


async def test_a_create_that_may_have_landed_is_not_made_plain(bench: Bench) -> None:
    bench.stack.teamwork.faults.add(Fault(kind="lost_answer", match=CREATE, times=1))
    ticket = Ticket()
    with bench.counted() as calls:
        failed = await bench.failure("create", ticket, title="A", wants=EVERYTHING)
    assert (failed.details.code, _count(calls, CREATE)) == ("answer_lost", 1)


@pytest.mark.parametrize(("field", "left"), [("priority", ("none", ("Important", "Zendesk"))), ("tags", ("high", ()))])
async def test_labels_that_are_dropped_without_a_word_are_told_again(
    quiet_stack: Stack, field: str, left: tuple[str, tuple[str, ...]]
) -> None:
    async with deaf_to(field, quiet_stack) as bench:
        made = await bench.do("create", Ticket(), title="A", wants=EVERYTHING)
    assert (made.task.priority, made.task.tags) == left
    assert made.decide_again


async def test_a_routed_create_does_not_wait_for_the_desks_own_list(quiet_stack: Stack, billing: int) -> None:
    await publish(quiet_stack, tasklist_id=None)
    async with bench_of(quiet_stack) as bench:
        made = await bench.do("create", Ticket(), title="A", wants={"tasklist_id": billing})
        failed = await bench.failure("create", Ticket(), title="A", wants={"tasklist_id": NOWHERE})
    await publish(quiet_stack)
    assert made.task.tasklist_id == billing
    assert (failed.details.code, failed.details.nothing_sent, failed.passing) == ("no_task_list_yet", True, True)


# --- move


async def test_a_task_moves_to_its_route_and_back(bench: Bench, billing: int) -> None:
    task = (await bench.created(ticket := Ticket())).model_copy(update={"uncertain": ("list", "title")})
    moved = (await bench.do("move", ticket, task, wants={"tasklist_id": billing})).task
    assert (moved.tasklist_id, moved.uncertain) == (billing, ("title",))
    assert (await _labels(bench, task))[0] == billing
    back = (await bench.do("move", ticket, moved, wants={"tasklist_id": OWN_LIST})).task
    assert (back.tasklist_id, (await _labels(bench, task))[0]) == (OWN_LIST, TASK_LIST)


async def test_a_move_to_a_list_that_is_not_there_blocks_this_step_of_this_ticket_only(bench: Bench) -> None:
    task = await bench.created(ticket := Ticket())
    failed = await bench.failure("move", ticket, task, wants={"tasklist_id": NOWHERE})
    assert (failed.details.code, failed.details.desk_wide, failed.passing) == ("tasklist_unknown", False, False)
    assert (await _labels(bench, task))[0] == TASK_LIST


async def test_a_move_to_the_desks_own_list_that_is_gone_holds_up_the_desk(quiet_stack: Stack) -> None:
    settings = quiet_stack.desk_settings
    teamwork = settings.teamwork.model_copy(update={"tasklist_id": NOWHERE})
    async with bench_of(quiet_stack) as bench:
        task = await bench.created(ticket := Ticket())
    async with bench_of(quiet_stack, settings.model_copy(update={"teamwork": teamwork})) as bench:
        failed = await bench.failure("move", ticket, task)
    await publish(quiet_stack)
    assert (failed.details.code, failed.details.desk_wide) == ("tasklist_gone", True)


# --- update


async def test_an_update_changes_what_it_says_and_leaves_peoples_tags(bench: Bench) -> None:
    task = await bench.created(ticket := Ticket(), wants=EVERYTHING)
    path = f"/tasks/{task.id}/tags.json"
    await bench.stack.teamwork_http.put(path, json={"tags": {"content": "Ann's own"}}, auth=ANN_KEY)
    wants = {"priority": "none", "tags": ("Billing",), "untag": ("Important",)}
    updated = (await bench.do("update", ticket, task.not_sure_of("update"), wants=wants)).task
    assert (updated.priority, updated.tags, updated.uncertain) == ("none", ("Zendesk", "Billing"), ())
    assert await _labels(bench, task) == (TASK_LIST, None, {"Zendesk", "Billing", "Ann's own"})


async def test_an_update_of_tags_leaves_the_priority(bench: Bench) -> None:
    task = await bench.created(ticket := Ticket(), wants=EVERYTHING)
    updated = (await bench.do("update", ticket, task, wants={"priority": None, "untag": ("Zendesk",)})).task
    assert (updated.priority, updated.tags) == ("high", ("Important",))
    assert await _labels(bench, task) == (TASK_LIST, "high", {"Important"})


async def test_tags_that_are_refused_block_this_step_only(bench: Bench) -> None:
    bench.stack.teamwork.faults.add(Fault(kind="error", status=403, match=TAGS))
    task = await bench.created(ticket := Ticket())
    failed = await bench.failure("update", ticket, task, wants={"priority": "low", "tags": ("Important",)})
    assert (failed.details.code, failed.details.desk_wide, failed.passing) == ("forbidden", False, False)


@pytest.mark.parametrize(("priority", "nothing_sent"), [("low", False), (None, True)])
async def test_tags_that_are_refused_after_a_priority_was_written_leave_the_labels_uncertain(
    bench: Bench, priority: str | None, *, nothing_sent: bool
) -> None:
    bench.stack.teamwork.faults.add(Fault(kind="error", status=403, match=TAGS))
    task = await bench.created(ticket := Ticket())
    failed = await bench.failure("update", ticket, task, wants={"priority": priority, "tags": ("Important",)})
    assert failed.details.nothing_sent is nothing_sent


async def test_tags_that_are_taken_off_after_others_were_added_leave_them_uncertain(bench: Bench) -> None:
    task = await bench.created(ticket := Ticket(), wants=EVERYTHING)
    bench.stack.teamwork.faults.add(Fault(kind="slow", seconds=0, match=TAGS, times=1))
    bench.stack.teamwork.faults.add(Fault(kind="error", status=403, match=TAGS))
    wants = {"priority": None, "tags": ("Billing",), "untag": ("Zendesk",)}
    failed = await bench.failure("update", ticket, task, wants=wants)
    assert (failed.details.code, failed.details.nothing_sent) == ("forbidden", False)


@pytest.mark.parametrize(
    ("field", "wants"),
    [
        ("priority", {"priority": "high"}),
        ("removeProvidedTags", {"priority": None, "untag": ("Zendesk",)}),
    ],
)
async def test_labels_that_teamwork_ignores_are_noticed(quiet_stack: Stack, field: str, wants: dict[str, Any]) -> None:
    async with bench_of(quiet_stack) as bench:
        task = await bench.created(ticket := Ticket(), wants={"tags": ("Zendesk",)})
    async with deaf_to(field, quiet_stack) as bench:
        failed = await bench.failure("update", ticket, task, wants=wants)
    assert (failed.details.code, failed.details.nothing_sent) == ("unexpected_answer", False)


# --- what is found


async def test_a_task_that_is_found_shows_its_list_and_priority_and_keeps_silent_on_tags(
    tagged: Bench, billing: int
) -> None:
    ticket = Ticket()
    await tagged.created(ticket, wants={"tasklist_id": billing, **EVERYTHING})
    found = (await tagged.do("create", ticket, title="A", look="once")).task
    assert (found.tasklist_id, found.priority, found.tags, found.uncertain) == (billing, "high", (), ("labels",))


async def test_a_task_in_the_desks_own_list_is_there_however_the_list_is_called(bench: Bench) -> None:
    task = await bench.created(ticket := Ticket())
    read = (await bench.do("inspect", ticket, task)).task
    assert (read.tasklist_id, read.uncertain) == (OWN_LIST, ())


async def test_a_read_of_our_own_task_tells_which_of_our_tags_people_have_left(tagged: Bench) -> None:
    task = await tagged.created(ticket := Ticket(), wants=EVERYTHING)
    await _by_hand(tagged, task, "Zendesk", removeProvidedTags=True)
    await _by_hand(tagged, task, "Ann's own")
    read = (await tagged.do("inspect", ticket, task)).task
    assert (read.tags, read.uncertain) == (("Important",), ())


async def test_a_read_after_a_lost_answer_tells_what_of_it_has_landed(tagged: Bench) -> None:
    task = await tagged.created(ticket := Ticket(), wants=EVERYTHING)
    await _by_hand(tagged, task, "BILLING")
    unsure = task.model_copy(update={"unsure_priority": True, "unsure_tags": ("Billing", "Never there", "Zendesk")})
    read = (await tagged.do("inspect", ticket, unsure)).task
    assert (read.tags, read.unsure_tags, read.unsure_priority) == (("Important", "Zendesk", "Billing"), (), False)


async def test_of_a_task_that_is_known_by_its_number_alone_nobody_knows_which_tags_are_ours(tagged: Bench) -> None:
    task = await tagged.created(ticket := Ticket(), wants=EVERYTHING)
    read = (await tagged.do("inspect", ticket, AppliedTask(id=task.id, standing="open"))).task
    assert (read.tags, read.uncertain) == ((), ("labels",))


async def _by_hand(bench: Bench, task: AppliedTask, tag: str, **how: bool) -> None:
    body = {"tags": {"content": tag}, **how}
    (await bench.stack.teamwork_http.put(f"/tasks/{task.id}/tags.json", json=body, auth=ANN_KEY)).raise_for_status()


def _count(calls: list[Call], match: FaultMatch) -> int:
    return sum(match.covers(call.method, call.path) for call in calls)
