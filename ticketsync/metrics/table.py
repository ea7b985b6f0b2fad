"""Every metric of a worker that is our own, in one table. Those of the server are in `ticketsync.server.metrics`.

Labels hold desks that are configured, and codes and names from fixed lists: nothing that a sender can invent.
"""

from typing import Literal, NamedTuple

SUFFIXES = {"counter": "_total", "gauge": "", "histogram": "_seconds"}


class Metric(NamedTuple):
    """`name` without our prefix, and without the suffix that comes by its kind; `says` is its help."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    says: str

    @property
    def instrument(self) -> str:
        """As the SDK wants it: it adds the suffix itself."""
        return f"ticketsync_{self.name}"

    @property
    def exported(self) -> str:
        """As Prometheus shows it."""
        return f"{self.instrument}{SUFFIXES[self.kind]}"


BUILD_INFO = Metric("build_info", "gauge", ("component", "version"), "1: a server or worker of this version")
CHANGES = Metric("changes", "counter", ("desk", "source"), "changes of tickets that took effect")
EVENT_TO_TASK = Metric(
    "event_to_task", "histogram", ("desk",), "from the moment that an event came in here until its step is done"
)
STEP_ATTEMPTS = Metric(
    "step_attempts", "counter", ("desk", "kind", "outcome"), "attempts of steps and reads by what came of them"
)
CALLS = Metric("calls", "counter", ("desk", "side", "status"), "HTTP calls by their answer's status")
QUOTA_LEFT = Metric("quota_left", "gauge", ("desk", "side"), "calls that are free at once in the site's quota")
QUOTA_CALLS = Metric("quota_calls", "gauge", ("desk", "side"), "calls that are ever free at once in the site's quota")
TICKETS = Metric("tickets", "gauge", ("desk", "state"), "tickets that are looked after")
OLDEST_TROUBLE = Metric(
    "oldest_trouble_seconds", "gauge", ("desk", "state", "reason"), "how long the oldest ticket is held up for it"
)
DESK_TROUBLE = Metric("desk_trouble", "gauge", ("desk", "side", "reason"), "1: this holds up the whole desk")
DESK_PAUSED = Metric("desk_paused", "gauge", ("desk",), "1: the desk is paused")
UNMAPPED_AGENTS = Metric("unmapped_agents", "gauge", ("desk",), "active agents without a Teamwork person")
COUNT_AGE = Metric("count_age_seconds", "gauge", (), "how old the counts of tickets and desks are")
REDIS_UP = Metric("redis_up", "gauge", (), "1 while Redis answers this worker")

WORKER_METRICS = (
    BUILD_INFO,
    CHANGES,
    EVENT_TO_TASK,
    STEP_ATTEMPTS,
    CALLS,
    QUOTA_LEFT,
    QUOTA_CALLS,
    TICKETS,
    OLDEST_TROUBLE,
    DESK_TROUBLE,
    DESK_PAUSED,
    UNMAPPED_AGENTS,
    COUNT_AGE,
    REDIS_UP,
)

# A change is on its task within a second as a rule; the patient attempts after an outage go on every ten minutes.
DELAY_BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0, 1800.0, 7200.0)
HISTOGRAM_BUCKETS = {EVENT_TO_TASK.instrument: DELAY_BUCKETS}
