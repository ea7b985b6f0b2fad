"""What each reason code means, and what to do: one place for lists, cards, HTTP and the documentation."""

import re
from typing import NamedTuple

from pydantic import BaseModel


class Reason(NamedTuple):
    """`meaning` in words a support lead understands; `remedy` is empty where nobody need do anything."""

    meaning: str
    remedy: str = ""


class Explanation(BaseModel):
    """How a ticket stands: its state, the reason's code (empty without one), what that means and what to do."""

    state: str
    reason: str
    meaning: str | None = None
    to_do: str | None = None


class InWords(BaseModel):
    """A reason as JSON has it; `to_do` says "nothing" where nobody need act."""

    meaning: str
    to_do: str


BY_ITSELF = "wait: it goes on by itself"
IF_IT_LASTS = f'{BY_ITSELF}; if it lasts: "ticketsync check" tries both sides'
THEN_RETRY = 'then "ticketsync tickets retry ID", or wait: it is tried again by itself'
SEE_THE_ANSWER = '"ticketsync tickets why ID" has the call and its answer'
WHOLE_DESK = "the desk goes on by itself a minute or two later"
NEW_TOKEN = f"{WHOLE_DESK}; one in a variable takes a restart of the workers"


def _excluded(meaning: str, setting: str) -> Reason:
    return Reason(meaning, f"if it should have one: change the ticket, or exclude_{setting} of the desk's policy")


def _not_included(meaning: str, setting: str) -> Reason:
    return Reason(meaning, f"if it should have one: change the ticket, or include_{setting} of the desk's policy")


REASONS: dict[str, Reason] = {
    # under way
    "working": Reason("a change is on its way to Teamwork", BY_ITSELF),
    "settling": Reason(
        "its task is to be deleted, and that waits for the settle window: a merge may still be on its way", BY_ITSELF
    ),
    "nothing_known": Reason("nothing is known of the ticket yet: it is being read from Zendesk", BY_ITSELF),
    "waiting_for_directory": Reason(
        "it is not known yet who the agent is in Teamwork: the list of people is being read", IF_IT_LASTS
    ),
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
    "excluded_tag": _excluded("the ticket has a tag that the policy excludes: no task", "tags"),
    "no_included_tag": _not_included("the ticket has none of the tags that the policy asks for: no task", "tags"),
    "excluded_group": _excluded("the ticket is of a group that the policy excludes: no task", "groups"),
    "no_included_group": _not_included(
        "the ticket is of none of the groups that the policy asks for: no task", "groups"
    ),
    "excluded_brand": _excluded("the ticket is of a brand that the policy excludes: no task", "brands"),
    "no_included_brand": _not_included(
        "the ticket is of none of the brands that the policy asks for: no task", "brands"
    ),
    "excluded_form": _excluded("the ticket has a form that the policy excludes: no task", "forms"),
    "no_included_form": _not_included("the ticket has none of the forms that the policy asks for: no task", "forms"),
    "excluded_priority": _excluded("the ticket has a priority that the policy excludes: no task", "priorities"),
    "no_included_priority": _not_included(
        "the ticket has none of the priorities that the policy asks for: no task", "priorities"
    ),
    "excluded_organization": _excluded(
        "the ticket is of an organization that the policy excludes: no task", "organizations"
    ),
    "no_included_organization": _not_included(
        "the ticket is of none of the organizations that the policy asks for: no task", "organizations"
    ),
    "unlinked": Reason(
        "somebody took its task from the ticket: it has none and makes none",
        'to give it one: "ticketsync tickets link ID TASK", or a new one: "ticketsync tickets resync ID --recreate"',
    ),
    "solved": Reason(
        "first seen solved, and created before the desk was linked: no task",
        "if it should have one: reopen the ticket in Zendesk",
    ),
    # ended
    "closed": Reason("the ticket is closed"),
    "merged": Reason("the ticket was merged into another"),
    "soft_deleted": Reason("the ticket was deleted"),
    "permanently_deleted": Reason("the ticket was deleted for good"),
    "marked_as_spam": Reason("the ticket was marked as spam"),
    "deleted": Reason("the ticket was deleted"),
    # retrying
    "answer_lost": Reason(
        "Teamwork or Zendesk gave no usable answer: the change may have been made all the same", IF_IT_LASTS
    ),
    "unreachable": Reason(
        "Teamwork or Zendesk cannot be reached",
        f"{BY_ITSELF}; if it lasts: check its address, the network and any proxy",
    ),
    "timed_out": Reason("a try took too long, or the worker that made it ended", BY_ITSELF),
    "rate_limited": Reason(
        "Teamwork or Zendesk takes no more calls for now: the site's quota is used up",
        f"{BY_ITSELF}; if it is common: lower calls_per_minute of the desk",
    ),
    "waiting_for_quota": Reason(
        "all calls that we allow ourselves for this site are taken for now",
        f"{BY_ITSELF}; if it is common: raise calls_per_minute of the desk",
    ),
    "deleted_list_just_read": Reason("Zendesk's list of deleted tickets was read a moment ago", BY_ITSELF),
    "looking_for_its_task": Reason(
        "its task may have been made already, so it is looked for before another is made: that takes 22 s", IF_IT_LASTS
    ),
    "backfill_not_ready": Reason(
        "the backfill waits: the desk itself is not ready yet, or the tasks that exist are still being read",
        IF_IT_LASTS,
    ),
    "no_task_list_yet": Reason("the desk is still looking for its task list in Teamwork", IF_IT_LASTS),
    # blocked
    "not_a_member": Reason(
        "Teamwork does not take this assignee: the task is kept without",
        'add the person to the Teamwork project, or map the agent to another: "ticketsync users add AGENT PERSON"',
    ),
    "tasklist_unknown": Reason(
        "the task list that the ticket's route names cannot be had: the task stays where it is",
        "correct the route: it has to name an open task list of the desk's project "
        '("ticketsync desks show" has their numbers)',
    ),
    "refused": Reason(
        "Teamwork does not take this change",
        f"{SEE_THE_ANSWER}: correct that field in the ticket, {THEN_RETRY}",
    ),
    "forbidden": Reason(
        "the user of our key or token lacks the permission",
        f"give it to that user: for a step in the Teamwork project, for a read in Zendesk; {THEN_RETRY}",
    ),
    "not_found": Reason(
        "Teamwork or Zendesk does not know what was asked for",
        f"{SEE_THE_ANSWER}: bring back what it names, {THEN_RETRY}",
    ),
    "unexpected_answer": Reason(
        "the answer was not one of Teamwork or Zendesk, or it did not show the change",
        f"{SEE_THE_ANSWER}: is the address that of the site itself?",
    ),
    "credentials_refused": Reason(
        "Teamwork refuses the API key: the whole desk waits", f"set a working key: {NEW_TOKEN}"
    ),
    "zendesk_credentials_refused": Reason(
        "Zendesk refuses the API token: tickets cannot be read", f"set a working token: {NEW_TOKEN}"
    ),
    "project_unreachable": Reason(
        "the Teamwork project does not answer: the whole desk waits",
        f"check the site, the project, and that the key's user is a member of it: {WHOLE_DESK}",
    ),
    "tasklist_gone": Reason(
        "the desk's task list is gone, or closed to us: the whole desk waits",
        f"bring it back, or set another: {WHOLE_DESK}",
    ),
    "ticket_unreadable": Reason(
        "Zendesk says that there is no such ticket (404), and does not list it as deleted",
        "check that the account is the right one, and that the token's user may see the ticket",
    ),
    "activity_failed": Reason("an error of ours in a step or a read", "report it, with the worker's log"),
    "rule_error": Reason(
        "the rules failed on this ticket: its events are kept",
        'see that the workers know the desk ("ticketsync check"); else report it: it heals with the next fix',
    ),
    # paused
    "paused": Reason("the desk is paused: events are kept, nothing is written", '"ticketsync desks resume" goes on'),
}

NOT_LISTED = Reason("this version has no such reason", "use the version that the workers run")
NOT_LOOKED_AT = Reason(
    "its first events are stored, no worker has looked at them yet", 'if it lasts: start one, "ticketsync worker"'
)

# What a line of the journal calls for, where that is not the remedy of a reason of the same name.
REMEDIES_OF_NOTES = {
    "protected": "nothing, or delete it in Teamwork by hand",
    "directory_missing": IF_IT_LASTS,
    "agent_unknown": IF_IT_LASTS,
    "settling": BY_ITSELF,
    "unreadable": REASONS["ticket_unreadable"].remedy,
}


def explained(state: str, code: str) -> Reason | None:
    """What the reason `code` of a ticket in this state means; None for one without a code, unless it is pending."""
    if code:
        return REASONS.get(code, NOT_LISTED)
    return NOT_LOOKED_AT if state == "pending" else None


def explanation(state: str, code: str) -> Explanation:
    """The same with the state and the code, as `tickets` shows it; `to_do` says "nothing" where nobody need act."""
    reason = explained(state, code)
    if reason is None:
        return Explanation(state=state, reason=code)
    return Explanation(state=state, reason=code, meaning=reason.meaning, to_do=reason.remedy or "nothing")


def remedy_of_note(code: str) -> str:
    """What to do about a line of the journal with this code; empty where it calls for nothing."""
    known = REASONS.get(code.removeprefix("no_task_"))
    return REMEDIES_OF_NOTES.get(code) or (known.remedy if known is not None else "")


def codes_that_say(text: str) -> tuple[str, ...]:
    """The reasons whose code or meaning has every word of the text; a text that looks like a code is one itself."""
    words = text.lower().split()
    found = [code for code, reason in REASONS.items() if _has(words, code, reason)]
    itself = [text] if re.fullmatch(r"[a-z][a-z_]{0,60}", text) and text not in found else []
    return (*found, *itself)


def codes_asked_for(text: str) -> tuple[str, ...]:
    """The codes that a filter by this text stands for, "" for that of tickets which no worker has looked at."""
    not_looked_at = _has(text.lower().split(), "", NOT_LOOKED_AT)
    return (*codes_that_say(text), *([""] if not_looked_at else []))


def _has(words: list[str], code: str, reason: Reason) -> bool:
    said = f"{code} {reason.meaning}".lower()
    return bool(words) and all(word in said for word in words)
