"""The benchmark reads off the list of tickets what people read there."""

from datetime import UTC, datetime

import pytest

from benchmarks.open_tickets import ROW, counts
from ticketsync.cli.ticket_prints import print_list
from ticketsync.ticket_list import TicketList, TicketRow

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def _listed(capsys: pytest.CaptureFixture[str], *states: str) -> bytes:
    rows = [
        TicketRow(
            ticket_id=number,
            workflow_id=f"ticket-default-{number}",
            state=state,
            reason=None,
            status="new",
            task_id=None,
            assignee_id=None,
            started_at=NOON,
        )
        for number, state in enumerate(states, start=1)
    ]
    number = {state: states.count(state) for state in ("in_step", "blocked")}
    print_list(TicketList(desk="default", counts=number, tickets=rows, more=False))
    return capsys.readouterr().out.encode()


@pytest.mark.parametrize("number", [0, 1, 3])
def test_its_rows_and_its_counts(capsys: pytest.CaptureFixture[str], number: int) -> None:
    shown = _listed(capsys, *["in_step"] * number)
    assert (len(ROW.findall(shown)), shown.splitlines()[-1]) == (number, counts(number))


def test_a_ticket_in_trouble_is_neither(capsys: pytest.CaptureFixture[str]) -> None:
    shown = _listed(capsys, "in_step", "blocked")
    assert (len(ROW.findall(shown)), shown.splitlines()[-1] == counts(2)) == (1, False)
