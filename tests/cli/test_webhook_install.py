"""`ticketsync webhook install` and `remove` against the sandbox Zendesk, and what cannot be done."""

import json
from typing import Any

import pytest

from tests.cli.programs import at_a_terminal
from tests.cli.webhooks import AGENT, PATH, WEBHOOKS, Office, config_file, installed
from ticketsync.sync.policy import Policy
from ticketsync.zendesk.kinds import stored_kinds


async def test_a_webhook_is_created_for_exactly_the_events_of_the_policy(at: Office) -> None:
    result = await at.install("--no-test")
    assert result.exit_code == 0, result.output
    webhook = await at.webhook()
    assert (webhook["name"], webhook["status"]) == ("ticketsync default", "active")
    assert webhook["endpoint"] == at.url + PATH
    assert (webhook["http_method"], webhook["request_format"]) == ("POST", "json")
    assert set(webhook["subscriptions"]) == {f"zen:event-type:ticket.{kind}" for kind in stored_kinds(Policy())}


async def test_a_policy_with_tags_hears_of_tags(at: Office) -> None:
    await at.install("--no-test", TICKETSYNC_INCLUDE_TAGS="vip")
    assert "zen:event-type:ticket.tags_changed" in (await at.webhook())["subscriptions"]


async def test_without_a_config_file_the_secret_is_printed_as_its_variable(at: Office) -> None:
    result = await at.install("--no-test")
    assert f"export ZENDESK_WEBHOOK_SECRET={await at.secret()}\n" in result.stdout.replace("'", "")
    assert "to be set as ZENDESK_WEBHOOK_SECRET" in result.stdout


async def test_a_secret_that_is_known_is_not_printed_again(at: Office) -> None:
    await installed(at)
    result = await at.install("--no-test")
    assert (result.exit_code, "export" in result.output) == (0, False)
    assert await at.secret() not in result.output
    assert "known already, by ZENDESK_WEBHOOK_SECRET" in result.stdout


async def test_the_test_call_is_seen_to_arrive(at: Office) -> None:
    await installed(at)
    async with at.serving():
        result = await at.install()
    assert result.exit_code == 0, result.output
    assert "test call  arrived: the server has verified its signature" in result.stdout


async def test_a_second_install_changes_nothing(at: Office) -> None:
    await installed(at)
    before = await at.webhook()
    result = await at.install("--no-test")
    assert "unchanged" in result.stdout
    assert await at.webhook() == before


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"status": "inactive"}, "deactivated"),
        ({"subscriptions": ["zen:event-type:ticket.created"]}, "other_events"),
        ({"http_method": "PUT"}, "other_form"),
        ({"description": "by hand"}, "other_description"),
    ],
)
async def test_what_was_changed_by_hand_is_put_right(at: Office, change: dict[str, Any], code: str) -> None:
    await installed(at)
    before = await at.webhook()
    await at.change(**change)
    assert await at.drifts("--url", at.url) == [code]
    done = json.loads((await at.install("--no-test", "--json")).stdout)
    assert (done["done"], done["repaired"]) == ("repaired", [code])
    after = await at.webhook()
    assert {name: value for name, value in after.items() if not name.startswith("updated_")} == before
    assert await at.drifts() == []


async def test_without_a_url_it_leads_again_where_it_was_made_to_lead(at: Office) -> None:
    await installed(at)
    await at.change(endpoint="https://elsewhere.example/hook")
    assert await at.drifts() == ["other_url"]
    assert (await at.run("install", "--no-test", "--yes")).exit_code == 0
    assert (await at.webhook())["endpoint"] == at.url + PATH


async def test_a_first_install_needs_a_url(at: Office) -> None:
    result = await at.run("install")
    assert (result.exit_code, await at.webhooks()) == (2, [])
    assert "say with --url where it leads" in result.stderr


async def test_it_is_not_moved_unasked(at: Office) -> None:
    await installed(at)
    moved = at.url.rpartition(":")[0] + ":1"
    result = await at.run("install", "--url", moved, "--no-test")
    assert result.exit_code == 1
    assert f"leads to {at.url}{PATH} now. Let it lead to {moved}{PATH} instead? Say --yes to do it" in result.stderr
    assert (await at.webhook())["endpoint"] == at.url + PATH
    assert (await at.run("install", "--url", moved, "--no-test", "--yes")).exit_code == 0
    assert (await at.webhook())["endpoint"] == moved + PATH


async def test_a_webhook_that_was_made_by_hand_for_this_address_is_taken_over(at: Office) -> None:
    await installed(at)
    await at.change(name="by hand", description="")
    assert (await at.install("--no-test")).exit_code == 0
    assert (await at.webhook())["name"] == "ticketsync default"


async def test_one_for_triggers_is_left_alone(at: Office) -> None:
    await installed(at)
    await at.change(subscriptions=["conditional_ticket_events"])
    result = await at.install("--no-test")
    assert result.exit_code == 1
    assert "is one for triggers" in result.stderr
    assert (await at.webhook())["subscriptions"] == ["conditional_ticket_events"]
    assert await at.drifts() == ["other_kind"]


async def test_one_for_triggers_that_leads_to_the_desk_stays_beside_the_one_for_events(at: Office) -> None:
    """The server takes both kinds, and Zendesk does not let go of a webhook that a trigger uses."""
    by_hand = {"name": "mine", "endpoint": at.url + PATH, "subscriptions": ["conditional_ticket_events"]}
    form = {"status": "active", "http_method": "POST", "request_format": "json"}
    (await at.zendesk.post(WEBHOOKS, json={"webhook": by_hand | form})).raise_for_status()
    before = await at.webhook()
    assert await at.drifts("--url", at.url) == ["missing"]
    result = await at.install("--no-test")
    assert result.exit_code == 0, result.output
    first, second = sorted(await at.webhooks(), key=lambda one: one["name"])
    assert (first, second["name"]) == (before, "ticketsync default")
    at.environ["ZENDESK_WEBHOOK_SECRET"] = await at.secret(second["id"])
    assert await at.drifts() == []


async def test_two_desks_of_one_account_have_a_webhook_each(at: Office) -> None:
    await installed(at)
    config_file(at, desks=("acme", "globex"))
    for desk in ("acme", "globex"):
        assert (await at.install("--no-test", "--desk", desk)).exit_code == 0
    assert {one["name"] for one in await at.webhooks()} == {
        f"ticketsync {name}" for name in ("default", "acme", "globex")
    }


# --- remove


async def test_only_the_desks_own_webhook_is_removed(at: Office) -> None:
    webhook_id = await installed(at)
    clone = (await at.zendesk.post(WEBHOOKS, params={"clone_webhook_id": webhook_id})).json()["webhook"]
    refused = await at.run("remove")
    assert (refused.exit_code, "Say --yes to do it" in refused.stderr, len(await at.webhooks())) == (1, True, 2)
    result = await at.run("remove", "--yes", "--json")
    assert json.loads(result.stdout) == {"desk": "default", "removed": [webhook_id]}
    assert [one["id"] for one in await at.webhooks()] == [clone["id"]]


@pytest.mark.parametrize(("said", "left"), [("n", 1), ("y", 0)])
async def test_at_a_terminal_it_asks_before(at: Office, said: str, left: int) -> None:
    await installed(at)
    code, asked = await at_a_terminal("webhook", "remove", environ=at.environ, typed=f"{said}\n")
    assert f"'ticketsync default', which leads to {at.url}{PATH}? [y/N]" in asked
    assert (code, len(await at.webhooks())) == (left, left)


async def test_removing_none_is_said_and_no_failure(at: Office) -> None:
    result = await at.run("remove", "--yes")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "desk default has no webhook made by ticketsync webhook install\n"


# --- what cannot be


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://hooks.acme.example", "must begin with https://"),
        ("hooks.acme.example", "is no address such as https://"),
        ("ftp://hooks.acme.example", "is no address such as https://"),
        ("https://", "is no address such as https://"),
        ("https://hooks.acme.example:port", "is no address such as https://"),
        ("https://user:pass@hooks.acme.example", "without user name"),
        ("https://hooks.acme.example/?desk=default", "without user name, query or fragment"),
        ("https://hooks.acme.example/webhooks/zendesk/acme", "leads to desk 'acme', and this is desk 'default'"),
    ],
)
async def test_a_url_that_cannot_be_is_wrong_use(at: Office, url: str, says: str) -> None:
    for command in ("install", "show"):
        result = await at.run(command, "--url", url)
        assert (result.exit_code, says in result.stderr) == (2, True), result.stderr
    assert await at.webhooks() == []


async def test_a_loopback_address_is_only_for_the_sandbox(at: Office) -> None:
    result = await at.install(ZENDESK_BASE_URL="https://acme.zendesk.com")
    assert result.exit_code == 2
    assert "Zendesk cannot reach it" in result.stderr


@pytest.mark.parametrize(
    "given",
    [
        "https://hooks.acme.example/",
        "https://hooks.acme.example/webhooks/zendesk/default",
        "https://hooks.acme.example/webhooks/zendesk",
        "https://hooks.acme.example/webhooks/zendesk/",
    ],
)
async def test_the_servers_address_and_the_webhooks_own_are_both_taken(at: Office, given: str) -> None:
    assert (await at.run("install", "--url", given, "--no-test")).exit_code == 0
    assert (await at.webhook())["endpoint"] == f"https://hooks.acme.example{PATH}"


async def test_who_is_no_admin_is_told_so(at: Office) -> None:
    for command in ("install", "show", "remove"):
        url = [] if command == "remove" else ["--url", at.url]
        result = await at.run(command, *url, ZENDESK_EMAIL=AGENT)
        assert result.exit_code == 1
        assert "forbidden: GET /api/v2/webhooks answered 403" in result.stderr
        assert "the webhooks need an admin" in result.stderr


async def test_a_wrong_token_is_told_so(at: Office) -> None:
    result = await at.install(ZENDESK_API_TOKEN="wrong-token")
    assert (result.exit_code, "credentials_refused" in result.stderr) == (1, True)
    assert "wrong-token" not in result.output


async def test_a_zendesk_that_is_not_there_is_told_so(at: Office) -> None:
    result = await at.install(ZENDESK_BASE_URL="http://127.0.0.1:9")
    assert (result.exit_code, "unreachable: GET /api/v2/webhooks" in result.stderr) == (1, True)


async def test_an_address_that_is_no_zendesk_is_told_so(at: Office) -> None:
    async with at.serving():
        result = await at.install(ZENDESK_BASE_URL=at.url)
    assert result.exit_code == 1
    assert "check that the address is that of a Zendesk account" in result.stderr


async def test_a_desk_that_is_not_there_is_told_so(at: Office) -> None:
    result = await at.install("--desk", "acme")
    assert (result.exit_code, "there is no desk 'acme'" in result.stderr) == (2, True)
