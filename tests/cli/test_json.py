"""`--json` is for programs: every time in it is ISO 8601 in UTC, as pydantic and everybody else reads it."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import AwareDatetime, TypeAdapter

from tests.cli.conftest import ANN, Service

A_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d\S*")
MOMENT = TypeAdapter[Any](AwareDatetime)


def times(answer: Any) -> Iterator[str]:
    """Every value that is a time, however it is written."""
    match answer:
        case dict():
            yield from (time for value in answer.values() for time in times(value))
        case list():
            yield from (time for value in answer for time in times(value))
        case str() if A_TIME.fullmatch(answer):
            yield answer


def test_a_time_that_is_written_otherwise_would_be_seen() -> None:
    assert list(times([{"at": "2026-01-02 03:04:05+00:00", "id": 1}, "12:00"])) == ["2026-01-02 03:04:05+00:00"]


@pytest.mark.parametrize("command", [("desks", "list"), ("desks", "show"), ("tickets", "list")])
async def test_every_time_of_a_desk_and_of_its_list_has_a_z(service: Service, command: tuple[str, ...]) -> None:
    await service.ticket(subject="Listed")
    _all_have_a_z((await service.run(*command, "--json")).json)


async def test_every_time_of_a_ticket_has_a_z(service: Service) -> None:
    ticket_id = str(await service.ticket(subject="Shown", assignee_id=ANN))
    for ran in await asyncio.gather(*(service.run("tickets", name, ticket_id, "--json") for name in ("show", "why"))):
        _all_have_a_z(ran.json)


def _all_have_a_z(answer: Any) -> None:
    found = list(times(answer))
    assert found
    assert [time for time in found if "T" not in time or not time.endswith("Z")] == []
    assert all(MOMENT.validate_python(time) for time in found)
