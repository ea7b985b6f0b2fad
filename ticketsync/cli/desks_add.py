"""`ticketsync desks add`."""

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from ticketsync.cli.asking import Asking
from ticketsync.cli.first_calls import FirstCalls
from ticketsync.cli.flags import SettingsCommand, desk_argument, json_option
from ticketsync.cli.new_desk import NewDesk, must_be_free
from ticketsync.cli.output import Failed, note, print_json, say
from ticketsync.cli.reach import log_quietly
from ticketsync.settings import DEFAULT_DESK, Settings, SettingsError, load_settings
from ticketsync.settings.edit import changing, write_secret, write_whole
from ticketsync.settings.options import DESK_SECTIONS, OPTIONS

CONFIG = "ticketsync.toml"
NEXT = ("worker", "server", "webhook install --desk {desk} --url https://YOUR-ADDRESS", "check --desk {desk}")
OF_DESKS = frozenset(option.parameter for option in OPTIONS if option.section in DESK_SECTIONS)
SHOWN = tuple(option.env for option in OPTIONS if option.env == "TICKETSYNC_CONFIG" or option.parameter in OF_DESKS)


@click.command("add", cls=SettingsCommand, shown_settings=SHOWN, loads=False)
@desk_argument
@click.option("--zendesk-api-token-env", metavar="NAME", help="variable with the Zendesk API token, instead of a file")
@click.option("--teamwork-api-token-env", metavar="NAME", help="variable with the Teamwork API key, instead of a file")
@click.option("--dry-run", is_flag=True, help="only show what would be written")
@json_option
def add_desk(flags: dict[str, str], desk: str, dry_run: bool, as_json: bool, **variables: str | None) -> None:
    """Set up a desk, each part tried as it is given.

    In a terminal it asks for what no flag says; then it writes the desk into the config file, that of --config or else
    ticketsync.toml here. Tokens that are typed go into files of their own, which only their owner may read.
    """
    config = Path(flags.get("config") or os.environ.get("TICKETSYNC_CONFIG") or CONFIG)
    _with_room_for(desk, config)
    settings = _settings(flags, config)
    log_quietly(settings)
    given = {name: value for name, value in flags.items() if name in OF_DESKS}
    given |= {name: value for name, value in variables.items() if value is not None}
    new = NewDesk(desk, config, Asking(given), FirstCalls(settings.redis))
    new.ask_all()
    text = "\n".join(_tables(new))
    if not dry_run:
        _write(new, config, text)
    _tell(new, config, text, dry_run=dry_run, as_json=as_json)


def _settings(flags: Mapping[str, str], config: Path) -> Settings:
    """The settings without the desk of flags and environment; what is wrong with other desks is only told.

    Tokens stay in the environment: the file may refer to their variables.
    """
    of_desk = {option.env for option in OPTIONS if option.section in DESK_SECTIONS and not option.secret}
    environ = {name: value for name, value in os.environ.items() if name not in of_desk | {"TICKETSYNC_CONFIG"}}
    others = {name: value for name, value in flags.items() if name not in OF_DESKS | {"config"}}
    try:
        return load_settings(others | ({"config": str(config)} if config.exists() else {}), environ)
    except SettingsError as error:
        for problem in error.problems:
            note(f"Warning: {problem}")
        return load_settings(others, environ)


# --- the config file


def _tables(new: NewDesk) -> Iterator[str]:
    for section, table in new.tables.items():
        if not table:
            continue
        yield f"[desks.{new.name}.{section}]"
        for key in (key for option in OPTIONS if option.section == section for key in option.file_keys):
            if key in table:  # JSON's texts, numbers, lists and booleans are TOML's too
                yield f"{key} = {json.dumps(table[key], ensure_ascii=False)}"
        yield ""


def _write(new: NewDesk, config: Path, text: str) -> None:
    """The secrets first: whoever watches the file reads them as soon as it names them."""
    made: list[Path] = []
    try:
        with changing(config):
            after = _with_table(new.name, config, text)
            for file, value in _new_files(new):
                made.append(file)
                write_secret(file, f"{value}\n", config=config)
            write_whole(config, after)
    except OSError as error:
        for file in made:
            file.unlink(missing_ok=True)
        raise Failed(f"{error.filename or config} cannot be written: {error.strerror}") from None


def _new_files(new: NewDesk) -> list[tuple[Path, str]]:
    """Where the secrets that were typed go. Raises Failed, before any is written, when one of them is there by now."""
    files = [(secret.file, secret.value) for secret in new.secrets if secret.file is not None]
    for file, _ in files:
        must_be_free(file)
    return files


def _with_table(desk: str, config: Path, text: str) -> str:
    """What the file has now, which may be more than before the questions, with the desk's tables at its end."""
    before = _with_room_for(desk, config)
    after = f"{before.rstrip()}\n\n{text}" if before.strip() else text
    if desk not in _desks_in(after, config):
        raise Failed(f"{config} takes no further table of desks: see with --dry-run what to write into it by hand")
    return after


def _with_room_for(desk: str, config: Path) -> str:
    """The text of the config file; empty without one. Raises Failed when the desk is in it."""
    text = _content(config)
    if desk in _desks_in(text, config):
        raise Failed(f"desk {desk} is in {config} already: change it there, or choose another name", exit_code=2)
    return text


def _content(config: Path) -> str:
    try:
        return config.read_text(encoding="utf-8") if config.exists() else ""
    except OSError as error:
        raise Failed(f"{config} cannot be read: {error.strerror}") from None
    except ValueError:
        raise Failed(f"{config} cannot be read: it is not UTF-8, as TOML is", exit_code=2) from None


def _desks_in(text: str, config: Path) -> Mapping[str, Any]:
    try:
        desks = tomllib.loads(text).get("desks", {})
    except tomllib.TOMLDecodeError as error:
        raise Failed(f"{config}: cannot be read, or takes no further table of desks: {error}", exit_code=2) from None
    return desks if isinstance(desks, dict) else {}


# --- telling


def _tell(new: NewDesk, config: Path, text: str, *, dry_run: bool, as_json: bool) -> None:
    files = [str(secret.file) for secret in new.secrets if secret.file is not None]
    if as_json:
        print_json({"desk": new.name, "config": str(config), "dry_run": dry_run, "files": files, "toml": text})
        return
    if dry_run:
        say(text.rstrip())
        note(f"Nothing was written. {config} would get these lines{_beside(files)}")
        return
    say(f"desk {new.name} is in {config}{_beside(files)}")
    if new.name == DEFAULT_DESK and _in_the_way():
        note(f"Warning: these variables go before its keys: {', '.join(_in_the_way())}")
    say("A worker and a server that run with this file take it over by themselves; else start them. Next:")
    for command in NEXT:
        say(f"  ticketsync --config {config} {command.format(desk=new.name)}")


def _beside(files: list[str]) -> str:
    return f", and its secrets in {' and '.join(files)}" if files else ""


def _in_the_way() -> list[str]:
    of_desk = (option.env for option in OPTIONS if option.section in DESK_SECTIONS)
    return [name for name in of_desk if os.environ.get(name, "").strip()]
