"""Random but consistent lives of one ticket, and random ways in which they are told."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.sync.zendesk import ANN, BOB, CUSTOMER, START, UMA, ZendeskTicket, leaving_out
from ticketsync.sync.event import Event
from ticketsync.sync.policy import Policy

SUBJECTS = ("A", "B", "", None, "x" * 300, " two\nlines ")
TAGS = ((), ("vip",), ("internal",), ("vip", "internal"), ("checkout",))
BILLING, SALES = 36, 37
BILLING_LIST, VIP_LIST = 1235, 1236
LIVE = ("open", "pending", "hold", "solved")
# Nothing, a nanosecond and less than a second: several actions within one second, some of them at the same time.
GAPS = (0.0, 1e-9, 0.2, 0.9, 1.0, 7.0, 30.0, 3600.0)

ACTIONS = (
    *(("renamed", subject) for subject in SUBJECTS),
    *(("assigned", agent) for agent in (ANN, BOB, UMA, None)),
    *(("status", status) for status in LIVE),
    *(("tagged", tags) for tags in TAGS),
    *(("prioritised", priority) for priority in ("urgent", "low", None)),
    *(("grouped", group) for group in (BILLING, SALES, None)),
    ("closed", None),
    ("soft_deleted", None),
    ("marked_as_spam", None),
    ("permanently_deleted", None),
    ("undeleted", None),
    ("merged_into", 3500),
)
LIFECYCLE = frozenset({"soft_deleted", "marked_as_spam", "permanently_deleted", "undeleted"})

policies = st.builds(
    Policy,
    on_closed=st.sampled_from(["delete", "complete", "keep"]),
    on_filtered=st.sampled_from(["keep", "complete", "delete"]),
    title=st.sampled_from(["{subject}", "[Ticket #{id}] {subject}", "{status}: {subject}", "{priority}, {subject}"]),
    include_tags=st.sampled_from([(), (), ("vip",)]),
    exclude_tags=st.sampled_from([(), (), ("internal",)]),
    include_groups=st.sampled_from([(), (), (), (BILLING,)]),
    exclude_groups=st.sampled_from([(), (), (), (SALES,)]),
    exclude_priorities=st.sampled_from([(), (), (), ("low",)]),
    routes=st.sampled_from([(), (), (f"tag:vip={VIP_LIST}", f"group:{BILLING}={BILLING_LIST}")]),
    task_priorities=st.sampled_from([(), (), ("urgent=high", "low=low")]),
    task_tags=st.sampled_from([(), (), ("*=Zendesk", "vip=Important", "internal")]),
    settle_window=st.sampled_from([timedelta(seconds=60), timedelta(0), timedelta(hours=2)]),
)


class History:
    """`told` is what is heard of the ticket, in the order in which it happened; `zendesk` is as it was in the end."""

    def __init__(self, zendesk: ZendeskTicket, policy: Policy, linked_at: datetime) -> None:
        self.zendesk = zendesk
        self.policy = policy
        self.linked_at = linked_at
        self.told: list[Event] = []

    def __repr__(self) -> str:
        lines = [
            f"  {event.kind} {event.time[11:] or '-'} as of {event.as_of} position {event.position} "
            f"hint {event.hint} {event.snapshot and _brief(event)}"
            for event in self.told
        ]
        return "\n".join([f"History({self.policy!r}, linked at {self.linked_at},", *lines, ")"])


class Telling:
    """In which order and in which batches the events of a history are heard: numbers of `told`."""

    def __init__(self, history: History, order: list[int], cuts: list[int]) -> None:
        self._history = history
        self._order = order
        self._cuts = cuts

    def __repr__(self) -> str:
        return f"Telling(order={self._order}, cuts={self._cuts})"

    @property
    def batches(self) -> list[list[Event]]:
        ends = [*self._cuts, len(self._order)]
        parts = [self._order[start:end] for start, end in zip([0, *self._cuts], ends, strict=True) if start < end]
        return [[self._history.told[number] for number in part] for part in parts]


def _brief(event: Event) -> str:
    seen = event.snapshot
    assert seen is not None
    what = f"{seen.status} {str(seen.subject)[:9]!r} {seen.assignee_id} {seen.tags} {seen.group_id} {seen.priority}"
    return f"{seen.updated_at:%H:%M:%S} {what}{' left out' if seen.left_out else ''}"


@st.composite
def histories(draw: st.DrawFn, most_actions: int = 8) -> History:
    policy = draw(policies)
    linked_at = START + timedelta(days=draw(st.sampled_from([-1, -1, 1])))
    history = History(ZendeskTicket(), policy, linked_at)
    history.zendesk.latency = draw(st.sampled_from([0.1, 0.0, 0.7, 1.3]))
    history.zendesk.restore_sets = draw(st.sampled_from(["now", "nothing", "before"]))
    by, assignee = draw(st.sampled_from([CUSTOMER, BOB, UMA])), draw(st.sampled_from([None, ANN, UMA]))
    more: dict[str, Any] = {
        "group_id": draw(st.sampled_from([None, BILLING, SALES])),
        "priority": draw(st.sampled_from([None, "low"])),
    }
    first = history.zendesk.created("A", by=by, assignee=assignee, tags=draw(st.sampled_from(TAGS)), **more)
    _tell(draw, history, first)
    for action, argument in draw(st.lists(st.sampled_from(ACTIONS), max_size=most_actions)):
        if _possible(history.zendesk, action):
            history.zendesk.gap = draw(st.sampled_from(_gaps(policy)))
            _tell(draw, history, _do(history.zendesk, action, argument))
    history.zendesk.clock.forward(draw(st.sampled_from([0.3, 2.0, 15.0, 3600.0])))
    return history


def _gaps(policy: Policy) -> tuple[float, ...]:
    """Two actions at the very same time tell nobody which came last: see `_tell`."""
    return GAPS[1:] if policy.on_closed == "keep" else GAPS


def _possible(zendesk: ZendeskTicket, action: str) -> bool:
    if action == "undeleted":
        return zendesk.deleted not in (None, "permanently_deleted")
    if action == "permanently_deleted":
        return zendesk.deleted not in (None, "permanently_deleted")
    if zendesk.deleted:
        return False
    if action in LIFECYCLE:
        return True
    if zendesk.snapshot.status == "closed":
        return False
    return action != "merged_into" or zendesk.snapshot.status != "solved"


def _do(zendesk: ZendeskTicket, action: str, argument: Any) -> tuple[Event, ...]:
    does = getattr(zendesk, action)
    if action == "tagged":
        return tuple(does(*argument))
    unsettable = ("renamed", "assigned", "prioritised", "grouped")
    return tuple(does() if argument is None and action not in unsettable else does(argument))


# --- how it is told

WAYS = ("full", "full", "full", "full", "with fields left out", "hint", "without a time")


def _tell(draw: st.DrawFn, history: History, events: tuple[Event, ...]) -> None:
    """`keep` hangs on which status came last before the close, so there nothing is told that has no exact clock."""
    exact = history.policy.on_closed == "keep"
    for event in events:
        history.told.append(_told(event, draw(st.sampled_from(WAYS[:-1] if exact else WAYS))))
    if draw(st.sampled_from([False, False, True])):
        history.zendesk.clock.forward(draw(st.sampled_from([1.5, 20.0] if exact else [0.0, 0.3, 1.5, 20.0])))
        history.told.append(draw(st.sampled_from([history.zendesk.row, history.zendesk.read]))())


def _told(event: Event, way: str) -> Event:
    if way == "hint":
        return event.model_copy(update={"snapshot": None, "time": "", "hint": "says too little"})
    if way == "with fields left out":
        return leaving_out(event, "group_id", "priority", "tags")
    if way == "without a time" and event.kind not in LIFECYCLE:
        return event.model_copy(update={"time": ""})
    return event


# --- in which order and how often


@st.composite
def tellings(draw: st.DrawFn, history: History, *, doubled: bool = True) -> Telling:
    """Everything that is told, in any order, some of it twice, in batches of any size."""
    numbers = list(range(len(history.told)))
    again = draw(st.lists(st.sampled_from(numbers), max_size=4)) if doubled else []
    order = draw(st.permutations([*numbers, *again]))
    return Telling(history, order, sorted(draw(st.sets(st.integers(1, len(order)), max_size=4))))
