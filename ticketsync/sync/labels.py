"""What a ticket's task is labelled with: a priority and tags, each by rules of the policy.

`urgent=high`: a ticket of that priority has its task marked so. `vip=Important`: a ticket with that tag has its task
tagged so; `vip` alone means a tag of the same name, `*=Zendesk` one for every task.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple, get_args

from ticketsync.sync.snapshot import TicketSnapshot
from ticketsync.sync.step import TaskPriority

TICKET_PRIORITIES = ("low", "normal", "high", "urgent")  # reference/zendesk-api §1.4
TASK_PRIORITIES: tuple[TaskPriority, ...] = get_args(TaskPriority)
LONGEST_TAG = 49  # Teamwork takes fewer than 50 characters (reference/teamwork-api §5.1)
EVERY_TICKET = "*"


class TagRule(NamedTuple):
    """Tickets with the tag `of` (small letters; `*`: all) have their task tagged `name`."""

    of: str
    name: str

    def fits(self, snapshot: TicketSnapshot) -> bool:
        return self.of == EVERY_TICKET or any(tag.lower() == self.of for tag in snapshot.tags)


@cache
def priority_rule(text: str) -> tuple[str, TaskPriority]:
    """Ticket's and task's priority from `urgent=high`; ValueError when that is no rule."""
    ticket, _, task = (part.strip().lower() for part in text.partition("="))
    found = next((priority for priority in TASK_PRIORITIES if priority == task), None)
    if ticket not in TICKET_PRIORITIES or found is None:
        known = f"{', '.join(TICKET_PRIORITIES)} on the left, {', '.join(TASK_PRIORITIES)} on the right"
        raise ValueError(f"a rule for priorities is for example urgent=high, with one of {known}")
    return ticket, found


@cache
def tag_rule(text: str) -> TagRule:
    """A rule from `vip` or `vip=Important`; ValueError when that is none."""
    of, equals, name = (part.strip() for part in text.partition("="))
    rule = TagRule(of.lower(), name if equals else of)
    if not of or re.search(r"\s", of) or not rule.name or rule.name == EVERY_TICKET:
        raise ValueError("a rule for tags is TAG or TAG=TAG OF THE TASK; *=TAG OF THE TASK is for every ticket")
    if len(rule.name) > LONGEST_TAG or "," in rule.name or not rule.name.isprintable():
        raise ValueError(f"a tag of a task has at most {LONGEST_TAG} characters, on one line and without commas")
    return rule


def priority_wanted(snapshot: TicketSnapshot, rules: tuple[str, ...]) -> TaskPriority | None:
    """The task's priority; None without any rules: then none is wanted, not even to have none."""
    if not rules:
        return None
    return dict(priority_rule(text) for text in rules).get(snapshot.priority or "", "none")


def tags_wanted(snapshot: TicketSnapshot, rules: tuple[str, ...]) -> tuple[str, ...]:
    """The tags that the task should have of ours, in the order of their rules, each once."""
    return each_once(rule.name for rule in map(tag_rule, rules) if rule.fits(snapshot))


def all_tags(rules: tuple[str, ...]) -> tuple[str, ...]:
    """Every tag that these rules may give a task."""
    return each_once(tag_rule(text).name for text in rules)


# --- which names are one tag


def each_once(names: Iterable[str]) -> tuple[str, ...]:
    """These names without those that are the same tag as one before them."""
    spelled: dict[str, str] = {}
    for name in names:
        spelled.setdefault(_plain(name), name)
    return tuple(spelled.values())


def without(names: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    """Each of these names once, without those that are the same tag as one of the others."""
    known = {_plain(name) for name in others}
    return tuple(name for name in each_once(names) if _plain(name) not in known)


def _plain(name: str) -> str:
    """Upper and lower case, white space and composed letters make no other tag, as where answers are compared."""
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()
