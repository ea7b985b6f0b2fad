"""Background jobs: what they do is done at once, but only their second answer says so (reference §7.2, §14)."""

from collections.abc import Sequence

from pydantic import JsonValue

from ticketsync.sandbox.zendesk.account import Account
from ticketsync.sandbox.zendesk.ids import new_job_id
from ticketsync.sandbox.zendesk.models import Job


def finished_job(account: Account, rows: Sequence[JsonValue], job_type: str | None = None) -> Job:
    """A job with a result for each row."""
    return _kept(account, total=len(rows), results=list(rows), job_type=job_type)


def finished_destroy_job(account: Account) -> Job:
    """The job of a permanent deletion has no total, and an object as its result (§14)."""
    return _kept(account, total=None, results={"success": True}, job_type=None)


def updated_row(row_id: int) -> JsonValue:
    return {"action": "update", "status": "Updated", "success": True, "id": row_id}


def failed_row(row_id: int | None, error: str, details: str) -> JsonValue:
    """A row that could not be done. Its form is documented, not recorded."""
    named: dict[str, JsonValue] = {} if row_id is None else {"id": row_id}
    return {**named, "action": "update", "status": "Failed", "success": False, "error": error, "details": details}


def _kept(account: Account, *, total: int | None, results: JsonValue, job_type: str | None) -> Job:
    job = Job(id=new_job_id(), job_type=job_type, total=total, results=results, completed_at=account.clock.now())
    account.store.state.jobs[job.id] = job
    account.store.changed()
    return job
