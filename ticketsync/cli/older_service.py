"""What an older service kept in Redis: one hash of ticket → task, one of Zendesk user → Teamwork user.

Taken are ids as they are, ids behind a prefix (`ticket:35436`), and JSON: a number, a text, or an object that has one
of the known names. Every entry is looked at; what cannot be taken becomes a problem that names its hash and field.
"""

import json
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar, cast

from redis.asyncio import Redis

from ticketsync.cli.output import Failed
from ticketsync.cli.sides import ask_redis

TICKETS_HASH, USERS_HASH = "zendesk:ticket_to_task", "zendesk:user_to_user"
TASK_NAMES = ("task_id", "taskId", "teamwork_task_id", "teamworkTaskId", "id")
USER_NAMES = ("user_id", "userId", "teamwork_user_id", "teamworkUserId", "person_id", "id", "email")
ID = re.compile(r"(?:[\w.-]+:)*([1-9]\d{0,17})", re.ASCII)
EMAIL = re.compile(r"[^\s@:]+@[^\s@:]+")
AT_ONCE = 1000
LONGEST_SHOWN = 60
MOST_HASHES_SHOWN = 20

Entry = TypeVar("Entry")


class TaskEntry(NamedTuple):
    field: str
    ticket_id: int
    task_id: int


class UserEntry(NamedTuple):
    """Each is an id or an e-mail, as text."""

    field: str
    agent: str
    person: str


@dataclass
class OlderService:
    """What was found, in the order of ticket and agent; `problems` are the entries that cannot be taken."""

    tasks: list[TaskEntry] = field(default_factory=list)
    users: list[UserEntry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


async def read_older_service(redis: Redis, tickets_hash: str, users_hash: str) -> OlderService:
    """Read both hashes; an empty name leaves one out. Raises Failed when one is not there, RedisError."""
    found = OlderService()
    tasks = await _entries(redis, tickets_hash)
    users = await _entries(redis, users_hash)
    found.tasks = _taken(tickets_hash, tasks, _task_entry, found.problems)
    found.users = _taken(users_hash, users, _user_entry, found.problems)
    found.tasks.sort(key=lambda entry: entry.ticket_id)
    found.users.sort(key=lambda entry: entry.agent)
    _refuse_twice(tickets_hash, found)
    return found


# --- Redis


async def _entries(redis: Redis, name: str) -> dict[str, str]:
    if not name:
        return {}
    kind = await ask_redis(lambda: cast("Awaitable[str]", redis.type(name)))
    if kind == "none":
        raise Failed(f"there is no hash {name} in this Redis: {await _hashes_there_are(redis)}")
    if kind != "hash":
        raise Failed(f"{name} is no hash in this Redis, but a {kind}")
    found: dict[str, str] = {}
    cursor = 0
    while True:
        cursor, some = await ask_redis(_scan(redis, name, cursor))
        found |= some
        if not cursor:
            return found


def _scan(redis: Redis, name: str, cursor: int) -> Callable[[], Any]:
    return lambda: redis.hscan(name, cursor, count=AT_ONCE)


async def _hashes_there_are(redis: Redis) -> str:
    names = [name async for name in redis.scan_iter(count=AT_ONCE, _type="hash") if not name.startswith("ticketsync:")]
    if not names:
        return "it has no hashes; see --from-host, --from-port and --from-db"
    more = f" and {len(names) - MOST_HASHES_SHOWN} more" if len(names) > MOST_HASHES_SHOWN else ""
    return f"there are {', '.join(sorted(names)[:MOST_HASHES_SHOWN])}{more}; name one, or '' to leave it out"


# --- entries


def _taken(name: str, entries: dict[str, str], read: Callable[[str, str], Entry], problems: list[str]) -> list[Entry]:
    taken: list[Entry] = []
    for key, value in entries.items():
        try:
            taken.append(read(key, value))
        except ValueError as error:
            problems.append(f"{place(name, key)}: {error}")
    return taken


def _task_entry(key: str, value: str) -> TaskEntry:
    ticket, task = ID.fullmatch(key.strip()), ID.fullmatch(_named(value, TASK_NAMES))
    if ticket is None:
        raise ValueError("its field is no ticket's number")
    if task is None:
        raise ValueError(f"its value is neither a task's number nor JSON with one of {', '.join(TASK_NAMES)}")
    return TaskEntry(key, int(ticket[1]), int(task[1]))


def _user_entry(key: str, value: str) -> UserEntry:
    agent, person = _user(key.strip()), _user(_named(value, USER_NAMES))
    if agent is None:
        raise ValueError("its field is neither a Zendesk user's number nor an e-mail")
    if person is None:
        names = ", ".join(USER_NAMES)
        raise ValueError(f"its value is neither a Teamwork user's number nor an e-mail nor JSON with one of {names}")
    return UserEntry(key, agent, person)


def _user(text: str) -> str | None:
    if EMAIL.fullmatch(text):
        return text
    found = ID.fullmatch(text)
    return found[1] if found else None


def _named(value: str, names: Collection[str]) -> str:
    """The value itself, or what JSON has under one of these names."""
    try:
        content = json.loads(value)
    except (ValueError, RecursionError):
        return value.strip()
    if isinstance(content, dict):
        content = next((content[name] for name in names if content.get(name)), None)
    return str(content).strip() if isinstance(content, str | int) and not isinstance(content, bool) else ""


def _refuse_twice(name: str, found: OlderService) -> None:
    """Two tickets never share a task, and no ticket has two."""
    tickets: defaultdict[int, set[int]] = defaultdict(set)
    tasks: defaultdict[int, set[int]] = defaultdict(set)
    for entry in found.tasks:
        tickets[entry.task_id].add(entry.ticket_id)
        tasks[entry.ticket_id].add(entry.task_id)
    clear: dict[int, TaskEntry] = {}
    for entry in found.tasks:
        clash = _clash(entry, tickets[entry.task_id], tasks[entry.ticket_id])
        if clash is None:
            clear[entry.ticket_id] = entry
        else:
            found.problems.append(f"{place(name, entry.field)}: {clash}")
    found.tasks = list(clear.values())


def _clash(entry: TaskEntry, tickets: Collection[int], tasks: Collection[int]) -> str | None:
    if len(tickets) > 1:
        return f"its task {entry.task_id} is that of several tickets: {', '.join(map(str, sorted(tickets)))}"
    if len(tasks) > 1:
        return f"its ticket has several tasks: {', '.join(map(str, sorted(tasks)))}"
    return None


def place(name: str, key: str) -> str:
    shown = key if len(key) <= LONGEST_SHOWN else f"{key[:LONGEST_SHOWN]}…"
    return f"{name}[{shown}]"
