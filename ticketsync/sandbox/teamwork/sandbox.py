"""The sandbox as a whole: routes, and around them what every call passes through."""

from pathlib import Path
from types import TracebackType
from typing import Self

from fastapi import FastAPI
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from ticketsync.sandbox.faults import (
    CONTROL_PREFIX,
    Fault,
    FaultList,
    FaultMiddleware,
    answer_headers,
    fault_routes,
)
from ticketsync.sandbox.teamwork import (
    comments,
    control,
    custom_fields,
    custom_values,
    people,
    projects,
    tags,
    task_lists,
    task_states,
    task_writes,
    tasklists,
    tasks_v1,
    time_logs,
    trash,
)
from ticketsync.sandbox.teamwork.access import AccessMiddleware
from ticketsync.sandbox.teamwork.errors import ErrorAnswer, Refused
from ticketsync.sandbox.teamwork.quota import Meter, MeterMiddleware, QuotaMiddleware, rate_limited
from ticketsync.sandbox.teamwork.seed import grant, seeded
from ticketsync.sandbox.teamwork.settings import Switches, TeamworkSettings
from ticketsync.sandbox.teamwork.site import Clock, Site, SiteState, SystemClock
from ticketsync.sandbox.teamwork.storage import SavingMiddleware, StateFile

NOUNS = (
    people,
    projects,
    tasklists,
    task_lists,
    task_writes,
    task_states,
    tasks_v1,
    comments,
    tags,
    custom_fields,
    custom_values,
    time_logs,
    trash,
)


class TeamworkSandbox:
    """A local Teamwork site. Serve `app` with `ticketsync.sandbox.http.serve`; faults go into `faults`.

    With `state_dir` the site is read from `teamwork.json` there, and written to it shortly after every write and on
    leaving the context; credentials always come from `settings`. Raises ValueError when that file is not a site's.
    """

    def __init__(
        self,
        settings: TeamworkSettings | None = None,
        switches: Switches | None = None,
        state_dir: Path | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings or TeamworkSettings()
        self.switches = switches or Switches()
        self.clock: Clock = clock or SystemClock()
        self.faults = FaultList()
        self.meter = Meter(self.clock)
        self._file = StateFile(state_dir) if state_dir else None
        self.site = Site(_initial_state(self._file, self.settings, self.clock), self.switches, self.clock)
        self.app = self._app()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._saving:
            self._saving.save()

    def _app(self) -> ASGIApp:
        """From the inside out: a fault that loses the answer must not lose the save; the meter sees every call."""
        routes = _routes(self.site)
        quota = QuotaMiddleware(AccessMiddleware(routes, self.site), self.switches, self.clock)
        self._control(routes, quota)
        self._saving = SavingMiddleware(quota, self.site, self._file) if self._file else None
        faulty = FaultMiddleware(self._saving or quota, self.faults, self._fault_answer)
        return MeterMiddleware(faulty, self.meter)

    def _control(self, app: FastAPI, quota: QuotaMiddleware) -> None:
        controlled = control.Controlled(
            self.settings, self.switches.model_copy(), self.site, self.faults, self.meter, quota
        )
        app.include_router(fault_routes(self.faults))
        app.include_router(control.switch_routes(controlled))
        app.include_router(control.task_routes(self.site))
        app.include_router(control.place_routes(self.site))
        app.include_router(control.people_routes(self.site))

    def _fault_answer(self, fault: Fault) -> Response:
        headers = answer_headers(fault)
        match fault.kind:
            case "rate_limited":
                return rate_limited(self.switches, self.clock, fault.seconds, headers)
            case "unauthorized":
                return ErrorAnswer(401, "the API key is missing or not valid", headers)
            case _:
                return ErrorAnswer(fault.status, "the site has a problem", headers)


def _initial_state(file: StateFile | None, settings: TeamworkSettings, clock: Clock) -> SiteState:
    stored = file.load() if file else None
    if stored is None:
        return seeded(settings, clock.now().replace(microsecond=0))
    grant(stored, settings)
    return stored


def _routes(site: Site) -> FastAPI:
    app = FastAPI(routes=[route for noun in NOUNS for route in noun.routes], openapi_url=None, redirect_slashes=False)
    app.state.site = site
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(HTTPException, _no_route)
    app.add_exception_handler(ValidationError, _not_a_switch)
    return app


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 - registered for it
    return ErrorAnswer(error.status, error.detail)


async def _no_route(request: Request, error: Exception) -> Response:
    """Paths that do not exist are answered 400, as the real site does (reference/teamwork-api §6.2)."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    missing = error.status_code == 404 and not request.url.path.startswith(CONTROL_PREFIX)  # noqa: PLR2004
    return ErrorAnswer(400 if missing else error.status_code, "there is no such route" if missing else error.detail)


async def _not_a_switch(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ValidationError)  # noqa: S101 - registered for it
    return JSONResponse({"detail": error.errors(include_url=False, include_context=False)}, status_code=422)
