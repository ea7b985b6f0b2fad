"""What a ticket's task must be, said a second time: from everything that happened to the ticket, in its true order.

Written from the table of `docs/rules.md`, in another way than the rules themselves: no events, no clocks, no
duplicates. Those are what must make no difference, so there are none here. Nothing of `ticketsync` is imported.

Where a change was never told by a webhook (dropped for good), only the ticket as it is now can be found out later: what
it looked like in between may have been seen or not. Then more than one end is right, and `must_be` names them all.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

LONGEST_TITLE = 250

What = Literal[
    "created", "renamed", "assigned", "status", "tagged", "closed", "merged", "deleted", "undeleted", "destroyed"
]
State = Literal["none", "absent", "open", "completed"]


@dataclass(frozen=True)
class Rules:
    """A desk's policy in the model's words, and who is whose person (`people`: Zendesk agent to Teamwork person)."""

    people: Mapping[int, int] = field(default_factory=dict)
    on_closed: Literal["delete", "complete", "keep"] = "delete"
    on_filtered: Literal["keep", "complete", "delete"] = "keep"
    title: str = "{subject}"
    include_tags: frozenset[str] = frozenset()
    exclude_tags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Change:
    """One thing that happened. `told`: a webhook of it came through. `value` is what is new: text, id or tags."""

    what: What
    value: Any = None
    told: bool = True


@dataclass(frozen=True)
class Look:
    """What a ticket looks like at one moment."""

    id: int
    opener: int | None
    subject: str = ""
    status: str = "new"
    assignee: int | None = None
    tags: frozenset[str] = frozenset()
    merged: bool = False
    gone: bool = False


@dataclass(frozen=True)
class Must:
    """What the one task must be. `none`: there never was one. `absent`: deleted, or never made."""

    state: State
    title: str = ""
    person: int | None = None


def must_be(first: Look, changes: Sequence[Change], rules: Rules) -> frozenset[Must]:
    """All that is right for a ticket that was opened looking like `first` (changes[0], `created`) and then changed."""
    told = [change.told for change in changes]
    looks = looks_of(first, changes)
    return frozenset(_task(looks, heard, rules) for heard in (told, [True] * len(looks)))


def looks_of(first: Look, changes: Sequence[Change]) -> list[Look]:
    """The ticket after each change."""
    looks = [first]
    for change in changes[1:]:
        looks.append(_after(looks[-1], change))
    return looks


def _after(look: Look, change: Change) -> Look:
    match change.what:
        case "assigned":
            # Zendesk opens a new ticket that is given to somebody.
            opened = look.status == "new" and change.value is not None
            return replace(look, assignee=change.value, status="open" if opened else look.status)
        case "merged":
            return replace(look, status="closed", merged=True)
        case "created":
            raise ValueError("a ticket is created once")
        case what:
            return replace(look, **_NEW[what](change.value))


_NEW: dict[What, Callable[[Any], dict[str, Any]]] = {
    "renamed": lambda subject: {"subject": subject or ""},
    "status": lambda status: {"status": status},
    "tagged": lambda tags: {"tags": tags},
    "closed": lambda _: {"status": "closed"},
    "deleted": lambda _: {"gone": True},
    "destroyed": lambda _: {"gone": True},
    "undeleted": lambda _: {"gone": False},
}


def _task(looks: Sequence[Look], heard: Sequence[bool], rules: Rules) -> Must:
    """`heard` says which looks were seen; the last one always is, in the end."""
    now = looks[-1]
    seen = [look for look, was_heard in zip(looks, heard, strict=True) if was_heard] + [now]
    if not any(_makes_a_task(look, rules) for look in seen):
        return Must("none")
    state = _state(now, seen, rules)
    if state == "absent":
        return Must("absent")
    return Must(state, _title(now, rules), _person(looks, heard, rules))


def _makes_a_task(look: Look, rules: Rules) -> bool:
    """First seen so: deleted, merged, filtered out, and closed where closed means deleted, make none."""
    if look.gone or look.merged or _is_outside(look, rules):
        return False
    return look.status != "closed" or rules.on_closed != "delete"


def _is_outside(look: Look, rules: Rules) -> bool:
    included = not rules.include_tags or look.tags & rules.include_tags
    return bool(look.tags & rules.exclude_tags) or not included


def _state(now: Look, seen: Iterable[Look], rules: Rules) -> State:
    if now.gone:
        return "absent"
    if _is_outside(now, rules) and rules.on_filtered != "keep":
        return "completed" if rules.on_filtered == "complete" else "absent"
    if now.merged or now.status == "solved":
        return "completed"
    return _closed(seen, rules) if now.status == "closed" else "open"


def _closed(seen: Iterable[Look], rules: Rules) -> State:
    if rules.on_closed != "keep":
        return "absent" if rules.on_closed == "delete" else "completed"
    before = [look.status for look in seen if look.status != "closed"]
    return "completed" if not before or before[-1] == "solved" else "open"


def _person(looks: Sequence[Look], heard: Sequence[bool], rules: Rules) -> int | None:
    """The assignee's; of one who never had any, the opener's. Who was unassigned shows in the news of it too."""
    now, was_assigned = looks[-1], False
    for place, look in enumerate(looks):
        had_one_before = place > 0 and looks[place - 1].assignee is not None and look.assignee is None
        was_assigned = was_assigned or (heard[place] and (look.assignee is not None or had_one_before))
    if now.assignee is None and was_assigned:
        return None
    agent = now.assignee if now.assignee is not None else now.opener
    return rules.people.get(agent) if agent is not None else None


def _title(look: Look, rules: Rules) -> str:
    subject = _one_line(look.subject)
    if not subject:
        return f"Ticket #{look.id}"
    title = _one_line(rules.title.replace("{id}", str(look.id)).replace("{subject}", subject))
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1].rstrip() + "…"


def _one_line(text: str) -> str:
    return "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in text).strip()
