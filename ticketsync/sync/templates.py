"""Templates with Zendesk's field names in braces: which names there are, and how one is filled in."""

import re
from collections.abc import Mapping, Sequence
from string import Formatter

# Zendesk's names of what a snapshot may hold (reference/zendesk-api §7), and ours where they differ.
TITLE_FIELDS = (
    "id",
    "subject",
    "status",
    "priority",
    "type",
    "assignee_id",
    "requester_id",
    "group_id",
    "organization_id",
    "brand_id",
    "ticket_form_id",
)
OUR_NAMES = {"ticket_form_id": "form_id"}
# The description is written once, from a read of the ticket: it may name more.
DESCRIPTION_FIELDS = (*TITLE_FIELDS, "submitter_id", "description", "tags", "external_id", "created_at")

# A custom field, as Zendesk's own placeholders name it: {{ticket.ticket_field_360001234567}}.
CUSTOM_FIELD = "ticket_field_"
ANY_CUSTOM_FIELD = f"{CUSTOM_FIELD}NUMBER (a custom field's)"
_CUSTOM_FIELD = re.compile(rf"{CUSTOM_FIELD}([1-9]\d{{0,18}})", re.ASCII)


def fields_in(template: str) -> frozenset[str]:
    """The names in braces."""
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name)


def custom_fields_in(template: str) -> frozenset[int]:
    """The numbers of the custom fields that it names."""
    return frozenset(int(found[1]) for name in fields_in(template) if (found := _CUSTOM_FIELD.fullmatch(name)))


def named_custom(fields: Mapping[int, str]) -> dict[str, str]:
    """Custom fields by the names that templates have for them."""
    return {f"{CUSTOM_FIELD}{number}": text for number, text in fields.items()}


def checked(template: str, known: Sequence[str], what: str) -> str:
    """The template itself; ValueError when it is not readable or names a field that is not `known`."""
    try:
        fields = [
            (name, form, conversion) for _, name, form, conversion in Formatter().parse(template) if name is not None
        ]
    except ValueError as error:
        raise ValueError(f"the {what} template is not readable ({error}): write a literal brace twice") from None
    if any(form or conversion for _, form, conversion in fields):
        raise ValueError(f"the {what} template takes plain {{field}} names, without ':' or '!'")
    names = {str(name) for name, _, _ in fields} - set(known)
    unknown = sorted(name for name in names if not _CUSTOM_FIELD.fullmatch(name))
    if unknown:
        use = ", ".join((*known, ANY_CUSTOM_FIELD))
        raise ValueError(f"unknown field {unknown[0]!r} in the {what} template: use {use}")
    return template


def filled_in(template: str, values: Mapping[str, object]) -> str:
    """The template with its values; one that is None, or not there, is left empty."""
    texts = {name: values.get(name) for name in fields_in(template)}
    return template.format_map({name: "" if value is None else str(value) for name, value in texts.items()})
