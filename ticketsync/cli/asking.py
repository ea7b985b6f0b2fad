"""Answers from flags, else from the person at the terminal; each is tested at once, and asked for again if wrong."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click
from pydantic import BaseModel, ValidationError

from ticketsync.cli.output import Failed, note
from ticketsync.teamwork import TeamworkError
from ticketsync.zendesk import ZendeskError

Answer = TypeVar("Answer")
Model = TypeVar("Model", bound=BaseModel)


class Asking:
    """`given` are flags as Python names. Without a terminal nobody can be asked: then flags must say what is needed."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = dict(given)
        self.terminal = sys.stdin.isatty()

    def needed(self, name: str, question: str, *, hidden: bool = False) -> str:
        """Raises Failed when it is neither given nor can be asked for."""
        if name in self._given:
            return self._given[name]
        if not self.terminal:
            raise Failed(f"{flag(name)} is missing: give it, or run this in a terminal", exit_code=2)
        return str(click.prompt(question, hide_input=hidden, err=True)).strip()

    def wished(self, name: str, question: str, default: str = "") -> str:
        """The default without a flag and a terminal, and for an empty answer."""
        if name in self._given or not self.terminal:
            return self._given.get(name, default)
        return str(click.prompt(question, default=default, show_default=bool(default), err=True)).strip()

    def chosen(self, name: str, question: str, choices: Sequence[str], default: str) -> str:
        if name in self._given or not self.terminal:
            return self._given.get(name, default)
        return str(click.prompt(question, type=click.Choice(choices), default=default, err=True))

    def given(self, name: str) -> str | None:
        return self._given.get(name)

    def until_it_works(self, ask: Callable[[], Answer], test: Callable[[Answer], str], *names: str) -> Answer:
        """Ask and test, again and again in a terminal; `test` says what it found. `names`: flags that are wrong then.

        Raises what the test raises when nobody can be asked.
        """
        while True:
            try:
                answer = ask()
                note(f"  ok: {test(answer)}")
            except (Failed, ZendeskError, TeamworkError) as error:
                if not self.terminal:
                    raise
                note(f"  {error.message if isinstance(error, Failed) else error}")
                for name in names:
                    self._given.pop(name, None)
            else:
                return answer


def flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def checked(model: type[Model], values: Mapping[str, Any]) -> Model:
    """The values as settings. Raises Failed with the first that is wrong; no value is repeated."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        what = ".".join(str(part) for part in first["loc"])
        raise Failed(f"{what}: {first['msg'].removeprefix('Value error, ')}", exit_code=2) from None


def agreed(question: str, *, yes: bool) -> None:
    """Ask, unless `yes`. Raises Failed where nobody can be asked, Abort when the answer is no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Failed(f"{question} Nobody can be asked here: say --yes, or run this in a terminal", exit_code=2)
    click.confirm(question, abort=True, err=True)
