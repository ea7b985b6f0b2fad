"""Alerts in words: what, which desk and ticket, why and what to do, with links; never a ticket's text."""

from datetime import UTC, datetime
from typing import get_args

import pytest
from pydantic import SecretStr

from ticketsync.activities.alerts import GONE
from ticketsync.alert_words import LINES_SHOWN, WEBHOOKS, chat_text, note_text
from ticketsync.reasons import REASONS
from ticketsync.settings import DeskSettings, TeamworkSettings, ZendeskSettings
from ticketsync.sync.alerts import MISSING, Alert, AlertKind

NOON = datetime(2026, 1, 15, 12, 0, 1, tzinfo=UTC)
DESK = DeskSettings(
    name="acme",
    zendesk=ZendeskSettings(subdomain="acme", api_token=SecretStr("t")),
    teamwork=TeamworkSettings(domain="acme", api_token=SecretStr("t"), project_id=1),
)
BLOCKED = Alert(kind="ticket_blocked", code="not_found", ticket_id=35436, task_id=5001, since=NOON)


def test_a_blocked_ticket_says_why_and_what_to_do_with_links() -> None:
    assert chat_text(DESK, [BLOCKED]) == (
        "*ticketsync, desk acme*\n"
        "• <https://acme.zendesk.com/agent/tickets/35436|Ticket 35436> is blocked since 2026-01-15 12:00 UTC: "
        "Teamwork or Zendesk does not know what was asked for (not_found). To do: "
        '"ticketsync tickets why 35436" has the call and its answer: bring back what it names, '
        'then "ticketsync tickets retry 35436", or wait: it is tried again by itself. '
        "<https://acme.teamwork.com/app/tasks/5001|Its task>."
    )


def test_a_note_has_no_markup_and_says_that_it_comes_once() -> None:
    note = note_text(DESK, BLOCKED)
    assert note.startswith(
        "ticketsync: the Teamwork task of this ticket has not followed it since 2026-01-15 12:00 UTC: "
        "Teamwork or Zendesk does not know what was asked for (not_found). To do: "
    )
    assert "Task: https://acme.teamwork.com/app/tasks/5001." in note
    assert note.endswith("You are told once, and once more when it is over.")
    assert "<" not in note


@pytest.mark.parametrize("kind", get_args(AlertKind))
def test_every_kind_of_alert_has_words(kind: AlertKind) -> None:
    ticket_id = 35436 if kind.startswith("ticket") else None
    text = chat_text(DESK, [Alert(kind=kind, code="tasklist_gone", ticket_id=ticket_id)])
    assert len(text.splitlines()[1]) > 20


@pytest.mark.parametrize("code", REASONS)
def test_every_reason_can_be_told_in_what_a_chat_takes_for_text(code: str) -> None:
    text = chat_text(DESK, [BLOCKED.model_copy(update={"code": code})])
    assert REASONS[code].meaning.replace("&", "&amp;") in text
    assert text.count("<") == text.count(">") == 2
    assert " ID" not in text


def test_every_way_in_which_a_webhook_brings_nothing_has_words() -> None:
    assert {*GONE, MISSING} == WEBHOOKS.keys()
    assert 'run "ticketsync webhook install --desk acme"' in chat_text(DESK, [Alert(kind="webhook_gone", code=MISSING)])


def test_of_many_at_once_the_first_are_named() -> None:
    alerts = [BLOCKED.model_copy(update={"ticket_id": number}) for number in range(1, LINES_SHOWN + 31)]
    lines = chat_text(DESK, alerts).splitlines()
    assert len(lines) == LINES_SHOWN + 2
    assert lines[-1] == '• and 30 more: "ticketsync tickets list --desk acme"'
