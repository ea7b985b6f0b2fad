"""The command pages have every command with its options and an example; what pages tell people to type can be typed."""

import importlib.util
import re
from collections.abc import Iterator
from typing import get_args

import click
import pytest

from tests.docs.command_tree import groups, leaves, mistake, own_options
from tests.docs.pages import PAGES, ROOT, Page, codes_in, page_of
from tests.docs.shell import commands
from ticketsync.reasons import REASONS
from ticketsync.zendesk.webhook_drift import DriftCode

PAGE = Page(PAGES["docs/cli.md"].path, [*PAGES["docs/cli.md"].tokens, *PAGES["docs/cli-desks.md"].tokens])
LEAVES = leaves()


def test_every_command_has_its_section_and_no_other_is_there() -> None:
    titles = {title.removeprefix("ticketsync ") for _, title in PAGE.headings if title.startswith("ticketsync ")}
    assert titles == LEAVES.keys() | groups()


def _told_options(command: str) -> dict[str, str]:
    """The option's name → its row."""
    rows = [row for table in PAGE.section(f"ticketsync {command}").tables for row in table[1:]]
    return {codes_in(row[0])[0].split()[0]: " ".join(row) for row in rows}


@pytest.mark.parametrize("name", LEAVES)
def test_the_section_has_exactly_the_commands_options(name: str) -> None:
    assert _told_options(name).keys() == own_options(LEAVES[name]).keys()


OPTIONS = [(name, flag, option) for name, command in LEAVES.items() for flag, option in own_options(command).items()]


@pytest.mark.parametrize(("name", "flag", "option"), OPTIONS, ids=[f"{name} {flag}" for name, flag, _ in OPTIONS])
def test_an_options_choices_and_default_are_told(name: str, flag: str, option: click.Option) -> None:
    told = set(codes_in(_told_options(name)[flag]))
    choices = set(option.type.choices) if isinstance(option.type, click.Choice) else set()
    default = {str(option.default)} if isinstance(option.default, str | int) and not option.is_flag else set()
    assert told >= choices | default


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_has_an_example(name: str) -> None:
    examples = [words for words in commands(PAGE.section(f"ticketsync {name}")) if words[0] == "ticketsync"]
    assert examples
    assert all(_calls(words) == name for words in examples)


def _calls(words: list[str]) -> str:
    """The command that is called, whatever flags stand before it."""
    return next((name for name in LEAVES if set(name.split()) <= set(words)), "")


def test_every_drift_of_a_webhook_is_told() -> None:
    assert set(get_args(DriftCode)) <= set(PAGE.section("ticketsync webhook show").codes)


def test_exit_codes_are_told() -> None:
    assert "0 done, 1 failed, 2 wrong use or wrong settings" in PAGE.text


# --- what people are told to type


def _mistakes(page: Page) -> Iterator[str]:
    for words in commands(page):
        found = _mistake(words)
        if found is not None:
            yield f"{' '.join(words)}: {found}"
    for code in page.codes:
        if code.startswith("ticketsync "):
            found = mistake(code.split(), whole=False)
            if found is not None:
                yield f"{code}: {found}"


def _mistake(words: list[str]) -> str | None:
    match words:
        case ["ticketsync", *_]:
            return mistake(words, whole=True)
        case ["make", *targets]:
            unknown = {target for target in targets if "=" not in target} - _make_targets()
            return f"no such target: {unknown}" if unknown else None
        case ["python", "-m", module, *_]:
            return None if importlib.util.find_spec(module) else "no such module"
        case [program, *_] if program.startswith("."):
            return None if program == "." or (ROOT / program).exists() else "no such program"
        case _:
            return None


def _make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", PAGES)
def test_every_example_can_be_typed(name: str) -> None:
    assert list(_mistakes(PAGES[name])) == []


@pytest.mark.parametrize(
    "text",
    [
        "```sh\nticketsync tickets list --colour red\n```",
        "```sh\nticketsync backup\n```",
        "```sh\necho a | ticketsync users add only-one\n```",
        "```sh\nticketsync tickets show\n```",
        "```sh\nmake coffee\n```",
        "```sh\npython -m ticketsync.nothing\n```",
        "Say `ticketsync tickets lost`.",
        "Say `ticketsync tickets resync --harder`.",
    ],
)
def test_a_wrong_example_would_be_seen(text: str) -> None:
    assert len(list(_mistakes(page_of(text)))) == 1


def test_remedies_name_commands_that_are_there() -> None:
    said = [code for reason in REASONS.values() for code in re.findall(r'"(ticketsync [^"]+)"', reason.remedy)]
    assert said
    assert [code for code in said if mistake(code.split(), whole=False)] == []
