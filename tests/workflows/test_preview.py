"""A preview writes nothing, and is right: applying the change afterwards makes exactly the steps that it named."""

import random
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from tests.support.stack import ANN_KEY, PERSON_ANN, QUICK, Stack, running_stack, working
from tests.support.tickets import ANN, BEN, CLEO, Ticket
from tests.support.wait import eventually
from ticketsync.cli.preview_of_desk import Asked, Preview, preview_desk
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.settings import Settings
from ticketsync.sync.policy import Policy
from ticketsync.tickets import command_ticket

SALES, BILLING = 36, 37
GONE = 77
ALL = Asked(ticket_id=None, query=None, limit=500)
AT_REST = ("in_step", "filtered", "blocked", "ended")


class Desk:
    """A desk under one policy, of which another is thought about."""

    def __init__(self, stack: Stack, billing: int) -> None:
        self.stack = stack
        self.billing = billing
        self.tickets: list[Ticket] = []

    def under(self, policy: Policy) -> Settings:
        desk = self.stack.desk_settings.model_copy(update={"policy": policy})
        return self.stack.settings.model_copy(update={"desks": {self.stack.desk: desk}})

    def now_under(self, policy: Policy) -> None:
        self.stack.settings.desks.update(self.under(policy).desks)

    async def preview(self, policy: Policy, asked: Asked = ALL) -> Preview:
        return await preview_desk(self.under(policy), self.stack.desk, asked)

    async def opened(self, **fields: Any) -> Ticket:
        """A ticket that is in Zendesk, and whose workflow is at rest."""
        ticket = Ticket(**fields)
        await self.stack.put_in_zendesk(ticket)
        await self.stack.signal(ticket.created())
        await eventually(lambda: self._has_heard(ticket, 1), what=f"ticket {ticket.id} is at rest")
        self.tickets.append(ticket)
        return ticket

    async def regrouped(self, ticket: Ticket, group: int | None) -> None:
        """Its group changes; perhaps it leaves or enters the filter by that, and its task goes or comes."""
        path = f"/api/v2/tickets/{ticket.id}"
        answer = await self.stack.zendesk_http.put(path, json={"ticket": {"group_id": group}})
        told = len((await self.stack.status(ticket.id))["seen"])
        ticket.is_now(datetime.fromisoformat(answer.json()["ticket"]["updated_at"]))
        await self.stack.signal(ticket.changed("group_assignment_changed", group_id=group))
        await eventually(lambda: self._has_heard(ticket, told + 1), what=f"ticket {ticket.id} has changed its group")

    async def _has_heard(self, ticket: Ticket, events: int) -> bool:
        busy, status = await self._is_busy(ticket), await self.stack.status(ticket.id)
        return not busy and len(status.get("seen", ())) >= events and status["sync_state"] in AT_REST

    async def task_of(self, ticket: Ticket) -> int:
        (task_id,) = await self.stack.tasks_of(ticket.id)
        return task_id

    async def done_by_retry(self, ticket: Ticket) -> list[str]:
        """What the journal says of the steps that the ticket's next decision leads to."""
        await command_ticket(self.stack.client, self.stack.desk, ticket.id, "retry")

        async def decided() -> tuple[dict[str, Any], ...] | None:
            busy = await self._is_busy(ticket)
            status = await self.stack.status(ticket.id)
            codes = [line["code"] for line in status.get("journal", ())]
            if busy or "retry" not in codes or status["commands"] or status["read"]:
                return None
            since = len(codes) - codes[::-1].index("retry") - 1
            return tuple(status["journal"][since:]) if status["sync_state"] in AT_REST else None

        lines = await eventually(decided, what=f"ticket {ticket.id} has decided anew")
        return [line["text"] for line in lines or () if line["code"].removesuffix("_done") in KINDS]

    async def _is_busy(self, ticket: Ticket) -> bool:
        """Whether it has anything under way: one that is blocked in one field may still be at work on another."""
        now = (await self.stack.ticket(ticket.id).describe()).raw_description
        return bool(now.pending_activities) or now.HasField("pending_workflow_task")


KINDS = ("create", "rename", "reassign", "move", "update", "complete", "reopen", "delete", "restore")


def named(preview: Preview, ticket: Ticket) -> list[str]:
    """The steps that a preview names for a ticket, without those that it says would be blocked."""
    found = [one for one in preview.tickets if one.ticket_id == ticket.id]
    return [step.what for one in found for step in one.steps if "blocked" not in (step.but or "")]


def are_the_same(steps: list[str], done: list[str]) -> bool:
    """Whether these steps were done in this order, whatever Teamwork answered."""
    return len(steps) == len(done) and all(told.startswith(f"{step}: ") for step, told in zip(steps, done, strict=True))


@pytest.fixture
async def desk(
    temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_server.address)
    async with running_stack(temporal_server.address, redis_server.port, work=False) as stack:
        yield Desk(stack, await stack.new_list("Billing"))


async def written(stack: Stack) -> dict[str, Any]:
    """All that a write anywhere would change: on both sides, in Redis (but for what counts calls), in Temporal."""
    keys = [key async for key in stack.redis.scan_iter("*") if stack.desk in key]
    histories = f"TicketsyncDesk = '{stack.desk}'"
    runs = [(run.id, run.run_id, run.history_length) async for run in stack.client.list_workflows(histories)]
    return {
        "teamwork": len(stack.teamwork.faults.writes("")),
        "zendesk": len(stack.zendesk.faults.writes("")),
        "redis": sorted(keys),
        "temporal": sorted(runs),
    }


# --- right, whatever the tickets and the policies


def random_policy(dice: random.Random, billing: int) -> Policy:
    choices: dict[str, list[Any]] = {
        "title": ["{subject}", "[{priority}] {subject}", "#{id} {group_id} {subject}"],
        "on_filtered": ["keep", "complete", "delete"],
        "include_groups": [(), (), (SALES, BILLING)],
        "exclude_priorities": [(), (), ("low",)],
        "exclude_tags": [(), (), ("internal",)],
        "routes": [(), (f"group:{BILLING}={billing}",), (f"tag:vip={billing}", f"group:{SALES}={GONE}")],
        "task_priorities": [(), ("urgent=high", "low=low")],
        "task_tags": [(), ("*=Zendesk", "vip=Important"), ("vip", "internal=Ours")],
    }
    return QUICK.model_copy(update={name: dice.choice(values) for name, values in choices.items()})


def random_ticket(dice: random.Random) -> dict[str, Any]:
    return {
        "subject": dice.choice(["Printer on fire", "", "Two\nlines"]),
        "status": dice.choice(["new", "open", "pending", "solved"]),
        "priority": dice.choice([None, "low", "urgent"]),
        "group_id": dice.choice([None, SALES, BILLING]),
        "assignee_id": dice.choice([None, ANN, BEN, CLEO]),
        "tags": dice.choice([(), ("vip",), ("internal",), ("internal", "vip")]),
    }


async def changed_by_hand(dice: random.Random, desk: Desk, ticket: Ticket) -> None:
    """What people do in Teamwork before anybody thinks of another policy."""
    tasks = await desk.stack.tasks_of(ticket.id)
    if not tasks or not await desk.stack.task(tasks[0]):
        return
    path = f"/projects/api/v3/tasks/{tasks[0]}"
    match dice.choice(["nothing", "nothing", "deleted", "logged", "renamed", "moved"]):
        case "deleted":
            await desk.stack.teamwork_http.delete(f"{path}.json", auth=ANN_KEY)
        case "logged":
            body: dict[str, Any] = {"timelog": {"date": "2026-01-02", "minutes": 30}}
            await desk.stack.teamwork_http.post(f"{path}/time.json", json=body, auth=ANN_KEY)
        case "renamed":
            await desk.stack.teamwork_http.patch(f"{path}.json", json={"task": {"name": "Mine"}}, auth=ANN_KEY)
        case "moved":
            body = {"task": {"tasklistId": desk.billing}}
            await desk.stack.teamwork_http.patch(f"{path}.json", json=body, auth=ANN_KEY)


@pytest.mark.parametrize("seed", range(4))
async def test_applying_a_policy_makes_exactly_the_steps_that_its_preview_named(desk: Desk, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - the same in every run
    before, after = random_policy(dice, desk.billing), random_policy(dice, desk.billing)
    desk.now_under(before)
    async with working(desk.stack):
        for _ in range(14):
            await changed_by_hand(dice, desk, await desk.opened(**random_ticket(dice)))
        for ticket in dice.sample(desk.tickets, 4):
            await desk.regrouped(ticket, dice.choice([None, SALES, BILLING]))
        state = await written(desk.stack)
        preview = await desk.preview(after)
        assert await written(desk.stack) == state
    desk.now_under(after)
    async with working(desk.stack):
        done = {ticket.id: await desk.done_by_retry(ticket) for ticket in desk.tickets}
    wrong = {one.id: (named(preview, one), done[one.id]) for one in desk.tickets}
    assert {one: both for one, both in wrong.items() if not are_the_same(*both)} == {}
    assert any(done.values())
    assert (preview.looked_at, preview.not_foreseen, preview.more) == (14, [], False)


async def test_a_second_preview_after_the_change_names_nothing(desk: Desk) -> None:
    policy = QUICK.model_copy(update={"routes": (f"group:{BILLING}={desk.billing}",), "task_tags": ("*=Zendesk",)})
    async with working(desk.stack):
        ticket = await desk.opened(group_id=BILLING)
        moved, updated = named(await desk.preview(policy), ticket)
        assert (moved, updated) == (f"move: the desk's list → list {desk.billing}", "update: tags +Zendesk")
    desk.now_under(policy)
    async with working(desk.stack):
        await desk.done_by_retry(ticket)
        assert named(await desk.preview(policy), ticket) == []


# --- what it says of each


async def test_a_task_that_somebody_deleted_is_seen_to_stay_gone(desk: Desk) -> None:
    async with working(desk.stack):
        ticket = await desk.opened()
        await desk.stack.teamwork_http.delete(f"/projects/api/v3/tasks/{await desk.task_of(ticket)}.json", auth=ANN_KEY)
        preview = await desk.preview(QUICK.model_copy(update={"title": "#{id} {subject}"}))
    ((step,),) = (one.steps for one in preview.tickets)
    assert (step.kind, step.but, step.changes) == ("rename", "the task is gone: it stays so", False)
    assert (preview.steps, preview.changing) == ({}, 0)


async def test_a_ticket_that_a_policy_lets_in_gets_its_task(desk: Desk) -> None:
    desk.now_under(QUICK.model_copy(update={"include_groups": (BILLING,)}))
    async with working(desk.stack):
        ticket = await desk.opened(group_id=SALES)
        assert await desk.stack.tasks_of(ticket.id) == []
        preview = await desk.preview(QUICK)
    (foreseen,) = preview.tickets
    assert (foreseen.task_id, [step.kind for step in foreseen.steps]) == (None, ["create"])
    assert preview.steps == {"create": 1}


async def test_a_delete_says_that_it_would_be_completed_where_people_worked(desk: Desk) -> None:
    policy = QUICK.model_copy(update={"include_groups": (BILLING,), "on_filtered": "delete"})
    async with working(desk.stack):
        ticket, untouched = await desk.opened(group_id=SALES), await desk.opened(group_id=SALES)
        path = f"/tasks/{await desk.task_of(ticket)}/comments.json"
        await desk.stack.teamwork_http.post(path, json={"comment": {"body": "I am on it"}}, auth=ANN_KEY)
        preview = await desk.preview(policy)
    steps = {one.ticket_id: one.steps for one in preview.tickets}
    assert [(step.kind, step.but) for step in steps[ticket.id]] == [
        ("delete", "it would be completed: people commented on it")
    ]
    assert [(step.kind, step.but) for step in steps[untouched.id]] == [("delete", None)]


async def test_a_route_to_a_list_that_is_not_there_is_seen_before_it_does_harm(desk: Desk) -> None:
    policy = QUICK.model_copy(update={"routes": (f"group:{SALES}={GONE}",)})
    async with working(desk.stack):
        await desk.opened(group_id=SALES)
        preview = await desk.preview(policy)
    assert preview.warnings == [f"route group:{SALES}={GONE}: list {GONE} is no open list of project 987654"]
    ((step,),) = (one.steps for one in preview.tickets)
    assert step.but == "it would be blocked: tasklist_unknown"


async def test_what_follows_a_create_that_is_made_plain_is_foreseen_too(desk: Desk) -> None:
    desk.now_under(QUICK.model_copy(update={"include_groups": (BILLING,)}))
    policy = QUICK.model_copy(update={"routes": (f"group:{SALES}={GONE}",), "task_tags": ("*=Zendesk",)})
    async with working(desk.stack):
        await desk.opened(group_id=SALES)
        preview = await desk.preview(policy)
    ((create, move, update),) = (one.steps for one in preview.tickets)
    assert (create.but, move.but) == (
        f"list {GONE} cannot be had: first in the desk's list, without labels",
        "it would be blocked: tasklist_unknown",
    )
    assert (update.kind, update.but, preview.steps) == ("update", None, {"create": 1, "update": 1})


@pytest.mark.parametrize("completed", [True, False])
async def test_a_task_comes_back_from_the_trash_as_it_went_there(desk: Desk, *, completed: bool) -> None:
    desk.now_under(QUICK.model_copy(update={"include_groups": (SALES,), "on_filtered": "delete"}))
    async with working(desk.stack):
        ticket = await desk.opened(group_id=SALES, status="solved" if completed else "open")
        task_id = await desk.task_of(ticket)
        await desk.stack.signal(ticket.changed("group_assignment_changed", group_id=BILLING))
        await eventually(lambda: _is_gone(desk, task_id), what="the task is deleted")
        await desk.stack.settled(ticket.id)
        preview = await desk.preview(QUICK.model_copy(update={"title": "#{id} {subject}"}))
    ((restore, rename),) = (one.steps for one in preview.tickets)
    assert (restore.kind, rename.kind, preview.tickets[0].task_id) == ("restore", "rename", task_id)


async def _is_gone(desk: Desk, task_id: int) -> bool:
    return await desk.stack.task(task_id) is None


async def test_one_ticket_is_told_of_in_any_case_and_why_nothing_would_be_done(desk: Desk) -> None:
    async with working(desk.stack):
        ticket = await desk.opened()
        preview = await desk.preview(QUICK, Asked(ticket_id=ticket.id, query=None, limit=1))
    (foreseen,) = preview.tickets
    assert (foreseen.steps, foreseen.notes) == ([], ["the task is as it should be"])


async def test_a_ticket_that_nobody_has_heard_of_is_looked_at_afresh(desk: Desk) -> None:
    known, unknown = Ticket(assignee_id=ANN), Ticket(assignee_id=ANN)
    async with working(desk.stack):
        await desk.stack.put_in_zendesk(unknown)
        preview = await desk.preview(QUICK, Asked(ticket_id=unknown.id, query=None, limit=1))
        nowhere = await desk.preview(QUICK, Asked(ticket_id=known.id, query=None, limit=1))
    (foreseen,) = preview.tickets
    assert [step.what for step in foreseen.steps] == [f"create: 'Checkout broken' for person {PERSON_ANN}"]
    assert nowhere.tickets[0].steps == []
    assert nowhere.tickets[0].notes[-1] == "the ticket cannot be read: ticket_unreadable"


async def test_a_ticket_whose_workflow_has_ended_is_judged_by_its_last_state(desk: Desk) -> None:
    desk.now_under(QUICK.model_copy(update={"on_closed": "complete", "grace_period": QUICK.settle_window}))
    async with working(desk.stack):
        ticket = await desk.opened()
        ticket.status("closed")
        await desk.stack.signal(ticket.changed("status_changed", status="closed"))
        await desk.stack.ended(ticket)
        preview = await desk.preview(QUICK, Asked(ticket_id=ticket.id, query=None, limit=1))
    (foreseen,) = preview.tickets
    assert [step.kind for step in foreseen.steps] == ["delete"]


async def test_a_filter_of_temporal_narrows_it_and_a_limit_cuts_it(desk: Desk) -> None:
    policy = QUICK.model_copy(update={"title": "#{id} {subject}"})
    async with working(desk.stack):
        mine = [await desk.opened(assignee_id=ANN) for _ in range(3)]
        await desk.opened(assignee_id=BEN)
        asked = Asked(ticket_id=None, query=f"TicketsyncAssigneeId = '{ANN}' OR TicketsyncAssigneeId = '0'", limit=50)
        await eventually(lambda: _finds(desk, policy, asked, 3), what="visibility shows all of them")
        narrowed = await desk.preview(policy, asked)
        cut = await desk.preview(policy, Asked(ticket_id=None, query=asked.query, limit=2))
    assert {one.ticket_id for one in narrowed.tickets} == {ticket.id for ticket in mine}
    assert (cut.looked_at, cut.more) == (2, True)


async def _finds(desk: Desk, policy: Policy, asked: Asked, count: int) -> bool:
    return (await desk.preview(policy, asked)).looked_at == count


async def test_without_a_worker_it_says_that_a_ticket_may_remember_more(desk: Desk) -> None:
    async with working(desk.stack):
        ticket = await desk.opened()
    preview = await desk.preview(QUICK, Asked(ticket_id=ticket.id, query=None, limit=1))
    (foreseen,) = preview.tickets
    assert foreseen.task_id == await desk.task_of(ticket)
    assert foreseen.notes[-1].startswith("no worker answers")


async def test_one_ticket_that_cannot_be_looked_at_hides_no_other(desk: Desk) -> None:
    policy = QUICK.model_copy(update={"title": "#{id} {subject}"})
    async with working(desk.stack):
        good, bad = await desk.opened(), await desk.opened()
        fault = {"kind": "error", "status": 403, "match": {"path": f"/tasks/{await desk.task_of(bad)}.json"}}
        await desk.stack.teamwork_http.post("/sandbox/faults", json=fault)
        preview = await desk.preview(policy)
    assert [one.ticket_id for one in preview.tickets] == [good.id]
    assert [one.ticket_id for one in preview.not_foreseen] == [bad.id]
    assert preview.not_foreseen[0].why.startswith("forbidden: GET")


async def test_it_waits_for_its_turn_of_a_quota_that_is_used_up(desk: Desk) -> None:
    policy = QUICK.model_copy(update={"title": "#{id} {subject}"})
    async with working(desk.stack):
        ticket = await desk.opened()
        fault = {"kind": "rate_limited", "seconds": 1, "times": 1, "match": {"path": r"/tasks/\d+\.json"}}
        await desk.stack.teamwork_http.post("/sandbox/faults", json=fault)
        preview = await desk.preview(policy)
    assert len(named(preview, ticket)) == 1
