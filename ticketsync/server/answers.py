"""What the server answers: every answer that is not a success is `{"error": code, "message": what to do}`."""

from typing import Literal

from pydantic import BaseModel
from starlette.responses import JSONResponse

# Below 60 s, or Zendesk does not send the event again (reference/zendesk-api §2).
RETRY_AFTER = {"Retry-After": "30"}
# The rest of a body that nobody reads must not be taken for the next request.
CLOSE = {"Connection": "close"}


class Stored(BaseModel):
    """The event is in Temporal."""

    status: Literal["stored"] = "stored"
    workflow_id: str


class Ignored(BaseModel):
    """Understood, and nothing that a task depends on."""

    status: Literal["ignored"] = "ignored"
    reason: str


class ErrorAnswer(BaseModel):
    """A stable code for programs, a sentence for people."""

    error: str
    message: str


class Refusal(Exception):
    """Ends a request with this answer; `error` is also its code in metrics and logs."""

    def __init__(self, status: int, error: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.message = message
        self.headers = headers

    @property
    def response(self) -> JSONResponse:
        return JSONResponse({"error": self.error, "message": self.message}, self.status, self.headers)


def unknown_desk() -> Refusal:
    return Refusal(404, "unknown_desk", "No desk has this name here: see `ticketsync desks list`.", CLOSE)


def not_stored(code: str) -> Refusal:
    return Refusal(503, "not_stored", f"The event could not be stored ({code}): send it again.", RETRY_AFTER)
