"""The JSON of each noun as REST shows it (reference/zendesk-api §7, recorded shapes §14).

`base` is the address the client called, without a trailing slash.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ticketsync.sandbox.zendesk.clock import rest_time
from ticketsync.sandbox.zendesk.models import (
    Comment,
    Group,
    GroupMembership,
    Job,
    Organization,
    Ticket,
    Trigger,
    User,
    Via,
)
from ticketsync.sandbox.zendesk.settings import CustomField

SCRUBBED_TEXTS = {"subject": "SCRUBBED", "raw_subject": "SCRUBBED", "description": "X"}


def via_json(via: Via) -> dict[str, Any]:
    origin = {"ticket_id": via.from_ticket} if via.from_ticket is not None else {}
    return {"channel": via.channel, "source": {"from": origin, "to": {}, "rel": via.rel}}


def ticket_json(ticket: Ticket, base: str, fields: Iterable[CustomField]) -> dict[str, Any]:
    """The ticket as show, create, update, offset lists and export show it."""
    values = [{"id": one.id, "value": ticket.custom_fields.get(one.id)} for one in fields]
    return {
        "url": f"{base}/api/v2/tickets/{ticket.id}.json",
        "id": ticket.id,
        "external_id": ticket.external_id,
        "via": via_json(ticket.via),
        "created_at": rest_time(ticket.created_at),
        "updated_at": rest_time(ticket.updated_at),
        "type": ticket.type,
        "subject": ticket.subject,
        "raw_subject": ticket.subject,
        "description": ticket.description,
        "priority": ticket.priority,
        "status": ticket.status,
        "recipient": None,
        "requester_id": ticket.requester_id,
        "submitter_id": ticket.submitter_id,
        "assignee_id": ticket.assignee_id,
        "organization_id": ticket.organization_id,
        "group_id": ticket.group_id,
        "collaborator_ids": ticket.email_cc_ids
        + [one for one in ticket.follower_ids if one not in ticket.email_cc_ids],
        "follower_ids": ticket.follower_ids,
        "email_cc_ids": ticket.email_cc_ids,
        "forum_topic_id": None,
        "problem_id": ticket.problem_id,
        "has_incidents": False,
        "is_public": ticket.is_public,
        "due_at": rest_time(ticket.due_at) if ticket.due_at else None,
        "tags": ticket.tags,
        "custom_fields": values,
        "satisfaction_rating": None,
        "sharing_agreement_ids": [],
        "custom_status_id": ticket.custom_status_id,
        "fields": values,
        "followup_ids": ticket.followup_ids,
        "ticket_form_id": ticket.ticket_form_id,
        "brand_id": ticket.brand_id,
        "allow_channelback": False,
        "allow_attachments": True,
        "from_messaging_channel": False,
    }


def exported_ticket_json(ticket: Ticket, base: str, fields: Iterable[CustomField]) -> dict[str, Any]:
    """A row of the export: deleted tickets say so, those gone for good are scrubbed (§8)."""
    row = ticket_json(ticket, base, fields) | {"generated_timestamp": ticket.generated_timestamp}
    if ticket.ending is None:
        return row
    scrubbed = SCRUBBED_TEXTS if ticket.ending.kind == "permanent" else {}
    return row | {"status": "deleted"} | scrubbed


def deleted_ticket_json(ticket: Ticket, users: Mapping[int, User]) -> dict[str, Any]:
    """A row of the deleted list (§7.3)."""
    if ticket.ending is None:
        raise ValueError("only a deleted ticket has a row in the deleted list")
    actor = users.get(ticket.ending.actor_id)
    return {
        "id": ticket.id,
        "subject": ticket.subject,
        "actor": {"id": ticket.ending.actor_id, "name": actor.name if actor else "Zendesk"},
        "deleted_at": rest_time(ticket.ending.at),
        "previous_state": ticket.status,
    }


def comment_json(comment: Comment) -> dict[str, Any]:
    return {
        "id": comment.id,
        "type": "Comment",
        "author_id": comment.author_id,
        "body": comment.body,
        "html_body": comment.html_body,
        "plain_body": comment.body,
        "public": comment.public,
        "attachments": [],
        "audit_id": comment.audit_id,
        "via": via_json(comment.via),
        "created_at": rest_time(comment.created_at),
        "metadata": {"system": {}, "custom": {}},
    }


def user_json(user: User, base: str) -> dict[str, Any]:
    return {
        "id": user.id,
        "url": f"{base}/api/v2/users/{user.id}.json",
        "name": user.name,
        "email": user.email,
        "created_at": rest_time(user.created_at),
        "updated_at": rest_time(user.updated_at),
        "time_zone": "UTC",
        "iana_time_zone": "Etc/UTC",
        "phone": user.phone,
        "shared_phone_number": None,
        "photo": None,
        "locale_id": 1,
        "locale": "en-US",
        "organization_id": user.organization_id,
        "role": user.role,
        "verified": user.verified,
        "external_id": user.external_id,
        "tags": user.tags,
        "alias": None,
        "active": user.active,
        "shared": False,
        "shared_agent": False,
        "last_login_at": None,
        "two_factor_auth_enabled": None,
        "signature": None,
        "details": None,
        "notes": None,
        "role_type": None,
        "custom_role_id": None,
        "moderator": user.is_staff,
        "ticket_restriction": None if user.is_staff else "requested",
        "only_private_comments": False,
        "restricted_agent": user.role == "end-user",
        "suspended": user.suspended,
        "default_group_id": user.default_group_id,
        "report_csv": False,
        "user_fields": user.user_fields,
    }


def group_json(group: Group, base: str) -> dict[str, Any]:
    return {
        "url": f"{base}/api/v2/groups/{group.id}.json",
        "id": group.id,
        "is_public": group.is_public,
        "name": group.name,
        "description": group.description,
        "default": group.default,
        "deleted": group.deleted,
        "created_at": rest_time(group.created_at),
        "updated_at": rest_time(group.updated_at),
    }


def membership_json(membership: GroupMembership, base: str) -> dict[str, Any]:
    return {
        "url": f"{base}/api/v2/group_memberships/{membership.id}.json",
        "id": membership.id,
        "user_id": membership.user_id,
        "group_id": membership.group_id,
        "default": membership.default,
        "created_at": rest_time(membership.created_at),
        "updated_at": rest_time(membership.updated_at),
    }


def organization_json(organization: Organization, base: str) -> dict[str, Any]:
    return {
        "url": f"{base}/api/v2/organizations/{organization.id}.json",
        "id": organization.id,
        "name": organization.name,
        "shared_tickets": organization.shared_tickets,
        "shared_comments": organization.shared_comments,
        "external_id": organization.external_id,
        "created_at": rest_time(organization.created_at),
        "updated_at": rest_time(organization.updated_at),
        "domain_names": organization.domain_names,
        "details": organization.details,
        "notes": organization.notes,
        "group_id": organization.group_id,
        "tags": organization.tags,
        "organization_fields": organization.organization_fields,
    }


def trigger_json(trigger: Trigger, base: str) -> dict[str, Any]:
    return {
        "url": f"{base}/api/v2/triggers/{trigger.id}.json",
        "id": trigger.id,
        "title": trigger.title,
        "active": trigger.active,
        "updated_at": rest_time(trigger.updated_at),
        "created_at": rest_time(trigger.created_at),
        "default": False,
        "actions": [action.model_dump() for action in trigger.actions],
        "conditions": {
            "all": [condition.model_dump() for condition in trigger.all],
            "any": [condition.model_dump() for condition in trigger.any],
        },
        "description": trigger.description,
        "position": trigger.position,
        "raw_title": trigger.title,
        "category_id": trigger.category_id,
    }


def job_json(job: Job, base: str, *, finished: bool) -> dict[str, Any]:
    """A job: its first answer has nothing but its total (§14)."""
    completed = f"Completed at {job.completed_at:%Y-%m-%d %H:%M:%S} +0000"
    job_type = {"job_type": job.job_type} if job.job_type else {}
    return {
        "id": job.id,
        **job_type,
        "url": f"{base}/api/v2/job_statuses/{job.id}.json",
        "total": job.total,
        "progress": job.total if finished else None,
        "status": "completed" if finished else "queued",
        "message": completed if finished else None,
        "results": job.results if finished else None,
    }
