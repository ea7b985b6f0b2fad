"""`ticketsync config show`."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

import click

from ticketsync.cli.flags import SettingsCommand, json_option
from ticketsync.cli.output import print_json, say, shown
from ticketsync.settings import Settings, masked
from ticketsync.settings.options import DESK_SECTIONS, OPTIONS, Option
from ticketsync.temporal import connect


@click.group()
def config() -> None:
    """The settings in force."""


@config.command(cls=SettingsCommand)
@json_option
def show(settings: Settings, as_json: bool) -> None:
    """Print every setting in force as a config file has it.

    What a file cannot hold stands in comments: secrets, masked; what is not set; where Temporal is looked for.
    """
    values, temporal = masked(settings), asyncio.run(_temporal())
    if as_json:
        print_json(values | {"temporal": temporal})
    else:
        say("\n".join(_file(values, temporal)))


async def _temporal() -> dict[str, Any]:
    """What `TEMPORAL_*` and the profile file come to; nothing is asked of the server."""
    client = await connect(lazy=True)
    config = client.service_client.config
    return {"address": config.target_host, "namespace": client.namespace, "tls": bool(config.tls)}


# --- as a config file


def _file(values: Mapping[str, Any], temporal: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a TOML file whose every key `load_settings` takes."""
    yield f"# config file: {values['config'] or 'none'}"
    yield from _lines("", values)
    yield "\n[redis]"
    yield from _lines("redis", values["redis"])
    for name, desk in values["desks"].items():
        for section in DESK_SECTIONS:
            yield f"\n[desks.{name}.{section}]"
            yield from _lines(section, desk[section])
    yield "\n# Temporal, from TEMPORAL_* and its profile file"
    yield from (f"# {key}: {shown(value)}" for key, value in temporal.items())


def _lines(section: str, values: Mapping[str, Any]) -> Iterator[str]:
    for option in OPTIONS:
        if option.section == section and option.key != "config":
            yield _line(option, values[option.field or option.key])


def _line(option: Option, value: Any) -> str:
    name = " or ".join(option.file_keys)
    if value is None or (option.secret and not value):
        return f"# {name} is not set{option.default and f': {option.default}'}"
    if option.secret:
        return f"# {name}: {shown(value)}"
    # JSON's texts, numbers, lists and booleans are TOML's too.
    return f"{name} = {json.dumps(_written(option, value), ensure_ascii=False)}"


def _written(option: Option, value: Any) -> Any:
    if option.key != "sentinel_hosts":
        return value
    return [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in value]
