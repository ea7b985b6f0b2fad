"""`docs/reliability.md` names only tests that are there, and `docs/storms.md` every storm."""

import ast
import re

from tests.docs.pages import PAGES, ROOT, codes_in

PAGE, STORMS = PAGES["docs/reliability.md"], PAGES["docs/storms.md"]
TEST = re.compile(r"(tests/[\w/]+\.py)(?:::(\w+))?")


def _tests_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}


def _named() -> list[tuple[str, str | None]]:
    codes = [code for page in (PAGE, STORMS) for code in page.codes if code.startswith("tests/")]
    found = [TEST.fullmatch(code) for code in codes if not code.endswith("/")]
    assert None not in found
    return [(one[1], one[2]) for one in found if one is not None]


def test_every_test_that_is_named_is_there() -> None:
    named = _named()
    assert len(named) > 60
    assert [path for path, _ in named if not (ROOT / path).exists()] == []
    assert [f"{path}::{name}" for path, name in named if name is not None and name not in _tests_of(path)] == []


def test_every_promise_has_its_proofs() -> None:
    for section in ("Nothing is lost", "Nothing is doubled, nothing old wins", "Nothing is stuck, nobody is held up"):
        promises = [title for level, title in PAGE.section(section).headings if level == 3]
        assert promises
        assert [title for title in promises if not PAGE.section(title).column("went red")] == []


def test_every_storm_is_told() -> None:
    told = {code for cell in STORMS.column("storm") for code in codes_in(cell)}
    assert told == {path.name for path in (ROOT / "tests" / "storms").glob("test_*.py")}
