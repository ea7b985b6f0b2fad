"""The command line: one noun per group, one file per noun.

A command's module is imported when the command is used: all of them together would take seconds to load.
"""

import os
import sys
from importlib import import_module
from typing import Any, NoReturn

import click

from ticketsync import __version__
from ticketsync.cli.flags import SECTION, setting_flags

COMMANDS = {
    "dev": "the whole service on this machine; --demo plays a support day",
    "server": "take webhooks in",
    "worker": "bring Teamwork in step with them",
    "sandbox": "a local Zendesk and a local Teamwork",
    "check": "is everything there that the service needs?",
    "config": "the settings in force",
    "desks": "Zendesk accounts and their Teamwork projects",
    "tickets": "how tickets stand, and why",
    "preview": "what a configuration would change, written nowhere",
    "backfill": "bring in the tickets that were there before",
    "users": "who is who in Zendesk and Teamwork",
    "webhook": "the Zendesk webhook of a desk",
    "alerts": "what people are told by themselves",
    "codec": "keys that encrypt what Temporal stores",
    "import-redis": "take over tasks and people from an older service",
}


class Cli(click.Group):
    """Loads commands late, and turns errors that a person can do something about into one message."""

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run as the whole of this process and end it, without the interpreter's own ending.

        During that one, threads of Temporal's client may still give back what they hold, and the process would abort
        (`PyGILState_Release`, SIGABRT): two of twenty short commands did [tried].
        """
        code: str | int = 0
        try:
            self.main(*args, **kwargs)
        except SystemExit as end:
            code = end.code or 0
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(import_module(f"ticketsync.cli.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        settings = {param.name for param in setting_flags()}
        records = [(param, param.get_help_record(ctx)) for param in self.get_params(ctx)]
        with formatter.section("Options"):
            formatter.write_dl([row for param, row in records if row and param.name not in settings])
        self.format_commands(ctx, formatter)
        with formatter.section(SECTION):
            formatter.write_dl([row for param, row in records if row and param.name in settings])

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            # Late as well: to tell the errors of all parts apart it must import them.
            failure: click.ClickException | None = import_module("ticketsync.cli.failures").failure_of(error)
            if failure is None:
                raise
            raise failure from None


@click.group(cls=Cli, params=setting_flags(), context_settings={"max_content_width": 120})
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context, /, **flags: str | None) -> None:
    """Keep one Teamwork task in step with each Zendesk ticket.

    Exit codes: 0 done, 1 failed, 2 wrong use or wrong settings.
    """
    ctx.obj = {name: value for name, value in flags.items() if value is not None}
