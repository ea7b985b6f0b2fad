"""The delay of a delivery: from the answer 202 to the moment the sandbox Teamwork puts down the call it comes to."""

from benchmarks.deliveries import Traffic
from benchmarks.load import Load, Sent
from benchmarks.service import Service, until
from ticketsync.sandbox.faults import Call
from ticketsync.sandbox.teamwork.records import Task
from ticketsync.teamwork.marker import markers_in

MANY_LOOKS = {"history.transferProcessorMaxPollRPS": "1000"}
"""Has a Temporal with one shard look into its queue of tasks as soon as a cluster's many shards together would."""

IN_FLIGHT = 64
PATIENCE = 180.0
CREATE = r"^/projects/api/v3/tasklists/\d+/tasks\.json$"
RENAME = r"^/projects/api/v3/tasks/\d+\.json$"


def evenly(traffic: Traffic, *, rate: float, seconds: float, port: int) -> Load:
    """Deliveries to the server at `port`, so many a second."""
    return Load(way="deliveries", traffic=traffic, seconds=seconds, in_flight=IN_FLIGHT, rate=rate, ports=(port,))


async def delays(service: Service, load: Load) -> list[float]:
    """Milliseconds, one for each event, of which each comes to a call: new tickets, or one change of each ticket.

    Forgets the calls that the sandbox was asked for before. Raises RuntimeError when an event was not stored,
    TimeoutError when a call does not come.
    """
    known = forget_calls(service)
    sent = all_stored(await service.send(load))
    await until(lambda: len(answered(service)) >= len(sent.events), "all are told", PATIENCE)
    began = began_since(service, known)
    return [(began[one.ticket_id] - one.answered) * 1000 for one in sent.events]


def forget_calls(service: Service) -> frozenset[int]:
    """The tasks there are already. Looking for calls among many would hold up the sandbox, which is in our process."""
    service.teamwork.faults.calls.clear()
    return frozenset(service.teamwork.site.state.tasks)


def all_stored(sent: Sent) -> Sent:
    """Raises RuntimeError: what was not stored has no delay."""
    if sent.errors:
        raise RuntimeError(f"{sent.errors} of {len(sent.events)} events were not stored")
    return sent


def answered(service: Service) -> list[Call]:
    """The creates and renames, in the order in which they began."""
    calls = service.teamwork.faults.matching_calls("POST|PATCH", f"{CREATE}|{RENAME}")
    return [call for call in calls if call.status is not None]


def began_since(service: Service, known: frozenset[int]) -> dict[int, float]:
    """When the call for each ticket began (Unix time), when all are answered: one for each ticket.

    A create's path does not name its task: those that were not `known` were made in the order of the calls.
    """
    tasks = service.teamwork.site.state.tasks
    new = iter(sorted(tasks.keys() - known))
    told = ((next(new) if call.method == "POST" else _task_of(call), call.at) for call in answered(service))
    return {_ticket_of(tasks[task_id]): at.timestamp() for task_id, at in told}


def _task_of(rename: Call) -> int:
    return int(rename.path.rpartition("/")[2].removesuffix(".json"))


def _ticket_of(task: Task) -> int:
    ((_, ticket_id),) = markers_in(task.description)
    return ticket_id
