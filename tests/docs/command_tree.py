"""The commands as click knows them, and whether words on a command line mean one of them."""

from collections.abc import Iterator, Sequence

import click

from ticketsync.cli import main
from ticketsync.cli.flags import SettingsCommand, setting_flags

MAIN: click.Group = main


def leaves() -> dict[str, click.Command]:
    """Every command that does something, by the words that call it."""
    return {" ".join(words): command for words, command in _walk(MAIN, ()) if not isinstance(command, click.Group)}


def groups() -> set[str]:
    """The nouns."""
    return {" ".join(words) for words, command in _walk(MAIN, ()) if isinstance(command, click.Group)}


def _walk(group: click.Group, before: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*before, name), command
        if isinstance(command, click.Group):
            yield from _walk(command, (*before, name))


def own_options(command: click.Command) -> dict[str, click.Option]:
    """Its options but for the flags of settings, which all such commands share."""
    shared = {flag.name for flag in setting_flags()} if isinstance(command, SettingsCommand) else set()
    options = [param for param in command.params if isinstance(param, click.Option) and param.name not in shared]
    return {option.opts[0]: option for option in options if not option.hidden}


def mistake(words: Sequence[str], *, whole: bool) -> str | None:
    """What click would say to `ticketsync …`; None when it would run it.

    Unless `whole` it is a mere mention: arguments may be missing, and a noun may stand alone.
    """
    command: click.Command = MAIN
    context, rest = click.Context(MAIN, info_name="ticketsync"), list(words[1:])
    try:
        while isinstance(command, click.Group):
            _, rest, _ = command.make_parser(context).parse_args(rest)
            if not rest:
                return None
            name, *rest = rest
            found = command.get_command(context, name)
            if found is None:
                return f"no such command: {name}"
            command, context = found, click.Context(found, info_name=name, parent=context)
        _parse(command, context, rest, whole=whole)
    except click.UsageError as error:
        return error.format_message()
    return None


def _parse(command: click.Command, context: click.Context, rest: list[str], *, whole: bool) -> None:
    if not whole:
        command.make_parser(context).parse_args(rest)
    elif "--help" not in rest:
        command.make_context(context.info_name, rest, parent=context.parent)
