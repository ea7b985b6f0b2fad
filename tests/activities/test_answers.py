"""What a ticket is told of a call that failed: which side answered what to which call, and nothing of the ticket."""

import pytest

from ticketsync.activities.failures import ClientError, answer_of
from ticketsync.teamwork import errors as teamwork
from ticketsync.zendesk import errors as zendesk

PATCH = "PATCH /projects/api/v3/tasks/1.json"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (teamwork.Forbidden(PATCH, status=403), f"Teamwork answered 403 to {PATCH}"),
        (teamwork.Refused(PATCH, status=422, field="name"), f"Teamwork answered 422 to {PATCH}, field name"),
        (teamwork.AnswerLost(PATCH, cause="ReadTimeout"), f"Teamwork gave no answer to {PATCH}"),
        (teamwork.NotSent(PATCH), f"Teamwork gave no answer to {PATCH}"),
        (teamwork.UnknownTaskList("list 77 of project 9"), "Teamwork has no open list 77 of project 9"),
        (teamwork.NoTurn(PATCH, retry_after=3), ""),
        (zendesk.NotFound("GET /api/v2/tickets/1", status=404), "Zendesk answered 404 to GET /api/v2/tickets/1"),
        (zendesk.NoTurn("GET /api/v2/tickets/1"), ""),
    ],
)
def test_an_answer_names_side_status_call_and_field(error: ClientError, said: str) -> None:
    assert answer_of(error) == said
