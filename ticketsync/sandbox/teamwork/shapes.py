"""Small shapes that many answers share."""

from datetime import datetime

from starlette.responses import JSONResponse, Response

from ticketsync.sandbox.teamwork.site import Json


def ref(record_id: int, kind: str) -> Json:
    """How v3 points at another record."""
    return {"id": record_id, "type": kind}


def ref_or_none(record_id: int, kind: str) -> Json | None:
    return ref(record_id, kind) if record_id else None


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_or_none(moment: datetime | None) -> str | None:
    return iso(moment) if moment else None


def ok(more: Json | None = None, status: int = 200) -> Response:
    """A v1 answer."""
    return JSONResponse({"STATUS": "OK"} | (more or {}), status_code=status)
