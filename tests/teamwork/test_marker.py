"""The marker in a description: found in every form Teamwork may give it back in, and never taken for another's."""

import html
import re
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ticketsync.teamwork import has_marker, marked, marker_line, markers_in, unmarked
from ticketsync.teamwork.marker import ESCAPED, without_markers

URL = "https://acme.zendesk.com/agent/tickets/3543"

DESKS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,31}", fullmatch=True)
TICKET_IDS = st.integers(min_value=1, max_value=2**53)
URLS = st.from_regex(r"https?://[a-z0-9.-]{1,20}/[ -~]{0,30}", fullmatch=True)


def _escaped(line: str) -> str:
    return re.sub(r"([\[\]()/:.-])", r"\\\1", line)


def _as_html(line: str) -> str:
    text, url = line[1:-1].split("](")
    return f'<p><a href="{html.escape(url)}" rel="noopener">{text}</a></p>'


FORMS: dict[str, Callable[[str], str]] = {
    "as written": lambda line: line,
    "escaped Markdown": _escaped,
    "rendered to HTML": _as_html,
    "HTML with entities": lambda line: html.escape(_escaped(line)).replace("/", "&#47;").replace(":", "&#58;"),
    "JSON escapes left in": lambda line: line.replace("/", r"\/"),
    "stripped of the link": lambda line: line[1:].split("]")[0],
    "between other text": lambda line: f"See *below*.\r\n\r\n{line}\r\nend",
    "an automatic link": lambda line: f"<{line[1:].split(']')[0]}>",
    "at the end of a sentence": lambda line: f"This is {line[1:].split(']')[0]}.",
}


@pytest.mark.parametrize("form", FORMS)
@given(desk=DESKS, ticket_id=TICKET_IDS, url=URLS)
def test_a_marker_is_found_in_every_form(form: str, desk: str, ticket_id: int, url: str) -> None:
    description = FORMS[form](marker_line(desk, ticket_id, url))
    assert markers_in(description) == {(desk, ticket_id)}
    assert has_marker(description, desk, ticket_id)


@pytest.mark.parametrize("form", FORMS)
@given(one=st.tuples(DESKS, TICKET_IDS), other=st.tuples(DESKS, TICKET_IDS))
def test_a_marker_is_never_that_of_another_ticket(form: str, one: tuple[str, int], other: tuple[str, int]) -> None:
    assert has_marker(FORMS[form](marker_line(*one, URL)), *other) == (one == other)


@pytest.mark.parametrize("form", FORMS)
@given(desk=DESKS, ticket_id=TICKET_IDS, unescapes=st.integers(0, 2))
def test_a_marker_in_a_customers_words_marks_nothing_in_whatever_form(
    form: str, desk: str, ticket_id: int, unescapes: int
) -> None:
    """As in a mail of Teamwork's that a customer forwards; the site may unescape it once more than we do."""
    words = FORMS[form](marker_line(desk, ticket_id, URL))
    told = without_markers(f"Dear all,\n{words}\nBye")
    for _ in range(unescapes):
        told = html.unescape(told)
    assert markers_in(told) == set()


PIECES = st.sampled_from(
    ["ticketsync", ":", "acme/3543", "/", "\\", "&", "amp;", "#58;", "#92;", "#1;", "&no", "-", ".", "…", " bye", "<"]
)


@given(st.lists(PIECES, max_size=12).map("".join))
@example("ticketsync:acme/3543\\\\- bye")
@example("ticketsync:acme/3543\\\\:x")
@example("&amp;amp;ticketsync:acme/3543")
@example("&amp;no&amp;#1;ticketsync:acme/3543")
@example("ticketsync:acme/3543/comments")
def test_whatever_the_words_are_none_of_them_marks_anything_however_often_they_are_unescaped(words: str) -> None:
    told = without_markers(words)
    for _ in range(6):
        assert markers_in(told) == set()
        told = ESCAPED.sub(r"\1", html.unescape(told))


@given(st.lists(PIECES, max_size=12).map("".join), st.integers(1, 40))
@example("ticketsync:acme/3543/comments", len("/comments"))
def test_words_that_are_cut_afterwards_mark_nothing_either(words: str, left_out: int) -> None:
    assert markers_in(f"{without_markers(words)[:-left_out]}…") == set()


@pytest.mark.parametrize("text", ["", "Hello", "ticketsync is broken", "a & b &amp; c \\* d", "ticketsync: acme"])
def test_words_without_a_marker_stay_as_they_are(text: str) -> None:
    assert without_markers(text) == text


@given(desk=DESKS, ticket_id=TICKET_IDS, digits=st.text("0123456789", min_size=1, max_size=3))
def test_an_id_that_only_begins_or_ends_like_ours_is_not_ours(desk: str, ticket_id: int, digits: str) -> None:
    assert not has_marker(f"[ticketsync:{desk}/{ticket_id}{digits}]({URL})", desk, ticket_id)
    assert not has_marker(f"[ticketsync:{desk}/{digits}{ticket_id}]({URL})", desk, ticket_id)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "[ticketsync:acme/35436](x)",
        "[ticketsync:acme/03543](x)",
        "[ticketsync:acme/3543a](x)",
        "[ticketsync:acme/3543/1](x)",
        "[ticketsync:acme/3543-draft](x)",
        "[ticketsync:acme/3543.5](x)",
        "[ticketsync:acme/3543\u0663](x)",
        "[ticketsync:xacme/3543](x)",
        "[ticketsync:acme-/3543](x)",
        "[ticketsync:Acme/3543](x)",
        "[notticketsync:acme/3543](x)",
        "[ticketsync: acme/3543](x)",
        "https://acme.example/ticketsync:acme/3543",
        "https://acme.example/?q=ticketsync:acme/3543",
        "https://acme.example/?q=ticketsync%3Aacme%2F3543",
    ],
)
def test_what_only_resembles_the_marker_is_not_it(text: str | None) -> None:
    assert not has_marker(text, "acme", 3543)


@given(st.lists(st.tuples(DESKS, TICKET_IDS), max_size=5))
def test_all_markers_of_a_text_are_found(tickets: list[tuple[str, int]]) -> None:
    text = "\n".join(marker_line(desk, ticket_id, URL) for desk, ticket_id in tickets)
    assert markers_in(text) == set(tickets)


@given(st.text())
def test_any_text_can_be_searched(text: str) -> None:
    assert isinstance(markers_in(text), set)


def test_the_line_is_a_markdown_link() -> None:
    assert marker_line("acme", 3543, URL) == f"[ticketsync:acme/3543]({URL})"


def test_an_address_cannot_break_out_of_the_link() -> None:
    line = marker_line("acme", 1, "https://a.example/x) [y](z\n")
    assert line == "[ticketsync:acme/1](https://a.example/x%29%20%5By%5D%28z%0A)"


@pytest.mark.parametrize(("desk", "ticket_id"), [("Acme", 1), ("", 1), ("a/b", 1), ("acme", 0), ("acme", -1)])
def test_no_marker_is_made_that_could_not_be_found_again(desk: str, ticket_id: int) -> None:
    with pytest.raises(ValueError, match="no marker for desk"):
        marker_line(desk, ticket_id, URL)


@pytest.mark.parametrize("text", [None, "", " \n", "As the customer wrote", "Ends with a list:\n- one\n- two\n\n"])
def test_a_description_keeps_its_text_before_the_marker_that_it_gets(text: str | None) -> None:
    line = marker_line("acme", 3543, URL)
    description = marked(text, line)
    assert has_marker(description, "acme", 3543)
    assert description.splitlines()[-1] == line
    assert description.removesuffix(line).rstrip() == (text or "").rstrip()
    assert description == line or description.endswith(f"\n\n{line}")


# --- taken off again


@given(text=st.text(max_size=60), one=st.tuples(DESKS, TICKET_IDS))
def test_a_description_is_as_it_was_when_its_marker_is_taken_off(text: str, one: tuple[str, int]) -> None:
    before = without_markers(text).rstrip()
    assert unmarked(marked(before, marker_line(*one, URL)), *one) == before


@pytest.mark.parametrize("form", FORMS)
@given(desk=DESKS, ticket_id=TICKET_IDS)
def test_a_marker_is_taken_off_in_whatever_form(form: str, desk: str, ticket_id: int) -> None:
    left = unmarked(FORMS[form](marker_line(desk, ticket_id, URL)), desk, ticket_id)
    assert markers_in(left) == set()


@pytest.mark.parametrize("form", FORMS)
def test_the_marker_of_another_ticket_stays(form: str) -> None:
    both = f"{FORMS[form](marker_line('acme', 35436, URL))}\n{marker_line('acme', 3543, URL)}"
    assert markers_in(unmarked(both, "acme", 3543)) == {("acme", 35436)}
    assert markers_in(unmarked("see ticketsync:acme/3543, ticketsync:acme/35436", "acme", 3543)) == {("acme", 35436)}


def test_only_the_markers_own_line_goes() -> None:
    line = marker_line("acme", 3543, URL)
    assert unmarked(f"Above\r\n\r\n{line}\r\nBelow\r\n", "acme", 3543) == "Above\r\n\r\nBelow"
    assert unmarked(f"As {line} says", "acme", 3543).startswith("As [ticketsync: acme/3543]")
    assert (unmarked(None, "acme", 3543), unmarked("Nothing", "acme", 3543)) == ("", "Nothing")
