"""Settings from flags, environment and config file, in this order of precedence; all that is wrong is said at once."""

import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource

from ticketsync.settings.models import DEFAULT_DESK, SecretPlace, Settings, SettingsError
from ticketsync.settings.options import DESK_SECTIONS, OPTIONS, Option
from ticketsync.settings.sources import ConfigFile, Given, environment_values, flag_values

Location = tuple[str, ...]

WEBHOOK_SECRETS = "webhook_secrets"

# What makes the environment name a desk. Tokens alone do not: the config file may refer to them by these very names.
_DESK_MARKS = frozenset(
    {"ZENDESK_SUBDOMAIN", "ZENDESK_BASE_URL"}
    | {option.env for option in OPTIONS if option.env.startswith("TEAMWORK_") and not option.secret}
)


def load_settings(
    flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None, *, may_lack: Collection[str] = ()
) -> Settings:
    """The settings of this process. `environ` is `os.environ` unless given; keys of `flags` are flags as Python names.

    Raises SettingsError with every problem at once, a line each. No desk at all is no problem here: `Settings.desk`.
    Neither is a secret of a field in `may_lack` that cannot be read: it counts as not given.
    """
    return _Loading(flags or {}, os.environ if environ is None else environ, may_lack).settings()


def webhook_secret_place(
    desk: str, flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> SecretPlace:
    """Where the webhook secrets of a desk are kept, or will be. Raises SettingsError as loading does."""
    loading = _Loading(flags or {}, os.environ if environ is None else environ, (WEBHOOK_SECRETS,))
    loading.settings()
    return loading.secret_place(("desks", desk, "zendesk", WEBHOOK_SECRETS))


def settings_files(flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None) -> frozenset[Path]:
    """The files that the settings are read from, the config file and those of secrets, also those that are missing."""
    return _Loading(flags or {}, os.environ if environ is None else environ, ()).files()


class _Loading:
    """One load: the values that were given, layer by layer, and the problems found on the way."""

    def __init__(self, flags: Mapping[str, Any], environ: Mapping[str, str], may_lack: Collection[str]) -> None:
        self._may_lack = may_lack
        self._problems: list[str] = []
        self._unread: set[Location] = set()
        by_flag = list(flag_values(flags))
        by_variable = list(environment_values(environ, self._problems))
        self._file = self._config_file([*by_variable, *by_flag], environ)
        by_file = list(self._file.values()) if self._file else []
        self._desks = self._desk_names([*by_flag, *by_variable])
        self._layers = [self._of_known_desks(layer) for layer in (by_flag, by_variable, by_file)]
        self._origins = {given.path: given.origin for layer in reversed(self._layers) for given in layer}

    def settings(self) -> Settings:
        trees = [self._desk_frames(), *(self._tree(layer) for layer in self._layers)]
        try:
            settings = _validated(trees)
        except ValidationError as error:
            details = error.errors(include_input=False, include_url=False)
            self._problems += [self._worded(detail) for detail in details if detail["loc"] not in self._unread]
        if self._problems:
            raise SettingsError(*dict.fromkeys(self._problems))
        return settings

    def files(self) -> frozenset[Path]:
        config = {self._file.path} if self._file else set()
        return frozenset(config | {given.file for layer in self._layers for given in layer if given.file is not None})

    def secret_place(self, path: Location) -> SecretPlace:
        """By the layer that counts; without any, the desk's table of the config file could name a file."""
        option = _option_at(path)
        table = self._file.path if self._file and path[1] in self._file.desks else None
        for layer in self._layers:
            for given in layer:
                if given.path == path:
                    return SecretPlace(given.origin, file=given.file, variable=given.variable)
        return SecretPlace(option.env, variable=None if table else option.env, table=table)

    def _config_file(self, given: Iterable[Given], environ: Mapping[str, str]) -> ConfigFile | None:
        paths = [value.read() for value in given if value.option.key == "config"]
        return ConfigFile(Path(paths[-1]), environ, self._problems) if paths else None

    def _desk_names(self, given: Iterable[Given]) -> set[str]:
        marked = {DEFAULT_DESK} if any(value.option.env in _DESK_MARKS for value in given) else set()
        return marked | set(self._file.desks if self._file else ())

    def _of_known_desks(self, layer: list[Given]) -> list[Given]:
        """A layer without the values of the environment's desk when nothing names that desk."""
        if self._desks:
            self._problems += [
                f"{given.origin}: is a rule of the environment's desk, and there is none: put it into the config file"
                for given in layer
                if not self._is_known(given)
                and given.option.section in ("policy", "alerts")
                and not given.option.secret
            ]
        return [given for given in layer if self._is_known(given)]

    def _is_known(self, given: Given) -> bool:
        return given.path[0] != "desks" or given.path[1] in self._desks

    def _desk_frames(self) -> dict[str, Any]:
        """Every desk with its sections still empty, so that each part that a desk lacks is named on its own."""
        return {"desks": {name: {"name": name} | {part: {} for part in DESK_SECTIONS} for name in self._desks}}

    def _tree(self, layer: Iterable[Given]) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        for given in layer:
            *parents, key = given.path
            node = tree
            for parent in parents:
                node = node.setdefault(parent, {})
            node[key] = self._read(given)
        return tree

    def _read(self, given: Given) -> Any:
        try:
            return given.option.read(given.read())
        except ValueError as error:
            if given.path[-1] in self._may_lack:
                return ()
            self._problems.append(f"{given.origin}: {error}")
            self._unread.add(given.path)
            return None

    def _worded(self, detail: ErrorDetails) -> str:
        """One problem that pydantic found, under the name that its user knows."""
        path = tuple(str(part) for part in detail["loc"])
        if detail["type"] == "missing_setting":
            path = (*path[:-1], detail["ctx"]["field"])
        if detail["type"] in ("missing", "missing_setting"):
            return self._missing(path)
        item = f"item {int(path[-1]) + 1}: " if path[-1].isdigit() else ""
        return f"{self._name(path)}: {item}{_first_small(detail['msg'].removeprefix('Value error, '))}"

    def _missing(self, path: Location) -> str:
        option, name = _option_at(path), self._name(path)
        by_file = f"{option.key}_file" if name.endswith("_env") else f"{option.env}_FILE"
        return f"{name}{f' (or {by_file})' if option.secret else ''} is not set: {option.help}"

    def _name(self, path: Location) -> str:
        for end in range(len(path), 0, -1):
            if path[:end] in self._origins:
                return self._origins[path[:end]]
        in_file = path[0] == "desks" and self._file and path[1] in self._file.desks
        if self._file and in_file:
            keys = _option_at(path).file_keys if path[-1] != "name" else ()
            return self._file.name(path[:-1], keys[0]) if keys else self._file.name(path[:-2], path[1])
        return _option_at(path).env


def _option_at(path: Location) -> Option:
    section = next((part for part in path if part in (*DESK_SECTIONS, "redis")), "")
    return next(option for option in OPTIONS if option.section == section and (option.field or option.key) == path[-1])


def _first_small(text: str) -> str:
    return text[:1].lower() + text[1:]


def _validated(trees: list[dict[str, Any]]) -> Settings:
    class Layered(Settings):
        """The same settings, merged by pydantic-settings: of two sources that give a value, the first one wins."""

        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_sources: Any, **_more: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return tuple(InitSettingsSource(settings_cls, init_kwargs=tree) for tree in trees)

    return Layered()
