"""Desks are added, changed and taken away while server and worker run: both look whether their settings have changed.

What is looked at are the config file and the files of secrets. They are read only when they have stayed the same from
one look to the next: an editor may be writing. Settings that cannot be used are refused as a whole, with one line in
the log, and those before stay in force. What is not of a desk counts from the next start on, and the log says so.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import structlog

from ticketsync.logs import hide_secrets_of
from ticketsync.settings import DeskSettings, Settings, SettingsError, load_settings, settings_files

LOOK_EVERY = 1.0
NOT_WATCHED = frozenset({"desks", "config"})

log = structlog.get_logger("ticketsync.settings")

Stand = frozenset[tuple[Path, int, int, int, int]]


class SettingsWatch:
    """Watches the files of these settings; `flags` and `environ` are those with which they were loaded."""

    def __init__(
        self, settings: Settings, flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
    ) -> None:
        self._settings = settings
        self._flags = flags
        self._environ = environ
        self._files: frozenset[Path] = frozenset()
        self._read: Stand | None = None  # nothing yet: what changed since the start is noticed too
        self._seen: Stand | None = None

    async def changes(self) -> AsyncIterator[Settings]:
        """The settings with other desks each time that these have changed; all else in them stays as it was."""
        while True:
            changed = await asyncio.to_thread(self._look)  # hundreds of desks take a while
            if changed is not None:
                yield changed
            await asyncio.sleep(LOOK_EVERY)

    def _look(self) -> Settings | None:
        stand = _stand(self._files)
        if stand == self._read:
            return None
        if stand != self._seen:
            self._seen = stand
            return None
        self._read = stand
        try:
            return self._load()
        except SettingsError as error:
            _refused(*error.problems)
        except Exception as error:  # noqa: BLE001, a file that nobody thought of must not end who watches it
            _refused(f"they cannot be read: {type(error).__name__}")
        return None

    def _load(self) -> Settings | None:
        # Before they are read, so that what changes meanwhile is noticed at the next look.
        self._files = settings_files(self._flags, self._environ)
        self._read = _stand(self._files)
        new = load_settings(self._flags, self._environ)
        hide_secrets_of(new)
        return self._taken(new)

    def _taken(self, new: Settings) -> Settings | None:
        if self._settings.desks and not new.desks:  # nobody wants that: what should have written the file emptied it
            raise SettingsError("no desk is left: to have none, stop the processes")
        later = [name for name in Settings.model_fields if getattr(new, name) != getattr(self._settings, name)]
        later = [name for name in later if name not in NOT_WATCHED]
        if later:
            log.warning("changed settings count from the next start on", settings=later)
        before, desks = self._settings.desks, new.desks
        if desks == before:
            return None
        log.info("the desks of the settings have changed", **_difference(before, desks))
        self._settings = self._settings.model_copy(update={"desks": desks})
        return self._settings


def _refused(*problems: str) -> None:
    log.warning("the changed settings are refused and those before stay", problems=list(problems))


def _difference(before: Mapping[str, DeskSettings], after: Mapping[str, DeskSettings]) -> dict[str, list[str]]:
    return {
        "added": sorted(after.keys() - before.keys()),
        "changed": sorted(name for name in after.keys() & before.keys() if after[name] != before[name]),
        "removed": sorted(before.keys() - after.keys()),
    }


def _stand(files: frozenset[Path]) -> Stand:
    return frozenset((path, *_identity(path)) for path in files)


def _identity(path: Path) -> tuple[int, int, int, int]:
    """What differs when the file was written or replaced, also behind a link, or got other readers."""
    try:
        found = path.stat()
    except (OSError, ValueError):  # not there, or nothing that could be a file's name
        return (0, 0, 0, 0)
    return (found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode)
