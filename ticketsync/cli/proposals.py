"""Who an agent without a person may be: people of the project and of the site, by e-mail and by name."""

import re
import unicodedata
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Literal

from pydantic import BaseModel

from ticketsync.cli.roster import full_name
from ticketsync.teamwork import Person
from ticketsync.zendesk import Agent

Why = Literal["not_in_the_project", "shared_e_mail", "same_name", "same_mailbox", "similar_name"]

WORDS: dict[Why, str] = {
    "not_in_the_project": "same e-mail, but not in the project: add them there, and they match by themselves",
    "shared_e_mail": "same e-mail, which several people of the project have",
    "same_name": "same name",
    "same_mailbox": "same e-mail before the @",
    "similar_name": "similar name",
}
SIMILAR = 0.85  # of difflib's ratio: "jon smith" and "john smith" are, "ann archer" and "anna barker" are not
MOST_SIMILAR = 3
# Before the @ of addresses that are no person's.
NO_ONES_MAILBOXES = frozenset({"", "info", "support", "help", "admin", "office", "sales", "service", "contact", "mail"})


class Proposal(BaseModel):
    """A person that the agent may be."""

    person_id: int
    person_name: str
    person_email: str | None
    why: Why


class Candidates:
    """The people of a project and, where they are known, those of the whole site."""

    def __init__(self, project: Iterable[Person], site: Iterable[Person] = ()) -> None:
        self._project = [person for person in project if not person.deleted]
        ours = {person.id for person in self._project}
        self._others = [person for person in site if not person.deleted and person.id not in ours]
        self._named: dict[str, list[Person]] = {}
        for person in self._project:
            self._named.setdefault(_folded(full_name(person)), []).append(person)

    def for_agent(self, agent: Agent) -> list[Proposal]:
        """The likeliest first; each person once."""
        best: dict[int, Proposal] = {}
        email, name = (agent.email or "").casefold(), _folded(agent.name)
        for one in (*self._by_email(email), *self._by_name(name), *self._by_mailbox(email), *self._similar(name)):
            best.setdefault(one.person_id, one)
        return list(best.values())

    def _by_email(self, email: str) -> Iterator[Proposal]:
        if email:
            yield from (_proposal(one, "not_in_the_project") for one in self._others if _email(one) == email)
            yield from (_proposal(one, "shared_e_mail") for one in self._project if _email(one) == email)

    def _by_name(self, name: str) -> Iterator[Proposal]:
        if name:
            yield from (_proposal(one, "same_name") for one in self._named.get(name, ()))

    def _by_mailbox(self, email: str) -> Iterator[Proposal]:
        mailbox = _mailbox(email)
        if mailbox not in NO_ONES_MAILBOXES:
            yield from (_proposal(one, "same_mailbox") for one in self._project if _mailbox(_email(one)) == mailbox)

    def _similar(self, name: str) -> Iterator[Proposal]:
        if name:
            for known in get_close_matches(name, self._named, MOST_SIMILAR, SIMILAR):
                yield from (_proposal(one, "similar_name") for one in self._named[known])


def sure_ones(proposals: Mapping[int, Sequence[Proposal]], taken: Container[int]) -> dict[int, Proposal]:
    """Of each agent the one who has the same name, where nobody else is proposed for the agent.

    Nor the person for another agent, nor `taken` by one already.
    """
    times = Counter(one.person_id for several in proposals.values() for one in several)
    alone = {agent_id: several[0] for agent_id, several in proposals.items() if len(several) == 1}
    return {
        agent_id: one
        for agent_id, one in alone.items()
        if one.why == "same_name" and times[one.person_id] == 1 and one.person_id not in taken
    }


def _proposal(person: Person, why: Why) -> Proposal:
    name = full_name(person)
    return Proposal(person_id=person.id, person_name=name, person_email=person.email or None, why=why)


def _email(person: Person) -> str:
    return person.email.casefold()


def _mailbox(email: str) -> str:
    return email.partition("@")[0]


def _folded(name: str) -> str:
    """A name without case, accents, punctuation and order: "Müller, José" is "jose muller"."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    return " ".join(sorted(re.findall(r"\w+", plain.casefold())))
