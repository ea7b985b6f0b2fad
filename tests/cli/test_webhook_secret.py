"""Where `ticketsync webhook install` keeps the signing secret."""

import json
import stat
from pathlib import Path

from tests.cli.webhooks import Office, config_file


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_with_a_config_file_the_secret_goes_beside_it_and_the_file_names_it(at: Office) -> None:
    before = config_file(at)
    result = await at.install("--no-test", "--desk", "acme")
    assert result.exit_code == 0, result.output
    assert await at.secret() not in result.output
    secret = at.folder / "acme-webhook-secret"
    assert secret.read_text() == f"{await at.secret()}\n"
    assert mode_of(secret) == 0o600
    after = at.config.read_text().splitlines()
    assert 'webhook_secret_file = "acme-webhook-secret"' in after
    assert [line for line in after if not line.startswith("webhook_secret_file")] == before.splitlines()
    assert await at.drifts("--desk", "acme") == []


async def test_a_file_that_the_config_names_is_written_though_it_is_not_there_yet(at: Office) -> None:
    config_file(at, 'webhook_secret_file = "secrets"')
    assert (await at.install("--no-test", "--desk", "acme")).exit_code == 0
    assert (at.folder / "secrets").read_text() == f"{await at.secret()}\n"
    assert mode_of(at.folder / "secrets") == 0o600


async def test_a_variable_that_the_config_names_is_told_by_its_name(at: Office) -> None:
    config_file(at, 'webhook_secret_env = "ACME_SECRET"')
    done = json.loads((await at.install("--no-test", "--desk", "acme", "--json")).stdout)
    assert done["environment"] == {"ACME_SECRET": await at.secret()}


async def test_the_file_of_the_variable_is_written(at: Office) -> None:
    file = at.folder / "secret"
    assert (await at.install("--no-test", ZENDESK_WEBHOOK_SECRET_FILE=str(file))).exit_code == 0
    assert (file.read_text(), mode_of(file)) == (f"{await at.secret()}\n", 0o600)


async def test_the_file_of_the_flag_is_written(at: Office) -> None:
    file = at.folder / "secret"
    result = await at.install("--no-test", "--zendesk-webhook-secret-file", str(file))
    assert (result.exit_code, file.read_text()) == (0, f"{await at.secret()}\n")


async def test_older_secrets_stay_in_the_file_behind_the_new_one(at: Office) -> None:
    file = at.folder / "secret"
    file.write_text("old-one,old-two\n")
    result = await at.install("--no-test", ZENDESK_WEBHOOK_SECRET_FILE=str(file))
    assert file.read_text().splitlines() == [await at.secret(), "old-one", "old-two"]
    assert "2 older kept in it" in result.stdout


async def test_a_folder_that_is_not_there_is_one_clear_line(at: Office) -> None:
    missing = at.folder / "missing" / "secret"
    result = await at.install("--no-test", ZENDESK_WEBHOOK_SECRET_FILE=str(missing))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: the secret cannot be written to {missing}: No such file or directory")
    assert await at.secret() not in result.output


async def test_who_could_read_a_secrets_file_still_can_and_nobody_else(at: Office) -> None:
    file = at.folder / "secret"
    for before, after in ((0o640, 0o640), (0o644, 0o640), (0o600, 0o600), (0o400, 0o400)):
        file.write_text("old\n")
        file.chmod(before)
        assert (await at.install("--no-test", ZENDESK_WEBHOOK_SECRET_FILE=str(file))).exit_code == 0
        assert mode_of(file) == after
        file.chmod(0o600)


async def test_a_config_file_that_no_program_can_change_gets_the_secret_into_its_file_once(at: Office) -> None:
    """TOML allows tables of desks to stand apart; the library that keeps comments does not take all of that."""
    scattered = '[desks.acme.policy]\non_closed = "keep"\n[desks.acme]\n[desks]\n' + config_file(at)
    at.config.write_text(scattered)
    for _ in range(3):
        result = await at.install("--no-test", "--desk", "acme")
        assert result.exit_code == 1, result.output
        assert "no program can change its text" in result.stderr
        assert 'write webhook_secret_file = "acme-webhook-secret" into its table' in result.stderr
    assert at.config.read_text() == scattered
    assert (at.folder / "acme-webhook-secret").read_text() == f"{await at.secret()}\n"
