"""The description that a ticket's task is made with: what the policy's template makes of the ticket, above the marker.

It is written once, and never in the way: what Zendesk does not tell is left out.
"""

import unicodedata

from temporalio import activity

from ticketsync.desks import Desk
from ticketsync.sync.templates import filled_in
from ticketsync.teamwork import marker_line
from ticketsync.teamwork.marker import without_markers
from ticketsync.zendesk import errors as zendesk

LONGEST_DESCRIPTION = 10_000
QUICK_ATTEMPTS = 3  # so often a description waits for Zendesk


async def text_above_the_marker(desk: Desk, ticket_id: int) -> str:
    """The template for this ticket as it is now, empty without one. Raises ZendeskError while it is worth waiting for.

    Without Zendesk it is left empty in the end: the task matters more.
    """
    template = desk.settings.policy.description
    if not template.strip():
        return ""
    try:
        values = await desk.zendesk.ticket_texts(ticket_id)
    except zendesk.ZendeskError as error:
        if isinstance(error, zendesk.Passing) and activity.info().attempt < QUICK_ATTEMPTS:
            raise
        return ""
    # A marker in a customer's words would have this task taken for another ticket's. Cut first: what is cut off must
    # not leave one behind.
    return _without_controls(without_markers(_cut(filled_in(template, values).strip())))


def marked_description(desk: Desk, ticket_id: int, text: str) -> str:
    marker = marker_line(desk.name, ticket_id, desk.ticket_url(ticket_id))
    return f"{text}\n\n{marker}" if text else marker


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_DESCRIPTION else f"{text[: LONGEST_DESCRIPTION - 1].rstrip()}…"


def _without_controls(text: str) -> str:
    """Control characters as spaces, as in titles; lines and tabs stay."""
    lines = text.replace("\r\n", "\n")
    return "".join(" " if _is_control(character) else character for character in lines)


def _is_control(character: str) -> bool:
    return unicodedata.category(character) == "Cc" and character not in "\n\t"
