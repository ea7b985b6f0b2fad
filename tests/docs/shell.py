"""Shell examples taken apart: one list of words per command. Nothing is run by a shell."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

from tests.docs.pages import Page

SEPARATORS = frozenset("|&;()")
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


def commands(page: Page, variables: Mapping[str, str] | None = None) -> Iterator[list[str]]:
    """All commands of a page's shell examples in their order; `variables` and those set on the way are filled in."""
    known = dict(variables or {})
    for block in page.fences("sh"):
        for line in _logical_lines(block):
            for words in _split(line):
                yield from _filled(words, known)


def _logical_lines(block: str) -> Iterator[str]:
    """Lines with those that go on: after a backslash, and within quotes."""
    pending = ""
    for line in block.splitlines():
        pending += line
        if pending.endswith("\\"):
            pending = pending[:-1] + " "
        elif _is_whole(pending):
            yield pending
            pending = ""
        else:
            pending += "\n"
    if pending:
        raise ValueError(f"a shell example does not end: {pending[:60]}")


def _is_whole(line: str) -> bool:
    try:
        shlex.split(line, comments=True)
    except ValueError:
        return False
    return True


def _split(line: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="".join(SEPARATORS))
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if set(word) <= SEPARATORS:
            yield words
            words = []
        else:
            words.append(word)
    yield words


def _filled(words: Sequence[str], known: dict[str, str]) -> Iterator[list[str]]:
    rest = list(words)
    while rest and ASSIGNMENT.match(rest[0]):
        name, _, value = rest.pop(0).partition("=")
        known[name] = value
    if rest:
        yield [re.sub(r"\$(\w+)", lambda found: known.get(found[1], found[0]), word) for word in rest]
