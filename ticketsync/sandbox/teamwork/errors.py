"""Refusals and how Teamwork words them (reference/teamwork-api §6.1).

v3 answers `{"errors": […]}` and a 404 without a body; v1 answers `{"MESSAGE": …, "STATUS": "Error"}`.
"""

from collections.abc import Mapping
from http import HTTPStatus
from http.client import responses as phrases

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from ticketsync.sandbox.teamwork.versions import V3


class Refused(Exception):
    """A call that is answered with an error. `detail` names the field or id at fault, in the site's words."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail


def not_found(what: str) -> Refused:
    return Refused(404, f"{what} was not found")


def invalid(detail: str) -> Refused:
    return Refused(400, detail)


class ErrorAnswer(Response):
    """Worded when it is sent, because only then the path, and so the version of the API, is known for sure."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status_code=status)
        self.detail = detail
        self.extra_headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._worded(scope["path"])(scope, receive, send)

    def _worded(self, path: str) -> Response:
        v3 = path.startswith(f"{V3}/")
        if v3 and self.status_code == HTTPStatus.NOT_FOUND:
            return Response(status_code=404, headers=self.extra_headers)
        body = _v3_body(self.status_code, self.detail) if v3 else {"MESSAGE": self.detail, "STATUS": "Error"}
        return JSONResponse(body, status_code=self.status_code, headers=self.extra_headers)


def _v3_body(status: int, detail: str) -> dict[str, object]:
    title = "invalid data" if status == HTTPStatus.BAD_REQUEST else phrases.get(status, "error").lower()
    return {"errors": [{"id": "", "code": str(status), "title": title, "detail": detail, "meta": {}}]}
