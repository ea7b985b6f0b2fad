"""What `tickets list` and `tickets show` say of a ticket's reason: what it means and what to do."""

from datetime import UTC, datetime

import pytest

from ticketsync.cli.ticket_prints import print_list, print_view
from ticketsync.reasons import NOT_LISTED, NOT_LOOKED_AT, REASONS
from ticketsync.ticket_list import TicketList, TicketRow
from ticketsync.tickets import TicketView

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def a_list(*rows: tuple[str, str | None]) -> TicketList:
    """Tickets in these states, for these reasons."""
    tickets = [
        TicketRow(
            ticket_id=number,
            workflow_id=f"ticket-acme-{number}",
            state=state,
            reason=reason,
            status="open",
            task_id=None,
            assignee_id=8447388090777,
            started_at=NOON,
        )
        for number, (state, reason) in enumerate(rows, start=1)
    ]
    return TicketList(desk="acme", counts={"in_step": len(rows)}, tickets=tickets, more=False)


def a_view(state: str, reason: str) -> TicketView:
    """A ticket as Temporal stores it."""
    return TicketView(
        desk="acme",
        ticket_id=1,
        workflow_id="ticket-acme-1",
        run_id="run",
        run="running",
        started_at=NOON,
        closed_at=None,
        answered_by="temporal",
        note=None,
        status=None,
        search_attributes={"TicketsyncSyncState": state, "TicketsyncReason": reason},
        pending=(),
    )


def below_the_table(found: TicketList, capsys: pytest.CaptureFixture[str]) -> list[str]:
    print_list(found)
    return capsys.readouterr().out.splitlines()[1 + len(found.tickets) :]


def test_the_list_explains_each_reason_once_in_the_order_of_its_rows(capsys: pytest.CaptureFixture[str]) -> None:
    found = a_list(("retrying", "unreachable"), ("blocked", "refused"), ("in_step", None), ("retrying", "unreachable"))
    first, second = REASONS["unreachable"], REASONS["refused"]
    assert below_the_table(found, capsys) == [
        "",
        f"unreachable: {first.meaning}; {first.remedy}",
        f"refused: {second.meaning}; {second.remedy}",
        "",
        "4 in_step",
    ]


def test_the_list_says_where_nothing_is_to_be_done(capsys: pytest.CaptureFixture[str]) -> None:
    assert "closed: the ticket is closed; nothing to do" in below_the_table(a_list(("ended", "closed")), capsys)


def test_the_list_explains_nothing_where_there_is_no_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert below_the_table(a_list(("in_step", None)), capsys) == ["", "1 in_step"]


def test_the_list_explains_a_ticket_that_no_worker_has_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    said = below_the_table(a_list(("pending", None)), capsys)
    assert f"pending: {NOT_LOOKED_AT.meaning}; {NOT_LOOKED_AT.remedy}" in said


def test_the_list_does_not_leave_out_a_reason_of_another_version(capsys: pytest.CaptureFixture[str]) -> None:
    said = below_the_table(a_list(("blocked", "of_tomorrow")), capsys)
    assert f"of_tomorrow: {NOT_LISTED.meaning}; {NOT_LISTED.remedy}" in said


def test_the_list_calls_the_person_in_zendesk_the_agent(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever opened a ticket that was never assigned is not its assignee."""
    print_list(a_list(("in_step", None)))
    head, row, *_ = capsys.readouterr().out.splitlines()
    assert row[head.index("agent") :].split()[0] == "8447388090777"
    assert "assignee" not in head


@pytest.mark.parametrize(
    ("state", "code", "means"),
    [
        ("blocked", "refused", REASONS["refused"]),
        ("retrying", "unreachable", REASONS["unreachable"]),
        ("pending", "settling", REASONS["settling"]),
        ("pending", "", NOT_LOOKED_AT),
        ("blocked", "of_tomorrow", NOT_LISTED),
    ],
)
def test_a_ticket_is_shown_with_what_its_reason_means_and_what_to_do(
    state: str, code: str, means: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    print_view(a_view(state, code), None)
    _, standing, meaning, to_do, *_ = capsys.readouterr().out.splitlines()
    assert standing.split() == ["state", state, *([f"({code})"] if code else [])]
    assert (meaning.split(maxsplit=1)[1], to_do.split(maxsplit=2)[2]) == means


def test_a_reason_that_only_repeats_the_state_is_not_said_twice(capsys: pytest.CaptureFixture[str]) -> None:
    print_view(a_view("paused", "paused"), None)
    assert capsys.readouterr().out.splitlines()[1].split() == ["state", "paused"]


def test_a_ticket_in_step_without_a_note_needs_no_explanation(capsys: pytest.CaptureFixture[str]) -> None:
    print_view(a_view("in_step", ""), None)
    assert "meaning" not in capsys.readouterr().out
