"""A desk's clients are made by its settings."""

import json
from typing import Any

import pytest
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.settings.given import default_desk
from ticketsync.desks import open_desks
from ticketsync.sandbox.http import serve
from ticketsync.settings import Settings


@pytest.mark.parametrize(("notify", "told"), [("true", True), ("false", False)])
async def test_teamwork_sends_mail_only_where_the_policy_says_so(redis_db: str, notify: str, *, told: bool) -> None:
    bodies: list[Any] = []

    async def created(request: Request) -> JSONResponse:
        bodies.append(json.loads(await request.body()))
        return JSONResponse({"task": {"id": 7, "name": "A"}}, status_code=201)

    app = Starlette(routes=[Route("/{path:path}", created, methods=["POST"])])
    async with serve(app) as served, Redis.from_url(redis_db) as redis:
        desk = default_desk(TICKETSYNC_NOTIFY=notify, TEAMWORK_BASE_URL=served.url)
        async with open_desks(Settings(desks={"default": desk}), redis) as desks:
            await desks["default"].teamwork.create_task(1234, name="A", description="", assignee_id=None)
    assert bodies[0]["taskOptions"]["notify"] is told
