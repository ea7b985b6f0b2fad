"""`ticketsync codec`."""

from pathlib import Path

import click

from ticketsync.cli.flags import json_option
from ticketsync.cli.output import Failed, print_json, say
from ticketsync.settings import EncryptionKey, new_key
from ticketsync.settings.edit import changing, write_secret
from ticketsync.settings.secret_file import read_secret

FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def codec() -> None:
    """The encryption of what Temporal stores."""


@codec.command()
@click.option("--file", type=FILE, help="add the key at the end of this file, which only its owner can read")
@json_option
def keygen(file: Path | None, as_json: bool) -> None:
    """Make an encryption key.

    It is for TICKETSYNC_ENCRYPTION_KEYS, or the file that TICKETSYNC_ENCRYPTION_KEYS_FILE names. Without --file the key
    itself is printed: keep it from others. Of several keys the first encrypts: a new one at the end is known before it
    is used.
    """
    key = new_key()
    first = file is not None and _added(file, key)
    if as_json:
        print_json({"id": key.id, "file": str(file) if file else None, "key": None if file else key.text})
    elif file is None:
        say(key.text)
    else:
        say(f"key {key.id} is in {file}: it {'encrypts and decrypts' if first else 'decrypts; the first one encrypts'}")


def _added(file: Path, key: EncryptionKey) -> bool:
    """Whether it is the first one there. Raises Failed."""
    try:
        with changing(file):
            before = read_secret(file) if file.exists() else ""
            write_secret(file, "".join(f"{line}\n" for line in (*before.splitlines(), key.text)))
    except (OSError, ValueError) as error:
        raise Failed(f"{file}: {getattr(error, 'strerror', None) or error}: no key was added") from None
    return not before
