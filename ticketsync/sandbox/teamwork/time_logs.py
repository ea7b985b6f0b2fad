"""Time logged on tasks (reference/teamwork-api §12)."""

from datetime import UTC, datetime

from pydantic import AliasChoices, Field
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from ticketsync.sandbox.teamwork.calls import Body, Call, NoBody, WriteQuery, read, write
from ticketsync.sandbox.teamwork.errors import Refused
from ticketsync.sandbox.teamwork.pages import PageQuery, list_answer
from ticketsync.sandbox.teamwork.records import TimeLog
from ticketsync.sandbox.teamwork.shapes import iso, ref
from ticketsync.sandbox.teamwork.site import Json, Site
from ticketsync.sandbox.teamwork.task_bodies import Day
from ticketsync.sandbox.teamwork.versions import V3


class NewTimeLog(Body):
    """`date` and `time` (`HH:MM:SS`) say when the work began; without `user_id` the caller worked."""

    date: Day
    time: str = Field("09:00:00", pattern=r"^\d{2}:\d{2}:\d{2}$")
    is_utc: bool = Field(True, validation_alias=AliasChoices("isUTC", "isUtc"))
    hours: int = Field(0, ge=0)
    minutes: int = Field(0, ge=0)
    description: str | None = None
    is_billable: bool = False
    user_id: int | None = None
    tag_ids: list[int] | None = None


class NewTimeLogBody(Body):
    timelog: NewTimeLog


def time_log_view(site: Site, log: TimeLog) -> Json:
    project_id = site.project_of(site.state.tasks[log.task_id]).id
    return {
        "id": log.id,
        "description": log.description,
        "minutes": log.minutes,
        "billable": log.billable,
        "isBillable": log.billable,
        "timeLogged": iso(log.time_logged),
        "user": ref(log.user_id, "users"),
        "userId": log.user_id,
        "task": ref(log.task_id, "tasks"),
        "taskId": log.task_id,
        "project": ref(project_id, "projects"),
        "projectId": project_id,
        "loggedBy": log.logged_by,
        "loggedByUserId": log.logged_by,
        "tags": [],
        "tagIds": [],
        "createdAt": iso(log.created_at),
        "updatedAt": None,
        "updatedBy": None,
        "deleted": False,
        "deletedAt": None,
        "deletedBy": None,
    }


def list_of_task(call: Call[PageQuery, NoBody]) -> Response:
    task = call.site.task(call.ids["task_id"])
    logs = [time_log_view(call.site, log) for log in call.site.state.time_logs.values() if log.task_id == task.id]
    return list_answer("timelogs", logs, call.query)


def _began(new: NewTimeLog) -> datetime:
    try:
        return datetime.fromisoformat(f"{new.date}T{new.time}").replace(tzinfo=UTC)
    except ValueError:
        raise Refused(422, "date or time is not a real one") from None


def create(call: Call[WriteQuery, NewTimeLogBody]) -> Response:
    site, new = call.site, call.body.timelog
    minutes = new.hours * 60 + new.minutes
    if not minutes:
        raise Refused(422, "the logged time has to be more than nothing")
    log = TimeLog(
        id=site.new_id(),
        task_id=site.task(call.ids["task_id"]).id,
        user_id=site.person(new.user_id or call.person.id).id,
        logged_by=call.person.id,
        minutes=minutes,
        time_logged=_began(new),
        created_at=site.now(),
        description=new.description or "",
        billable=new.is_billable,
    )
    site.state.time_logs[log.id] = log
    return JSONResponse({"timelog": time_log_view(site, log)}, status_code=201)


routes: list[BaseRoute] = [
    read(V3, "/tasks/{task_id:int}/time", list_of_task, PageQuery),
    write("POST", V3, "/tasks/{task_id:int}/time", create, NewTimeLogBody),
]
