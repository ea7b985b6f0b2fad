"""`ticketsync users export` and `import`: mappings as CSV."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from ticketsync.cli.flags import SettingsCommand, desk_option, json_option
from ticketsync.cli.mapping_changes import (
    Change,
    Wanted,
    changes_for,
    make,
    print_changes,
    reassigned,
    summary,
    who_is_who,
)
from ticketsync.cli.output import Failed, note, print_json, say
from ticketsync.cli.people import UserRow, read_people
from ticketsync.cli.people_csv import BadCsv, Line, lines_in, written
from ticketsync.cli.reach import log_quietly
from ticketsync.cli.roster import Found, Roster, read_roster
from ticketsync.cli.sides import reach_desk
from ticketsync.settings import Settings
from ticketsync.tickets import READ_SECONDS

PATIENCE = 60.0  # seconds for the lists of a large account

# --- export


@click.command("export", cls=SettingsCommand)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--all", "everybody", is_flag=True, help="also agents matched by e-mail, and those without a person")
@desk_option
@json_option
def export_users(settings: Settings, file: Path | None, everybody: bool, desk: str, as_json: bool) -> None:
    """Write the explicit mappings as CSV, to FILE or to standard output.

    With --all it is a list to fill in: name the missing people, then import it.
    """
    log_quietly(settings)
    rows = asyncio.run(_rows(settings, settings.desk(desk).name, everybody=everybody))
    if file is not None:
        _write(file, written(rows))
        note(f"{len(rows)} {'line' if len(rows) == 1 else 'lines'} written to {file}")
    if as_json:
        print_json({"desk": desk, "users": rows})
    elif file is None:
        click.echo(written(rows), nl=False)


async def _rows(settings: Settings, desk: str, *, everybody: bool) -> list[UserRow]:
    """Half of them would be worse than none: it would be taken for the whole."""
    people = await read_people(settings, desk, seconds=PATIENCE if everybody else READ_SECONDS)
    if not people.mappings_known or (everybody and not people.everybody_known):
        raise Failed("; ".join(people.notes))
    for line in people.notes:
        note(line)
    return [row for row in people.users if everybody or row.how == "explicit"]


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise Failed(f"{file} cannot be written: {error.strerror}") from None


# --- import


@click.command("import", cls=SettingsCommand)
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="only show what would change")
@desk_option
@json_option
def import_users(settings: Settings, file: str, dry_run: bool, desk: str, as_json: bool) -> None:
    """Add the mappings of a CSV file; "-" is standard input.

    Its first line names the columns agent and person (each an id or an e-mail), and maybe others. Lines without a
    person are passed over; a mapping that no line names stays. All lines are checked before any is taken.
    """
    log_quietly(settings)
    changes = asyncio.run(_import(settings, settings.desk(desk).name, file, dry_run=dry_run))
    if as_json:
        rows = [one.model_dump() for one in changes]
        print_json({"desk": desk, "dry_run": dry_run, "changes": rows, "reassigned": reassigned(changes)})
        return
    print_changes([one for one in changes if one.change != "same"])
    say(summary(desk, changes, done=not dry_run))


async def _import(settings: Settings, name: str, file: str, *, dry_run: bool) -> list[Change]:
    lines, problems = _read(file)
    async with reach_desk(settings, name) as desk:
        roster = await read_roster(desk)
    wanted = _wanted(lines, roster, problems)
    if problems:
        lines_of = "1 line" if len(problems) == 1 else f"{len(problems)} lines"
        raise Failed("\n".join([f"nothing was changed: {lines_of} of {file} cannot be taken", *problems]))
    changes = await changes_for(name, wanted, await who_is_who(name, roster))
    if not dry_run:
        await make(name, changes)
    return changes


def _read(file: str) -> tuple[list[Line], list[str]]:
    problems: list[str] = []
    try:
        with click.open_file(file, "rb") as content:
            return lines_in(content.read(), problems), problems
    except OSError as error:
        raise Failed(f"{file} cannot be read: {error.strerror}", exit_code=2) from None
    except BadCsv as error:
        raise Failed(f"{file}, {error}") from None


def _wanted(lines: Sequence[Line], roster: Roster, problems: list[str]) -> list[Wanted]:
    """What the lines ask for; what is wrong with them goes to `problems`, in the order of the lines."""
    wanted: list[Wanted] = []
    first: dict[int, int] = {}
    for line in lines:
        agent = _looked_up(roster.agent, line.agent, line, problems)
        person = _looked_up(roster.person, line.person, line, problems) if line.person else None
        if agent is not None and first.setdefault(agent.id, line.number) != line.number:
            problems.append(f"line {line.number}: agent {line.agent} is on line {first[agent.id]} too: keep one")
        elif agent is not None and person is not None:
            wanted.append(Wanted(agent, person, unless_by_email=line.how.casefold() == "e-mail"))
    problems.sort(key=_line_number)
    return wanted


def _looked_up(look_up: Callable[[str], Found], name: str, line: Line, problems: list[str]) -> Found | None:
    try:
        return look_up(name)
    except Failed as error:
        problems.append(f"line {line.number}: {error.message}")
        return None


def _line_number(problem: str) -> int:
    return int(problem.removeprefix("line ").partition(":")[0])
