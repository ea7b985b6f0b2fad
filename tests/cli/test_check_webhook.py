"""What `ticketsync check` says of a desk's webhook, in one line."""

import pytest

from tests.cli.webhooks import AGENT, PATH, Office, installed
from ticketsync.cli.checks import CheckLine
from ticketsync.cli.sides import reach_desk
from ticketsync.cli.webhook_check import check_webhook
from ticketsync.settings import load_settings

INSTALL = "run ticketsync webhook install --desk default"
ONE = ["zen:event-type:ticket.created"]


async def checked(at: Office, **environ: str) -> CheckLine:
    settings = load_settings(environ=at.environ | environ)
    async with reach_desk(settings, "default") as desk:
        return await check_webhook(desk)


async def test_a_webhook_as_it_should_be_is_told_with_its_address(at: Office) -> None:
    webhook_id = await installed(at)
    line = await checked(at)
    assert (line.of, line.name, line.outcome, line.next) == ("default", "webhook", "ok", "")
    assert line.found == f"{webhook_id} leads to {at.url}{PATH}"


async def test_without_a_webhook_the_address_must_be_given(at: Office) -> None:
    line = await checked(at)
    assert (line.outcome, line.found) == ("warning", "the account has none for this desk")
    assert line.next == f"{INSTALL} --url https://YOUR-SERVER"


@pytest.mark.parametrize(
    ("change", "outcome", "found"),
    [
        ({"status": "inactive"}, "failed", "its status is inactive"),
        ({"endpoint": "https://x.example"}, "warning", "it leads to https://x.example instead of"),
        ({"subscriptions": ONE}, "warning", "not told: agent_assignment_changed"),
    ],
)
async def test_a_webhook_that_somebody_has_changed_is_told(
    at: Office, change: dict[str, object], outcome: str, found: str
) -> None:
    await installed(at)
    await at.change(**change)
    line = await checked(at)
    assert (line.outcome, line.found[: len(found)]) == (outcome, found)
    assert line.next.startswith(INSTALL)


async def test_a_secret_that_was_rotated_is_a_failure_and_is_not_told(at: Office) -> None:
    await installed(at)
    await at.rotate()
    line = await checked(at)
    assert (line.outcome, line.next) == ("failed", f"{INSTALL}, then restart the server")
    assert await at.secret() not in line.model_dump_json()


async def test_a_webhook_whose_secret_the_settings_lack_is_a_warning(at: Office) -> None:
    await installed(at)
    line = await checked(at, ZENDESK_WEBHOOK_SECRET="")
    assert (line.outcome, line.next) == ("warning", INSTALL)


async def test_all_that_is_wrong_is_told_at_once_and_each_remedy_once(at: Office) -> None:
    await installed(at)
    await at.change(status="inactive", subscriptions=ONE)
    await at.rotate()
    line = await checked(at)
    assert line.outcome == "failed"
    assert line.found.count("; ") >= 2
    assert line.next == f"{INSTALL}, then restart the server"


async def test_a_token_that_may_not_look_at_webhooks_fails_nothing(at: Office) -> None:
    await installed(at)
    line = await checked(at, ZENDESK_EMAIL=AGENT)
    assert line.outcome == "warning"
    assert line.found.startswith("cannot be looked at: forbidden: GET /api/v2/webhooks answered 403")
    assert "need an admin" in line.next


async def test_an_api_that_does_not_answer_fails_nothing(at: Office) -> None:
    await installed(at)
    fault = {"kind": "error", "match": {"method": "GET", "path": "/api/v2/webhooks"}, "status": 503}
    await at.control("POST", "/faults", **fault)
    line = await checked(at)
    assert (line.outcome, line.found[:19]) == ("warning", "cannot be looked at")


async def test_a_look_changes_nothing(at: Office) -> None:
    webhook_id = await installed(at)
    await at.change(status="inactive")
    before = await at.webhook()
    await checked(at)
    assert await at.webhook() == before
    assert (await at.zendesk.get(f"/api/v2/webhooks/{webhook_id}/invocations")).json()["invocations"] == []
