"""Alerts in words: a message for the chat, a private note for the ticket. Reasons and remedies, no ticket text."""

import re
from collections.abc import Sequence
from datetime import datetime

from ticketsync.reasons import NOT_LISTED, REASONS
from ticketsync.settings import DeskSettings
from ticketsync.sync.alerts import MOST_TOLD, Alert

LINES_SHOWN = 20

WEBHOOKS = {
    "missing": "its webhook is gone from Zendesk: changes arrive by Zendesk's export only, two or three minutes late",
    "deactivated": "its webhook is switched off in Zendesk: changes arrive by the export only, minutes late",
    "other_url": "its webhook leads elsewhere: changes arrive by Zendesk's export only, two or three minutes late",
}


def chat_text(desk: DeskSettings, alerts: Sequence[Alert]) -> str:
    """One message of several alerts, in Slack's own writing of links and bold."""
    shown, more = alerts[:LINES_SHOWN], len(alerts) - LINES_SHOWN
    lines = [f"• {_line(desk, alert)}" for alert in shown]
    rest = [f'• and {more} more: "ticketsync tickets list --desk {desk.name}"'] if more > 0 else []
    return "\n".join([f"*ticketsync, desk {desk.name}*", *lines, *rest])


def trial_text(desk: DeskSettings) -> str:
    """What is sent to try the way to the chat."""
    return f"*ticketsync, desk {desk.name}*\n• A test: alerts of this desk arrive here."


def note_text(desk: DeskSettings, alert: Alert) -> str:
    """A private note on the ticket that the alert is about, without markup."""
    if alert.kind == "ticket_well":
        return "ticketsync: this ticket is no longer blocked."
    task = f" Task: {task_url(desk, alert.task_id)}." if alert.task_id is not None else ""
    why, remedy = _words(alert)
    return (
        f"ticketsync: the Teamwork task of this ticket has not followed it{_since(alert.since)}: {why} "
        f"({alert.code}). To do: {remedy}.{task} You are told once, and once more when it is over."
    )


def task_url(desk: DeskSettings, task_id: int) -> str:
    """Where people see a task (reference/teamwork-api §1)."""
    return f"{desk.teamwork.base_url}/app/tasks/{task_id}"


def ticket_url(desk: DeskSettings, ticket_id: int) -> str:
    return f"{desk.zendesk.base_url}/agent/tickets/{ticket_id}"


def _line(desk: DeskSettings, alert: Alert) -> str:
    if alert.ticket_id is not None:
        return _of_ticket(desk, alert)
    why, remedy = _words(alert)
    install = f'run "ticketsync webhook install --desk {desk.name}"'
    return {
        "too_many": f"More than {MOST_TOLD} tickets are blocked: no further ones are told of until they are fewer.",
        "desk_held_up": f"The whole desk waits: {_plain(why, alert, remedy)}",
        "desk_well": f"The desk goes on: what held it up is over ({alert.code}).",
        "webhook_gone": f"Of this desk {_plain(WEBHOOKS.get(alert.code, alert.code), alert, install)}",
        "webhook_well": "The desk's webhook is as it should be again.",
    }[alert.kind]


def _of_ticket(desk: DeskSettings, alert: Alert) -> str:
    ticket = _link(ticket_url(desk, alert.ticket_id or 0), f"Ticket {alert.ticket_id}")
    if alert.kind == "ticket_well":
        return f"{ticket} is no longer blocked."
    why, remedy = _words(alert)
    task = f" {_link(task_url(desk, alert.task_id), 'Its task')}." if alert.task_id is not None else ""
    return f"{ticket} is blocked{_since(alert.since)}: {_plain(why, alert, remedy)}{task}"


def _plain(why: str, alert: Alert, remedy: str) -> str:
    return f"{_escaped(why)} ({alert.code}). To do: {_escaped(remedy)}."


def _words(alert: Alert) -> tuple[str, str]:
    """What the code means and what to do, with the ticket's number where commands take it."""
    reason = REASONS.get(alert.code, NOT_LISTED)
    remedy = reason.remedy or "nothing"
    return reason.meaning, re.sub(r"\bID\b", str(alert.ticket_id), remedy) if alert.ticket_id else remedy


def _since(moment: datetime | None) -> str:
    return f" since {moment:%Y-%m-%d %H:%M} UTC" if moment is not None else ""


def _link(url: str, text: str) -> str:
    return f"<{_escaped(url)}|{text}>"


def _escaped(text: str) -> str:
    """Slack's three characters of its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
