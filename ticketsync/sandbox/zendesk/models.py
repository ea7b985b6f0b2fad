"""What the account stores. Everything here is written to the state file and read back from it."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, JsonValue

from ticketsync.sandbox.zendesk.invocation import Delivery

SYSTEM_ACTOR = -1

TicketStatus = Literal["new", "open", "pending", "hold", "solved", "closed"]
Priority = Literal["low", "normal", "high", "urgent"]
TicketType = Literal["question", "incident", "problem", "task"]
Role = Literal["end-user", "agent", "admin"]


class User(BaseModel):
    """A customer, an agent or an admin; `active` False: deleted."""

    id: int
    name: str
    email: str | None = None
    role: Role = "end-user"
    external_id: str | None = None
    organization_id: int | None = None
    default_group_id: int | None = None
    phone: str | None = None
    tags: list[str] = []
    user_fields: dict[str, JsonValue] = {}
    active: bool = True
    verified: bool = True
    suspended: bool = False
    created_at: datetime
    updated_at: datetime

    @property
    def is_staff(self) -> bool:
        return self.role != "end-user"


class Via(BaseModel):
    """How something came in, in REST's words (`web`, `email`, `api` …); `rel` and `from_ticket` for merges and
    follow-ups.
    """

    channel: str = "api"
    rel: str | None = None
    from_ticket: int | None = None


class Comment(BaseModel):
    """One comment; `author_id` -1 is the system."""

    id: int
    audit_id: int
    author_id: int
    body: str
    html_body: str
    public: bool = True
    via: Via = Via()
    created_at: datetime


class Ending(BaseModel):
    """How a ticket was deleted. After `permanent` only its scrubbed row in the export is left."""

    kind: Literal["deleted", "spam", "permanent"]
    at: datetime
    actor_id: int


class Ticket(BaseModel):
    """A ticket; while `ending` is set, `status` is the one it will have again when it is restored.
    `generated_timestamp` is a unix time.
    """

    id: int
    subject: str = ""
    description: str = ""
    status: TicketStatus = "new"
    custom_status_id: int | None = None
    priority: Priority | None = None
    type: TicketType | None = None
    requester_id: int
    submitter_id: int
    assignee_id: int | None = None
    group_id: int | None = None
    organization_id: int | None = None
    brand_id: int | None = None
    ticket_form_id: int | None = None
    problem_id: int | None = None
    external_id: str | None = None
    due_at: datetime | None = None
    tags: list[str] = []
    custom_fields: dict[int, JsonValue] = {}
    follower_ids: list[int] = []
    email_cc_ids: list[int] = []
    followup_ids: list[int] = []
    is_public: bool = True
    via: Via = Via()
    comments: list[Comment] = []
    ending: Ending | None = None
    created_at: datetime
    updated_at: datetime
    generated_timestamp: int


class Webhook(BaseModel):
    """A webhook; `authentication` and `custom_headers` as they were sent, secrets included."""

    id: str
    name: str
    description: str | None = None
    status: Literal["active", "inactive"] = "active"
    endpoint: str
    http_method: str = "POST"
    request_format: str = "json"
    subscriptions: list[str] = []
    authentication: dict[str, Any] | None = None
    custom_headers: dict[str, str] | None = None
    signing_secret: str
    created_at: datetime
    created_by: int
    updated_at: datetime | None = None
    updated_by: int | None = None


class Audit(BaseModel):
    """What one action did to a ticket; `events` are as REST shows them."""

    id: int
    ticket_id: int
    author_id: int
    events: list[dict[str, JsonValue]]
    via: Via = Via()
    created_at: datetime


class Group(BaseModel):
    """Agents who share tickets. A deleted one stays, for the tickets that name it."""

    id: int
    name: str
    description: str = ""
    is_public: bool = True
    default: bool = False
    deleted: bool = False
    created_at: datetime
    updated_at: datetime


class GroupMembership(BaseModel):
    """An agent in a group; one of an agent's memberships is the default."""

    id: int
    user_id: int
    group_id: int
    default: bool = False
    created_at: datetime
    updated_at: datetime


class Organization(BaseModel):
    """A company that customers belong to."""

    id: int
    name: str
    external_id: str | None = None
    domain_names: list[str] = []
    details: str | None = None
    notes: str | None = None
    group_id: int | None = None
    shared_tickets: bool = False
    shared_comments: bool = False
    tags: list[str] = []
    organization_fields: dict[str, JsonValue] = {}
    created_at: datetime
    updated_at: datetime


class Condition(BaseModel):
    """One condition of a trigger; `value` is null for operators that need none."""

    field: str
    operator: str = "is"
    value: JsonValue = None


class Action(BaseModel):
    field: str
    value: JsonValue = None


class Trigger(BaseModel):
    """What happens when a ticket is created or changed so that all of `all` and one of `any` are met."""

    id: int
    title: str
    active: bool = True
    position: int
    description: str | None = None
    category_id: str
    all: list[Condition] = []
    any: list[Condition] = []
    actions: list[Action]
    created_at: datetime
    updated_at: datetime


class Job(BaseModel):
    """A background job. What it does is done when it is accepted; its first answer still says `queued`.
    `job_type` None: not told.
    """

    id: str
    job_type: str | None = None
    total: int | None
    results: JsonValue
    completed_at: datetime


class KeptAnswer(BaseModel):
    """The answer to a create that carried an Idempotency-Key, and the digest of the body it answered."""

    digest: str
    answer: dict[str, Any]
    at: datetime


class State(BaseModel):
    """The whole account. `deliveries` are those not finished when the state was saved, `audits` are by ticket."""

    next_ticket_id: int = 1
    next_object_id: int = 8447399000017
    users: dict[int, User] = {}
    tickets: dict[int, Ticket] = {}
    audits: dict[int, list[Audit]] = {}
    groups: dict[int, Group] = {}
    group_memberships: dict[int, GroupMembership] = {}
    organizations: dict[int, Organization] = {}
    triggers: dict[int, Trigger] = {}
    webhooks: dict[str, Webhook] = {}
    jobs: dict[str, Job] = {}
    kept_answers: dict[str, KeptAnswer] = {}
    deliveries: dict[str, Delivery] = {}
