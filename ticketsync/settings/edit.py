"""Changing a config file that a person wrote: what is in it stays as it is, comments included."""

import os
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

PRIVATE = 0o600


def name_in_config(config: Path, table: tuple[str, ...], key: str, value: str) -> None:
    """Give a key this value in a table of the file. Raises OSError, and ValueError when there is no such table."""
    try:
        document = tomlkit.parse(config.read_text(encoding="utf-8"))
    except TOMLKitError as error:
        raise ValueError(f"not TOML: {error}") from None
    node: Any = document
    for name in table:
        if name not in node:
            raise ValueError(f"there is no table [{'.'.join(table)}]")
        node = node[name]
    node[key] = value
    write_whole(config, tomlkit.dumps(document), mode=config.stat().st_mode & 0o777)


def write_whole(path: Path, text: str, *, mode: int = PRIVATE) -> None:
    """Write a file in one step, so that nobody ever reads half of it; through a link to the file that it names.

    Others see it only if `mode` says so, from the first moment on. Raises OSError.
    """
    target = path.resolve()
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(target)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
