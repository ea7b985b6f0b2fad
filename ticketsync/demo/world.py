"""The day's outside: what people see and do in the sandbox Zendesk and Teamwork, all of it over HTTP.

Who opens a ticket is said by `submitter_id`; what Ann does in Teamwork is done with her own key. What is seen is read
from Teamwork alone, never from what ticketsync believes.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import httpx

from ticketsync.demo.stack import DevStack
from ticketsync.settings import DEFAULT_DESK
from ticketsync.teamwork.marker import markers_in

LOOK_EVERY = 0.1
PATIENCE = 30.0
CALL_SECONDS = 10.0

Json = dict[str, Any]
TaskState = Literal["open", "completed", "deleted"]


class NotSeenError(Exception):
    """What a story waits for did not come."""


@dataclass(frozen=True)
class SeenTask:
    """A task as Teamwork shows it; `assignee` is a name, None for nobody."""

    id: int
    title: str
    state: TaskState
    assignee: str | None


@dataclass
class World:
    """The two sites and our server as HTTP clients, and what Teamwork showed last (`tasks`: all ever made, by ticket).

    `by_hand` has the method and path of each task call that a person made, so that it is not taken for ours.
    """

    zendesk: httpx.AsyncClient
    teamwork: httpx.AsyncClient
    anns_teamwork: httpx.AsyncClient
    server: httpx.AsyncClient
    people: dict[int, str] = field(default_factory=dict)
    tasks: dict[int, list[SeenTask]] = field(default_factory=dict)
    by_hand: list[tuple[str, str]] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def look(self) -> None:
        """Read all tasks ever made, those in the trash included, and wake who waits for one."""
        answer = await get(self.teamwork, "/sandbox/tasks")
        tasks: dict[int, list[SeenTask]] = {}
        for task in answer["tasks"]:
            for desk, ticket_id in markers_in(task["description"]):
                if desk == DEFAULT_DESK:
                    tasks.setdefault(ticket_id, []).append(self._seen(task))
        async with self.news:
            self.tasks = tasks
            self.news.notify_all()

    def _seen(self, task: Json) -> SeenTask:
        names = [self.people.get(person, f"person {person}") for person in task["assigneeUserIds"]]
        return SeenTask(task["id"], task["name"], _state(task["status"]), ", ".join(names) or None)

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until a look at Teamwork makes `condition` true. Raises NotSeenError."""
        try:
            async with asyncio.timeout(PATIENCE), self.news:
                await self.news.wait_for(condition)
        except TimeoutError:
            raise NotSeenError(f"not within {PATIENCE:g} s: {what}") from None

    async def keep_looking(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY)


@asynccontextmanager
async def opened_world(stack: DevStack) -> AsyncIterator[World]:
    """The world of this stack, looked at all the time."""
    async with (
        _client(stack.zendesk_url, (f"{stack.account.email}/token", stack.account.api_token)) as zendesk,
        _client(stack.teamwork_url, (stack.site.api_key, "x")) as teamwork,
        _client(stack.teamwork_url, (stack.site.ann_key, "x")) as anns_teamwork,
        _client(stack.server_url, token=stack.environment["TICKETSYNC_API_TOKEN"]) as server,
    ):
        world = World(zendesk, teamwork, anns_teamwork, server, people=await _people(teamwork))
        looking = asyncio.create_task(world.keep_looking())
        try:
            yield world
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)


def _client(url: str, auth: tuple[str, str] | None = None, *, token: str | None = None) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.AsyncClient(base_url=url, auth=auth, headers=headers, timeout=CALL_SECONDS, trust_env=False)


async def _people(teamwork: httpx.AsyncClient) -> dict[int, str]:
    answer = await get(teamwork, "/projects/api/v3/people.json")
    return {person["id"]: f"{person['firstName']} {person['lastName']}" for person in answer["people"]}


def _state(status: str) -> TaskState:
    match status:
        case "deleted" | "completed":
            return status
        case _:
            return "open"


async def get(client: httpx.AsyncClient, path: str, **query: str | int) -> Json:
    """The answer's JSON. Raises httpx.HTTPError."""
    answer: Json = (await client.get(path, params=query)).raise_for_status().json()
    return answer


async def send(client: httpx.AsyncClient, method: str, path: str, body: Json | None = None) -> Json:
    """The answer's JSON, empty when there is none. Raises httpx.HTTPError."""
    answer = (await client.request(method, path, json=body)).raise_for_status()
    content: Json = answer.json() if answer.content else {}
    return content


class Ticket:
    """One ticket of the day: what people do to it, and to its task."""

    def __init__(self, world: World, name: str) -> None:
        self.name = name
        self._world = world
        self._id: int | None = None

    @property
    def id(self) -> int:
        if self._id is None:
            raise NotSeenError("the ticket was never opened")
        return self._id

    @property
    def is_open(self) -> bool:
        return self._id is not None

    @property
    def tasks(self) -> list[SeenTask]:
        """All tasks ever made for it."""
        return self._world.tasks.get(self.id, [])

    # --- in Zendesk

    async def opens(self, subject: str, *, by: int, **fields: Any) -> None:
        """Somebody opens it: `by` a Zendesk user."""
        said = {"subject": subject, "comment": {"body": "Please help."}}
        ticket = {"requester_id": by, "submitter_id": by} | said | fields
        answer = await self._zendesk("POST", "/api/v2/tickets.json", {"ticket": ticket})
        self._id = answer["ticket"]["id"]

    async def is_there(self, subject: str, *, by: int, created_at: datetime | None = None) -> None:
        """It is in Zendesk, and no event ever told so."""
        row = {"subject": subject, "requester_id": by, "status": "open"}
        row |= {"created_at": created_at.isoformat()} if created_at else {}
        answer = await self._zendesk("POST", "/sandbox/tickets", {"tickets": [row]})
        self._id = answer["tickets"][0]["id"]

    async def changes(self, **fields: Any) -> None:
        await self._zendesk("PUT", f"/api/v2/tickets/{self.id}.json", {"ticket": fields})

    async def is_closed(self) -> None:
        """By Zendesk's automation, as days after solved."""
        await self._zendesk("POST", f"/sandbox/tickets/{self.id}/close")

    async def is_deleted(self) -> None:
        await self._zendesk("DELETE", f"/api/v2/tickets/{self.id}.json")

    async def is_undeleted(self) -> None:
        await self._zendesk("PUT", f"/api/v2/deleted_tickets/{self.id}/restore.json")

    async def is_marked_as_spam(self) -> None:
        await self._zendesk("PUT", f"/api/v2/tickets/{self.id}/mark_as_spam.json")

    async def is_merged_into(self, target: "Ticket") -> None:
        await self._zendesk("POST", f"/api/v2/tickets/{target.id}/merge.json", {"ids": [self.id]})

    async def has_deliveries(self, kind: str, event_type: str = "", **how: Any) -> None:
        """From now on its events are disturbed on their way: `kind` is `delay`, `duplicate`, `drop` or `reorder`."""
        rule = {"kind": kind, "event_type": event_type, "ticket_id": self.id, **how}
        await self._zendesk("POST", "/sandbox/delivery-rules", rule)

    # --- in Teamwork, by Ann

    async def has_time_logged(self, minutes: int) -> None:
        body = {"timelog": {"date": f"{datetime.now(UTC):%Y-%m-%d}", "minutes": minutes}}
        await send(self._world.anns_teamwork, "POST", f"/projects/api/v3/tasks/{self._task_id()}/time.json", body)

    async def has_a_comment(self, text: str) -> None:
        body = {"comment": {"body": text}}
        await send(self._world.anns_teamwork, "POST", f"/tasks/{self._task_id()}/comments.json", body)

    async def loses_its_task(self) -> None:
        """Ann deletes the task by hand."""
        path = f"/projects/api/v3/tasks/{self._task_id()}.json"
        self._world.by_hand.append(("DELETE", path))
        await send(self._world.anns_teamwork, "DELETE", path)

    # --- what is seen

    async def shows(self, state: TaskState, **fields: str | None) -> None:
        """Wait until its task is in this state and shows these fields. Raises NotSeenError."""
        wanted = {"state": state, **fields}
        await self._world.until(lambda: self._matches(wanted), f"a task with {wanted}")

    async def knows(self, reason: str) -> None:
        """Wait until ticketsync says this reason of it. Raises NotSeenError."""
        give_up = time.monotonic() + PATIENCE
        while (await self.status()).get("reason") != reason:
            if time.monotonic() > give_up:
                raise NotSeenError(f"not within {PATIENCE:g} s: the ticket's reason is {reason}")
            await asyncio.sleep(LOOK_EVERY)

    async def status(self) -> Json:
        """What ticketsync's ticket API says of it; empty while it does not know the ticket."""
        answer = await self._world.server.get(f"/api/v1/desks/{DEFAULT_DESK}/tickets/{self.id}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return {}
        status: Json = answer.raise_for_status().json()["status"] or {}
        return status

    def _matches(self, wanted: dict[str, str | None]) -> bool:
        return any(all(getattr(task, name) == value for name, value in wanted.items()) for task in self.tasks)

    def _task_id(self) -> int:
        if not self.tasks:
            raise NotSeenError("there is no task")
        return self.tasks[0].id

    async def _zendesk(self, method: str, path: str, body: Json | None = None) -> Json:
        return await send(self._world.zendesk, method, path, body)
