"""Teamwork as it is to somebody who writes a field it does not know: 200, and nothing happens."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.activities.bench import Bench, bench_of, publish
from tests.support.stack import Stack
from ticketsync.activities.looks import list_place
from ticketsync.sandbox.faults import WRITES
from ticketsync.sandbox.http import serve


class Deaf:
    """The app, which never gets to see `field`: one of the task's, or one beside the task."""

    def __init__(self, app: ASGIApp, field: str) -> None:
        self.app = app
        self._field = field

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in WRITES:
            await self.app(scope, receive, send)
            return
        body = self._without_the_field(await Request(scope, receive).body())

        async def changed() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, changed, send)

    def _without_the_field(self, body: bytes) -> bytes:
        asked = json.loads(body) if body else {}
        for place in (asked, asked.get("task", {})):
            place.pop(self._field, None)
        return json.dumps(asked).encode()


@asynccontextmanager
async def deaf_to(field: str, stack: Stack) -> AsyncIterator[Bench]:
    """The stack's desk, whose Teamwork ignores this field of what is written."""
    async with serve(Deaf(stack.teamwork.app, field)) as served:
        settings = stack.desk_settings
        teamwork = settings.teamwork.model_copy(update={"base_url": served.url})
        await publish(stack, tasklist_of=list_place(teamwork))
        async with bench_of(stack, settings.model_copy(update={"teamwork": teamwork})) as bench:
            yield bench
        await publish(stack)
