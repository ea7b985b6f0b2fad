"""A sandbox Zendesk, our server without Temporal, and the webhook commands run on them; nothing else is needed."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from click.testing import CliRunner, Result
from starlette.types import ASGIApp, Receive, Scope, Send

from ticketsync.cli import main
from ticketsync.embedded import free_port
from ticketsync.sandbox.http import serve
from ticketsync.sandbox.zendesk import ZendeskSandbox
from ticketsync.server import create_app
from ticketsync.settings import load_settings, setting_names

ADMIN = "sync@sandbox.example"
AGENT = "ann@sandbox.example"
TOKEN = "zendesk-sandbox-token"
WEBHOOKS = "/api/v2/webhooks"
PATH = "/webhooks/zendesk/default"
VARIABLES = {f"{setting.env}{end}" for setting in setting_names() for end in ("", "_FILE")}


@dataclass
class Office:
    """`environ` is what the commands and the server run with; `url` is where the server listens, or will."""

    zendesk: httpx.AsyncClient
    url: str
    environ: dict[str, str]
    folder: Path

    async def run(self, *arguments: str, **environ: str) -> Result:
        """`ticketsync webhook …`. Nothing that a person can cause may end in a traceback."""
        given = dict.fromkeys(VARIABLES) | self.environ | environ
        result = await asyncio.to_thread(
            CliRunner().invoke, main, ["webhook", *arguments], env=given, prog_name="ticketsync"
        )
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    async def install(self, *arguments: str, **environ: str) -> Result:
        return await self.run("install", "--url", self.url, *arguments, **environ)

    async def shown(self, *arguments: str, **environ: str) -> dict[str, Any]:
        shown: dict[str, Any] = json.loads((await self.run("show", "--json", *arguments, **environ)).stdout)
        return shown

    async def drifts(self, *arguments: str, **environ: str) -> list[str]:
        return [drift["code"] for drift in (await self.shown(*arguments, **environ))["drifts"]]

    @asynccontextmanager
    async def serving(self, *, noticing_after: int | None = None, **environ: str) -> AsyncIterator[None]:
        """The server with the settings that its start finds; or, after so many requests, with those of that moment."""
        port = int(self.url.rpartition(":")[2])
        async with serve(_Noticing(self.environ | environ, noticing_after), port=port) as served:
            assert served.port == port
            yield

    @property
    def config(self) -> Path:
        return self.folder / "ticketsync.toml"

    # --- the account

    async def webhooks(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.zendesk.get(WEBHOOKS)).json()["webhooks"]
        return found

    async def webhook(self) -> dict[str, Any]:
        (only,) = await self.webhooks()
        return only

    async def secret(self, webhook_id: str | None = None) -> str:
        """That of the only webhook, unless said otherwise."""
        webhook_id = webhook_id or (await self.webhook())["id"]
        told = (await self.zendesk.get(f"{WEBHOOKS}/{webhook_id}/signing_secret")).json()
        return str(told["signing_secret"]["secret"])

    async def change(self, **fields: Any) -> None:
        """As an admin does it by hand."""
        webhook = await self.webhook()
        answer = await self.zendesk.patch(f"{WEBHOOKS}/{webhook['id']}", json={"webhook": fields})
        answer.raise_for_status()

    async def rotate(self) -> None:
        webhook = await self.webhook()
        (await self.zendesk.post(f"{WEBHOOKS}/{webhook['id']}/signing_secret")).raise_for_status()

    async def control(self, method: str, path: str, **body: Any) -> None:
        (await self.zendesk.request(method, f"/sandbox{path}", json=body or None)).raise_for_status()


class _Noticing:
    """The server's app, made anew when it has had so many requests."""

    def __init__(self, environ: Mapping[str, str], after: int | None) -> None:
        self._environ, self._left = environ, after
        self._app = self._made()

    def _made(self) -> ASGIApp:
        return create_app(load_settings(environ=self._environ), lambda: None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._left is not None:
            self._left -= 1
            if self._left < 0:
                self._app = self._made()
        await self._app(scope, receive, send)


async def installed(at: Office) -> str:
    """Installed, and its secret in the settings: the webhook's id."""
    assert (await at.install("--no-test")).exit_code == 0
    at.environ["ZENDESK_WEBHOOK_SECRET"] = await at.secret()
    return str((await at.webhook())["id"])


@asynccontextmanager
async def office(folder: Path) -> AsyncIterator[Office]:
    async with (
        ZendeskSandbox() as sandbox,
        serve(sandbox.app) as served,
        httpx.AsyncClient(base_url=served.url, auth=(f"{ADMIN}/token", TOKEN)) as zendesk,
    ):
        environ = {
            "ZENDESK_BASE_URL": served.url,
            "ZENDESK_EMAIL": ADMIN,
            "ZENDESK_API_TOKEN": TOKEN,
            "TEAMWORK_BASE_URL": "http://127.0.0.1:9",
            "TEAMWORK_API_TOKEN": "twp_sandbox",
            "TEAMWORK_PROJECT_ID": "987654",
            "REDIS_PORT": str(free_port(0)),
        }
        yield Office(zendesk, f"http://127.0.0.1:{free_port(0)}", environ, folder)


def config_file(at: Office, *lines: str, desks: tuple[str, ...] = ("acme",)) -> str:
    """Write a config file with these desks, with more lines of their Zendesk tables, and use it: its text."""
    text = "\n".join(_desk(at, name, lines) for name in desks)
    at.config.write_text(text)
    for name in [name for name in at.environ if name.startswith(("ZENDESK", "TEAMWORK"))]:
        del at.environ[name]
    at.environ |= {"TICKETSYNC_CONFIG": str(at.config), "DESK_TOKEN": TOKEN}
    return text


def _desk(at: Office, name: str, lines: tuple[str, ...]) -> str:
    return f"""\
# kept by hand
[desks.{name}.zendesk]   # the account
base_url = "{at.zendesk.base_url}"
email = "{ADMIN}"
api_token_env = "DESK_TOKEN"
{"".join(line + chr(10) for line in lines)}
[desks.{name}.teamwork]
domain = "{name}"
api_token_env = "DESK_TOKEN"
project_id = 987654
"""
