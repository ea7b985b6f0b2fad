"""Values of custom fields on a task (reference/teamwork-api §5.3)."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from pydantic import AliasChoices, Field
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from ticketsync.sandbox.teamwork.calls import Body, Call, NoBody, WriteQuery, read, write
from ticketsync.sandbox.teamwork.errors import Refused, invalid, not_found
from ticketsync.sandbox.teamwork.pages import PageQuery, ReadQuery, list_answer
from ticketsync.sandbox.teamwork.records import CustomField, CustomValue, Task
from ticketsync.sandbox.teamwork.shapes import iso, ref
from ticketsync.sandbox.teamwork.site import Json, Site
from ticketsync.sandbox.teamwork.versions import V3

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class FieldValue(Body):
    """One field's value. Both spellings of the id are seen in official material."""

    custom_field_id: int = Field(validation_alias=AliasChoices("customFieldId", "customfieldId"))
    value: Any


class FieldValueBody(Body):
    customfield_task: FieldValue


class NewValue(Body):
    """`customfield_id` may be repeated but not changed."""

    customfield_id: int | None = None
    value: Any


class NewValueBody(Body):
    customfield_task: NewValue


class BulkValue(Body):
    id: int | None = None
    customfield_id: int
    value: Any


class BulkBody(Body):
    customfield_tasks: list[BulkValue]


def value_view(value: CustomValue) -> Json:
    return {
        "id": value.id,
        "value": value.value,
        "customfield": ref(value.field_id, "customfields"),
        "customfieldId": value.field_id,
        "task": ref(value.task_id, "tasks"),
        "taskId": value.task_id,
        "currencySymbol": "",
        "countryCode": "",
        "createdBy": value.created_by,
        "createdAt": iso(value.created_at),
        "updatedBy": value.created_by,
        "updatedAt": iso(value.updated_at),
    }


def values_of(site: Site, task_id: int) -> list[CustomValue]:
    return [value for value in site.state.custom_values.values() if value.task_id == task_id]


def _is_text(value: Any, _field: CustomField) -> bool:
    return isinstance(value, str)


def _is_number(value: Any, _field: CustomField) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_FITS: dict[str, Callable[[Any, CustomField], bool]] = {
    "number-integer": lambda value, field: _is_number(value, field) and isinstance(value, int),
    "number-decimal": _is_number,
    "checkbox": lambda value, _field: isinstance(value, bool),
    "date": lambda value, _field: isinstance(value, str) and DAY.fullmatch(value) is not None,
    "dropdown": lambda value, field: value in field.choices,
    "status": lambda value, field: value in field.choices,
    "multiselect": lambda value, field: isinstance(value, list) and all(choice in field.choices for choice in value),
}


def _checked(site: Site, field_id: int, value: Any) -> Any:
    field = site.state.custom_fields.get(field_id)
    if field is None:
        raise invalid(f"there is no custom field {field_id}")
    if value is not None and not _FITS.get(field.type, _is_text)(value, field):
        raise invalid(f"the value of custom field {field_id} does not fit its type {field.type}")
    return value


def check_values(site: Site, values: Iterable[FieldValue]) -> None:
    """Raises Refused for an unknown field or a value that does not fit, before anything is written."""
    for value in values:
        _checked(site, value.custom_field_id, value.value)


def set_value(site: Site, task: Task, person_id: int, field_id: int, value: Any) -> CustomValue:
    """A field has one value per task: a second one takes the place of the first."""
    now, fitting = site.now(), _checked(site, field_id, value)
    old = next((v for v in values_of(site, task.id) if v.field_id == field_id), None)
    if old:
        new = replace(old, value=fitting, updated_at=now)
    else:
        new = CustomValue(
            id=site.new_id(),
            field_id=field_id,
            task_id=task.id,
            value=fitting,
            created_by=person_id,
            created_at=now,
            updated_at=now,
        )
    site.state.custom_values[new.id] = new
    return new


def replace_values(site: Site, task: Task, person_id: int, values: list[FieldValue]) -> None:
    """Make `values` all there is, as a task write with `customFields` does."""
    kept = {value.custom_field_id for value in values}
    for old in values_of(site, task.id):
        if old.field_id not in kept:
            del site.state.custom_values[old.id]
    for value in values:
        set_value(site, task, person_id, value.custom_field_id, value.value)


def list_values(call: Call[PageQuery, NoBody]) -> Response:
    task = call.site.task(call.ids["task_id"])
    return list_answer("customfieldTasks", [value_view(v) for v in values_of(call.site, task.id)], call.query)


def show(call: Call[ReadQuery, NoBody]) -> Response:
    return JSONResponse({"customfieldTask": value_view(_value(call))})


def create(call: Call[WriteQuery, FieldValueBody]) -> Response:
    task, new = call.site.task(call.ids["task_id"]), call.body.customfield_task
    value = set_value(call.site, task, call.person.id, new.custom_field_id, new.value)
    return JSONResponse({"customfieldTask": value_view(value)}, status_code=201)


def _value(call: Call[Any, Any]) -> CustomValue:
    task, value_id = call.site.task(call.ids["task_id"]), call.ids["value_id"]
    value = call.site.state.custom_values.get(value_id)
    if value is None or value.task_id != task.id:
        raise not_found(f"custom field value {value_id}")
    return value


def update(call: Call[WriteQuery, NewValueBody]) -> Response:
    old, new = _value(call), call.body.customfield_task
    if new.customfield_id not in {None, old.field_id}:
        raise Refused(400, f"value {old.id} belongs to custom field {old.field_id}")
    task = call.site.task(old.task_id)
    value = set_value(call.site, task, call.person.id, old.field_id, new.value)
    return JSONResponse({"customfieldTask": value_view(value)})


def delete(call: Call[WriteQuery, NoBody]) -> Response:
    del call.site.state.custom_values[_value(call).id]
    return Response(status_code=204)


def update_many(call: Call[WriteQuery, BulkBody]) -> Response:
    task = call.site.task(call.ids["task_id"])
    new = call.body.customfield_tasks
    for value in new:
        _checked(call.site, value.customfield_id, value.value)
    written = [set_value(call.site, task, call.person.id, v.customfield_id, v.value) for v in new]
    return JSONResponse({"customfieldTasks": [value_view(value) for value in written]})


_OF_TASK = "/tasks/{task_id:int}/customfields"

routes: list[BaseRoute] = [
    read(V3, _OF_TASK, list_values, PageQuery),
    write("POST", V3, _OF_TASK, create, FieldValueBody),
    write("POST", V3, f"{_OF_TASK}/bulk/update", update_many, BulkBody),
    read(V3, f"{_OF_TASK}/{{value_id:int}}", show, ReadQuery),
    write("PATCH", V3, f"{_OF_TASK}/{{value_id:int}}", update, NewValueBody),
    write("DELETE", V3, f"{_OF_TASK}/{{value_id:int}}", delete, NoBody),
]
