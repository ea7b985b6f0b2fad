"""`ticketsync webhook`: install, show, remove."""

import asyncio
import shlex
from typing import Any

import click

from ticketsync.cli.flags import SettingsCommand, desk_option, json_option
from ticketsync.cli.output import Failed, note, print_facts, print_json, print_table, say
from ticketsync.cli.reach import log_quietly
from ticketsync.cli.webhook_desk import Installed, Shown, install_webhook, remove_webhook, show_webhook
from ticketsync.cli.webhook_trial import Trial, endpoint_of
from ticketsync.settings import WEBHOOK_SECRETS, Settings

MAY_LACK = (WEBHOOK_SECRETS,)
url_option = click.option("--url", help="the server's address as the world reaches it, https://…")
yes_option = click.option("--yes", is_flag=True, help="do not ask")


@click.group()
def webhook() -> None:
    """The Zendesk webhook that tells a desk of its tickets' events. Needs an admin's token."""


# --- install


@webhook.command(cls=SettingsCommand, may_lack=MAY_LACK, hands_flags=True)
@url_option
@click.option("--no-test", is_flag=True, help="do not have Zendesk send its test call at the end")
@yes_option
@desk_option
@json_option
def install(settings: Settings, flags: dict[str, Any], desk: str, as_json: bool, **given: Any) -> None:
    """Create a desk's webhook, or put it right.

    Keeps its signing secret where the desk's settings look for it, and has Zendesk send its test call through. Ends
    with 1 when that does not arrive. Without --url it leads where it is meant to lead already.
    """
    settled = settings.desk(desk)
    endpoint = endpoint_of(given["url"], settled) if given["url"] else None
    log_quietly(settings)
    with_test, yes = not given["no_test"], given["yes"]
    done = asyncio.run(install_webhook(settings, settled.name, flags, endpoint, with_test=with_test, yes=yes))
    if as_json:
        print_json(done)
    else:
        _print_installed(done)
    if done.test is not None and not done.test.ok:
        raise Failed(f"the test call has not come through: {done.test.found}. What to do: {done.test.next}")


def _print_installed(done: Installed) -> None:
    repaired = f" ({', '.join(done.repaired)})" if done.repaired else ""
    print_facts(
        {
            "webhook": f"{done.webhook_id}  {done.done}{repaired}",
            "leads to": done.endpoint,
            "events": _names(done.events),
            "secret": done.secret,
            "test call": _said(done.test),
        }
    )
    for name, value in done.environment.items():
        say(f"export {name}={shlex.quote(value)}")


def _said(test: Trial | None) -> str | None:
    if test is None:
        return None
    return f"{'arrived' if test.ok else 'not arrived'}: {test.found}{f'; {test.next}' if test.next else ''}"


def _names(subscriptions: list[str]) -> str:
    return ", ".join(one.rpartition(".")[2] for one in subscriptions)


# --- show


@webhook.command(cls=SettingsCommand, may_lack=MAY_LACK)
@url_option
@click.option("--test", is_flag=True, help="have Zendesk send its test call too")
@desk_option
@json_option
def show(settings: Settings, url: str | None, test: bool, desk: str, as_json: bool) -> None:
    """A desk's webhook, and what is wrong with it.

    Missing, deactivated, leading elsewhere, telling of other events, secret rotated, deliveries failing. Ends with 1
    when there is anything.
    """
    settled = settings.desk(desk)
    endpoint = endpoint_of(url, settled) if url else None
    log_quietly(settings)
    shown = asyncio.run(show_webhook(settings, settled.name, endpoint, with_test=test))
    if as_json:
        print_json(shown)
    else:
        _print_shown(shown)
    if shown.drifts or (shown.test is not None and not shown.test.ok):
        raise click.exceptions.Exit(1)


def _print_shown(shown: Shown) -> None:
    print_facts(
        {
            "desk": shown.desk,
            "webhook": f"{shown.webhook_id}  {shown.name}" if shown.webhook_id else "none",
            "status": shown.status,
            "leads to": shown.endpoint,
            "events": _names(shown.events) if shown.events is not None else None,
            "deliveries": f"{shown.failed} of the last {shown.deliveries} failed" if shown.deliveries else None,
            "last success": shown.last_success,
            "last failure": shown.last_failure,
            "test call": _said(shown.test),
        }
    )
    say("")
    if shown.drifts:
        print_table(("drift", "found", "what to do"), [(one.code, one.found, one.next) for one in shown.drifts])
    else:
        say("as it should be")


# --- remove


@webhook.command(cls=SettingsCommand, may_lack=MAY_LACK)
@yes_option
@desk_option
@json_option
def remove(settings: Settings, yes: bool, desk: str, as_json: bool) -> None:
    """Delete a desk's webhook in Zendesk.

    From then on the desk hears of changes by Zendesk's export only, minutes later.
    """
    settled = settings.desk(desk)
    log_quietly(settings)
    removed = asyncio.run(remove_webhook(settings, settled.name, yes=yes))
    if as_json:
        print_json({"desk": desk, "removed": removed})
        return
    if not removed:
        note(f"desk {desk} has no webhook made by ticketsync webhook install")
    for webhook_id in removed:
        say(f"desk {desk}: webhook {webhook_id} removed")
