"""The pages as their readers see them: headings, links, tables, code."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
MARKDOWN = MarkdownIt("commonmark").enable("table")


class Heading(NamedTuple):
    level: int
    title: str


@dataclass(frozen=True)
class Page:
    """A page or a part of one."""

    path: Path
    tokens: Sequence[Token]

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @cached_property
    def headings(self) -> list[Heading]:
        return [heading for _, heading in self._headings()]

    def _headings(self) -> Iterator[tuple[int, Heading]]:
        for index, token in enumerate(self.tokens):
            if token.type == "heading_open":
                children = self.tokens[index + 1].children or []
                yield index, Heading(int(token.tag[1]), "".join(child.content for child in children))

    @property
    def anchors(self) -> set[str]:
        """The names by which links reach its headings, as GitHub makes them."""
        seen: Counter[str] = Counter()
        anchors = set()
        for _, title in self.headings:
            slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
            anchors.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
        return anchors

    def section(self, title: str) -> "Page":
        """From this heading to the next one that is no part of it."""
        found = list(self._headings())
        start, level = next((index, heading.level) for index, heading in found if heading.title == title)
        end = next((index for index, heading in found if index > start and heading.level <= level), None)
        return Page(self.path, self.tokens[start:end])

    @property
    def _inline(self) -> Iterator[Token]:
        return (child for token in self.tokens for child in token.children or ())

    @property
    def links(self) -> list[str]:
        return [str(token.attrs["href"]) for token in self._inline if token.type == "link_open"]

    @property
    def codes(self) -> list[str]:
        """What is set in code within the text."""
        return [token.content for token in self._inline if token.type == "code_inline"]

    def fences(self, language: str) -> list[str]:
        """The blocks of code in this language."""
        return [token.content for token in self.tokens if token.type == "fence" and token.info == language]

    @property
    def text(self) -> str:
        """Everything that is written, code included."""
        return "\n".join(token.content for token in self.tokens if token.type in ("inline", "fence"))

    @cached_property
    def tables(self) -> list[list[list[str]]]:
        """Each table as rows of cells, in Markdown; the first row are the heads."""
        tables: list[list[list[str]]] = []
        for before, token in zip(self.tokens, self.tokens[1:], strict=False):
            if before.type == "table_open":
                tables.append([])
            elif before.type == "tr_open":
                tables[-1].append([])
            if before.type in ("th_open", "td_open"):
                tables[-1][-1].append(token.content)
        return tables

    def column(self, head: str) -> list[str]:
        """The cells under this head, of all tables that have it."""
        return [row[rows[0].index(head)] for rows in self.tables if head in rows[0] for row in rows[1:]]


def codes_in(cell: str) -> list[str]:
    """What is set in code in a cell."""
    return page_of(cell).codes


def page_of(text: str) -> Page:
    return Page(ROOT / "text.md", MARKDOWN.parse(text))


def _read(path: Path) -> Page:
    return Page(path, MARKDOWN.parse(path.read_text(encoding="utf-8")))


PAGES = {
    page.name: page
    for page in map(_read, [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))])
}
