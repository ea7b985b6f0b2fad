"""What the webhook commands do with a desk's webhook: put it right, look at it, delete it."""

import sys
from datetime import UTC, datetime
from typing import Any

import click
from pydantic import BaseModel

from ticketsync.cli.output import Failed
from ticketsync.cli.sides import reach_desk
from ticketsync.cli.webhook_secret import keep_secret
from ticketsync.cli.webhook_trial import Trial, send_test_call
from ticketsync.desks import Desk
from ticketsync.settings import DeskSettings, Settings, webhook_secret_place
from ticketsync.zendesk import Webhook, Webhooks
from ticketsync.zendesk.kinds import stored_kinds
from ticketsync.zendesk.webhook_drift import (
    Drift,
    DriftCode,
    Wanted,
    drifts,
    failing_drift,
    noted_url,
    number_drift,
    outcome_of,
    own_webhooks,
    secret_drift,
    wanted_webhook,
)
from ticketsync.zendesk.webhook_install import put_right

INSTALL = "ticketsync webhook install --desk {desk}"
REMEDIES: dict[DriftCode, str] = {
    "missing": f"run {INSTALL} --url https://YOUR-SERVER",
    "several": "delete those that are not needed in Zendesk's Admin Center",
    "other_kind": "rename or delete it in Zendesk's Admin Center, then run " + INSTALL,
    "other_url": f"run {INSTALL}, with --url if that is where it should lead now",
    "secret_rotated": f"run {INSTALL}, then restart the server",
    "failing": "see the webhook's activity in Zendesk's Admin Center, and the server's log",
}
BY_INSTALL = f"run {INSTALL}"


class Installed(BaseModel):
    """What `install` did. `environment`: variables that are still to be set."""

    desk: str
    webhook_id: str
    endpoint: str
    done: str
    repaired: list[str]
    events: list[str]
    secret: str
    environment: dict[str, str]
    test: Trial | None


class ShownDrift(BaseModel):
    """A difference, and what to do about it."""

    code: str
    found: str
    next: str


class Shown(BaseModel):
    """A desk's webhook as it is; its own fields are None while it has none."""

    desk: str
    webhook_id: str | None = None
    name: str | None = None
    status: str | None = None
    endpoint: str | None = None
    events: list[str] | None = None
    deliveries: int | None = None
    failed: int | None = None
    last_success: datetime | None = None
    last_failure: datetime | None = None
    drifts: list[ShownDrift] = []
    test: Trial | None = None


async def _look(webhooks: Webhooks, desk: DeskSettings, endpoint: str | None) -> tuple[list[Webhook], Wanted]:
    """The desk's webhooks, and the one that it should have; without an endpoint where the first of them should lead."""
    known, kinds = await webhooks.all(), stored_kinds(desk.policy)
    wanted = wanted_webhook(desk.name, endpoint, kinds)
    mine = own_webhooks(known, wanted)
    if endpoint is not None or not mine:
        return mine, wanted
    return mine, wanted_webhook(desk.name, noted_url(mine[0]), kinds)


def _agreed(question: str) -> None:
    """Ask the person at the terminal. Raises click.Abort for a no, Failed where nobody can be asked."""
    if not sys.stdin.isatty():
        raise Failed(f"{question} Say --yes to do it")
    click.confirm(question, abort=True, err=True)


# --- install


async def install_webhook(
    settings: Settings, name: str, flags: dict[str, Any], endpoint: str | None, *, with_test: bool, yes: bool
) -> Installed:
    """Create or repair it, keep its secret, try it. Raises ZendeskError, Failed, click.UsageError."""
    async with reach_desk(settings, name) as desk:
        webhooks = Webhooks(desk.zendesk)
        mine, wanted = await _look(webhooks, desk.settings, endpoint)
        _refuse_what_cannot_be(mine, wanted, name)
        if mine and not yes:
            _ask_before_moving(mine[0], wanted)
        put = await put_right(webhooks, mine, wanted)
        place = webhook_secret_place(name, flags)
        kept = keep_secret(await webhooks.secret(put.webhook_id), desk.settings, place, settings.config)
        leads_to = wanted.endpoint or ""
        trying = send_test_call(webhooks, put.webhook_id, leads_to, secret_is_new=kept.in_file) if with_test else None
        test = await trying if trying else None
    return Installed(
        desk=name,
        webhook_id=put.webhook_id,
        endpoint=leads_to,
        done=put.done,
        repaired=list(put.repaired),
        events=sorted(wanted.subscriptions),
        secret=kept.where,
        environment=kept.environment,
        test=test,
    )


def _refuse_what_cannot_be(mine: list[Webhook], wanted: Wanted, desk: str) -> None:
    if wanted.endpoint is None:
        raise click.UsageError(f"desk {desk} has no webhook made by this command yet: say with --url where it leads")
    cannot = [drift for drift in (drifts(mine[0], wanted) if mine else []) if drift.code == "other_kind"]
    if cannot:
        to_do = REMEDIES["other_kind"].format(desk=desk)
        raise Failed(f"the webhook {mine[0].name!r} ({mine[0].id}) cannot be used: {cannot[0].found}. {to_do}")


def _ask_before_moving(webhook: Webhook, wanted: Wanted) -> None:
    """Another installation with a desk of this name may live from it."""
    if webhook.endpoint != wanted.endpoint:
        _agreed(f"{webhook.name!r} leads to {webhook.endpoint} now. Let it lead to {wanted.endpoint} instead?")


# --- show


async def show_webhook(settings: Settings, name: str, endpoint: str | None, *, with_test: bool) -> Shown:
    """How it is, and every drift. Raises ZendeskError."""
    async with reach_desk(settings, name) as desk:
        shown = await look_at_webhook(desk, endpoint)
        if with_test and shown.webhook_id is not None:
            leads_to, webhooks = shown.endpoint or "", Webhooks(desk.zendesk)
            shown.test = await send_test_call(webhooks, shown.webhook_id, leads_to, secret_is_new=False)
    return shown


async def look_at_webhook(desk: Desk, endpoint: str | None = None) -> Shown:
    """How it is, and every drift; without an endpoint from where it was meant to lead. Raises ZendeskError."""
    webhooks = Webhooks(desk.zendesk)
    mine, wanted = await _look(webhooks, desk.settings, endpoint)
    number = number_drift(mine)
    found = [number] if number else []
    if not mine:
        return Shown(desk=desk.name, drifts=_with_remedies(found, desk.name))
    return await _shown(webhooks, desk.settings, mine[0], [*found, *drifts(mine[0], wanted)])


async def _shown(webhooks: Webhooks, desk: DeskSettings, webhook: Webhook, found: list[Drift]) -> Shown:
    known = [secret.get_secret_value() for secret in desk.zendesk.webhook_secrets]
    outcome = outcome_of(await webhooks.newest_invocations(webhook.id))
    more = [secret_drift(await webhooks.secret(webhook.id), known), failing_drift(outcome, datetime.now(UTC))]
    return Shown(
        desk=desk.name,
        webhook_id=webhook.id,
        name=webhook.name,
        status=webhook.status,
        endpoint=webhook.endpoint,
        events=sorted(webhook.subscriptions),
        deliveries=outcome.deliveries,
        failed=outcome.failed,
        last_success=outcome.last_success,
        last_failure=outcome.last_failure,
        drifts=_with_remedies([*found, *(drift for drift in more if drift)], desk.name),
    )


def _with_remedies(found: list[Drift], desk: str) -> list[ShownDrift]:
    """Nearly all is mended by installing again."""
    remedies = [REMEDIES.get(one.code, BY_INSTALL).format(desk=desk) for one in found]
    return [ShownDrift(code=one.code, found=one.found, next=to_do) for one, to_do in zip(found, remedies, strict=True)]


# --- remove


async def remove_webhook(settings: Settings, name: str, *, yes: bool) -> list[str]:
    """The ids of those that are deleted: all of the desk's name, none that somebody else made. Raises ZendeskError."""
    async with reach_desk(settings, name) as desk:
        webhooks = Webhooks(desk.zendesk)
        mine, wanted = await _look(webhooks, desk.settings, None)
        ours = [one for one in mine if one.name == wanted.name]
        for one in ours:
            if not yes:
                _agreed(f"Delete webhook {one.id} {one.name!r}, which leads to {one.endpoint}?")
            await webhooks.delete(one.id)
    return [one.id for one in ours]
