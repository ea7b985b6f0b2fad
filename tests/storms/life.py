"""One ticket's life: what people do to it in Zendesk, at random, and the list of it for the model."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from random import Random
from typing import Any, Protocol

from tests.storms.model import Change, Look, Must, Rules, State, What, looks_of, must_be
from ticketsync.sandbox.teamwork.records import Task
from ticketsync.sandbox.zendesk import ZendeskSandbox
from ticketsync.sandbox.zendesk.invocation import Delivery
from ticketsync.sandbox.zendesk.seed import ANN_ID, BEN_ID, CLEO_ID, CUSTOMER_ID

RULES = Rules(people={ANN_ID: 500_002, BEN_ID: 500_003})
OPENERS = (CUSTOMER_ID, CUSTOMER_ID, ANN_ID, BEN_ID, CLEO_ID)
AGENTS = (ANN_ID, BEN_ID, CLEO_ID, None)
STATUSES = ("open", "pending", "hold", "solved")
SUBJECTS = (
    "Printer on fire",
    "Where is my parcel? 📦",
    "الطلب لم يصل",
    "  spaces around  ",
    "two\nlines",
    "long " * 70,
)
BELOW_SOLVED = frozenset({"new", "open", "pending", "hold"})
GIVEN_UP = frozenset({"dropped", "terminated"})
LOOKED_AT = 500  # of the newest deliveries: far more than one change makes while others are made beside it


class Sites(Protocol):
    """What a life needs of the two sites; into `merge_target` other tickets are merged."""

    zendesk: ZendeskSandbox
    merge_target: int

    async def change(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]: ...

    def tasks(self) -> dict[int, list[Task]]: ...


@dataclass
class Life:
    """A ticket and all that happened to it.

    `ends_from`: the change from which on it may be closed or merged; `ends_early`: even before its task is there.
    """

    sites: Sites
    random: Random
    ends_from: int = 0
    ends_early: bool = False
    rules: Rules = RULES
    first: Look = field(init=False)
    changes: list[Change] = field(default_factory=list)
    had_a_task: bool = False
    _known: set[str] = field(default_factory=set)
    _news: list[list[Delivery]] = field(default_factory=list)

    @property
    def id(self) -> int:
        return self.first.id

    @property
    def now(self) -> Look:
        return looks_of(self.first, self.changes)[-1]

    @property
    def must(self) -> frozenset[Must]:
        return must_be(self.first, self.changes, self.rules)

    @property
    def is_over(self) -> bool:
        return self.changes[-1].what == "destroyed"

    def forgets_what_was_given_up(self) -> None:
        """Zendesk's circuit breaker may end a delivery long after its change, which then was never told."""
        for place, news in enumerate(self._news):
            if news and all(one.state in GIVEN_UP for one in news):
                self.changes[place] = replace(self.changes[place], told=False)

    def is_right(self, tasks: Sequence[Task]) -> bool:
        """Whether these, all that were ever made for it, are what the model says."""
        seen = shown(tasks)
        never_made = seen.state == "none" and Must("absent") in self.must and not self.had_a_task
        return len(tasks) <= 1 and (seen in self.must or never_made)

    async def begin(self) -> None:
        """Somebody opens the ticket."""
        opener, assignee = self.random.choice(OPENERS), self.random.choice((None, None, ANN_ID))
        subject = self._new_subject()
        ticket = {"subject": subject, "requester_id": CUSTOMER_ID, "submitter_id": opener, "assignee_id": assignee}
        answer = await self._call("POST", "/api/v2/tickets", {"ticket": ticket | {"comment": {"body": "Help"}}})
        status = "new" if assignee is None else "open"
        self.first = Look(answer["ticket"]["id"], opener, subject, status, assignee)
        self._put_down("created", None)

    async def go_on(self) -> None:
        """Something that Zendesk allows just now happens to it."""
        possible = self._possible()
        what = self.random.choices(list(possible), weights=list(possible.values()))[0]
        await self.happens(what, self._value(what))

    async def happens(self, what: What, value: Any = None) -> None:
        """Have it done in Zendesk, and put it down. A `merged` one goes into ticket number `value`."""
        here = f"/api/v2/tickets/{self.id}"
        match what:
            case "closed":
                await self._call("POST", f"/sandbox/tickets/{self.id}/close")
            case "merged":
                await self._call("POST", f"/api/v2/tickets/{value}/merge", {"ids": [self.id]})
            case "deleted":
                spam = self.random.random() < 1 / 3
                await (self._call("PUT", f"{here}/mark_as_spam") if spam else self._call("DELETE", here))
            case "undeleted":
                await self._call("PUT", f"/api/v2/deleted_tickets/{self.id}/restore")
            case "destroyed":
                await self._call("DELETE", f"/api/v2/deleted_tickets/{self.id}")
            case _:
                await self._call("PUT", here, {"ticket": {FIELDS[what]: value}})
        self._put_down(what, value)

    def _possible(self) -> dict[What, float]:
        """What may happen, with its weight. Where a ticket ends only after its task was seen, each one is made once."""
        now, ends = self.now, len(self.changes) >= self.ends_from
        if now.gone:
            return {"undeleted": 6, "destroyed": 0.5} if ends else {"undeleted": 1}
        if now.status == "closed":
            return {"deleted": 1}
        possible: dict[What, float] = {"renamed": 6, "assigned": 5, "status": 5}
        if self._has_a_task() or self.ends_early:
            possible |= {"deleted": 1.5}
            possible |= {"closed": 2} if ends else {}
            possible |= {"merged": 2} if ends and now.status in BELOW_SOLVED else {}
        return possible

    def _value(self, what: What) -> Any:
        now, choice = self.now, self.random.choice
        match what:
            case "renamed":
                return self._new_subject()
            case "assigned":
                return choice([agent for agent in AGENTS if agent != now.assignee])
            case "status":
                return choice([status for status in STATUSES if status != now.status])
            case "merged":
                return self.sites.merge_target
            case _:
                return None

    def _new_subject(self) -> str:
        number = len(self.changes)
        return "" if self.random.random() < 0.05 else f"{number} {self.random.choice(SUBJECTS)}"

    def _has_a_task(self) -> bool:
        self.had_a_task = self.had_a_task or self.id in self.sites.tasks()
        return self.had_a_task

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return await self.sites.change(method, path, body)

    def _put_down(self, what: What, value: Any) -> None:
        news = self._newly_made()
        self._known |= {one.id for one in news}
        self._news.append(news)
        # A change that changed nothing is told by nobody, and there is nothing to tell.
        told = not news or any(one.state != "dropped" for one in news)
        self.changes.append(Change(what, value, told=told))

    def _newly_made(self) -> list[Delivery]:
        """The deliveries that the last change made."""
        newest = islice(reversed(self.sites.zendesk.deliveries._log.values()), LOOKED_AT)
        return [one for one in newest if one.ticket_id == self.id and one.id not in self._known]


def shown(tasks: Sequence[Task]) -> Must:
    """The model's words for what Teamwork holds for a ticket; of more than one, the newest."""
    if not tasks:
        return Must("none")
    task = max(tasks, key=lambda one: one.id)
    if task.deleted_at is not None:
        return Must("absent")
    state: State = "completed" if task.completed_at is not None else "open"
    return Must(state, task.name, next(iter(task.assignee_ids), None))


FIELDS: dict[What, str] = {"renamed": "subject", "assigned": "assignee_id", "status": "status", "tagged": "tags"}
