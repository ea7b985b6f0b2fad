"""One ticket at a time on the real service, with every webhook held in the hand until it is let go.

Zendesk's webhooks go to a post office of ours; what is delivered to the real server, when and how often, is chosen
there. Everything lives in a thread with an event loop of its own, so that a state machine, which knows nothing of
coroutines, can drive it step by step while the service goes on.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeVar

import httpx
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from temporalio.service import RPCError, RPCStatusCode

from tests.storms.life import Life
from tests.storms.verdict import AT_REST, told
from tests.storms.world import PLENTY, old_ticket, tasks_by_ticket
from tests.support.stack import Stack, running_stack, working
from tests.support.wait import eventually
from ticketsync.demo.webhook import install_webhook
from ticketsync.sandbox.http import serve
from ticketsync.sandbox.teamwork.records import Task
from ticketsync.sandbox.zendesk import ZendeskSandbox
from ticketsync.sandbox.zendesk.settings import Limits
from ticketsync.server import create_app
from ticketsync.settings import Settings
from ticketsync.sync.policy import Policy
from ticketsync.workflows.desk import EXPORT_EVERY
from ticketsync.zendesk import ZendeskClient

POLICY = Policy(settle_window=timedelta(seconds=1), blocked_retry=timedelta(seconds=2))
GRACE_IS_OVER = timedelta(hours=25)
OWN_HEADERS = frozenset({"host", "content-length", "connection"})
REST_WITHIN = 180.0
CALL_WITHIN = 240.0

Result = TypeVar("Result")


@dataclass(frozen=True)
class Letter:
    """One webhook of Zendesk's, as it was sent, and which change of which ticket it tells."""

    life: "HeldLife"
    change: int
    headers: dict[str, str]
    body: bytes


@dataclass
class HeldLife(Life):
    """A ticket whose changes count as told only when a letter of them was let go."""

    letters: list[Letter] = field(default_factory=list)

    def was_told(self, change: int) -> None:
        self.changes[change] = replace(self.changes[change], told=True)


class PostOffice:
    """Where Zendesk's webhooks arrive, and stay until they are taken out."""

    def __init__(self) -> None:
        self.arrived: list[tuple[dict[str, str], bytes]] = []
        self.app = Starlette(routes=[Route("/hook", self._take, methods=["POST"])])

    async def _take(self, request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name not in OWN_HEADERS}
        self.arrived.append((headers, await request.body()))
        return Response(status_code=200)


@dataclass
class Bench:
    """The service with a hand on everything. `worker` is the running one.

    `stories`: what went wrong; after the first one nothing more is tried.
    """

    stack: Stack
    server: httpx.AsyncClient
    office: PostOffice
    zendesk: ZendeskSandbox
    worker: AsyncExitStack
    merge_target: int = 0
    stories: list[str] = field(default_factory=list)

    # --- Zendesk and its webhooks

    async def change(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = (await self.stack.zendesk_http.request(method, path, json=body)).raise_for_status()
        content: dict[str, Any] = answer.json() if answer.content else {}
        return content

    def tasks(self) -> dict[int, list[Task]]:
        return tasks_by_ticket(self.stack.teamwork)

    async def begins(self, life: HeldLife) -> None:
        await life.begin()
        await self._collect(life)

    async def goes_on(self, life: HeldLife) -> None:
        await life.go_on()
        await self._collect(life)

    async def _collect(self, life: HeldLife) -> None:
        """Into the hand with what the last change told."""
        await self.zendesk.deliveries.wait_idle(10)
        place = len(life.changes) - 1
        life.changes[place] = replace(life.changes[place], told=not self.office.arrived)
        life.letters += [Letter(life, place, headers, body) for headers, body in self.office.arrived]
        self.office.arrived.clear()

    async def deliver(self, letter: Letter) -> None:
        """To the server, as it is."""
        path = f"/webhooks/zendesk/{self.stack.desk}"
        answer = await self.server.post(path, content=letter.body, headers=letter.headers)
        assert answer.status_code in {200, 202}, answer.text
        letter.life.was_told(letter.change)

    # --- time and accidents

    async def wipe_redis(self) -> None:
        await self.stack.redis.flushall()

    async def restart_worker(self) -> None:
        """In order: what it is doing is finished first."""
        await self.worker.aclose()
        await self.worker.enter_async_context(working(self.stack))

    async def hours_pass(self, life: HeldLife) -> None:
        """The grace period of a ticket at rest is over; one that has ended completes."""
        if (await self.stack.status(life.id)).get("sync_state") == "ended":
            try:
                await self.stack.skip(self.stack.ticket(life.id), GRACE_IS_OVER)
            except RPCError as error:  # completed just now, by itself
                if error.status != RPCStatusCode.NOT_FOUND:
                    raise
            await asyncio.wait_for(self.stack.ticket(life.id).result(), 30)

    async def reads_the_export(self) -> None:
        """The desk reads all that was changed up to now."""
        changed = self.zendesk.clock.now()
        over = changed + timedelta(seconds=2)
        await eventually(lambda: self.zendesk.clock.now() >= over, what="the second is over, and the withheld one")
        before = (await self.stack.desk_state())["export"]["read_at"]
        await self.stack.skip(self.stack.desk_workflow, EXPORT_EVERY)

        async def was_read() -> bool:
            return bool((await self.stack.desk_state())["export"]["read_at"] != before)

        await eventually(was_read, 30, what="the export is read")

    # --- the end

    async def comes_to_rest(self, life: HeldLife) -> None:
        """AssertionError with the whole story unless the ticket's one task becomes what the model says."""

        async def is_right() -> bool:
            status = await self.stack.status(life.id)
            heard = bool(status) or not any(change.told for change in life.changes)
            rests = not status or status["sync_state"] in AT_REST
            return heard and rests and life.is_right(self.tasks().get(life.id, []))

        if self.stories:
            raise AssertionError(self.stories[0])
        try:
            await eventually(is_right, REST_WITHIN, what=f"ticket {life.id} comes to rest as the model says")
        except AssertionError as error:
            story = told(self.tasks().get(life.id, []), life, await self.stack.status(life.id))
            self.stories.append(f"{error}\n{story}")
            raise AssertionError(self.stories[0]) from None


@asynccontextmanager
async def running_bench(address: str, redis_port: int) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as held:
        enter = held.enter_async_context
        stack = await enter(running_stack(address, redis_port, policy=POLICY, work=False))
        office = PostOffice()
        endpoint = (await enter(serve(office.app))).url + "/hook"
        zendesk = stack.settings.desk(stack.desk).zendesk
        admin = ZendeskClient(base_url=zendesk.base_url, email=zendesk.email, api_token=zendesk.api_token)
        secret = await install_webhook(await enter(admin), endpoint, POLICY)
        served = await enter(serve(create_app(_with_secret(stack, secret), lambda: stack.client)))
        tuning = stack.zendesk._account.tuning
        tuning.limits = Limits(account=PLENTY, ticket_updates=PLENTY, incremental_exports=PLENTY)
        tuning.export_withheld_seconds = 1
        worker = await enter(AsyncExitStack())
        await worker.enter_async_context(working(stack))
        server = await enter(httpx.AsyncClient(base_url=served.url, trust_env=False, timeout=20))
        yield Bench(stack, server, office, stack.zendesk, worker, await old_ticket(stack.zendesk_http))


def _with_secret(stack: Stack, secret: str) -> Settings:
    desk = stack.desk_settings
    zendesk = desk.zendesk.model_copy(update={"webhook_secrets": (SecretStr(secret),)})
    return stack.settings.model_copy(update={"desks": {desk.name: desk.model_copy(update={"zendesk": zendesk})}})


class Driven:
    """A bench in a thread of its own, and how to have it do something from outside."""

    def __init__(self, bench: Bench, loop: asyncio.AbstractEventLoop) -> None:
        self.bench = bench
        self._loop = loop

    def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(CALL_WITHIN)

    def end(self, stop: asyncio.Event) -> None:
        self._loop.call_soon_threadsafe(stop.set)


@contextmanager
def driven_bench(address: str, redis_port: int) -> Iterator[Driven]:
    driven: Future[Driven] = Future()
    stop = asyncio.Event()

    async def live() -> None:
        async with running_bench(address, redis_port) as bench:
            driven.set_result(Driven(bench, asyncio.get_running_loop()))
            await stop.wait()

    def run() -> None:
        try:
            asyncio.run(live())
        except BaseException as error:
            if driven.done():
                raise
            driven.set_exception(error)

    thread = threading.Thread(target=run, name="bench")
    thread.start()
    here = driven.result(60)
    try:
        yield here
    finally:
        here.end(stop)
        thread.join(60)
