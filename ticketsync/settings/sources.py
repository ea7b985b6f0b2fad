"""Where settings are given: flags, environment, config file. Each value remembers the name it was given under."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ticketsync.settings.options import DESK_SECTIONS, OPTIONS, Option
from ticketsync.settings.secret_file import read_secret

# A variable's name may be repeated in an error; what looks otherwise may be a token in the wrong place.
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")


@dataclass(frozen=True)
class Given:
    """One value as it was given: for which option, its place in `Settings`, under which name, and how to read it.

    `file` and `variable` say where a secret itself is kept, when that is known.
    """

    option: Option
    path: tuple[str, ...]
    origin: str
    read: Callable[[], Any]
    file: Path | None = None
    variable: str | None = None


def flag_values(flags: Mapping[str, Any]) -> Iterator[Given]:
    """What flags say. Keys are the flags as Python names (`metrics_address`); None means that it was not given.

    A name that is no flag is a KeyError.
    """
    options = {option.parameter: option for option in OPTIONS}
    for name, value in flags.items():
        option = options[name]
        if value is not None:
            file = Path(value) if option.secret else None
            yield Given(option, option.path, option.flag, _file_reader(file) if file else _constant(value), file)


def environment_values(environ: Mapping[str, str], problems: list[str]) -> Iterator[Given]:
    """What variables say. An empty variable counts as not set."""
    for option in OPTIONS:
        text, by_file = _variable(environ, option.env), f"{option.env}_FILE"
        path = _variable(environ, by_file) if option.secret else ""
        if text and path:
            problems.append(f"{option.env}: {by_file} is set too: keep one of them")
        if text:
            yield Given(option, option.path, option.env, _constant(text), variable=option.env)
        elif path:
            yield Given(option, option.path, by_file, _file_reader(Path(path)), Path(path))


def _variable(environ: Mapping[str, str], name: str) -> str:
    """Kubernetes sets `REDIS_PORT=tcp://…` beside a service named redis, and likewise for ours: that is no setting."""
    text = environ.get(name, "").strip()
    return "" if text.startswith("tcp://") else text


def read_config(path: Path, problems: list[str]) -> dict[str, Any]:
    """The tables of a config file; empty when it cannot be read, which is a problem then."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(f"{path}: the config file cannot be read: {error.strerror}")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{path}: the config file is not TOML: {error}")
    return {}


class ConfigFile:
    """The values of a config file's tables; keys that nobody knows become problems."""

    def __init__(self, path: Path, environ: Mapping[str, str], problems: list[str]) -> None:
        self.path = path
        self._environ = environ
        self._problems = problems
        self._tables = read_config(path, problems)
        self.desks = self._table(self._tables, "desks", ())

    def values(self) -> Iterator[Given]:
        root = {key: value for key, value in self._tables.items() if key not in ("redis", "desks")}
        yield from self._section("", root, (), more_keys=("redis", "desks"))
        yield from self._section("redis", self._table(self._tables, "redis", ()), ("redis",))
        for name in self.desks:
            yield from self._desk(name)

    def _desk(self, name: str) -> Iterator[Given]:
        where = ("desks", name)
        desk = self._table(self.desks, name, ("desks",))
        for key in desk.keys() - set(DESK_SECTIONS):
            self._refuse((*where, key), DESK_SECTIONS)
        for section in DESK_SECTIONS:
            yield from self._section(section, self._table(desk, section, where), (*where, section))

    def _section(
        self, section: str, table: dict[str, Any], where: tuple[str, ...], more_keys: tuple[str, ...] = ()
    ) -> Iterator[Given]:
        options = {key: o for o in OPTIONS if o.section == section and o.key != "config" for key in o.file_keys}
        self._refuse_twice(table, where, options)
        for key, value in table.items():
            if key in options:
                yield self._given(options[key], where, key, value)
            else:
                self._refuse((*where, key), (*options, *more_keys))

    def _given(self, option: Option, where: tuple[str, ...], key: str, value: Any) -> Given:
        path, name = (*where, option.field or option.key), self.name(where, key)
        if not option.secret:
            return Given(option, path, name, _constant(value))
        if not isinstance(value, str):
            return Given(option, path, name, _failing("give a name in quotes"))
        if key.endswith("_env"):
            return Given(option, path, name, lambda: self._secret_variable(value), variable=value)
        file = self.path.parent / value
        return Given(option, path, name, _file_reader(file), file)

    def _refuse_twice(self, table: dict[str, Any], where: tuple[str, ...], options: dict[str, Option]) -> None:
        given = [options[key] for key in table if key in options]
        for option in dict.fromkeys(option for option in given if given.count(option) > 1):
            self._problems.append(f"{self.name(where, option.key)}: is given twice: keep the variable or the file")

    def _secret_variable(self, name: str) -> str:
        text = self._environ.get(name, "").strip()
        if not text:
            shown = name if _VARIABLE.fullmatch(name) else "that it names"
            raise ValueError(f"the variable {shown} is not set")
        return text

    def _table(self, parent: dict[str, Any], key: str, where: tuple[str, ...]) -> dict[str, Any]:
        table = parent.get(key, {})
        if isinstance(table, dict):
            return table
        self._problems.append(f"{self.name(where, key)}: must be a table")
        return {}

    def _refuse(self, path: tuple[str, ...], known: tuple[str, ...]) -> None:
        *where, key = path
        secret = [name for name in known if name in (f"{key}_env", f"{key}_file")]
        if secret:
            advice = f"a secret does not belong in the file: use {' or '.join(secret)}"
        else:
            advice = f"unknown key; known are {', '.join(sorted(known))}"
        self._problems.append(f"{self.name(tuple(where), key)}: {advice}")

    def name(self, where: tuple[str, ...], key: str) -> str:
        """How errors call a key: `ticketsync.toml:desks.acme.zendesk.subdomain`."""
        return f"{self.path}:{'.'.join((*where, key))}"


def _constant(value: Any) -> Callable[[], Any]:
    return lambda: value


def _failing(reason: str) -> Callable[[], Any]:
    def fail() -> Any:
        raise ValueError(reason)

    return fail


def _file_reader(path: Path) -> Callable[[], str]:
    """The path is not repeated in errors: it may be a secret in the wrong place."""

    def read() -> str:
        try:
            return read_secret(path)
        except ValueError as error:
            raise ValueError(f"the file that it names {error}") from None

    return read
