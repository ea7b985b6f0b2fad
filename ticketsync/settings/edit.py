"""Changing a config file that a person wrote, and the files of secrets beside it.

What is in the config file stays as it is, comments included. Whoever could read a file can read it afterwards: a server
that runs as another user than the one who changes its files must not lose them.
"""

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

PRIVATE = 0o600
READABLE = 0o644  # a config file: secrets are in files of their own
SECRET_AT_MOST = 0o640
BY_GROUP, BY_OTHERS = 0o040, 0o004


def name_in_config(config: Path, table: tuple[str, ...], key: str, value: str) -> None:
    """Give a key this value in a table of the file. Raises OSError, and ValueError when there is no such table."""
    with changing(config):
        try:
            document = tomlkit.parse(config.read_text(encoding="utf-8"))
        except TOMLKitError as error:  # or TOML of a layout that the library takes for an error
            raise ValueError(f"no program can change its text: {error}") from None
        node: Any = document
        for name in table:
            if name not in node:
                raise ValueError(f"there is no table [{'.'.join(table)}]")
            node = node[name]
        node[key] = value
        write_whole(config, tomlkit.dumps(document))


@contextmanager
def changing(path: Path) -> Iterator[None]:
    """Have no other of our commands change a file of this folder meanwhile. Raises OSError.

    Inside, read what is to be changed: it may be another text than a minute ago. Not to be nested.
    """
    folder = os.open(path.resolve().parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # some network file systems lock no folder: there it is for people to take turns
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def write_whole(path: Path, text: str) -> None:
    """Write a file in one step, so that nobody ever reads half of it; through a link to the file that it names.

    One that is there keeps its owner and mode. Raises OSError, also when its readers would lose it by that.
    """
    before = _known(path)
    _replace(path, text, stat.S_IMODE(before.st_mode) if before is not None else READABLE, before)


def write_secret(path: Path, text: str, *, config: Path | None = None) -> None:
    """As `write_whole`, but only its owner can read a new file, and nobody but owner and group one that is there.

    What root writes for a config file belongs to the owner and group of that one, and its group may read it if that
    is how the config file is read.
    """
    before = _known(path)
    if before is not None:
        _replace(path, text, stat.S_IMODE(before.st_mode) & SECRET_AT_MOST, before)
        return
    model = _known(config) if config is not None and os.geteuid() == 0 else None
    group = model is not None and not model.st_mode & BY_OTHERS and model.st_mode & BY_GROUP
    _replace(path, text, PRIVATE | BY_GROUP if group else PRIVATE, model)


def _known(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _replace(path: Path, text: str, mode: int, owner: os.stat_result | None) -> None:
    """Others see it only if `mode` says so, from the first moment on."""
    target = path.resolve()
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            if owner is not None:
                _give_to(file.fileno(), owner, mode)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(target)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def _give_to(descriptor: int, owner: os.stat_result, mode: int) -> None:
    """Have it belong to the same user and group, or at least be read by the same. Raises PermissionError."""
    now = os.fstat(descriptor)
    if (now.st_uid, now.st_gid) == (owner.st_uid, owner.st_gid):
        return
    try:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    except PermissionError:
        if not _is_read_by_the_same(descriptor, owner, mode):
            reason = "its readers would lose it: run this as the user whose it is, or as root"
            raise PermissionError(errno.EPERM, reason) from None


def _is_read_by_the_same(descriptor: int, owner: os.stat_result, mode: int) -> bool:
    if mode & BY_OTHERS:
        return True
    if not mode & BY_GROUP:
        return os.fstat(descriptor).st_uid == owner.st_uid
    with suppress(PermissionError):
        os.fchown(descriptor, -1, owner.st_gid)  # one of our own groups, perhaps
        return True
    return False
