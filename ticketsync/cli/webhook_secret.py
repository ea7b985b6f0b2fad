"""Keeping a webhook's signing secret where the desk's settings look for it."""

from pathlib import Path

from pydantic import BaseModel

from ticketsync.cli.output import Failed
from ticketsync.settings import DeskSettings, SecretPlace
from ticketsync.settings.edit import changing, name_in_config, write_secret
from ticketsync.settings.values import parse_list

NEW_FILE = "webhook-secret"  # behind the desk's name
FILE_KEY = "webhook_secret_file"


class Kept(BaseModel):
    """What was done with a secret: `where` it is now; `in_file` when a running server may find it by itself.

    `environment` holds it when it could be kept nowhere: the variables to be set.
    """

    where: str
    is_new: bool = False
    in_file: bool = False
    environment: dict[str, str] = {}


def keep_secret(secret: str, desk: DeskSettings, place: SecretPlace, config: Path | None) -> Kept:
    """Keep it, unless the settings have it already. Raises Failed when its file cannot be written.

    `config` is the config file, if there is one: who reads that has to read the secret too.
    """
    if secret in {known.get_secret_value() for known in desk.zendesk.webhook_secrets}:
        return Kept(where=f"known already, by {place.origin}")
    if place.variable is not None:
        text = f"to be set as {place.variable}: server and worker need it"
        return Kept(where=text, is_new=True, environment={place.variable: secret})
    if place.file is not None:
        older = _write(place.file, secret, config)
        kept = f"; {older} older kept in it: take them out when nothing is signed with them" if older else ""
        return Kept(where=f"written to {place.file}, read by {place.origin}{kept}", is_new=True, in_file=True)
    return _keep_beside(secret, desk, place)


def _keep_beside(secret: str, desk: DeskSettings, place: SecretPlace) -> Kept:
    """In a file of its own beside the config file, which is told of it."""
    if place.table is None:
        raise ValueError("a place is a file, a variable or a config file")
    file = place.table.with_name(f"{desk.name}-{NEW_FILE}")
    older = _write(file, secret, place.table)
    table = ("desks", desk.name, "zendesk")
    try:
        name_in_config(place.table, table, FILE_KEY, file.name)
    except (OSError, ValueError) as error:
        line = f'{FILE_KEY} = "{file.name}"'
        reason = error.strerror if isinstance(error, OSError) else error
        raise Failed(
            f"the secret is in {file}, but {place.table} cannot be changed ({reason}): "
            f"write {line} into its table [{'.'.join(table)}]"
        ) from None
    kept = f"; {older} older kept in it" if older else ""
    return Kept(where=f"written to {file}, which {place.table} names now{kept}", is_new=True, in_file=True)


def _write(file: Path, secret: str, config: Path | None) -> int:
    """Put the secret in front of others that are in the file, and tell how many those are."""
    try:
        with changing(file):
            known = parse_list(file.read_text(encoding="utf-8")) if file.exists() else ()
            older = [one for one in known if one != secret]
            write_secret(file, "\n".join([secret, *older]) + "\n", config=config)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise Failed(f"the secret cannot be written to {file}: {reason}. Mend that, and run this again") from None
    return len(older)
