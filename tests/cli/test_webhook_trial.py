"""Zendesk's test call: sent by `webhook install`, and seen to arrive or not."""

from tests.cli.webhooks import PATH, Office, config_file, installed


async def test_a_server_that_is_not_reached_ends_with_1_and_leaves_the_webhook(at: Office) -> None:
    result = await at.install()
    assert result.exit_code == 1
    assert f"Zendesk gets no answer from {at.url}{PATH}" in result.stderr
    assert "is the server running" in result.stderr
    assert len(await at.webhooks()) == 1


async def test_a_server_that_does_not_know_the_secret_is_told_apart(at: Office) -> None:
    async with at.serving(ZENDESK_WEBHOOK_SECRET="another"):
        result = await at.install()
    assert result.exit_code == 1
    assert "the server refuses it: wrong_signature" in result.stderr
    assert "restart the server with it" in result.stderr


async def test_a_server_without_this_desk_is_told_apart(at: Office) -> None:
    async with at.serving():
        config_file(at)
        result = await at.install("--desk", "acme")
    assert (result.exit_code, "unknown_desk" in result.stderr) == (1, True)


async def test_something_else_at_the_address_is_told_apart(at: Office) -> None:
    """The sandbox Zendesk itself, which knows no such path."""
    elsewhere = at.environ["ZENDESK_BASE_URL"]
    result = await at.run("install", "--url", elsewhere)
    assert result.exit_code == 1
    assert f"something else answers at {elsewhere}{PATH}, with 404" in result.stderr


async def test_test_calls_that_are_signed_publicly_still_count_as_arrived(at: Office) -> None:
    await at.control("PATCH", "/settings", delivery={"tests_signed_publicly": True})
    await installed(at)
    async with at.serving():
        result = await at.install()
    assert result.exit_code == 0, result.output
    assert "signs test calls of this account with its public test secret" in result.stdout


async def test_a_server_that_notices_its_new_secret_a_moment_later_is_waited_for(at: Office) -> None:
    file = at.folder / "secret"
    file.write_text("old\n")
    environ = {"ZENDESK_WEBHOOK_SECRET_FILE": str(file)}
    async with at.serving(**environ, noticing_after=1):
        result = await at.install(**environ)
    assert result.exit_code == 0, result.output
    assert "arrived: the server has verified its signature" in result.stdout
