"""Who may be assigned: members of the project only."""

import pytest

from tests.sandbox.teamwork.local_site import LIST, PROJECT, V3, LocalSite
from ticketsync.sandbox.teamwork import ANN_ID, BEN_ID, DORA_ID

NOT_MEMBERS = [{"userIds": [DORA_ID]}, {"userIds": [ANN_ID, 1]}, {"teamIds": [1]}, {"companyIds": [1]}]


@pytest.mark.parametrize("assignees", NOT_MEMBERS)
@pytest.mark.parametrize("status", [400, 422])
async def test_with_checkInvalidusers_others_are_refused(  # noqa: N802 - the option's own name
    site: LocalSite, assignees: dict[str, list[int]], status: int
) -> None:
    site.switch(invalid_assignee=status)
    body = {"task": {"name": "x", "assignees": assignees}, "taskOptions": {"checkInvalidusers": True}}
    answer = await site.sync.post(f"{V3}/tasklists/{LIST}/tasks.json", json=body)
    assert answer.status_code == status
    assert await site.listed() == []
    task = await site.new_task(assignees={"userIds": [BEN_ID]})
    refused = await site.patch(task["id"], {"checkInvalidusers": True}, assignees=assignees)
    assert refused.status_code == status
    assert (await site.task(task["id"]))["assigneeUserIds"] == [BEN_ID]


async def test_without_it_they_are_dropped_silently(site: LocalSite) -> None:
    body = {"task": {"name": "x", "assignees": {"userIds": [DORA_ID, ANN_ID, 1], "teamIds": [1]}}}
    answer = await site.sync.post(f"{V3}/tasklists/{LIST}/tasks.json", json=body)
    assert answer.status_code == 201
    assert answer.json()["task"]["assigneeUserIds"] == [ANN_ID]


async def test_the_letter_case_of_the_option_matters(site: LocalSite) -> None:
    body = {"task": {"name": "x", "assignees": {"userIds": [DORA_ID]}}, "taskOptions": {"checkInvalidUsers": True}}
    assert (await site.sync.post(f"{V3}/tasklists/{LIST}/tasks.json", json=body)).status_code == 201


async def test_a_removed_member_and_a_deleted_person_are_refused_but_keep_their_tasks(site: LocalSite) -> None:
    task = await site.new_task(assignees={"userIds": [ANN_ID, BEN_ID]})
    await site.nobody.delete(f"/sandbox/projects/{PROJECT}/people/{ANN_ID}")
    await site.nobody.delete(f"/sandbox/people/{BEN_ID}")
    for gone in (ANN_ID, BEN_ID):
        refused = await site.patch(task["id"], {"checkInvalidusers": True}, assignees={"userIds": [gone]})
        assert refused.status_code == 400
    assert (await site.task(task["id"]))["assigneeUserIds"] == [ANN_ID, BEN_ID]


async def test_a_new_member_can_be_assigned(site: LocalSite) -> None:
    answer = await site.sync.put(f"{V3}/projects/{PROJECT}/people.json", json={"userIds": [DORA_ID, ANN_ID, 1]})
    assert answer.status_code == 200
    assert answer.json()["usersAdded"] == [DORA_ID]
    assert answer.json()["usersAlreadyInProject"] == [ANN_ID]
    assert answer.json()["usersNotAdded"] == [1]
    assert (await site.new_task(assignees={"userIds": [DORA_ID]}))["assigneeUserIds"] == [DORA_ID]
