"""The support day: what happens to which ticket, each story in one function, all of them side by side.

Stories that wait for the task between two changes show what each change does; those that do not, what a burst does.
What each ticket must end as stands in `rules.py`, not here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx

from ticketsync.demo.progress import Progress
from ticketsync.demo.world import NotSeenError, Ticket, World
from ticketsync.sandbox.zendesk.seed import ANN_ID as ANN
from ticketsync.sandbox.zendesk.seed import BEN_ID as BEN
from ticketsync.sandbox.zendesk.seed import CLEO_ID as CLEO
from ticketsync.sandbox.zendesk.seed import CUSTOMER_ID as CARLA

PACE = 0.15  # seconds from one story to the next: a busy desk, and yet each change can be measured
LATE = 1.0  # seconds that a delivery is held up; less than the settle window
IN_DEVELOPMENT = 8447320465950  # a custom status of the category open
REST_WITHIN = 30.0
AT_REST = frozenset({"in_step", "ended", "filtered"})


@dataclass
class Day:
    """A day as it is played: its tickets in the order of their opening, and what went wrong on the way."""

    world: World
    tickets: list[Ticket] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)

    def ticket(self, name: str) -> Ticket:
        ticket = Ticket(self.world, name)
        self.tickets.append(ticket)
        return ticket


Story = Callable[[Day], Awaitable[None]]


async def play(world: World, progress: Progress) -> Day:
    """Play all stories; return when every ticket has come to rest."""
    day, done = Day(world), 0

    async def play_one(place: int, story: Story) -> None:
        nonlocal done
        await asyncio.sleep(place * PACE)
        await _survived(day, story)
        done += 1
        progress.now(f"playing a support day: {done} of {len(STORIES)} stories told, {len(day.tickets)} tickets")

    with progress.doing(f"playing a support day of {len(STORIES)} stories"):
        await asyncio.gather(*(play_one(place, story) for place, story in enumerate(STORIES)))
        await _come_to_rest(day)
    return day


async def _survived(day: Day, story: Story) -> None:
    try:
        await story(day)
    except (NotSeenError, httpx.HTTPError) as error:
        day.problems[story.__name__] = str(error) or type(error).__name__


async def _come_to_rest(day: Day) -> None:
    """Until no event is on its way and no ticket is at work; who does not come to rest is seen in the table."""
    tickets = [ticket for ticket in day.tickets if ticket.is_open]
    await day.world.zendesk.get("/sandbox/idle", params={"wait": REST_WITHIN}, timeout=REST_WITHIN + 5)
    give_up = asyncio.get_running_loop().time() + REST_WITHIN
    while tickets and asyncio.get_running_loop().time() < give_up:
        states = [(await ticket.status()).get("sync_state") for ticket in tickets]
        tickets = [ticket for ticket, state in zip(tickets, states, strict=True) if state not in AT_REST]
        await asyncio.sleep(PACE)
    await day.world.look()


# --- people


async def opened_by_a_customer(day: Day) -> None:
    await day.ticket("by a customer").opens("Where is my parcel?", by=CARLA)


async def opened_by_an_agent(day: Day) -> None:
    await day.ticket("by an agent").opens("Call back about the offer", by=ANN, requester_id=CARLA)


async def opened_by_an_unmapped_agent(day: Day) -> None:
    await day.ticket("by an unmapped agent").opens("Two seats for the fair", by=CLEO, requester_id=CARLA)


async def assigned(day: Day) -> None:
    ticket = day.ticket("assigned")
    await ticket.opens("Invoice is wrong", by=CARLA)
    await ticket.shows("open", assignee=None)
    await ticket.changes(assignee_id=ANN)


async def reassigned(day: Day) -> None:
    ticket = day.ticket("reassigned")
    await ticket.opens("Cannot log in since Monday", by=CARLA, assignee_id=ANN)
    await ticket.shows("open", assignee="Ann Archer")
    await ticket.changes(assignee_id=BEN)


async def unassigned(day: Day) -> None:
    """Ann opened it, and all the same it is nobody's in the end: "no longer" is not "not yet"."""
    ticket = day.ticket("unassigned")
    await ticket.opens("Contract for next year", by=ANN, requester_id=CARLA, assignee_id=BEN)
    await ticket.shows("open", assignee="Ben Baker")
    await ticket.changes(assignee_id=None)


async def assigned_to_somebody_without_mapping(day: Day) -> None:
    ticket = day.ticket("to an unmapped agent")
    await ticket.opens("Discount code refused", by=CARLA, assignee_id=ANN)
    await ticket.shows("open", assignee="Ann Archer")
    await ticket.changes(assignee_id=CLEO)


# --- titles


async def renamed(day: Day) -> None:
    ticket = day.ticket("renamed")
    await ticket.opens("help!!!", by=CARLA)
    await ticket.shows("open", title="help!!!")
    await ticket.changes(subject="Checkout fails on mobile")


async def edited_ten_times(day: Day) -> None:
    ticket = day.ticket("ten edits")
    await ticket.opens("Order 1001: edit 0", by=CARLA)
    await ticket.shows("open")
    for number in range(1, 11):
        await ticket.changes(subject=f"Order 1001: edit {number}")


async def without_subject(day: Day) -> None:
    await day.ticket("empty subject").opens("", by=CARLA)


async def with_a_long_subject(day: Day) -> None:
    await day.ticket("long subject").opens("x" * 300, by=CARLA)


async def delivered_three_times(day: Day) -> None:
    ticket = day.ticket("delivered thrice")
    await ticket.opens("Same news again and again", by=CARLA)
    await ticket.has_deliveries("duplicate", copies=2)
    await ticket.changes(subject="The same news, once", assignee_id=BEN)


# --- standing


async def pending_and_on_hold(day: Day) -> None:
    ticket = day.ticket("pending, on hold")
    await ticket.opens("Waiting for the supplier", by=CARLA, assignee_id=BEN)
    await ticket.changes(status="pending")
    await ticket.changes(status="hold")


async def with_a_custom_status(day: Day) -> None:
    ticket = day.ticket("custom status")
    await ticket.opens("Export has no header", by=CARLA, assignee_id=ANN)
    await ticket.shows("open")
    await ticket.changes(custom_status_id=IN_DEVELOPMENT)


async def solved(day: Day) -> None:
    ticket = day.ticket("solved")
    await ticket.opens("Password reset", by=CARLA, assignee_id=BEN)
    await ticket.shows("open")
    await ticket.changes(status="solved")


async def reopened(day: Day) -> None:
    ticket = day.ticket("reopened")
    await ticket.opens("Printer is offline again", by=CARLA, assignee_id=ANN)
    await ticket.shows("open")
    await ticket.changes(status="solved")
    await ticket.shows("completed")
    await ticket.changes(status="open")


# --- ends


async def closed(day: Day) -> None:
    ticket = day.ticket("closed")
    await ticket.opens("Receipt for March", by=CARLA, assignee_id=ANN)
    await ticket.shows("open")
    await ticket.changes(status="solved")
    await ticket.shows("completed")
    await ticket.is_closed()
    await ticket.shows("deleted")


async def deleted(day: Day) -> None:
    ticket = day.ticket("deleted")
    await ticket.opens("Sent by mistake", by=CARLA)
    await ticket.shows("open")
    await ticket.is_deleted()
    await ticket.shows("deleted")


async def undeleted(day: Day) -> None:
    ticket = day.ticket("undeleted")
    await ticket.opens("Data protection request", by=CARLA, assignee_id=BEN)
    await ticket.shows("open")
    await ticket.is_deleted()
    await ticket.shows("deleted")
    await ticket.is_undeleted()
    await ticket.shows("open")


async def marked_as_spam(day: Day) -> None:
    ticket = day.ticket("spam")
    sender = {"name": "Prize Team", "email": "prize@spam.example"}
    await ticket.opens("You have won", by=CARLA, requester_id=None, requester=sender)
    await ticket.shows("open")
    await ticket.is_marked_as_spam()
    await ticket.shows("deleted")


async def merged(day: Day) -> None:
    """Three into one: told in their order, the other way round, and one of which nothing else was ever heard."""
    target, first, second, unheard = (day.ticket(name) for name in MERGED)
    await target.opens("Shop is down", by=CARLA, assignee_id=ANN)
    await first.opens("Shop does not load", by=CARLA)
    await second.opens("Error 500 in the shop", by=CARLA)
    await unheard.is_there("Shop gone?", by=CARLA)
    await first.shows("open")
    await second.shows("open")
    await second.has_deliveries("delay", "merged", seconds=LATE)
    for ticket in (first, second, unheard):
        await ticket.is_merged_into(target)


MERGED = ("merge target", "merged, then closed", "closed, then merged", "first seen merged")


async def solved_when_first_seen(day: Day) -> None:
    ticket = day.ticket("first seen solved")
    await ticket.is_there("Opening hours?", by=CARLA)
    await ticket.changes(status="solved")


async def closed_when_first_seen(day: Day) -> None:
    ticket = day.ticket("first seen closed")
    await ticket.is_there("Thanks!", by=CARLA)
    await ticket.is_closed()


async def deleted_when_first_seen(day: Day) -> None:
    ticket = day.ticket("first seen deleted")
    await ticket.is_there("Test, please ignore", by=CARLA)
    await ticket.is_deleted()


async def solved_from_before_the_link(day: Day) -> None:
    ticket = day.ticket("older than the desk")
    await ticket.is_there("Question of last week", by=CARLA, created_at=datetime.now(UTC) - timedelta(days=7))
    await ticket.changes(status="solved")


# --- what people do in Teamwork


async def worked_on_and_deleted(day: Day) -> None:
    ticket = day.ticket("worked on, deleted")
    await ticket.opens("Install the new terminal", by=CARLA, assignee_id=ANN)
    await ticket.shows("open")
    await ticket.has_time_logged(minutes=90)
    await ticket.is_deleted()
    await ticket.shows("completed")


async def commented_and_closed(day: Day) -> None:
    ticket = day.ticket("commented, closed")
    await ticket.opens("Special terms for us", by=CARLA, assignee_id=BEN)
    await ticket.shows("open")
    await ticket.has_a_comment("Talked to the manager, see my notes.")
    await ticket.is_closed()
    await ticket.shows("completed")


async def task_deleted_by_hand(day: Day) -> None:
    ticket = day.ticket("task deleted by hand")
    await ticket.opens("Not worth a task", by=CARLA)
    await ticket.shows("open")
    await ticket.loses_its_task()
    await ticket.changes(subject="Really not worth a task")
    await ticket.knows("gone_by_hand")


async def task_deleted_by_hand_and_reopened(day: Day) -> None:
    ticket = day.ticket("by hand, reopened")
    await ticket.opens("Heating makes noise", by=CARLA, assignee_id=ANN)
    await ticket.shows("open")
    await ticket.loses_its_task()
    await ticket.changes(status="solved")
    await ticket.knows("gone_by_hand")
    await ticket.changes(status="open")
    await ticket.shows("open")


# --- the filter


async def outside_the_filter(day: Day) -> None:
    await day.ticket("tag no_task").opens("Newsletter bounced", by=CARLA, tags=["no_task", "newsletter"])


async def into_the_filter(day: Day) -> None:
    ticket = day.ticket("tag taken away")
    await ticket.opens("Bounced, but important", by=CARLA, tags=["no_task"])
    await ticket.knows("excluded_tag")
    await ticket.changes(tags=["vip"])


async def out_of_the_filter(day: Day) -> None:
    ticket = day.ticket("tagged later")
    await ticket.opens("Already at work on this", by=CARLA, assignee_id=BEN)
    await ticket.shows("open")
    await ticket.changes(tags=["no_task"])


# Those first that take longest: who is heard of for the first time when it is over is looked for patiently, in case
# an earlier life of the desk had begun a task for it.
STORIES: tuple[Story, ...] = (
    solved_from_before_the_link,
    deleted_when_first_seen,
    closed_when_first_seen,
    outside_the_filter,
    merged,
    undeleted,
    opened_by_a_customer,
    opened_by_an_agent,
    opened_by_an_unmapped_agent,
    task_deleted_by_hand_and_reopened,
    closed,
    deleted,
    marked_as_spam,
    worked_on_and_deleted,
    commented_and_closed,
    task_deleted_by_hand,
    edited_ten_times,
    reopened,
    assigned,
    reassigned,
    unassigned,
    assigned_to_somebody_without_mapping,
    renamed,
    without_subject,
    with_a_long_subject,
    delivered_three_times,
    pending_and_on_hold,
    with_a_custom_status,
    solved,
    solved_when_first_seen,
    into_the_filter,
    out_of_the_filter,
)
