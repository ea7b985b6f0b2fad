"""`ticketsync sandbox`."""

import asyncio
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ticketsync.cli.flags import json_option
from ticketsync.cli.output import Failed, print_facts, print_json, say
from ticketsync.cli.stopping import stop_on_signals
from ticketsync.demo.webhook import install_webhook
from ticketsync.sandbox.environment import sites_environment
from ticketsync.sandbox.http import serve
from ticketsync.sandbox.teamwork import TeamworkSandbox
from ticketsync.sandbox.teamwork import TeamworkSettings as Site
from ticketsync.sandbox.zendesk import ZendeskSandbox
from ticketsync.sandbox.zendesk import ZendeskSettings as Account
from ticketsync.sync.policy import Policy
from ticketsync.zendesk import Refused, ZendeskClient

ZENDESK_PORT, TEAMWORK_PORT = 8090, 8091
SERVER = "http://127.0.0.1:8080/webhooks/zendesk/default"
# The server's policy is not known here: the webhook tells all that any policy can need.
NEEDS_EVERY_EVENT = Policy(title="{priority} {type}", include_tags=("any",))
ACCOUNT, SITE = Account(), Site()

PORT = click.IntRange(0, 65535)
FOLDER = click.Path(file_okay=False, path_type=Path)


@dataclass(frozen=True)
class Sandboxes:
    """Both sides as they are served. `secret` is that of the webhook, None without one."""

    account: Account
    site: Site
    zendesk_url: str
    teamwork_url: str
    webhook: str | None
    secret: str | None

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which server and worker use them."""
        secret = {"ZENDESK_WEBHOOK_SECRET": self.secret} if self.secret is not None else {}
        sites = sites_environment(self.account, self.zendesk_url, self.site, self.teamwork_url)
        return {**sites, **secret, "TEAMWORK_TASKLIST_ID": str(self.site.tasklist_id)}


@click.command()
@click.option(
    "--zendesk-port", type=PORT, default=ZENDESK_PORT, show_default=True, help="when taken, the next free one"
)
@click.option("--teamwork-port", type=PORT, default=TEAMWORK_PORT, show_default=True, help="the same")
@click.option("--zendesk-email", default=ACCOUNT.email, show_default=True, help="the admin that signs in")
@click.option("--zendesk-token", default=ACCOUNT.api_token, show_default=True, help="the account's API token")
@click.option("--teamwork-key", default=SITE.api_key, show_default=True, help="the API key that we use")
@click.option("--webhook", default=SERVER, show_default=True, help="where ticket events are sent")
@click.option("--no-webhook", is_flag=True, help="send no events: install a webhook yourself")
@click.option("--state", type=FOLDER, help="folder that keeps both sites; without it all is forgotten")
@json_option
def sandbox(as_json: bool, **given: Any) -> None:
    """A local Zendesk and a local Teamwork, on loopback, until Ctrl-C.

    Prints their addresses and credentials, and the variables with which server and worker use them.
    """
    asyncio.run(_serve(given, as_json=as_json))


async def _serve(given: dict[str, Any], *, as_json: bool) -> None:
    stop = stop_on_signals()
    account = Account(email=given["zendesk_email"], api_token=given["zendesk_token"])
    site = Site(api_key=given["teamwork_key"])
    webhook = None if given["no_webhook"] else given["webhook"]
    ports = given["zendesk_port"], given["teamwork_port"]
    async with sandboxes(account, site, ports=ports, state_dir=given["state"], webhook=webhook) as served:
        if as_json:
            addresses = {"zendesk": served.zendesk_url, "teamwork": served.teamwork_url, "webhook": served.webhook}
            print_json(addresses | {"environment": served.environment})
        else:
            _print(served)
        await stop.wait()


@asynccontextmanager
async def sandboxes(
    account: Account,
    site: Site,
    *,
    ports: tuple[int, int] = (0, 0),
    state_dir: Path | None = None,
    webhook: str | None = None,
) -> AsyncIterator[Sandboxes]:
    """Both sides served on loopback, Zendesk first; with `webhook` all ticket events go there.

    Raises Failed for a kept state that cannot be used.
    """
    zendesk, teamwork = _made(account, site, state_dir)
    async with (
        zendesk,
        serve(zendesk.app, port=ports[0]) as zendesk_served,
        teamwork,
        serve(teamwork.app, port=ports[1]) as teamwork_served,
    ):
        secret = await _install_webhook(zendesk_served.url, account, webhook) if webhook else None
        yield Sandboxes(account, site, zendesk_served.url, teamwork_served.url, webhook, secret)


def _made(account: Account, site: Site, state_dir: Path | None) -> tuple[ZendeskSandbox, TeamworkSandbox]:
    try:
        return ZendeskSandbox(account, state_dir=state_dir), TeamworkSandbox(site, state_dir=state_dir)
    except ValueError as error:
        raise Failed(str(error)) from None


async def _install_webhook(base_url: str, account: Account, endpoint: str) -> str:
    async with ZendeskClient(base_url=base_url, email=account.email, api_token=account.api_token) as zendesk:
        try:
            return await install_webhook(zendesk, endpoint, NEEDS_EVERY_EVENT)
        except Refused:
            raise Failed(f"--webhook: the sandbox does not take {endpoint}: give an http or https address") from None


def _print(served: Sandboxes) -> None:
    account, site = served.account, served.site
    teamwork = f"API key {site.api_key}, project {site.project_id}, task list {site.tasklist_id}"
    print_facts(
        {
            "Zendesk": f"{served.zendesk_url}  user {account.email}, API token {account.api_token}",
            "Teamwork": f"{served.teamwork_url}  {teamwork}",
            "Webhook": f"all ticket events to {served.webhook}" if served.webhook else "none",
        }
    )
    say("\n# for ticketsync server and ticketsync worker")
    for name, value in served.environment.items():
        say(f"export {name}={shlex.quote(value)}")
