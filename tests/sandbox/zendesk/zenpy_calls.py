"""Zenpy, a client that others wrote, before the sandbox: which of its calls a test makes is noted and compared."""

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from zenpy import Zenpy
from zenpy.lib.api import BaseApi
from zenpy.lib.api_objects import Comment, Ticket

# The nouns that the sandbox serves, as Zenpy calls them.
NOUNS = (
    "tickets",
    "users",
    "groups",
    "group_memberships",
    "organizations",
    "triggers",
    "webhooks",
    "job_status",
    "tags",
    "ticket_fields",
)
# Of its own, no call of the API.
OF_ZENPY = {"check_ratelimit_budget", "supports_cbp"}
# Calls of these nouns that lead to something which the sandbox does not serve.
NOT_SERVED = {
    "tickets.events": "the export of ticket events",
    "tickets.metrics": "metrics",
    "tickets.metrics_incremental": "metrics",
    "tickets.rate": "satisfaction ratings",
    "tickets.show_macro_effect": "macros",
    "tickets.skips": "skips",
    "users.identities": "identities",
    "users.merge": "merging of users",
    "users.organization_memberships": "organization memberships",
    "users.requests": "requests",
    "users.set_password": "passwords",
    "users.skips": "skips",
    "users.subscriptions": "the help centre",
    "users.user_fields": "user fields",
    "users.votes": "the help centre",
    "organizations.external": "Zenpy asks for it with two question marks in the address",
    "organizations.organization_fields": "organization fields",
    "organizations.organization_memberships": "organization memberships",
    "organizations.requests": "requests",
    "ticket_fields.create": "changes of ticket fields",
    "ticket_fields.update": "changes of ticket fields",
    "ticket_fields.delete": "changes of ticket fields",
    "ticket_fields.options": "options of ticket fields",
    "group_memberships.update": "Zenpy itself refuses it",
}
COVERED: set[str] = set()

Body = Callable[..., None]


def covers(*calls: str) -> Callable[[Body], Callable[..., Awaitable[None]]]:
    """A test that makes these calls of Zenpy's, which block: it runs in a thread of its own."""
    COVERED.update(calls)

    def decorate(body: Body) -> Callable[..., Awaitable[None]]:
        @functools.wraps(body)
        async def test(zenpy: "NotingZenpy", **fixtures: Any) -> None:
            await asyncio.to_thread(body, zenpy=zenpy, **fixtures)
            assert set(calls) <= zenpy.noted

        return test

    return decorate


class NotingZenpy:
    """A Zenpy that remembers which of its calls were made."""

    def __init__(self, zenpy: Zenpy) -> None:
        self._zenpy = zenpy
        self.noted: set[str] = set()

    def __getattr__(self, noun: str) -> Any:
        return _NotingApi(noun, getattr(self._zenpy, noun), self.noted)


class _NotingApi:
    def __init__(self, noun: str, api: Any, noted: set[str]) -> None:
        self._noun, self._api, self._noted = noun, api, noted

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._noted.add(f"{self._noun}.__call__")
        return self._api(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        self._noted.add(f"{self._noun}.{name}")
        return getattr(self._api, name)


def offered(zenpy: Zenpy) -> Iterator[str]:
    """Every call that Zenpy has for the nouns served, nested ones by the name that they are reached by."""
    for noun in NOUNS:
        api = getattr(zenpy, noun)
        yield f"{noun}.__call__"
        methods = inspect.getmembers(type(api), inspect.isfunction)
        yield from (f"{noun}.{name}" for name, _ in methods if not name.startswith("_") and name not in OF_ZENPY)
        yield from (f"{noun}.{name}" for name, value in vars(api).items() if isinstance(value, BaseApi))


# --- what most tests do


Z = NotingZenpy


def new(zenpy: Z, **fields: Any) -> Any:
    """A new ticket."""
    return zenpy.tickets.create(Ticket(**{"subject": "Printer", "comment": Comment(body="It burns")} | fields)).ticket


def done(zenpy: Z, job: Any) -> Any:
    """A job's results, once it says that it is done; its first answer never does."""
    assert (job.status, job.results) == ("queued", None)
    finished = zenpy.job_status(id=job.id)
    assert finished.status == "completed"
    return finished.results


def ids(rows: Any) -> list[int]:
    return [row.id for row in rows]
