"""`docs/settings.md` has every setting exactly as it is, and no page names one that is not there."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.docs.code_words import temporal_core
from tests.docs.command_tree import MAIN, leaves
from tests.docs.pages import PAGES, ROOT, codes_in
from ticketsync.embedded.temporal_binary import PATH_VARIABLE
from ticketsync.settings import load_settings
from ticketsync.settings.options import OPTIONS, Option

PAGE = PAGES["docs/settings.md"]
SECTIONS = {
    "Server and worker": "",
    "Redis": "redis",
    "Zendesk": "zendesk",
    "Teamwork": "teamwork",
    "Policy": "policy",
    "Alerts": "alerts",
}
VARIABLE = re.compile(r"\b(?:TICKETSYNC|ZENDESK|TEAMWORK|REDIS|TEMPORAL)_[A-Z_]*[A-Z]\b")
OF_TEST_RUNS = "TICKETSYNC_REQUIRE_SERVERS"
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
FLAGS_OF_OTHERS = {"--help", "--strict"}


def _rows(section: str) -> Iterator[list[str]]:
    for rows in PAGE.section(section).tables:
        yield from rows[1:]


def _as_row(option: Option) -> tuple[list[str], list[str], list[str], str]:
    variables = [option.env, f"{option.env}_FILE"] if option.secret else [option.env]
    keys = [] if option.key == "config" else list(option.file_keys)
    return variables, [option.flag], keys, option.default


@pytest.mark.parametrize("section", SECTIONS)
def test_the_table_has_every_setting_with_flag_key_and_default(section: str) -> None:
    told = [
        (codes_in(variable), codes_in(flag), codes_in(key), default.replace("`", ""))
        for variable, flag, key, default, _ in _rows(section)
    ]
    options = [option for option in OPTIONS if option.section == SECTIONS[section]]
    assert sorted(told) == sorted(map(_as_row, options))


@pytest.mark.parametrize("section", SECTIONS)
def test_every_setting_has_a_meaning(section: str) -> None:
    assert all(len(row[-1]) > 5 for row in _rows(section))


# --- names


def _is_known(variable: str) -> bool:
    if variable.startswith("TEMPORAL_"):
        return variable.encode() in temporal_core()
    secrets = {f"{option.env}_FILE" for option in OPTIONS if option.secret}
    return variable in {option.env for option in OPTIONS} | secrets | {PATH_VARIABLE, OF_TEST_RUNS}


@pytest.mark.parametrize("name", PAGES)
def test_no_page_names_a_variable_that_is_not_there(name: str) -> None:
    assert [variable for variable in VARIABLE.findall(PAGES[name].text) if not _is_known(variable)] == []


def test_a_variable_that_is_not_there_would_be_seen() -> None:
    invented = ["TICKETSYNC_COLOUR", "ZENDESK_EMAIL_FILE", "TEMPORAL_HOST"]
    assert VARIABLE.findall(" ".join(invented)) == invented
    assert not any(map(_is_known, invented))


def test_the_variable_of_test_runs_is_there() -> None:
    assert f'"{OF_TEST_RUNS}"' in (ROOT / "tests" / "conftest.py").read_text()


def _flags() -> set[str]:
    commands: list[click.Command] = [MAIN, *leaves().values()]
    return {flag for command in commands for param in command.params for flag in param.opts}


@pytest.mark.parametrize("name", PAGES)
def test_no_page_names_a_flag_that_is_not_there(name: str) -> None:
    named = {flag for code in PAGES[name].codes for flag in FLAG.findall(code)}
    assert named - _flags() - FLAGS_OF_OTHERS == set()


# --- the file


def _examples() -> list[tuple[str, str]]:
    return [(name, block) for name, page in PAGES.items() for block in page.fences("toml")]


@pytest.mark.parametrize(("name", "block"), _examples(), ids=lambda value: value if value.startswith("docs") else "")
def test_an_example_of_the_config_file_can_be_used(name: str, block: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hush\n")
    block = re.sub(r'(\w+_file) = "[^"]*"', rf'\1 = "{secret}"', block)
    config = tmp_path / "ticketsync.toml"
    config.write_text(block)
    variables = dict.fromkeys(re.findall(r'\w+_env = "(\w+)"', block), "https://hush")
    settings = load_settings(environ=variables | {"TICKETSYNC_CONFIG": str(config)})
    assert set(settings.desks) == set(re.findall(r"^\[desks\.(\w+)\.zendesk\]", block, re.MULTILINE))
    assert settings.desks


def test_the_examples_are_found() -> None:
    assert {name for name, _ in _examples()} == {"docs/settings.md", "docs/first-desk.md", "docs/alerts-to-people.md"}
