"""A worker takes over the desks of a changed config file, and nobody who is at work has to wait or begin again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from tests.support.stack import PROJECT, TASK_LIST, Stack, running_stack
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from tests.test_worker import ACTIVITY, _is_polled
from ticketsync import names
from ticketsync.desk_calls import read_facts
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.sandbox.faults import Fault, FaultMatch
from ticketsync.settings import load_settings
from ticketsync.settings import watch as watching
from ticketsync.settings.watch import SettingsWatch
from ticketsync.worker import run_worker
from ticketsync.workflows.desk import PROBE_EVERY

TOKENS = {"ZENDESK": "zendesk-sandbox-token", "TEAMWORK": "twp_sandbox", "NEXT_TEAMWORK": "twp_next"}
LIST = f"tasklist_id = {TASK_LIST}"
DESK = """
[desks.{name}.zendesk]
base_url = "{desk.zendesk.base_url}"
email = "sync@sandbox.example"
api_token_env = "ZENDESK"

[desks.{name}.teamwork]
base_url = "{desk.teamwork.base_url}"
api_token_env = "{key}"
project_id = {project}
{task_list}
calls_per_minute = 3000

[desks.{name}.policy]
title = "{title}"
settle_window = "1s"
"""


@dataclass
class Live:
    """A worker, and the config file that it watches. `first` and `second` are looks at the stack from either desk."""

    first: Stack
    second: Stack
    config: Path

    def desks(self, *stacks: Stack, more: str = "", **changed: Any) -> None:
        """Have these desks in the file."""
        values = {"title": "{subject}", "key": "TEAMWORK", "project": PROJECT, "task_list": LIST, **changed}
        texts = [DESK.format(name=one.desk, desk=one.desk_settings, **values) for one in stacks]
        self.config.write_text("".join(texts) + more)

    async def looks_in(self, place: str) -> None:
        """Wait until the first desk's task list is that of this place."""

        async def reached() -> bool:
            facts = await read_facts(self.first.client, self.first.desk)
            return facts is not None and facts.tasklist_id is not None and str(facts.tasklist_of).endswith(place)

        await eventually(reached, what=f"the task list is looked for in {place}")


@pytest.fixture
async def live(
    temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Live]:
    """The worker has the first of two desks."""
    monkeypatch.setattr(watching, "LOOK_EVERY", 0.05)
    async with running_stack(temporal_server.address, redis_server.port, desks=2, work=False) as stack:
        other = next(desk for desk in stack.settings.desks if desk != stack.desk)
        live = Live(stack, stack.of_desk(other), tmp_path / "ticketsync.toml")
        live.desks(stack)
        async with watched(live):
            yield live


@asynccontextmanager
async def watched(live: Live) -> AsyncIterator[None]:
    flags: dict[str, Any] = {"config": str(live.config)}
    redis = live.first.settings.redis
    environ = TOKENS | {"REDIS_HOST": redis.host, "REDIS_PORT": str(redis.port)}
    settings = load_settings(flags, environ)
    watch, stop = SettingsWatch(settings, flags, environ), asyncio.Event()
    worker = asyncio.create_task(run_worker(settings, live.first.client, live.first.redis, stop, watch))
    try:
        await eventually(lambda: stands(live.first), what="the first desk stands")
        yield
    finally:
        stop.set()
        await worker


async def stands(stack: Stack) -> bool:
    """The desk is linked and knows its people."""
    try:
        return bool((await stack.desk_state())["directory"]["generation"])
    except Exception:  # noqa: BLE001 - not started, or nobody answers yet
        return False


async def test_a_desk_that_is_added_begins_while_a_call_of_another_is_under_way(live: Live) -> None:
    task_id = await live.first.with_task(slow := Ticket())
    match = FaultMatch(method="PATCH", path=rf"/{task_id}\.json")
    live.first.teamwork.faults.add(Fault(kind="slow", match=match, seconds=8, times=1))
    await live.first.signal(slow.renamed("Slow"))
    calls = live.first.teamwork.faults
    await eventually(lambda: calls.matching_calls("PATCH"), what="the call is under way")
    live.desks(live.first, live.second)
    await eventually(lambda: stands(live.second), what="the second desk stands")
    (renamed,) = calls.matching_calls("PATCH")
    assert renamed.status is None
    await eventually(lambda: live.first.shows(task_id, name="Slow"), what="the slow call ends well")
    await live.second.with_task(Ticket(subject="Of the second"))
    assert len(calls.matching_calls("PATCH")) == 1


async def test_a_changed_policy_counts_from_the_next_decision_on(live: Live) -> None:
    task_id = await live.first.with_task(ticket := Ticket(subject="One"))
    assert await live.first.shows(task_id, name="One")
    with capture_logs() as logs:
        live.desks(live.first, title="#{id} {subject}")
        await eventually(lambda: [one for one in logs if "changed" in one["event"]], what="the change is noticed")
    await live.first.signal(ticket.renamed("Two"))
    await eventually(lambda: live.first.shows(task_id, name=f"#{ticket.id} Two"), what="the new title")


async def test_a_bad_file_is_refused_and_work_goes_on_with_the_old_one(live: Live) -> None:
    with capture_logs() as logs:
        live.desks(live.first, live.second, more="[desks.third.zendesk]\n")
        refused = await eventually(lambda: [one for one in logs if "refused" in one["event"]], what="it is refused")
    assert len(refused) == 1
    await live.first.with_task(Ticket())
    assert not await _is_polled(live.second, names.teamwork_queue(live.second.desk), ACTIVITY)


async def test_a_desk_that_goes_finishes_what_is_under_way_and_then_rests(live: Live) -> None:
    task_id = await live.first.with_task(slow := Ticket())
    live.first.teamwork.faults.add(Fault(kind="slow", match=FaultMatch(method="PATCH"), seconds=2, times=1))
    await live.first.signal(slow.renamed("Slow"))
    calls = live.first.teamwork.faults
    await eventually(lambda: calls.matching_calls("PATCH"), what="the call is under way")
    live.desks(live.second)
    await eventually(lambda: live.first.shows(task_id, name="Slow"), what="it is done")
    await eventually(lambda: stands(live.second), what="the second desk stands")
    ticket = Ticket()
    await live.first.signal(ticket.created())
    await live.second.with_task(Ticket())
    assert await live.first.tasks_of(ticket.id) == []
    live.desks(live.first, live.second)
    await eventually(lambda: live.first.tasks_of(ticket.id), what="the desk is back, and nothing is lost")


async def test_a_key_that_works_again_is_taken_over_without_a_restart(live: Live) -> None:
    task_id = await live.first.with_task(ticket := Ticket())
    keys = live.first.teamwork.site.state.keys
    keys["twp_next"] = keys.pop("twp_sandbox")
    await live.first.signal(ticket.renamed("Two"))
    await live.first.settled(ticket.id, "blocked")
    live.desks(live.first, key="NEXT_TEAMWORK")
    await live.first.skip(live.first.desk_workflow, PROBE_EVERY)
    live.first.teamwork_http.auth = httpx.BasicAuth("twp_next", "x")
    await eventually(lambda: live.first.shows(task_id, name="Two"), what="the ticket goes on")


async def test_a_desk_that_moves_to_another_project_makes_its_tasks_there_and_once(live: Live) -> None:
    project = await _new_project(live.first)
    live.desks(live.first, project=project, task_list="")
    await live.looks_in(f"-{project}")
    match = FaultMatch(method="POST", path=r"/tasks\.json")
    live.first.teamwork.faults.add(Fault(kind="lost_answer", match=match, times=1))
    task_id = await live.first.with_task(ticket := Ticket())
    assert await live.first.tasks_of(ticket.id) == [task_id]
    (tasklist,) = await _lists_of(live.first, project)
    assert tasklist["name"] == "Zendesk tickets"
    assert await live.first.shows(task_id, tasklistId=tasklist["id"])


async def test_a_list_that_is_no_longer_configured_is_not_used_any_more(live: Live) -> None:
    other = await live.first.new_list("Configured")
    live.desks(live.first, task_list=f"tasklist_id = {other}")
    await live.looks_in(f"-{other}")
    assert await live.first.shows(await live.first.with_task(Ticket()), tasklistId=other)
    live.desks(live.first, task_list="")
    await live.looks_in(f"-{PROJECT}")
    assert await live.first.shows(await live.first.with_task(Ticket()), tasklistId=TASK_LIST)


async def _new_project(stack: Stack) -> int:
    made = await stack.teamwork_http.post("/projects.json", json={"project": {"name": "Another"}})
    return int(made.raise_for_status().json()["id"])


async def _lists_of(stack: Stack, project: int) -> list[dict[str, Any]]:
    answer = await stack.teamwork_http.get(f"/projects/api/v3/projects/{project}/tasklists.json")
    lists: list[dict[str, Any]] = answer.raise_for_status().json()["tasklists"]
    return lists
