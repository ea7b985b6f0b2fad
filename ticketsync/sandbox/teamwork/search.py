"""`searchTerm` of task lists. How the real one matches, and how soon, is not known: both are switches."""

import re
from collections.abc import Callable
from functools import lru_cache

from ticketsync.sandbox.teamwork.records import Task
from ticketsync.sandbox.teamwork.site import Site

WORD = re.compile(r"\w+")


def finder(site: Site, term: str) -> Callable[[Task], bool]:
    """Whether a task is found by `term` in its name, description or list's name, as these were when last indexed."""
    matches = _words_match if site.switches.search_words else _text_matches
    found = {t.id for t in site.tasks_as_of(site.switches.search_lag_seconds) if matches(term, _text(site, t))}
    return lambda task: task.id in found


def _text(site: Site, task: Task) -> str:
    return f"{task.name}\n{task.description or ''}\n{site.state.tasklists[task.tasklist_id].name}"


def _text_matches(term: str, text: str) -> bool:
    return term.casefold() in text.casefold()


def _words_match(term: str, text: str) -> bool:
    """Every word of the term begins some word of the text, in any order."""
    words = _words(text)
    return all(f" {word}" in words for word in WORD.findall(term.casefold()))


@lru_cache(maxsize=20_000)
def _words(text: str) -> str:
    return " " + " ".join(WORD.findall(text.casefold()))
