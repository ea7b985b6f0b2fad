"""Every link between pages leads somewhere, and every page can be found."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, Page, page_of


def _broken(page: Page) -> Iterator[str]:
    return (link for link in page.links if "://" not in link and not _leads_somewhere(page, link))


def _leads_somewhere(page: Page, link: str) -> bool:
    target, _, anchor = link.partition("#")
    path = (page.path.parent / target).resolve() if target else page.path
    if target and not path.exists():
        return False
    return not anchor or anchor in _anchors(path, page)


def _anchors(path: Path, page: Page) -> set[str]:
    return page.anchors if path == page.path else PAGES[str(path.relative_to(ROOT))].anchors


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name: str) -> None:
    assert list(_broken(PAGES[name])) == []


def test_a_broken_link_would_be_seen() -> None:
    page = page_of("# One `two`\n[a](#one-two) [b](#three) [c](nowhere.md) [d](README.md#nothing) [e](README.md)")
    assert list(_broken(page)) == ["#three", "nowhere.md", "README.md#nothing"]


def test_the_readme_leads_to_every_page() -> None:
    linked = set(PAGES["README.md"].links)
    assert linked >= {name for name in PAGES if name.startswith("docs/")}


@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_longer_than_one_reads(name: str) -> None:
    assert len(PAGES[name].path.read_text(encoding="utf-8").splitlines()) <= 400
