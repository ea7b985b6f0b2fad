"""The map in `docs/developing.md` is that of the code."""

import re

from tests.docs.pages import PAGES, ROOT, codes_in
from tests.support.helm import HELM

PAGE = PAGES["docs/developing.md"]
PATH = re.compile(r"[\w./-]+(?:\.(?:py|md|toml)|/)")


def _exists(path: str) -> bool:
    return any((base / path).exists() for base in (ROOT, ROOT / "ticketsync", ROOT / "docs"))


def test_every_file_that_is_named_is_there() -> None:
    named = [code for code in PAGE.codes if PATH.fullmatch(code)]
    assert len(named) > 30
    assert [path for path in named if not _exists(path)] == []


def test_every_room_is_on_the_map() -> None:
    told = {code for cell in PAGE.section("The map").column("room") for code in codes_in(cell)}
    package = ROOT / "ticketsync"
    rooms = {f"ticketsync/{path.parent.name}/" for path in package.glob("*/__init__.py")}
    modules = {path.name for path in package.glob("[a-z]*.py")}
    assert rooms <= told
    assert modules <= {code.removeprefix("ticketsync/") for code in told}


def test_the_time_of_the_first_make_chart_is_what_it_says_itself() -> None:
    (line,) = re.findall(r"^make chart .*$", PAGE.text, re.MULTILINE)
    assert line.endswith(f"about {HELM.minutes} minutes on two cores")
