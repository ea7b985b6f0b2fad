"""Keys that do not belong in a body do not fail a call: a header names them (reference/zendesk-api §14, recorded)."""

from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel

from ticketsync.sandbox.zendesk.inputs import json_object

HEADER = "x-zendesk-api-warn"


def warn_of_keys(response: Response, controller: str, action: str, keys: list[str]) -> None:
    """Name these keys, if there are any, as Zendesk does: in the words of the language that it is written in."""
    if keys:
        named = ", ".join(f'"{key}"' for key in keys)
        allowed = f':controller=>"{controller}", :action=>"{action}", :unpermitted_keys=>[{named}], :invalid_values=>[]'
        response.headers[HEADER] = f"{{:allowed_parameters=>{{{allowed}}}}}"


def warn_of_extra(response: Response, controller: str, action: str, noun: str, data: BaseModel) -> None:
    """Of what a model does not know."""
    warn_of_keys(response, controller, action, [f"{noun}.{name}" for name in data.model_extra or {}])


async def warn_of_body(request: Request, response: Response, controller: str, action: str, noun: str) -> None:
    """Of the whole body of a call that takes none: clients send one with DELETE."""
    if not await request.body():
        return
    value = (await json_object(request)).get(noun)
    inner: dict[str, Any] = value if isinstance(value, dict) else {}
    keys = [f"{noun}.{name}" for name in inner] + ([noun] if value is not None else [])
    warn_of_keys(response, controller, action, keys)
