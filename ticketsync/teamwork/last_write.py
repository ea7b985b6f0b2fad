"""What Teamwork answered to the last write of whoever asks: of this asyncio task, so that attempts never mix."""

from contextvars import ContextVar

from ticketsync.teamwork.answers import Call

_LAST: ContextVar[str] = ContextVar("last_write", default="no call was needed")


def remember_write(call: Call, status: int) -> None:
    """Called by the client for each answer; reads do not count."""
    if call.writes:
        _LAST.set(f"{status} from {call}")


def last_write() -> str:
    """For example "200 from PATCH /projects/api/v3/tasks/30000017.json"."""
    return _LAST.get()
