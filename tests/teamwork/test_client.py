"""What the client reads and writes, against the sandbox in all the positions in which the real site is not known."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from tests.teamwork.conftest import MARKED, Site
from ticketsync.limiter import SiteQuota
from ticketsync.sandbox.teamwork import ANN_ID, BEN_ID, DORA_ID, SYNC_USER_ID
from ticketsync.teamwork import Forbidden, NotAMember, NotFound, Refused, Task, TeamworkError, has_marker

YESTERDAY = datetime.now(UTC) - timedelta(days=1)


# --- people and places


async def test_who_the_key_belongs_to(site: Site) -> None:
    me = await site.client.me()
    assert (me.id, me.first_name, me.last_name, me.email) == (SYNC_USER_ID, "Sync", "User", "sync@sandbox.example")


async def test_a_project_is_read(site: Site) -> None:
    project = await site.client.project(site.project_id)
    assert (project.id, project.name) == (site.project_id, "Support desk")


async def test_a_hidden_project_is_not_found(site: Site) -> None:
    await site.control("PUT", f"/projects/{site.project_id}", {"hidden": True})
    with pytest.raises(NotFound):
        await site.client.project(site.project_id)


async def test_a_made_task_list_is_listed(site: Site) -> None:
    made = await site.client.create_tasklist(site.project_id, "Escalations")
    found = {tasklist.id: tasklist for tasklist in await site.client.tasklists(site.project_id)}
    assert (found[made].name, found[made].project_id) == ("Escalations", site.project_id)
    assert found[site.tasklist_id].name == "Zendesk tickets"


async def test_all_pages_of_people_are_read(site: Site) -> None:
    for number in range(260):
        person = {"first_name": "P", "last_name": str(number), "email": f"p{number}@sandbox.example"}
        await site.control("POST", "/people", {**person, "project_ids": [site.project_id]})
    people = await site.client.project_people(site.project_id)
    assert len({person.id for person in people}) == 263
    assert DORA_ID not in {person.id for person in people}
    assert len({person.id for person in await site.client.people()}) == 264


# --- create


async def test_a_created_task_is_as_asked_for(site: Site) -> None:
    task = await site.new_task("Printer on fire", ANN_ID)
    assert (task.name, task.description, task.assignee_ids) == ("Printer on fire", MARKED, (ANN_ID,))
    assert (task.tasklist_id, task.created_by, task.status) == (site.tasklist_id, SYNC_USER_ID, "new")
    assert task.created_at is not None
    assert abs(datetime.now(UTC) - task.created_at) < timedelta(seconds=5)
    assert not task.is_completed
    assert not task.is_deleted


async def test_a_task_for_nobody(site: Site) -> None:
    assert (await site.new_task()).assignee_ids == ()


@pytest.mark.parametrize("status", [400, 422])
async def test_an_assignee_who_is_no_member_is_refused_and_nothing_is_created(
    site: Site, status: Literal[400, 422]
) -> None:
    site.set(invalid_assignee=status)
    with pytest.raises(NotAMember) as refused:
        await site.new_task(assignee_id=DORA_ID)
    assert (refused.value.status, refused.value.sent, refused.value.field) == (status, False, "assignees")
    assert (await site.control("GET", "/tasks"))["count"] == 0


@pytest.mark.parametrize(("status", "error"), [(404, NotFound), (403, Forbidden), (400, Refused)])
@pytest.mark.parametrize("assignee_id", [None, ANN_ID])
async def test_a_missing_task_list_is_not_blamed_on_the_assignee(
    site: Site, status: Literal[404, 403, 400], error: type[TeamworkError], assignee_id: int | None
) -> None:
    site.set(missing_tasklist=status)
    with pytest.raises(error) as refused:
        await site.client.create_task(77, name="A", description=MARKED, assignee_id=assignee_id)
    assert refused.value.field == ("tasklist" if status == 400 else None)


async def test_an_empty_name_is_not_blamed_on_the_assignee(site: Site) -> None:
    with pytest.raises(Refused) as refused:
        await site.new_task(" ", ANN_ID)
    assert refused.value.field == "name"


# --- change


async def test_a_rename_shows_in_the_answer_and_keeps_the_rest(site: Site) -> None:
    task = await site.new_task(assignee_id=ANN_ID)
    renamed = await site.client.rename_task(task.id, "Printer < 100° & wet")
    assert renamed == task.model_copy(update={"name": "Printer < 100° & wet"})


async def test_a_task_goes_from_one_person_to_another_and_to_nobody(site: Site) -> None:
    task = await site.new_task(assignee_id=ANN_ID)
    assert (await site.client.assign_task(task.id, BEN_ID)).assignee_ids == (BEN_ID,)
    assert (await site.client.assign_task(task.id, None)).assignee_ids == ()


async def test_reassigning_to_somebody_who_is_no_member_changes_nothing(site: Site) -> None:
    task = await site.new_task(assignee_id=ANN_ID)
    with pytest.raises(NotAMember):
        await site.client.assign_task(task.id, DORA_ID)
    assert (await site.client.task(task.id)).assignee_ids == (ANN_ID,)


async def test_a_new_description_replaces_the_old_one(site: Site) -> None:
    task = await site.new_task()
    described = await site.client.describe_task(task.id, f"See there.\n\n{MARKED}")
    assert described.description == f"See there.\n\n{MARKED}"


async def test_a_conflict_is_a_refusal(site: Site) -> None:
    task = await site.new_task()
    await site.client.complete_task(task.id)
    site.set(patch_completed=409)
    with pytest.raises(Refused) as refused:
        await site.client.assign_task(task.id, ANN_ID)
    assert refused.value.status == 409


@pytest.mark.parametrize("twice", [200, 400, 422])
async def test_completing_and_reopening_succeed_when_it_is_so_already(
    site: Site, twice: Literal[200, 400, 422]
) -> None:
    site.set(complete_twice=twice)
    task = await site.new_task()
    await site.client.reopen_task(task.id)
    for _ in range(2):
        await site.client.complete_task(task.id)
        completed = await site.client.task(task.id)
        assert (completed.is_completed, completed.completed_by) == (True, SYNC_USER_ID)
    for _ in range(2):
        await site.client.reopen_task(task.id)
        assert (await site.client.task(task.id)).status == "reopened"


async def test_a_refusal_to_complete_that_did_not_complete_is_raised(site: Site) -> None:
    task = await site.new_task()
    await site.control("POST", "/faults", {"kind": "error", "status": 422, "match": {"method": "PUT"}})
    with pytest.raises(Refused):
        await site.client.complete_task(task.id)


async def test_a_refusal_to_reopen_that_did_not_reopen_is_raised(site: Site) -> None:
    task = await site.new_task()
    await site.client.complete_task(task.id)
    await site.control("POST", "/faults", {"kind": "error", "status": 400, "match": {"method": "PUT"}})
    with pytest.raises(Refused):
        await site.client.reopen_task(task.id)


# --- the trash


@pytest.mark.parametrize("answer", [200, 204])
async def test_a_deleted_task_comes_back_from_the_trash(site: Site, answer: Literal[200, 204]) -> None:
    site.set(delete_answer=answer)
    task = await site.new_task()
    await site.client.delete_task(task.id)
    with pytest.raises(NotFound):
        await site.client.task(task.id)
    await site.client.restore_task(task.id)
    assert (await site.client.task(task.id)).status == "new"


async def test_deleting_what_is_gone_is_not_found(site: Site) -> None:
    task = await site.new_task()
    await site.client.delete_task(task.id)
    with pytest.raises(NotFound) as gone:
        await site.client.delete_task(task.id)
    assert str(gone.value).startswith(f"not_found: DELETE /projects/api/v3/tasks/{task.id}.json answered 404:")


async def test_a_task_in_the_trash_may_also_be_shown_as_deleted(site: Site) -> None:
    site.set(get_deleted=200)
    task = await site.new_task()
    await site.client.delete_task(task.id)
    shown = await site.client.task(task.id)
    assert (shown.is_deleted, shown.deleted_by) == (True, SYNC_USER_ID)


async def test_restoring_what_is_not_in_the_trash_is_not_found(site: Site) -> None:
    task = await site.new_task()
    with pytest.raises(NotFound):
        await site.client.restore_task(task.id)


async def test_a_refused_restore_of_a_live_task_succeeds(site: Site) -> None:
    task = await site.new_task()
    await site.control("POST", "/faults", {"kind": "error", "status": 400, "match": {"path": "trashcan"}})
    await site.client.restore_task(task.id)


async def test_a_refused_restore_of_a_deleted_task_is_raised(site: Site) -> None:
    site.set(get_deleted=200)
    task = await site.new_task()
    await site.client.delete_task(task.id)
    await site.control("POST", "/faults", {"kind": "error", "status": 400, "match": {"path": "trashcan"}})
    with pytest.raises(Refused):
        await site.client.restore_task(task.id)


# --- lists


async def _list(site: Site, **options: object) -> tuple[Task, ...]:
    asked: dict[str, object] = {"created_after": YESTERDAY, "created_by": (SYNC_USER_ID,), **options}
    return (await site.client.tasks_page(site.project_id, **asked)).tasks  # type: ignore[arg-type]


async def test_completed_tasks_completed_lists_archives_and_the_trash_are_listed(site: Site) -> None:
    other_list = await site.client.create_tasklist(site.project_id, "Old")
    live, done, gone = [await site.new_task() for _ in range(3)]
    listed = await site.client.create_task(other_list, name="A", description=MARKED, assignee_id=None)
    await site.client.complete_task(done.id)
    await site.client.delete_task(gone.id)
    await site.control("PUT", f"/tasklists/{other_list}", {"completed": True})
    await site.control("PUT", f"/projects/{site.project_id}", {"archived": True})
    found = {task.id: task.status for task in await _list(site)}
    assert found == {live.id: "new", done.id: "completed", gone.id: "deleted", listed.id: "new"}
    assert all(has_marker(task.description, "acme", 3543) for task in await _list(site))


async def test_tasks_are_read_by_their_ids_wherever_they_are(site: Site) -> None:
    other_list = await site.client.create_tasklist(site.project_id, "Old")
    live, done, gone, other = [await site.new_task() for _ in range(4)]
    listed = await site.client.create_task(other_list, name="A", description=MARKED, assignee_id=None)
    await site.client.complete_task(done.id)
    await site.client.delete_task(gone.id)
    await site.control("PUT", f"/tasklists/{other_list}", {"completed": True})
    found = await site.client.tasks_by_id([live.id, done.id, gone.id, listed.id, 999_999_999])
    assert {task.id: task.is_deleted for task in found} == {
        **dict.fromkeys((live.id, done.id, listed.id), False),
        gone.id: True,
    }
    assert other.id not in {task.id for task in found}
    assert await site.client.tasks_by_id([]) == []


async def test_lists_keep_to_creator_and_creation_time(site: Site) -> None:
    ours = await site.new_task()
    theirs = {"count": 1, "tasklist_id": site.tasklist_id, "created_by": ANN_ID}
    old = {"count": 1, "tasklist_id": site.tasklist_id, "created_at": (YESTERDAY - timedelta(days=1)).isoformat()}
    await site.control("POST", "/tasks/import", theirs)
    await site.control("POST", "/tasks/import", old)
    assert [task.id for task in await _list(site)] == [ours.id]
    assert len(await _list(site, created_by=None)) == 2
    assert len(await _list(site, created_by=(SYNC_USER_ID, ANN_ID))) == 2
    assert len(await _list(site, created_after=None)) == 2
    in_another_zone = YESTERDAY.astimezone(tz=None)
    assert [task.id for task in await _list(site, created_after=in_another_zone)] == [ours.id]


async def test_lists_come_in_pages_and_in_both_orders(site: Site) -> None:
    for day in (3, 1, 2):
        created = datetime(2026, 1, day, tzinfo=UTC).isoformat()
        asked = {"count": 1, "tasklist_id": site.tasklist_id, "name": f"{day}", "created_at": created}
        await site.control("POST", "/tasks/import", asked)
    first = await site.client.tasks_page(site.project_id, created_after=None, created_by=None, page_size=2)
    second = await site.client.tasks_page(site.project_id, created_after=None, created_by=None, page_size=2, page=2)
    assert ([task.name for task in first.tasks], first.has_more) == (["1", "2"], True)
    assert ([task.name for task in second.tasks], second.has_more) == (["3"], False)
    assert [task.name for task in await _list(site, created_after=None, newest_first=True)] == ["3", "2", "1"]


async def test_a_search_finds_the_marker(site: Site) -> None:
    task = await site.new_task()
    await site.client.create_task(site.tasklist_id, name="Another", description="", assignee_id=None)
    assert [found.id for found in await _list(site, search="ticketsync:acme/3543")] == [task.id]


# --- what people did


async def test_an_untouched_task_shows_no_work(site: Site) -> None:
    task = await site.client.task((await site.new_task()).id)
    assert (task.subtask_ids, task.attachment_count) == ((), 0)
    assert await site.client.comments(task.id) == []
    assert await site.client.time_logs(task.id) == []


async def test_the_work_of_people_on_a_task_is_seen(site: Site) -> None:
    task = await site.new_task()
    v3 = f"/projects/api/v3/tasks/{task.id}"
    subtask = await site.ann("POST", f"{v3}/subtasks.json", {"task": {"name": "Buy a fire blanket"}})
    await site.ann("POST", f"{v3}/time.json", {"timelog": {"date": "2026-01-02", "hours": 1, "minutes": 30}})
    await site.ann("POST", f"/tasks/{task.id}/comments.json", {"comment": {"body": "On it"}})
    await site.control("POST", f"/tasks/{task.id}/files", {"name": "fire.jpg"})
    await site.ann("PUT", f"/tasks/{task.id}/complete.json")
    read = await site.client.task(task.id)
    assert (read.subtask_ids, read.attachment_count, read.completed_by) == ((subtask["task"]["id"],), 1, ANN_ID)
    assert [comment.posted_by for comment in await site.client.comments(task.id)] == [ANN_ID]
    assert [(log.user_id, log.minutes) for log in await site.client.time_logs(task.id)] == [(ANN_ID, 90)]


async def test_all_pages_of_comments_are_read(site: Site) -> None:
    task = await site.new_task()
    for _ in range(251):
        await site.ann("POST", f"/tasks/{task.id}/comments.json", {"comment": {"body": "On it"}})
    assert len(await site.client.comments(task.id)) == 251


# --- the quota


async def test_every_call_takes_a_turn(site: Site, quota: SiteQuota) -> None:
    await quota.start()
    before = await quota.left()
    await site.client.me()
    await site.client.tasklists(site.project_id)
    await site.client.complete_task((await site.new_task()).id)
    assert before == 50
    assert await quota.left() == before - 4
