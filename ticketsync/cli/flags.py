"""Options that many commands have: every setting as a flag, `--desk`, `--json`."""

import re
from collections.abc import Callable, Collection
from typing import Any, TypeVar

import click

from ticketsync.settings import DEFAULT_DESK, SettingName, Settings, load_settings, setting_names

SECTION = "Settings, before or after the command (a flag wins over its variable, that over the file of --config)"
EVERY_SETTING = 'Every setting is a flag here too: see "ticketsync --help".'

Callback = TypeVar("Callback", bound=Callable[..., Any])


def setting_flags(shown: Collection[str] | None = None) -> list[click.Parameter]:
    """A flag per setting; those not in `shown` (all when None) work, but are not in the command's help."""
    flags = setting_names()
    return [_flag(setting, hidden=shown is not None and setting.env not in shown) for setting in flags]


def _flag(setting: SettingName, *, hidden: bool) -> click.Option:
    default = f"; default: {setting.default}" if setting.default else ""
    metavar = "FILE" if setting.secret or setting.env.endswith("_CONFIG") else "VALUE"
    text = f"file with the {setting.help}" if setting.secret else setting.help
    return click.Option([setting.flag], metavar=metavar, help=f"{text} [{setting.env}{default}]", hidden=hidden)


class SettingsCommand(click.Command):
    """Takes every setting as a flag and hands its callback the `settings`.

    `shown_settings` are the variables whose flags its help lists. `may_lack`: secrets that it can do without, for
    example because it gets them. With `hands_flags` its callback also gets the `flags`, as `load_settings` takes them;
    without `loads` only these.
    """

    def __init__(
        self,
        *args: Any,
        shown_settings: Collection[str] = (),
        may_lack: Collection[str] = (),
        hands_flags: bool = False,
        loads: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.epilog = EVERY_SETTING
        self._may_lack = may_lack
        self._hands_flags = hands_flags or not loads
        self._loads = loads
        flags = setting_flags(shown_settings)
        self._flags = [flag.name for flag in flags]
        self.params += flags

    def invoke(self, ctx: click.Context) -> Any:
        own = {name: ctx.params.pop(name) for name in self._flags if name}
        given = given_flags(ctx) | {name: value for name, value in own.items() if value is not None}
        if self._loads:
            ctx.params["settings"] = load_settings(given, may_lack=self._may_lack)
        if self._hands_flags:
            ctx.params["flags"] = given
        return super().invoke(ctx)


def given_flags(ctx: click.Context) -> dict[str, str]:
    """The setting flags that were given before the command, as `load_settings` takes them."""
    flags: dict[str, str] = ctx.find_root().obj or {}
    return dict(flags)


def _checked_desk(_ctx: click.Context, _param: click.Parameter, name: str) -> str:
    """Names go into visibility queries, so that one which is none ends here."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", name):
        raise click.BadParameter("a desk's name is 1 to 32 small letters, digits and hyphens")
    return name


def desk_option(command: Callback) -> Callback:
    option = click.option("--desk", default=DEFAULT_DESK, show_default=True, callback=_checked_desk, help="the desk")
    return option(command)


def desk_argument(command: Callback) -> Callback:
    """The desk by its name alone or by `--desk`: of a desk's own commands it is the object."""
    argument = click.argument("name", metavar="[DESK]", required=False, callback=_into_desk, expose_value=False)
    return desk_option(argument(command))


def _into_desk(ctx: click.Context, param: click.Parameter, name: str | None) -> None:
    if name is not None:
        ctx.params["desk"] = _checked_desk(ctx, param, name)


def json_option(command: Callback) -> Callback:
    return click.option("--json", "as_json", is_flag=True, help="print JSON")(command)


def known_desk(settings: Settings, desk: str) -> str:
    """The desk's name. Without any desk in the settings it cannot be known here: Temporal alone is asked then.

    Raises SettingsError when the settings have desks, but not this one.
    """
    return settings.desk(desk).name if settings.desks else desk


def need_desks(settings: Settings) -> None:
    """Raises SettingsError when there is no desk to work for."""
    if not settings.desks:
        settings.desk(DEFAULT_DESK)
