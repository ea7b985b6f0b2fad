"""The 37 ticket events that Zendesk has (reference/zendesk-api §1.2), and which of them a desk stores."""

import re

from ticketsync.sync.event import CREATED, DELETIONS, MERGED, UNDELETED
from ticketsync.sync.policy import Policy
from ticketsync.sync.snapshot import CUSTOM_FIELDS

ASSIGNED = "agent_assignment_changed"
STATUS_CHANGED = "status_changed"

# What the life of a task depends on, whatever the policy.
ALWAYS_STORED = DELETIONS | {
    CREATED,
    MERGED,
    UNDELETED,
    ASSIGNED,
    STATUS_CHANGED,
    "custom_status_changed",
    "subject_changed",
}
# What tells of the fields that only some policies use.
OF_FIELDS = {
    "priority": "priority_changed",
    "type": "type_changed",
    "requester_id": "requester_changed",
    "group_id": "group_assignment_changed",
    "organization_id": "organization_changed",
    "brand_id": "brand_changed",
    "form_id": "form_changed",
    "tags": "tags_changed",
    CUSTOM_FIELDS: "custom_field_changed",
}

KNOWN = ALWAYS_STORED | {
    *OF_FIELDS.values(),
    "attachment_linked_to_comment",
    "attachment_redacted_from_comment",
    "comment_added",
    "comment_made_private",
    "comment_redacted",
    "csat_received",
    "csat_requested",
    "description_changed",
    "email_ccs_changed",
    "external_id_changed",
    "followers_changed",
    "next_sla_breach_changed",
    "ola_policy_changed",
    "problem_link_changed",
    "schedule_changed",
    "sla_policy_changed",
    "submitter_changed",
    "task_due_at_changed",
}

# What `ticketsync webhook install` has Zendesk send to see whether anything arrives: no event of Zendesk's own.
TEST_TYPE = "zen:event-type:ticketsync.test"
TEST_CALL = "test_call"

# Some of Zendesk's own examples have a slash in place of the second colon.
_TYPE = re.compile(r"zen:event-type[:/]([a-z0-9_]+)\.([a-z0-9_]+)", re.ASCII | re.IGNORECASE)


def read_type(event_type: str) -> tuple[str, str] | None:
    """Domain and name of an event type: ('ticket', 'created'); None when it is no event type."""
    match = _TYPE.fullmatch(event_type.strip())
    return (match[1].lower(), match[2].lower()) if match else None


_TEST = read_type(TEST_TYPE)


def stored_kinds(policy: Policy) -> frozenset[str]:
    """The events that can change a task under this policy."""
    return ALWAYS_STORED | {OF_FIELDS[field] for field in policy.fields_it_uses}


def why_ignored(domain: str, name: str, stored: frozenset[str]) -> str | None:
    """Why an event of this type is not stored; None when it is."""
    if (domain, name) == _TEST:
        return TEST_CALL
    if domain != "ticket":
        return "not_about_a_ticket"
    if name not in KNOWN:
        return "unknown_event_type"
    return None if name in stored else "changes_no_task"
