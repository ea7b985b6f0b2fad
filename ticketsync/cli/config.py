"""`ticketsync config show`."""

import asyncio
from collections.abc import Mapping
from typing import Any

import click

from ticketsync.cli.flags import SettingsCommand, json_option
from ticketsync.cli.output import print_json, say, shown
from ticketsync.settings import Settings, masked
from ticketsync.temporal import connect


@click.group()
def config() -> None:
    """The settings in force."""


@config.command(cls=SettingsCommand)
@json_option
def show(settings: Settings, as_json: bool) -> None:
    """Print every setting as the config file would have it, secrets masked; and where Temporal is looked for."""
    sections = masked(settings) | {"temporal": asyncio.run(_temporal())}
    if as_json:
        print_json(sections)
    else:
        _print_section("", sections)


async def _temporal() -> dict[str, Any]:
    """What `TEMPORAL_*` and the profile file come to; nothing is asked of the server."""
    client = await connect(lazy=True)
    config = client.service_client.config
    return {"address": config.target_host, "namespace": client.namespace, "tls": bool(config.tls)}


def _print_section(name: str, section: Mapping[str, Any]) -> None:
    if name and not all(isinstance(value, Mapping) for value in section.values()):
        say(f"\n[{name}]")
    for key, value in section.items():
        if not isinstance(value, Mapping):
            say(f"{key} = {shown(value)}")
    for key, value in section.items():
        if isinstance(value, Mapping):
            _print_section(f"{name}.{key}" if name else key, value)
