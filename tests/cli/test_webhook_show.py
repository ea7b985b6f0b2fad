"""`ticketsync webhook show` names every drift."""

from tests.cli.webhooks import PATH, WEBHOOKS, Office, installed


async def test_a_webhook_as_it_should_be_ends_with_0(at: Office) -> None:
    await installed(at)
    result = await at.run("show")
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "as it should be")
    assert f"leads to  {at.url}{PATH}" in result.stdout
    assert await at.secret() not in result.output


async def test_a_missing_webhook_is_named_with_what_to_do(at: Office) -> None:
    result = await at.run("show")
    assert result.exit_code == 1
    assert "missing" in result.stdout
    assert "run ticketsync webhook install --desk default --url" in result.stdout


async def test_a_rotated_secret_and_none_are_named(at: Office) -> None:
    await installed(at)
    await at.rotate()
    assert await at.drifts() == ["secret_rotated"]
    assert await at.drifts(ZENDESK_WEBHOOK_SECRET="") == ["no_secret"]
    result = await at.run("show")
    assert await at.secret() not in result.output


async def test_several_webhooks_of_a_desk_are_named(at: Office) -> None:
    webhook_id = await installed(at)
    clone = await at.zendesk.post(WEBHOOKS, params={"clone_webhook_id": webhook_id})
    path = f"{WEBHOOKS}/{clone.json()['webhook']['id']}"
    await at.zendesk.patch(path, json={"webhook": {"name": "ticketsync default"}})
    assert await at.drifts() == ["several"]


async def test_every_drift_at_once(at: Office) -> None:
    await installed(at)
    await at.change(status="inactive", endpoint="https://x.example", subscriptions=["zen:event-type:ticket.created"])
    await at.rotate()
    assert await at.drifts() == ["deactivated", "other_url", "other_events", "secret_rotated"]


async def test_failing_deliveries_are_a_drift_with_their_outcome(at: Office) -> None:
    await installed(at)
    ticket = {"ticket": {"subject": "Printer", "comment": {"body": "It burns"}}}
    async with at.serving(ZENDESK_WEBHOOK_SECRET="another"):
        await at.zendesk.post("/api/v2/tickets", json=ticket)
        await at.zendesk.get("/sandbox/idle", params={"wait": 10})
    shown = await at.shown()
    assert (shown["deliveries"], shown["failed"]) == (1, 1)
    assert shown["last_failure"] is not None
    (drift,) = shown["drifts"]
    assert (drift["code"], drift["found"]) == ("failing", "1 of the last 1 deliveries failed: 1 terminated with 401")


async def test_a_test_call_can_be_sent_with_it(at: Office) -> None:
    await installed(at)
    async with at.serving():
        assert (await at.shown("--test"))["test"]["outcome"] == "arrived"
    result = await at.run("show", "--test")
    assert result.exit_code == 1
    assert "not arrived: Zendesk gets no answer" in result.stdout
