"""What each reason code means, and what to do: one place for lists, cards and the documentation."""

from typing import NamedTuple


class Reason(NamedTuple):
    """`meaning` in words a support lead understands; `remedy` is empty where nobody need do anything."""

    meaning: str
    remedy: str = ""


BY_ITSELF = "wait: it goes on by itself"
SEE_THE_FAILED_STEP = "see the answer at the failed step, in the ticket's history in the Temporal UI"

REASONS: dict[str, Reason] = {
    # under way
    "working": Reason("a change is on its way to Teamwork", BY_ITSELF),
    "settling": Reason("a delete waits for its settle window, in case a merge is still on its way", BY_ITSELF),
    "nothing_known": Reason("nothing is known of the ticket yet: it is being read from Zendesk", BY_ITSELF),
    "waiting_for_directory": Reason("the directory cannot say yet who the assignee is", BY_ITSELF),
    # in step, with a note
    "no_mapping": Reason(
        "the assignee has no person in Teamwork: the task is nobody's",
        'map the agent: "ticketsync users add AGENT PERSON"',
    ),
    "gone_by_hand": Reason(
        "somebody deleted the task in Teamwork: it stays gone",
        'to have it back: "ticketsync tickets resync ID --recreate"',
    ),
    # no task
    "excluded_tag": Reason("the ticket has a tag that the policy excludes: no task"),
    "no_included_tag": Reason("the ticket has none of the tags that the policy asks for: no task"),
    "excluded_group": Reason("the ticket is of a group that the policy excludes: no task"),
    "no_included_group": Reason("the ticket is of none of the groups that the policy asks for: no task"),
    "excluded_brand": Reason("the ticket is of a brand that the policy excludes: no task"),
    "no_included_brand": Reason("the ticket is of none of the brands that the policy asks for: no task"),
    "excluded_form": Reason("the ticket has a form that the policy excludes: no task"),
    "no_included_form": Reason("the ticket has none of the forms that the policy asks for: no task"),
    "excluded_priority": Reason("the ticket has a priority that the policy excludes: no task"),
    "no_included_priority": Reason("the ticket has none of the priorities that the policy asks for: no task"),
    "excluded_organization": Reason("the ticket is of an organization that the policy excludes: no task"),
    "no_included_organization": Reason("the ticket is of none of the organizations that the policy asks for: no task"),
    "solved": Reason("first seen solved, and created before the desk was linked: no task"),
    # ended
    "closed": Reason("the ticket is closed"),
    "merged": Reason("the ticket was merged into another"),
    "soft_deleted": Reason("the ticket was deleted"),
    "permanently_deleted": Reason("the ticket was deleted for good"),
    "marked_as_spam": Reason("the ticket was marked as spam"),
    "deleted": Reason("the ticket was deleted"),
    # retrying
    "answer_lost": Reason("the other side gave no usable answer; the change may have landed", BY_ITSELF),
    "unreachable": Reason(
        "the other side cannot be reached", "if it lasts: check its address, the network and any proxy"
    ),
    "timed_out": Reason("an attempt took too long, or its worker ended", BY_ITSELF),
    "rate_limited": Reason("the site's quota was used up", "if it is common: lower calls_per_minute of the desk"),
    "waiting_for_quota": Reason("all calls of our own quota are taken", "if it is common: raise calls_per_minute"),
    "deleted_list_just_read": Reason("Zendesk's list of deleted tickets was read a moment ago", BY_ITSELF),
    "looking_for_its_task": Reason("a create may still be landing: its task is looked for, for 22 s", BY_ITSELF),
    "backfill_not_ready": Reason(
        "a backfill waits for Redis, for the desk's workflow, or until the tasks there are have been read", BY_ITSELF
    ),
    "no_task_list_yet": Reason("the desk is still looking for its task list", BY_ITSELF),
    # blocked
    "not_a_member": Reason(
        "Teamwork does not take this assignee: the task is kept without",
        "add the person to the project, or map another",
    ),
    "tasklist_unknown": Reason(
        "the task list that the ticket's route names cannot be had: the task stays where it is",
        "correct the route: it has to name an open task list of the desk's project",
    ),
    "refused": Reason("Teamwork does not take this change", SEE_THE_FAILED_STEP),
    "forbidden": Reason(
        "the user of our key or token lacks the permission",
        "give it to that user: for a step in the Teamwork project, for a read in Zendesk",
    ),
    "not_found": Reason("the other side does not know what was asked for", SEE_THE_FAILED_STEP),
    "unexpected_answer": Reason("the answer was not one of the API's", "check the base URL: is it the site's own?"),
    "credentials_refused": Reason(
        "Teamwork refuses the API key: the whole desk waits",
        "set a working key; one in a variable takes a restart of the workers",
    ),
    "zendesk_credentials_refused": Reason(
        "Zendesk refuses the API token: reads wait",
        "set a working token; one in a variable takes a restart of the workers",
    ),
    "project_unreachable": Reason(
        "the Teamwork project does not answer: the whole desk waits", "check site, project and the key's membership"
    ),
    "tasklist_gone": Reason("the task list does not answer: the whole desk waits", "bring it back, or set another"),
    "ticket_unreadable": Reason(
        "Zendesk answers 404 for the ticket and does not list it as deleted", "check the account and the token's rights"
    ),
    "activity_failed": Reason("an error of ours in a step or a read", "report it, with the worker's log"),
    "rule_error": Reason(
        "the rules failed on this ticket: its events are kept", "report it; it heals with the next fix"
    ),
    # paused
    "paused": Reason("the desk is paused: events are kept, nothing is written", '"ticketsync desks resume" goes on'),
}

NOT_LISTED = Reason("this version has no such reason", "use the version that the workers run")
NOT_LOOKED_AT = Reason(
    "its first events are stored, no worker has looked at them yet", 'if it lasts: start one, "ticketsync worker"'
)


def explained(state: str, code: str) -> Reason | None:
    """What the reason `code` of a ticket in this state means; None for one without a code, unless it is pending."""
    if code:
        return REASONS.get(code, NOT_LISTED)
    return NOT_LOOKED_AT if state == "pending" else None
