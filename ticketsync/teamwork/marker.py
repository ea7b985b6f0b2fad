r"""The last line of a task's description, by which a task is found again whose creation was never answered.

Teamwork keeps descriptions as Markdown and may give them back escaped (`\[ticketsync:acme\/3543\]`), rendered
(`<a href="…">ticketsync:acme/3543</a>`) or stripped of the link (reference/teamwork-api §7). So a marker is recognised
by its text as a whole token: `acme/3543` is not in `acme/35436`, nor in an address that contains those words.
"""

import html
import re
from urllib.parse import quote

ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
TOKEN = re.compile(
    r"(?<![\w:/.%=&?#@+-])"
    r"ticketsync:(?P<desk>[a-z0-9][a-z0-9-]{0,31})/(?P<ticket_id>[1-9][0-9]{0,18})"
    r"(?![\w:/%=&@+-]|[.?#]\w)"
)
BEGINNING = re.compile(r"ticketsync:(?=\S)")
MARKER_LINE = re.compile(
    r"\s*(?:<p>)?(?:\[|<a\b[^>]*>)?" + TOKEN.pattern + r"(?:\]\([^)]*\)|\]|</a>)?(?:</p>|<br\s*/?>)?\s*"
)
ADDRESS = "%:/?#@!$&'*+,;=~"


def marker_line(desk: str, ticket_id: int, ticket_url: str) -> str:
    """The line that marks a task as that of a ticket: a Markdown link to it.

    Raises ValueError for a desk or ticket that could not be found again by it.
    """
    line = f"[ticketsync:{desk}/{ticket_id}]({quote(ticket_url, safe=ADDRESS)})"
    if markers_in(line) != {(desk, ticket_id)}:
        raise ValueError(f"no marker for desk {desk!r}, ticket {ticket_id}: not a desk's name or not a ticket's id")
    return line


def marked(description: str | None, line: str) -> str:
    """The description with the marker's line as its last one."""
    text = (description or "").rstrip()
    return f"{text}\n\n{line}" if text else line


def has_marker(description: str | None, desk: str, ticket_id: int) -> bool:
    """Whether the description marks the task of this very ticket."""
    return (desk, ticket_id) in markers_in(description)


def unmarked(description: str | None, desk: str, ticket_id: int) -> str:
    """The description without this ticket's marker: its line is left out, one among other words is broken up."""
    lines = (description or "").splitlines(keepends=True)
    kept = [_unmarked_line(line, desk, ticket_id) for line in lines if not _is_marker_line(line, desk, ticket_id)]
    return "".join(kept).rstrip()


def _is_marker_line(line: str, desk: str, ticket_id: int) -> bool:
    found = MARKER_LINE.fullmatch(_unescaped(line))
    return found is not None and _is_of(found, desk, ticket_id)


def _unmarked_line(line: str, desk: str, ticket_id: int) -> str:
    if not has_marker(line, desk, ticket_id):
        return line
    return TOKEN.sub(lambda found: _broken_up(found) if _is_of(found, desk, ticket_id) else found[0], _unescaped(line))


def _is_of(found: re.Match[str], desk: str, ticket_id: int) -> bool:
    return (found["desk"], int(found["ticket_id"])) == (desk, ticket_id)


def _broken_up(found: re.Match[str]) -> str:
    return found[0].replace(":", ": ")


def without_markers(text: str) -> str:
    """A text that marks nothing, however often it is unescaped, and wherever it is cut.

    What begins like a marker is broken up without regard to what stands around it: behind one more backslash, or cut
    off, something else would stand there. So at each level of escaping: one more may swallow what this one shows.
    """
    plain, broken = text, False
    while True:
        plain, found = BEGINNING.subn(r"\g<0> ", plain)
        broken, once = broken or found > 0, _unescaped(plain)
        if once == plain:
            return plain if broken else text
        plain = once


def _unescaped(text: str) -> str:
    return ESCAPED.sub(r"\1", html.unescape(text))


def markers_in(description: str | None) -> set[tuple[str, int]]:
    """All markers in a text, as (desk, ticket id)."""
    return {(found["desk"], int(found["ticket_id"])) for found in TOKEN.finditer(_unescaped(description or ""))}
