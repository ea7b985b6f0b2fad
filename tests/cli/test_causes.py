"""Each cause why a task is not as people expect is named, with its remedy, in words a support lead understands."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.causes import Cause, asked, fault, hint, holds, renamed_while
from tests.support.stack import ANN_KEY, PERSON_BEN, PROJECT, QUICK, Stack, running_stack, working
from tests.support.tickets import BEN, CLEO, Ticket
from tests.support.wait import eventually
from ticketsync import names
from ticketsync.desk_calls import command_desk
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.sync.event import Event

NOWHERE, GONE, ARCHIVE = 38, 77, 39
NEW_HERE = 8447388099999
STAYS_LISTED = timedelta(minutes=10)
POLICY = QUICK.model_copy(
    update={"exclude_tags": ("internal",), "routes": (f"group:{NOWHERE}={GONE}",), "grace_period": STAYS_LISTED}
)
PATIENT = POLICY.model_copy(update={"settle_window": timedelta(hours=1)})


@pytest.fixture(scope="module")
async def desks(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis) -> AsyncIterator[Stack]:
    """Three desks with a worker: the first for most causes, one that waits long before a delete, one to pause."""
    address, port = temporal_server.address, redis_server.port
    async with running_stack(address, port, policy=POLICY, desks=3, work=False) as stack:
        slow = stack.of_desk(list(stack.settings.desks)[1]).desk_settings
        stack.settings.desks[slow.name] = slow.model_copy(update={"policy": PATIENT})
        await _route_to_an_archived_list(stack)
        async with working(stack):
            yield stack
            await _end_those_of_no_desk(stack)


async def _route_to_an_archived_list(stack: Stack) -> None:
    """Teamwork calls it completed."""
    archived = await stack.new_list("Of last year")
    answer = await stack.teamwork_http.put(f"/sandbox/tasklists/{archived}", json={"completed": True})
    answer.raise_for_status()
    policy = POLICY.model_copy(update={"routes": (*POLICY.routes, f"group:{ARCHIVE}={archived}")})
    stack.settings.desks[stack.desk] = stack.desk_settings.model_copy(update={"policy": policy})


async def _end_those_of_no_desk(stack: Stack) -> None:
    of_no_desk = f"{names.DESK.name} = '{_unknown(stack).desk}' AND ExecutionStatus = 'Running'"
    async for run in stack.client.list_workflows(of_no_desk):
        await stack.client.get_workflow_handle(run.id).terminate()


@pytest.fixture
async def stack(desks: Stack) -> AsyncIterator[Stack]:
    """Both sides do as they should at the beginning of each test."""
    yield desks
    for http in (desks.teamwork_http, desks.zendesk_http):
        await http.delete("/sandbox/faults")


def _slow(stack: Stack) -> Stack:
    return stack.of_desk(list(stack.settings.desks)[1])


def _to_pause(stack: Stack) -> Stack:
    return stack.of_desk(list(stack.settings.desks)[2])


def _unknown(stack: Stack) -> Stack:
    """A desk that the worker has not in its settings."""
    return stack.of_desk(f"{next(iter(stack.settings.desks))}-unknown")


# --- people


async def unmapped(stack: Stack) -> int:
    ticket = Ticket(assignee_id=CLEO)
    await stack.with_task(ticket)
    return ticket.id


async def no_member(stack: Stack) -> int:
    ticket = Ticket()
    await stack.with_task(ticket)
    await stack.teamwork_http.delete(f"/sandbox/projects/{PROJECT}/people/{PERSON_BEN}")
    await stack.signal(ticket.assigned(BEN))
    return ticket.id


async def unknown_agent(stack: Stack) -> int:
    await fault(stack.zendesk_http, "error", "GET", r"/api/v2/users")
    ticket = Ticket(assignee_id=NEW_HERE)
    await stack.signal(ticket.created())
    return ticket.id


# --- rules


async def excluded(stack: Stack) -> int:
    ticket = Ticket(tags=("internal",))
    await stack.signal(ticket.created())
    return ticket.id


async def solved_long_ago(stack: Stack) -> int:
    ticket = Ticket(status="solved", created_at=datetime(2020, 1, 1, tzinfo=UTC))
    await stack.signal(ticket.created())
    return ticket.id


async def routed_to_nowhere(stack: Stack) -> int:
    ticket = Ticket(group_id=NOWHERE)
    await stack.signal(ticket.created())
    return ticket.id


async def routed_to_an_archive(stack: Stack) -> int:
    ticket = Ticket(group_id=ARCHIVE)
    await stack.signal(ticket.created())
    return ticket.id


async def of_an_unknown_desk(stack: Stack) -> int:
    ticket = Ticket()
    await stack.signal(ticket.created())
    return ticket.id


# --- the ticket's end


async def merged(stack: Stack) -> int:
    return await ended_by(stack, Ticket.merged)


async def closed(stack: Stack) -> int:
    return await ended_by(stack, lambda ticket: ticket.status("closed"))


async def deleted(stack: Stack) -> int:
    return await ended_by(stack, lambda ticket: ticket.changed("soft_deleted"))


async def spam(stack: Stack) -> int:
    return await ended_by(stack, lambda ticket: ticket.changed("marked_as_spam"))


async def ended_by(stack: Stack, change: Callable[[Ticket], Event]) -> int:
    ticket = Ticket()
    await stack.with_task(ticket)
    await stack.signal(change(ticket))
    return ticket.id


async def deleted_by_people(stack: Stack) -> int:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    (await stack.teamwork_http.delete(f"/projects/api/v3/tasks/{task_id}.json", auth=ANN_KEY)).raise_for_status()
    await stack.signal(ticket.renamed("Nobody sees this"))
    return ticket.id


# --- Teamwork and Zendesk


async def refused_title(stack: Stack) -> int:
    return await renamed_while(stack, "error", status=422)


async def no_permission(stack: Stack) -> int:
    return await renamed_while(stack, "error", status=403)


async def teamwork_down(stack: Stack) -> int:
    return await renamed_while(stack, "error", status=503)


async def quota_used_up(stack: Stack) -> int:
    return await renamed_while(stack, "rate_limited", seconds=1)


async def create_without_an_answer(stack: Stack) -> int:
    await fault(stack.teamwork_http, "error", "POST", r"/tasklists/\d+/tasks\.json", status=503)
    ticket = Ticket()
    await stack.signal(ticket.created())
    return ticket.id


async def not_in_zendesk(stack: Stack) -> int:
    ticket = Ticket()
    await stack.signal(hint(ticket))
    return ticket.id


async def paused(stack: Stack) -> int:
    await command_desk(stack.client, stack.desk, "pause")

    async def held_up() -> int | None:  # the worker may remember for two seconds that all was well
        ticket = Ticket()
        await stack.signal(ticket.created())
        status = await stack.settled(ticket.id, "paused", "in_step")
        return ticket.id if status["sync_state"] == "paused" else None

    return await eventually(held_up, what="the worker knows of the pause")


CAUSES = {
    "an agent without a person": Cause(
        "in_step", "no_mapping", "the assignee has no person in Teamwork", "users add AGENT PERSON", unmapped
    ),
    "a person who is no member of the project": Cause(
        "blocked",
        "not_a_member",
        "Teamwork does not take this assignee",
        "add the person to the Teamwork project",
        no_member,
    ),
    "an agent whom nobody knows yet": Cause(
        "pending", "waiting_for_directory", "not known yet who the agent is", "ticketsync check", unknown_agent
    ),
    "a tag that the policy excludes": Cause(
        "filtered", "excluded_tag", "has a tag that the policy excludes: no task", "exclude_tags", excluded
    ),
    "solved before the desk was linked": Cause(
        "filtered", "solved", "created before the desk was linked", "reopen the ticket in Zendesk", solved_long_ago
    ),
    "a route to a list that is not there": Cause(
        "blocked",
        "tasklist_unknown",
        "the task list that the ticket's route names cannot be had",
        "correct the route",
        routed_to_nowhere,
        answer="Teamwork has no open list",
    ),
    "a route to an archived list": Cause(
        "blocked",
        "tasklist_unknown",
        "the task list that the ticket's route names cannot be had",
        "it has to name an open task list",
        routed_to_an_archive,
        answer="Teamwork has no open list",
    ),
    "a merge": Cause("ended", "merged", "merged into another", "nothing", merged),
    "a close": Cause("ended", "closed", "the ticket is closed", "nothing", closed),
    "a delete": Cause("ended", "soft_deleted", "the ticket was deleted", "nothing", deleted),
    "spam": Cause("ended", "marked_as_spam", "marked as spam", "nothing", spam),
    "people who deleted the task": Cause(
        "in_step", "gone_by_hand", "somebody deleted the task in Teamwork", "resync ID --recreate", deleted_by_people
    ),
    "a title that Teamwork refuses": Cause(
        "blocked",
        "refused",
        "Teamwork does not take this change",
        "tickets why ID",
        refused_title,
        answer="Teamwork answered 422 to PATCH /projects/api/v3/tasks/",
    ),
    "no permission": Cause(
        "blocked",
        "forbidden",
        "lacks the permission",
        "give it to that user",
        no_permission,
        answer="Teamwork answered 403 to PATCH /projects/api/v3/tasks/",
    ),
    "Teamwork is down": Cause(
        "retrying",
        "answer_lost",
        "gave no usable answer",
        "wait: it goes on by itself",
        teamwork_down,
        answer="Teamwork answered 503 to PATCH /projects/api/v3/tasks/",
    ),
    "a quota that is used up": Cause(
        "retrying",
        "rate_limited",
        "takes no more calls for now",
        "lower calls_per_minute",
        quota_used_up,
        answer="Teamwork answered 429 to PATCH /projects/api/v3/tasks/",
    ),
    "a create without an answer": Cause(
        "retrying",
        "looking_for_its_task",
        "may have been made already",
        "wait: it goes on by itself",
        create_without_an_answer,
    ),
    "a ticket that Zendesk does not know": Cause(
        "blocked", "ticket_unreadable", "there is no such ticket (404)", "check that the account", not_in_zendesk
    ),
}
ON_OTHER_DESKS = {
    "a delete that waits for a merge": (
        _slow,
        Cause("pending", "settling", "a merge may still be on its way", "wait: it goes on by itself", closed),
    ),
    "a desk that is paused": (
        _to_pause,
        Cause("paused", "paused", "the desk is paused", "ticketsync desks resume", paused),
    ),
    "a desk that the workers do not know": (
        _unknown,
        Cause("blocked", "rule_error", "its events are kept", "see that the workers know the desk", of_an_unknown_desk),
    ),
}


@pytest.mark.parametrize("what", CAUSES)
async def test_the_cause_is_named_with_its_remedy(stack: Stack, what: str) -> None:
    cause = CAUSES[what]
    holds(cause, await asked(stack, await cause.bring(stack), cause.state, cause.code))


@pytest.mark.parametrize("what", ON_OTHER_DESKS)
async def test_the_cause_on_another_desk_is_named_with_its_remedy(stack: Stack, what: str) -> None:
    of_desk, cause = ON_OTHER_DESKS[what]
    there = of_desk(stack)
    holds(cause, await asked(there, await cause.bring(there), cause.state, cause.code))


async def test_a_step_that_is_tried_on_tells_its_newest_failure(stack: Stack) -> None:
    ticket_id = await teamwork_down(stack)
    told = await asked(stack, ticket_id, "retrying", "answer_lost")
    (pending,) = told.explained["pending"]
    assert pending["activity"] == "rename_task"
    assert "pending rename_task" in told.why.out


# --- events that changed nothing: the ticket is in step, and `why` says what became of them


async def test_an_event_that_came_twice_is_told(stack: Stack) -> None:
    ticket = Ticket()
    event = ticket.created()
    await stack.signal(event)
    await stack.settled(ticket.id)
    await stack.signal(event)
    await eventually(lambda: _journaled(stack, ticket, "duplicate"), what="the second one is looked at")
    told = await asked(stack, ticket.id, "in_step", "")
    assert told.row[2:4] == ["in_step", "-"]
    assert "this event was seen before" in told.part("events that changed nothing, and why (nothing to do)")
    assert [line["code"] for line in told.explained["changed_nothing"]] == ["duplicate"]


async def test_an_event_that_is_older_than_what_is_known_is_told(stack: Stack) -> None:
    ticket = Ticket()
    created, first, second = ticket.created(), ticket.renamed("First"), ticket.renamed("Second")
    await stack.signal(created, second)
    await stack.settled(ticket.id)
    await stack.signal(first)
    await eventually(lambda: _journaled(stack, ticket, "older"), what="the old one is looked at")
    told = await asked(stack, ticket.id, "in_step", "")
    assert "older than what is known already" in told.part("events that changed nothing, and why (nothing to do)")
    assert told.explained["fields"][0]["value"] == "Second"


async def test_a_signal_that_cannot_be_read_is_told(stack: Stack) -> None:
    ticket = Ticket()
    await stack.put_in_zendesk(ticket)
    await stack.with_task(ticket)
    await stack.ticket(ticket.id).signal(names.ZENDESK_EVENT, 5)
    await eventually(lambda: _journaled(stack, ticket, "hint"), what="the signal is looked at")
    told = await asked(stack, ticket.id, "in_step", "")
    said = told.part("events that said too little: the ticket was read (nothing to do)")
    assert "a signal of 1 bytes could not be read" in said
    assert "hint" in [line["code"] for line in told.explained["not_enough"]]


async def test_a_task_that_people_worked_on_is_told_to_be_protected(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    path, comment = f"/tasks/{task_id}/comments.json", {"comment": {"body": "I am on it"}}
    (await stack.teamwork_http.post(path, json=comment, auth=ANN_KEY)).raise_for_status()
    await stack.signal(ticket.status("closed"))
    await eventually(lambda: _journaled(stack, ticket, "protected"), what="the task is protected")
    told = await asked(stack, ticket.id, "ended", "closed")
    said = told.part("not done, and why")
    assert "people worked on the task: it was completed and stays; nothing, or delete it in Teamwork by hand" in said
    assert told.explained["remedies"]["protected"] == "nothing, or delete it in Teamwork by hand"
    assert "completed, not deleted: people commented on it; 200 from PUT /tasks/" in told.why.out


async def _journaled(stack: Stack, ticket: Ticket, code: str) -> bool:
    status = await stack.status(ticket.id)
    return code in [line["code"] for line in status.get("journal", ())]
