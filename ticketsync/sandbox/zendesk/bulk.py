"""What all nouns that are written by the hundred have in common: one job, a row in it for each (reference §10, §14)."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from fastapi import Request
from pydantic import JsonValue

from ticketsync.sandbox.zendesk.account import Account
from ticketsync.sandbox.zendesk.errors import ApiError
from ticketsync.sandbox.zendesk.jobs import failed_row, finished_job
from ticketsync.sandbox.zendesk.paging import address_of
from ticketsync.sandbox.zendesk.views import job_json

One = TypeVar("One")


def _nameless(_: object) -> None:
    return None


def bulk_job(
    account: Account,
    request: Request,
    job_type: str,
    ones: Iterable[One],
    do: Callable[[int, One], JsonValue],
    *,
    id_of: Callable[[One], int | None] = _nameless,
) -> dict[str, Any]:
    """Do it to each, by its index; one that is refused keeps no other from being done, and is named by its id."""
    rows = [_row(do, id_of, index, one) for index, one in enumerate(ones)]
    job = finished_job(account, rows, job_type)
    return {"job_status": job_json(job, address_of(request), finished=False)}


def _row(do: Callable[[int, One], JsonValue], id_of: Callable[[One], int | None], index: int, one: One) -> JsonValue:
    try:
        return do(index, one)
    except ApiError as error:
        code = str(error.body.get("error", error.status))
        return failed_row(id_of(one), code, str(error.body.get("description", "")))
