"""Time logged on tasks (reference/teamwork-api §12)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pydantic import AliasChoices, Field
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from ticketsync.sandbox.teamwork.calls import Body, Call, NoBody, WriteQuery, read, write
from ticketsync.sandbox.teamwork.errors import Refused, not_found
from ticketsync.sandbox.teamwork.pages import PageQuery, ReadQuery, list_answer
from ticketsync.sandbox.teamwork.records import TimeLog
from ticketsync.sandbox.teamwork.shapes import iso, iso_or_none, ref
from ticketsync.sandbox.teamwork.site import Json, Site
from ticketsync.sandbox.teamwork.task_bodies import Day
from ticketsync.sandbox.teamwork.versions import V3

START_OF_WORK = "09:00:00"


class TimeLogFields(Body):
    """`date` and `time` (`HH:MM:SS`) say when the work began; what may be left out may be null too."""

    date: Day | None = None
    time: str = Field(START_OF_WORK, pattern=r"^\d{2}:\d{2}:\d{2}$")
    is_utc: bool = Field(True, validation_alias=AliasChoices("isUTC", "isUtc"))
    hours: int = Field(0, ge=0)
    minutes: int = Field(0, ge=0)
    description: str | None = None
    is_billable: bool | None = None
    user_id: int | None = None
    tag_ids: list[int] | None = None


class NewTimeLog(TimeLogFields):
    """Without `user_id` the caller worked."""

    date: Day


class NewTimeLogBody(Body):
    timelog: NewTimeLog


class TimeLogBody(Body):
    timelog: TimeLogFields


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
        "tags": [ref(tag_id, "tags") for tag_id in log.tag_ids],
        "tagIds": list(log.tag_ids),
        "createdAt": iso(log.created_at),
        "updatedAt": iso_or_none(log.updated_at),
        "updatedBy": log.updated_by,
        "deleted": log.deleted_at is not None,
        "deletedAt": iso_or_none(log.deleted_at),
        "deletedBy": log.deleted_by,
    }


# --- reading


def list_all(call: Call[PageQuery, NoBody]) -> Response:
    return _page(call, call.site.state.time_logs.values())


def list_of_task(call: Call[PageQuery, NoBody]) -> Response:
    task = call.site.task(call.ids["task_id"])
    return _page(call, (log for log in call.site.state.time_logs.values() if log.task_id == task.id))


def _page(call: Call[PageQuery, NoBody], logs: Iterable[TimeLog]) -> Response:
    return list_answer("timelogs", [time_log_view(call.site, log) for log in logs if not log.deleted_at], call.query)


def show(call: Call[ReadQuery, NoBody]) -> Response:
    log = _log(call)
    if log.deleted_at:
        raise not_found(f"time log {log.id}")
    return _answer(call.site, log)


def _log(call: Call[Any, Any]) -> TimeLog:
    """Also one that was deleted."""
    log = call.site.state.time_logs.get(call.ids["log_id"])
    if log is None:
        raise not_found(f"time log {call.ids['log_id']}")
    return log


def _answer(site: Site, log: TimeLog, status: int = 200) -> Response:
    return JSONResponse({"timelog": time_log_view(site, log)}, status_code=status)


# --- writing


def create(call: Call[WriteQuery, NewTimeLogBody]) -> Response:
    site, new = call.site, call.body.timelog
    log = TimeLog(
        id=site.new_id(),
        task_id=site.task(call.ids["task_id"]).id,
        user_id=site.person(new.user_id or call.person.id).id,
        logged_by=call.person.id,
        minutes=_minutes(new),
        time_logged=_began(new.date, new.time),
        created_at=site.now(),
        description=new.description or "",
        billable=new.is_billable or False,
        tag_ids=_tag_ids(site, new),
    )
    return _kept(site, log, 201)


def update(call: Call[WriteQuery, TimeLogBody]) -> Response:
    """Changes what is sent."""
    site, new, log = call.site, call.body.timelog, _log(call)
    sent = new.model_fields_set
    day = new.date or log.time_logged.date().isoformat()
    at = new.time if "time" in sent else log.time_logged.time().isoformat("seconds")
    changed = replace(
        log,
        user_id=site.person(new.user_id or log.user_id).id,
        minutes=_minutes(new) if {"hours", "minutes"} & sent else log.minutes,
        time_logged=_began(day, at),
        description=log.description if new.description is None else new.description,
        billable=log.billable if new.is_billable is None else new.is_billable,
        tag_ids=log.tag_ids if new.tag_ids is None else _tag_ids(site, new),
        updated_by=call.person.id,
        updated_at=site.now(),
    )
    return _kept(site, changed, 200)


def _kept(site: Site, log: TimeLog, status: int) -> Response:
    site.state.time_logs[log.id] = log
    return _answer(site, log, status)


def _minutes(new: TimeLogFields) -> int:
    minutes = new.hours * 60 + new.minutes
    if not minutes:
        raise Refused(422, "the logged time has to be more than nothing")
    return minutes


def _began(day: str, at: str) -> datetime:
    try:
        return datetime.fromisoformat(f"{day}T{at}").replace(tzinfo=UTC)
    except ValueError:
        raise Refused(422, "date or time is not a real one") from None


def _tag_ids(site: Site, new: TimeLogFields) -> tuple[int, ...]:
    return tuple(site.tag(tag_id).id for tag_id in new.tag_ids or [])


def delete(call: Call[WriteQuery, NoBody]) -> Response:
    """A second time too, as the official client's own tests do it."""
    log = _log(call)
    if not log.deleted_at:
        call.site.state.time_logs[log.id] = replace(log, deleted_by=call.person.id, deleted_at=call.site.now())
    return Response(status_code=204)


routes: list[BaseRoute] = [
    read(V3, "/time", list_all, PageQuery),
    read(V3, "/tasks/{task_id:int}/time", list_of_task, PageQuery),
    write("POST", V3, "/tasks/{task_id:int}/time", create, NewTimeLogBody),
    read(V3, "/time/{log_id:int}", show, ReadQuery),
    write("PATCH", V3, "/time/{log_id:int}", update, TimeLogBody),
    write("DELETE", V3, "/time/{log_id:int}", delete, NoBody),
]
