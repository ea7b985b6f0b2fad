"""A chat that people read: what an incoming webhook was sent, line by line."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.support.wait import eventually
from ticketsync.sandbox.http import serve


@dataclass
class Pinboard:
    """`status` is what it answers; what it does not answer 2xx to it has not taken."""

    webhook: SecretStr = field(default_factory=lambda: SecretStr("http://127.0.0.1:1"))
    status: int = 200
    messages: list[str] = field(default_factory=list)
    refused: int = 0

    async def take(self, request: Request) -> Response:
        text = (await request.json())["text"]
        if self.status == 200:
            self.messages.append(text)
        else:
            self.refused += 1
        return PlainTextResponse("ok", self.status)

    def lines(self, part: str) -> list[str]:
        return [line for message in self.messages for line in message.splitlines() if part in line]

    async def says(self, part: str) -> str:
        """The one line that has this in it, when it is there."""
        (line,) = await eventually(lambda: self.lines(part), what=f"the chat is told {part!r}")
        return line


@asynccontextmanager
async def pinboard() -> AsyncIterator[Pinboard]:
    board = Pinboard()
    async with serve(Starlette(routes=[Route("/hook", board.take, methods=["POST"])])) as served:
        board.webhook = SecretStr(f"{served.url}/hook")
        yield board
