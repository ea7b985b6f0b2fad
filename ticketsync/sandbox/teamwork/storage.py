"""The site in a JSON file, so that a stopped sandbox goes on where it was."""

import asyncio
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from ticketsync.sandbox.faults import WRITES
from ticketsync.sandbox.teamwork.site import Site, SiteState

SAVE_AFTER_SECONDS = 0.2

_STATE = TypeAdapter(SiteState)


class StateFile:
    """`teamwork.json` in a folder, which is made when missing."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "teamwork.json"

    def load(self) -> SiteState | None:
        """None when there is no file. Raises ValueError when it cannot be read as a site."""
        if not self.path.exists():
            return None
        try:
            return _STATE.validate_json(self.path.read_bytes())
        except ValidationError as error:
            raise ValueError(f"{self.path} is not a Teamwork sandbox's state: move it away ({error.title})") from None

    def save(self, state: SiteState) -> None:
        """Whole or not at all."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".json.new")
        fresh.write_bytes(_STATE.dump_json(state))
        fresh.replace(self.path)


class SavingMiddleware:
    """Saves shortly after a write; writes that follow closely share one save."""

    def __init__(self, app: ASGIApp, site: Site, file: StateFile) -> None:
        self.app = app
        self._site = site
        self._file = file
        self._due: asyncio.TimerHandle | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)
        if scope["type"] == "http" and scope["method"] in WRITES and self._due is None:
            self._due = asyncio.get_running_loop().call_later(SAVE_AFTER_SECONDS, self.save)

    def save(self) -> None:
        if self._due:
            self._due.cancel()
            self._due = None
        self._file.save(self._site.state)
