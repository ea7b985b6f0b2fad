"""Everything that a ticket's workflow remembers: one object, carried through continue-as-new and returned at the end.

The shape is stored in Temporal for as long as workflows live: fields are added with defaults, never renamed or removed.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from ticketsync.sync.event import Cause
from ticketsync.sync.snapshot import Clock, TicketSnapshot
from ticketsync.sync.step import AppliedTask, Field, Step

SEEN_KEPT = 200
JOURNAL_KEPT = 50
LINES_FOR_THE_RULES = 10  # more than a decision has notes
LINE_BYTES = 400
UNREACHABLE = "unreachable"  # the code of what was out of reach for too long
LINE_FRAME = 93  # what a line takes besides its code, text and event id
LINE_AFTER = 26  # what its moment "after" takes more than none
ENDING_BYTES = 160

Look = Literal["no", "once", "patiently"]
SyncState = Literal["pending", "in_step", "retrying", "blocked", "filtered", "paused", "ended"]


class JournalLine(BaseModel):
    """One thing that happened, and why: an event and what it changed or why nothing, a step and its answer.

    `after` is the moment of the line that was the last when a step was begun: what came later is not why it was.
    """

    model_config = ConfigDict(frozen=True)

    at: datetime
    code: str
    text: str
    event_id: str | None = None
    after: datetime | None = None


class Lifecycle(BaseModel):
    """Whether the ticket is there at all, with an order of its own: a rename never brings a deleted ticket back.

    `earliest` and `latest` are the moments between which the newest that was said of it was true, as text of nine
    digits; empty while nothing was said.
    """

    model_config = ConfigDict(frozen=True)

    deleted: bool = False
    how: str | None = None
    earliest: str = ""
    latest: str = ""
    merged: bool = False
    merged_into: int | None = None


class ReadWanted(BaseModel):
    """The ticket must be read from Zendesk: `asked` counts the wishes, so that an answer tells which of them it meets.

    `settled` asks for an answer given after the second of the ticket's last change is over. `doubt` holds the second
    whose events did not tell their order; anything newer ends that doubt without a read. `not_before`: an answer given
    earlier would not decide either.
    """

    model_config = ConfigDict(frozen=True)

    reason: str
    asked: int
    settled: bool = False
    doubt: datetime | None = None
    not_before: datetime | None = None


class Trouble(BaseModel):
    """Why a step or a read does not succeed. `retry_at` is None while Temporal itself keeps trying.

    `answer` says which call was answered how; empty where none was made.
    """

    model_config = ConfigDict(frozen=True)

    phase: Literal["retrying", "blocked", "paused"]
    code: str
    what: str
    since: datetime
    tries: int = 1
    retry_at: datetime | None = None
    answer: str = ""


RULES = "decide"  # the rules themselves failed on this ticket
# What is shown of several: first what nothing else can be done without, then what people see first on the task.
MATTERS_FIRST = ("inspect", "create", "restore", "delete", "complete", "reopen", "reassign", "rename", "move", "update")


def weight(trouble: Trouble) -> tuple[bool, bool, bool, bool, int]:
    """The smallest is shown of several: the rules, the other side not reached, a pause, then what matters most."""
    place = next((index for index, what in enumerate(MATTERS_FIRST) if what == trouble.what), len(MATTERS_FIRST))
    reached, in_time = trouble.phase != "retrying", trouble.code != UNREACHABLE
    return trouble.what != RULES, reached, in_time, trouble.phase != "paused", place


class RefusedAssignee(BaseModel):
    """A person whom Teamwork would not take for this task: tried again slowly, everything else goes on."""

    model_config = ConfigDict(frozen=True)

    user_id: int
    since: datetime
    retry_at: datetime
    tries: int = 1


class WaitingForPeople(BaseModel):
    """The directory could not say who this agent is: everything else goes on, and it is asked again.

    `generation` is that of the directory which did not know the agent, None when there was no directory.
    """

    model_config = ConfigDict(frozen=True)

    agent_id: int
    generation: int | None
    since: datetime
    retry_at: datetime


# What a ticket answers to a command.
QUEUED = "queued"
NOTHING_TO_RETRY = "nothing_to_retry"  # it decides anew all the same


class Command(BaseModel):
    """What an operator asked for. `task_id` is the task to link. `later`: many were told so, live changes go first."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["retry", "resync", "link", "unlink"]
    at: datetime
    recreate: bool = False
    task_id: int | None = None
    later: bool = False


class TicketState(BaseModel):
    """One ticket: what Zendesk said, what the task was told, and what is still to be done.

    `first_decision` is due until the run's first decision has asked for an earlier life of this ticket.
    `wanted_once` stays true from any snapshot that on its own would have made a task, so that order does not matter.
    `look` says whether a task may exist already: it is looked for once, or patiently while a create may be landing;
    `no_trace` that it need not be, should the ticket prove to be young.
    `anew` says that the last run planned steps which it left to this one. `trouble` is that of the steps which matters
    most, `other_troubles` are those of other kinds of steps beside it: see `step_troubles`.
    `link_to` is the task that an operator wants to be this ticket's, until it is or cannot be; `unlinked` says that an
    operator took the ticket's task from it, and that it makes none.
    `status_before_close` is the newest status other than closed, for policy `on_closed: keep`. `tags_kept` and
    `fields_kept` are the tags that the policy named and the optional fields that it used when the snapshot was folded:
    of all others nothing is known. `rules` are those by which each field of the task is as it should be, in words.
    `cause` is what the newest that had an effect goes back to, and with it what is done now.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = 1
    desk: str
    ticket_id: int
    first_decision: bool = True

    snapshot: TicketSnapshot | None = None
    clock: Clock | None = None
    tags_kept: tuple[str, ...] = ()
    fields_kept: tuple[str, ...] = ()
    lifecycle: Lifecycle = Lifecycle()
    was_assigned: bool = False
    wanted_once: bool = False
    status_before_close: str | None = None
    status_before_close_clock: Clock | None = None

    task: AppliedTask = AppliedTask()
    create_started_at: datetime | None = None
    look: Look = "no"
    no_trace: bool = False
    revive: bool = False
    inspect: bool = False
    anew: bool = False
    link_to: int | None = None
    unlinked: bool = False
    refused: RefusedAssignee | None = None
    rules: dict[Field, str] = {}
    cause: Cause | None = None

    read: ReadWanted | None = None
    reads_asked: int = 0
    read_trouble: Trouble | None = None
    trouble: Trouble | None = None
    other_troubles: tuple[Trouble, ...] = ()

    generation_needed: int | None = None
    waiting: WaitingForPeople | None = None
    settle_until: datetime | None = None
    end_at: datetime | None = None
    blocked_retry: timedelta = timedelta(minutes=15)

    sync_state: SyncState = "pending"
    reason: str = ""
    commands: tuple[Command, ...] = ()
    seen: tuple[str, ...] = ()
    journal: tuple[JournalLine, ...] = ()

    @property
    def step_troubles(self) -> tuple[Trouble, ...]:
        """At most one for each kind of step; the first is the one that is shown."""
        return (self.trouble, *self.other_troubles) if self.trouble is not None else ()

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """Those of steps, then that of reading the ticket."""
        return (*self.step_troubles, self.read_trouble) if self.read_trouble is not None else self.step_troubles

    def with_step_troubles(self, troubles: Iterable[Trouble]) -> "TicketState":
        first, *others = sorted(troubles, key=weight) or (None,)
        return self.model_copy(update={"trouble": first, "other_troubles": tuple(others)})

    @property
    def is_let_go(self) -> bool:
        """Whether an operator took its task from the ticket, and wants no other to become its."""
        return self.unlinked and self.link_to is None

    @property
    def has_something_to_retry(self) -> bool:
        """Whether anything did not succeed, or waits for somebody's answer."""
        return any((self.trouble, self.read_trouble, self.refused, self.waiting))

    def with_lines(self, *lines: JournalLine) -> "TicketState":
        return self.model_copy(update={"journal": (*self.journal, *lines)[-JOURNAL_KEPT:]})

    @property
    def for_the_rules(self) -> "TicketState":
        """Without the older lines of its journal: the worker keeps what it asked the rules until the run ends."""
        return self.model_copy(update={"journal": self.journal[-LINES_FOR_THE_RULES:]})

    def with_decision(self, decision: "Decision") -> "TicketState":
        """Put down what a decision changed. Mechanical: what it means was decided before."""
        seen = (*self.seen, *decision.seen)[-SEEN_KEPT:]
        known = self.model_dump(exclude={"journal"})
        changed = self.model_validate({**known, **decision.changes, "seen": seen})
        return changed.model_copy(update={"journal": self.journal}).with_lines(*decision.lines)

    def without_commands(self, count: int) -> "TicketState":
        return self.model_copy(update={"commands": self.commands[count:]})


class Decision(BaseModel):
    """The recorded answer to "given these events, what now?".

    `changes` holds the fields of `TicketState` that are new, as JSON; `plan` the steps in their order; `lines` the
    reason for each step and for each thing not done; `seen` the hashes of the events that were new; `live` whether
    people are waiting for this, `stored` whether they have been for long (no worker was there), `backfill` whether only
    a backfill told of it (they set the priority of the steps; None: as before).
    """

    changes: dict[str, Any] = {}
    plan: tuple[Step, ...] = ()
    lines: tuple[JournalLine, ...] = ()
    seen: tuple[str, ...] = ()
    live: bool | None = None
    stored: bool | None = None
    backfill: bool | None = None


def journal_line(
    at: datetime,
    code: str,
    text: str,
    event_id: str | None = None,
    *,
    ending: str = "",
    after: datetime | None = None,
) -> JournalLine:
    """A line cut to `LINE_BYTES` of JSON, so that the journal keeps its size whatever a subject holds.

    The text is cut before its `ending`, which is one of ours: `ENDING_BYTES` of that always have room, and more after
    a short text.
    """
    code, event_id = cut(code, 60), event_id and cut(event_id, 90)
    room = LINE_BYTES - LINE_FRAME - _size(code) - _size(event_id or "") - (LINE_AFTER if after else 0)
    ending = cut(ending, max(ENDING_BYTES, room - _size(text)))
    return JournalLine(
        at=at, code=code, text=f"{cut(text, room - _size(ending))}{ending}", event_id=event_id, after=after
    )


def cut(text: str, room: int) -> str:
    """As much of a text as fits into so many bytes of JSON, where some characters take up to six."""
    left = text.encode()[:room].decode(errors="ignore")
    while _size(left) > room:
        left = left[: len(left) * 9 // 10]
    return left


def _size(text: str) -> int:
    return len(to_json(text)) - 2


LONGEST_BLOCKED_RETRY = timedelta(hours=6)


def blocked_pause(first: timedelta, tries: int) -> timedelta:
    """How long a blocked step waits before its next try: doubling from `first`, at most six hours."""
    doubled: int = 2 ** min(tries - 1, 16)
    return min(first * doubled, LONGEST_BLOCKED_RETRY)
