"""Definitions of custom task fields (reference/teamwork-api §5.2)."""

from dataclasses import replace
from typing import Literal

from pydantic import Field
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from ticketsync.sandbox.teamwork.calls import Body, Call, Ids, NoBody, Words, WriteQuery, read, write
from ticketsync.sandbox.teamwork.pages import PageQuery, ReadQuery, list_answer
from ticketsync.sandbox.teamwork.records import CustomField
from ticketsync.sandbox.teamwork.shapes import iso, ref_or_none
from ticketsync.sandbox.teamwork.site import Json
from ticketsync.sandbox.teamwork.versions import V3

FieldType = Literal[
    "text-short",
    "text-long",
    "number-integer",
    "number-decimal",
    "dropdown",
    "status",
    "multiselect",
    "checkbox",
    "date",
    "url",
]


class CustomFieldsQuery(PageQuery):
    """`entities` is accepted: the sandbox has custom fields for tasks only."""

    search_term: str = ""
    project_ids: Ids = ()
    entities: Words = ()


class Choice(Body):
    value: str
    color: str = ""


class Options(Body):
    choices: tuple[Choice, ...] = ()


class FieldChanges(Body):
    name: str | None = Field(None, min_length=1)
    description: str | None = None
    required: bool | None = None
    options: Options | None = None


class NewField(FieldChanges):
    name: str = Field(min_length=1)
    type: FieldType
    entity: Literal["task"]
    project_id: int | None = None


class FieldBody(Body):
    customfield: FieldChanges


class NewFieldBody(Body):
    customfield: NewField


def field_view(field: CustomField) -> Json:
    return {
        "id": field.id,
        "name": field.name,
        "description": field.description,
        "type": field.type,
        "entity": "task",
        "required": field.required,
        "project": ref_or_none(field.project_id, "projects"),
        "projectId": field.project_id or None,
        "options": {"choices": [{"value": choice, "color": ""} for choice in field.choices]},
        "createdBy": field.created_by,
        "createdAt": iso(field.created_at),
        "updatedAt": iso(field.updated_at),
        "deleted": False,
    }


def list_fields(call: Call[CustomFieldsQuery, NoBody]) -> Response:
    query = call.query
    found = [
        field_view(field)
        for field in call.site.state.custom_fields.values()
        if query.search_term.casefold() in field.name.casefold()
        and (not query.project_ids or field.project_id in {0, *query.project_ids})
    ]
    return list_answer("customfields", found, query)


def show(call: Call[ReadQuery, NoBody]) -> Response:
    return JSONResponse({"customfield": field_view(call.site.custom_field(call.ids["field_id"]))})


def _choices(options: Options | None) -> tuple[str, ...]:
    return tuple(choice.value for choice in options.choices) if options else ()


def create(call: Call[WriteQuery, NewFieldBody]) -> Response:
    site, now, new = call.site, call.site.now(), call.body.customfield
    field = CustomField(
        id=site.new_id(),
        name=new.name,
        type=new.type,
        description=new.description or "",
        required=bool(new.required),
        project_id=site.project(new.project_id).id if new.project_id else 0,
        choices=_choices(new.options),
        created_by=call.person.id,
        created_at=now,
        updated_at=now,
    )
    site.state.custom_fields[field.id] = field
    return JSONResponse({"customfield": field_view(field)}, status_code=201)


def update(call: Call[WriteQuery, FieldBody]) -> Response:
    site, new = call.site, call.body.customfield
    field = site.custom_field(call.ids["field_id"])
    changes = new.model_dump(exclude_none=True, exclude={"options"})
    choices = _choices(new.options) if new.options else field.choices
    field = replace(field, choices=choices, updated_at=site.now(), **changes)
    site.state.custom_fields[field.id] = field
    return JSONResponse({"customfield": field_view(field)})


def delete(call: Call[WriteQuery, NoBody]) -> Response:
    """Its values on all tasks go too."""
    state, field = call.site.state, call.site.custom_field(call.ids["field_id"])
    del state.custom_fields[field.id]
    state.custom_values = {i: value for i, value in state.custom_values.items() if value.field_id != field.id}
    return Response(status_code=204)


routes: list[BaseRoute] = [
    read(V3, "/customfields", list_fields, CustomFieldsQuery),
    read(V3, "/customfields/{field_id:int}", show, ReadQuery),
    write("POST", V3, "/customfields", create, NewFieldBody),
    write("PATCH", V3, "/customfields/{field_id:int}", update, FieldBody),
    write("DELETE", V3, "/customfields/{field_id:int}", delete, NoBody),
]
