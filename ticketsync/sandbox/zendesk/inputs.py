"""What clients send, read as leniently as Zendesk reads it."""

import html
import json
from typing import Annotated, Any, TypeVar

from fastapi import Request
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, ValidationError

from ticketsync.sandbox.zendesk.errors import ApiError, bad_request, invalid_attribute, record_invalid, too_many_values
from ticketsync.sandbox.zendesk.models import Action, Condition, Priority, Role, TicketStatus, TicketType

MOST_IDS = 100


def _unset(value: object) -> object:
    return None if value == "" else value


def _as_tags(value: object) -> object:
    if isinstance(value, str):
        return value.replace(",", " ").split()
    return value or []


def _as_fields(value: object) -> object:
    if isinstance(value, list):
        return {one["id"]: one.get("value") for one in value if isinstance(one, dict) and "id" in one}
    return value or {}


Link = Annotated[int | None, BeforeValidator(_unset)]
Tags = Annotated[list[str], BeforeValidator(_as_tags)]


class CommentInput(BaseModel):
    """`html_body` wins over `body`; public unless told otherwise."""

    body: str | None = None
    html_body: str | None = None
    public: bool = True
    author_id: Link = None

    @property
    def text(self) -> str:
        return self.body or self.html_body or ""

    @property
    def html(self) -> str:
        inner = self.html_body or "\n\n".join(map(_paragraph, html.escape(self.body or "").split("\n\n")))
        return f'<div class="zd-comment" dir="auto">{inner}</div>'


def _paragraph(text: str) -> str:
    lines = "\n<br>".join(text.splitlines())
    return f'<p dir="auto">{lines}</p>'


class RequesterInput(BaseModel):
    """A person by e-mail; created as a customer when unknown."""

    name: str | None = None
    email: str | None = None


class ViaInput(BaseModel):
    channel: str = "api"


class Sent(BaseModel):
    """Something as sent to create or update it; what does not belong there is kept to be warned of (§14)."""

    model_config = ConfigDict(extra="allow")

    @property
    def row_id(self) -> int | None:
        """The id, which only those that are sent by the hundred have a use for."""
        value = (self.model_extra or {}).get("id")
        return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()) else None

    @property
    def sent_fields(self) -> dict[str, Any]:
        """What was sent of the fields that there are."""
        return self.model_dump(exclude_unset=True, exclude=set(self.model_extra or {}))


class TicketInput(Sent):
    """A ticket; only what was sent is in `model_fields_set`."""

    subject: str | None = None
    description: str | None = None
    comment: CommentInput | None = None
    status: TicketStatus | None = None
    custom_status_id: Link = None
    priority: Annotated[Priority | None, BeforeValidator(_unset)] = None
    type: Annotated[TicketType | None, BeforeValidator(_unset)] = None
    requester: RequesterInput | None = None
    requester_id: Link = None
    submitter_id: Link = None
    assignee_id: Link = None
    assignee_email: Annotated[str | None, BeforeValidator(_unset)] = None
    group_id: Link = None
    organization_id: Link = None
    brand_id: Link = None
    ticket_form_id: Link = None
    problem_id: Link = None
    external_id: Annotated[str | None, BeforeValidator(_unset)] = Field(None, coerce_numbers_to_str=True)
    due_at: Annotated[AwareDatetime | None, BeforeValidator(_unset)] = None
    tags: Tags = []
    custom_fields: Annotated[dict[int, JsonValue], BeforeValidator(_as_fields)] = {}
    follower_ids: list[int] = []
    email_cc_ids: list[int] = []
    via: ViaInput | None = None
    via_followup_source_id: Link = None
    safe_update: bool = False
    updated_stamp: AwareDatetime | None = None

    def sent(self, name: str) -> bool:
        return name in self.model_fields_set


class UserInput(Sent):
    """A user."""

    name: str | None = None
    email: Annotated[str | None, BeforeValidator(_unset)] = None
    role: Role | None = None
    external_id: Annotated[str | None, BeforeValidator(_unset)] = Field(None, coerce_numbers_to_str=True)
    organization_id: Link = None
    default_group_id: Link = None
    phone: str | None = None
    tags: Tags = []
    user_fields: dict[str, JsonValue] = {}
    verified: bool = True
    suspended: bool = False


class MergeInput(BaseModel):
    """The tickets that end in the target, and the comments left behind; without a text Zendesk words its own."""

    ids: list[int]
    target_comment: str | None = None
    source_comment: str | None = None
    target_comment_is_public: bool = False
    source_comment_is_public: bool = False


class TagsInput(BaseModel):
    """The tags of something that has some."""

    tags: Tags = []

    def laid_over(self, own: list[str], method: str) -> list[str]:
        """POST sets them, PUT adds to its own, DELETE takes away (§10)."""
        given = {tag.lower() for tag in self.tags}
        return sorted({"POST": given, "PUT": {*own, *given}, "DELETE": {*own} - given}[method])


class RedactInput(BaseModel):
    """What is to be blackened in a comment."""

    text: str


class GroupInput(Sent):
    name: str | None = None
    description: str = ""
    is_public: bool = True


class MembershipInput(Sent):
    user_id: int
    group_id: int


class OrganizationInput(Sent):
    name: str | None = None
    external_id: Annotated[str | None, BeforeValidator(_unset)] = Field(None, coerce_numbers_to_str=True)
    domain_names: list[str] = []
    details: str | None = None
    notes: str | None = None
    group_id: Link = None
    shared_tickets: bool = False
    shared_comments: bool = False
    tags: Tags = []
    organization_fields: dict[str, JsonValue] = {}


class Conditions(BaseModel):
    all: list[Condition] = []
    any: list[Condition] = []


class TriggerInput(Sent):
    """A trigger; its conditions stand under `conditions`, or as in older days beside the title (§5)."""

    title: str | None = None
    active: bool = True
    position: int | None = None
    description: str | None = None
    category_id: str | None = Field(None, coerce_numbers_to_str=True)
    conditions: Conditions | None = None
    all: list[Condition] = []
    any: list[Condition] = []
    actions: list[Action] = []


Model = TypeVar("Model", bound=BaseModel)


async def json_object(request: Request) -> dict[str, Any]:
    """The body as an object; ApiError 400 when it is none."""
    try:
        body = json.loads(await request.body())
    except ValueError as error:
        raise bad_request("InvalidJSON", "The request body is not valid JSON") from error
    if not isinstance(body, dict):
        raise bad_request("InvalidJSON", "The request body must be a JSON object")
    return body


def read_noun(body: dict[str, Any], noun: str, model: type[Model]) -> Model:
    """`body[noun]` as a model; ApiError 400 without it, 400 or 422 for a value that does not fit."""
    if not isinstance(body.get(noun), dict):
        raise bad_request("MissingParameter", f"Required parameter missing: {noun}")
    return read_object(body[noun], noun, model)


def read_object(value: dict[str, Any], noun: str, model: type[Model]) -> Model:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _refusal(noun, error) from error


def _refusal(noun: str, error: ValidationError) -> ApiError:
    first = error.errors()[0]
    name = str(first["loc"][0])
    if first["type"] == "literal_error":
        return record_invalid(
            name, f"{name.capitalize()}: {first['input']} is not included in the list", "InvalidValue"
        )
    return invalid_attribute(noun, name)


def read_ids(text: str | None) -> list[int]:
    """Comma-separated ids; ApiError 400 for more than a hundred."""
    return [int(word) for word in read_words(text) if word.strip().isdecimal()]


def read_words(text: str | None) -> list[str]:
    """Comma-separated words; ApiError 400 for more than a hundred."""
    words = [word for word in (text or "").split(",") if word]
    if len(words) > MOST_IDS:
        raise too_many_values(MOST_IDS)
    return words


def read_list(body: dict[str, Any], noun: str, model: type[Model]) -> list[Model]:
    """`body[noun]` as a list of models; ApiError 400 without it or for more than a hundred."""
    rows = body.get(noun)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise bad_request("MissingParameter", f"Required parameter missing: {noun}")
    if len(rows) > MOST_IDS:
        raise too_many_values(MOST_IDS)
    return [read_object(row, noun.removesuffix("s"), model) for row in rows]
