"""Creating and updating tickets: who gets what, which status follows, what is told (reference/zendesk-api §7.1, §10).

A change is made on a copy, so that a refusal half-way leaves the ticket as it was.
"""

from dataclasses import dataclass
from typing import Any

from ticketsync.sandbox.zendesk.account import Account
from ticketsync.sandbox.zendesk.audits import audit_json, record_audit
from ticketsync.sandbox.zendesk.errors import ApiError, record_invalid
from ticketsync.sandbox.zendesk.events import Happened, comment_added, what_changed
from ticketsync.sandbox.zendesk.firing import Change, fire
from ticketsync.sandbox.zendesk.inputs import CommentInput, RequesterInput, TicketInput
from ticketsync.sandbox.zendesk.models import SYSTEM_ACTOR, Comment, Ticket, User, Via

PLAIN_FIELDS = [
    "priority",
    "type",
    "group_id",
    "organization_id",
    "brand_id",
    "ticket_form_id",
    "problem_id",
    "external_id",
    "due_at",
    "follower_ids",
    "email_cc_ids",
]
TOLD_AT_CREATE = frozenset({"agent_assignment_changed", "group_assignment_changed"})
WAITING_FOR_REQUESTER = frozenset({"pending", "hold", "solved"})


@dataclass(frozen=True)
class Written:
    """A stored ticket and the audit of what was done to it."""

    ticket: Ticket
    audit: dict[str, Any]


def create_ticket(account: Account, data: TicketInput, caller: User) -> Written:
    """ApiError 422 without a comment, or for people and tickets that do not exist."""
    opening = data.comment or CommentInput(body=data.description)
    if not opening.text:
        raise record_invalid("base", "Description: cannot be blank", "BlankValue")
    ticket = _blank_ticket(account, data, caller, opening)
    bare = ticket.model_copy(deep=True)
    _apply(account, ticket, data, sent_status=data.status)
    comment = add_comment(account, ticket, opening, author_id=opening.author_id or ticket.submitter_id)
    ticket.id = account.store.new_ticket_id()
    _note_follow_up(account, ticket)
    account.keep(ticket)
    account.tell(ticket, ticket.submitter_id, _told_of_creation(account, bare, ticket, comment))
    fire(account, Change(None, ticket, comment, ticket.submitter_id))
    audit = record_audit(account, ticket, before=None, actor_id=ticket.submitter_id, comment=comment)
    return Written(ticket, audit_json(audit))


def _blank_ticket(account: Account, data: TicketInput, caller: User, opening: CommentInput) -> Ticket:
    now = account.clock.now()
    requester = _requester(account, data) or caller
    return Ticket(
        id=0,
        description=opening.text,
        requester_id=requester.id,
        submitter_id=_person(account, data.submitter_id, "submitter").id if data.submitter_id else caller.id,
        organization_id=requester.organization_id,
        brand_id=account.settings.brand_id,
        ticket_form_id=account.settings.ticket_form_id,
        custom_status_id=account.settings.status_of_category("new"),
        is_public=opening.public,
        via=_via_of(account, data),
        created_at=now,
        updated_at=now,
        generated_timestamp=0,
    )


def _via_of(account: Account, data: TicketInput) -> Via:
    channel = data.via.channel if data.via else "api"
    if data.via_followup_source_id is None:
        return Via(channel=channel)
    if account.store.ticket(data.via_followup_source_id).status != "closed":
        raise record_invalid("base", "Via followup source: must be a closed ticket", "InvalidValue")
    return Via(channel=channel, rel="follow_up", from_ticket=data.via_followup_source_id)


def _note_follow_up(account: Account, ticket: Ticket) -> None:
    if ticket.via.rel == "follow_up" and ticket.via.from_ticket is not None:
        source = account.store.ticket(ticket.via.from_ticket)
        source.followup_ids.append(ticket.id)
        account.keep(source)


def _told_of_creation(account: Account, bare: Ticket, ticket: Ticket, comment: Comment) -> list[Happened]:
    assignments = [
        one for one in what_changed(bare, ticket, account.settings.custom_fields) if one.name in TOLD_AT_CREATE
    ]
    return [Happened("created"), told_comment(account, comment), *assignments]


def update_ticket(account: Account, ticket: Ticket, data: TicketInput, caller: User) -> Written:
    """ApiError 409 for a stale `safe_update`, 422 for a closed ticket or values that do not fit."""
    _refuse_closed(ticket)
    _refuse_stale(ticket, data)
    after = ticket.model_copy(deep=True)
    actor_id = _actor_id(data, caller, ticket)
    comment = None
    if data.comment is not None and data.comment.text:
        comment = add_comment(account, after, data.comment, author_id=data.comment.author_id or caller.id)
    _apply(account, after, data, sent_status=data.status or _status_after_reply(ticket, comment))
    told = [told_comment(account, comment)] if comment else []
    told += what_changed(ticket, after, account.settings.custom_fields)
    return _written(account, ticket, after, actor_id=actor_id, comment=comment, told=told)


def close_by_automation(account: Account, ticket: Ticket) -> Written:
    """What the account's automation does some days after solved; ApiError 422 for a closed ticket."""
    _refuse_closed(ticket)
    after = ticket.model_copy(deep=True, update={"status": "closed"})
    told = what_changed(ticket, after, ())
    via = Via(channel="rule", rel="automation")
    return _written(account, ticket, after, actor_id=SYSTEM_ACTOR, comment=None, told=told, via=via)


def _written(
    account: Account,
    before: Ticket,
    after: Ticket,
    *,
    actor_id: int,
    comment: Comment | None,
    told: list[Happened],
    via: Via | None = None,
) -> Written:
    if told:
        after.updated_at = account.clock.now()
        account.keep(after)
        account.tell(after, actor_id, told)
        fire(account, Change(before, after, comment, actor_id))
    audit = record_audit(account, after, before=before, actor_id=actor_id, comment=comment, via=via)
    return Written(after, audit_json(audit))


def _refuse_closed(ticket: Ticket) -> None:
    if ticket.status == "closed":
        raise record_invalid("status", "Status: closed prevents ticket update", "InvalidValue")


def _refuse_stale(ticket: Ticket, data: TicketInput) -> None:
    if data.safe_update and data.updated_stamp != ticket.updated_at:
        description = "Safe update prevented the update: the ticket was changed since it was read"
        raise ApiError(409, {"error": "UpdateConflict", "description": description})


def _actor_id(data: TicketInput, caller: User, ticket: Ticket) -> int:
    """A reply written in the requester's name counts as the requester's act."""
    author_id = data.comment.author_id if data.comment else None
    return author_id if author_id == ticket.requester_id else caller.id


def _status_after_reply(ticket: Ticket, comment: Comment | None) -> str | None:
    from_requester = comment is not None and comment.author_id == ticket.requester_id
    return "open" if from_requester and ticket.status in WAITING_FOR_REQUESTER else None


def _apply(account: Account, ticket: Ticket, data: TicketInput, sent_status: str | None) -> None:
    for name in PLAIN_FIELDS:
        if data.sent(name):
            setattr(ticket, name, getattr(data, name))
    if data.sent("subject"):
        ticket.subject = data.subject or ""
    if data.sent("tags"):
        ticket.tags = sorted({tag.lower() for tag in data.tags})
    known = {one.id for one in account.settings.custom_fields}
    ticket.custom_fields |= {key: value for key, value in data.custom_fields.items() if key in known}
    _set_requester(account, ticket, data)
    _assign(account, ticket, data)
    _set_status(account, ticket, data, sent_status)


def _set_requester(account: Account, ticket: Ticket, data: TicketInput) -> None:
    requester = _requester(account, data)
    if requester is None or requester.id == ticket.requester_id:
        return
    ticket.requester_id = requester.id
    if not data.sent("organization_id"):
        ticket.organization_id = requester.organization_id


def _assign(account: Account, ticket: Ticket, data: TicketInput) -> None:
    if data.assignee_email is not None:
        assignee = account.store.user_by_email(data.assignee_email)
    elif data.assignee_id is not None:
        assignee = account.store.state.users.get(data.assignee_id)
    else:
        ticket.assignee_id = None if data.sent("assignee_id") else ticket.assignee_id
        return
    if assignee is None or not assignee.is_staff or not assignee.active:
        raise record_invalid("assignee", "Assignee: is invalid", "InvalidValue")
    ticket.assignee_id = assignee.id
    ticket.group_id = ticket.group_id or assignee.default_group_id


def _set_status(account: Account, ticket: Ticket, data: TicketInput, sent_status: str | None) -> None:
    custom = data.custom_status_id
    category = account.settings.category_of_status(custom) if custom is not None else None
    if custom is not None and category is None:
        raise record_invalid("custom_status_id", "Custom status: is invalid", "InvalidValue")
    status = category or sent_status or ticket.status
    if status == "new" and ticket.assignee_id is not None:
        status, category = "open", None
    if status != ticket.status or category is not None:
        fallback = account.settings.status_of_category(status) or ticket.custom_status_id
        ticket.custom_status_id = custom if category else fallback
    ticket.status = status  # type: ignore[assignment]  # both sources hold only known words


def _requester(account: Account, data: TicketInput) -> User | None:
    if data.requester_id is not None:
        return _person(account, data.requester_id, "requester")
    if data.requester is not None:
        return _found_or_created(account, data.requester)
    return None


def _person(account: Account, user_id: int, field: str) -> User:
    user = account.store.state.users.get(user_id)
    if user is None or not user.active:
        raise record_invalid(field, f"{field.capitalize()}: is invalid", "InvalidValue")
    return user


def _found_or_created(account: Account, wanted: RequesterInput) -> User:
    if wanted.email is None:
        raise record_invalid("requester", "Requester: Email: cannot be blank", "BlankValue")
    known = account.store.user_by_email(wanted.email)
    return known or _new_customer(account, wanted.name or wanted.email.partition("@")[0], wanted.email)


def _new_customer(account: Account, name: str, email: str) -> User:
    now = account.clock.now()
    user = User(id=account.store.new_object_id(), name=name, email=email, created_at=now, updated_at=now)
    account.store.state.users[user.id] = user
    return user


def add_comment(
    account: Account, ticket: Ticket, data: CommentInput, *, author_id: int, via: Via | None = None
) -> Comment:
    """Append a comment; `via` None: it came in as the ticket did. ApiError 422 for an unknown author."""
    comment = Comment(
        id=account.store.new_object_id(),
        audit_id=account.store.new_object_id(),
        author_id=_person(account, author_id, "author").id,
        body=data.text,
        html_body=data.html,
        public=data.public,
        via=via or Via(channel=ticket.via.channel),
        created_at=account.clock.now(),
    )
    ticket.comments.append(comment)
    return comment


def redact_comment(account: Account, ticket: Ticket, comment: Comment, text: str, caller: User) -> Comment:
    """Blacken this text in a comment, as long as it was."""
    blackened = "▇" * len(text)
    comment.body, comment.html_body = (part.replace(text, blackened) for part in (comment.body, comment.html_body))
    ticket.updated_at = account.clock.now()
    account.keep(ticket)
    told = told_comment(account, comment)
    account.tell(ticket, caller.id, [Happened("comment_redacted", told.body)])
    return comment


def told_comment(account: Account, comment: Comment) -> Happened:
    return comment_added(comment, account.store.state.users.get(comment.author_id))
