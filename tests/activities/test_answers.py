"""What a ticket is told of a call that failed: which side answered what to which call, and nothing of the ticket."""

import pytest

from ticketsync.activities.alerts import surely_not_written
from ticketsync.activities.failures import ClientError, answer_of
from ticketsync.teamwork import errors as teamwork
from ticketsync.zendesk import errors as zendesk

PATCH = "PATCH /projects/api/v3/tasks/1.json"
NOTE = "PUT /api/v2/tickets/1"


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


@pytest.mark.parametrize(
    ("error", "surely"),
    [
        (zendesk.Unreachable(NOTE), True),
        (zendesk.RateLimited(NOTE, status=429), True),
        (zendesk.Unauthorized(NOTE, status=401), True),
        (zendesk.AnswerLost(NOTE, status=409), True),
        (zendesk.AnswerLost(NOTE, status=503), True),
        (zendesk.AnswerLost(NOTE, status=502), False),
        (zendesk.AnswerLost(NOTE, status=504), False),
        (zendesk.AnswerLost(NOTE, status=408), False),
        (zendesk.AnswerLost(NOTE), False),
        (zendesk.Refused(NOTE, status=422), False),
    ],
    ids=str,
)
def test_a_note_is_written_again_only_if_it_surely_was_not(error: zendesk.ZendeskError, surely: bool) -> None:
    """A closed ticket takes none, then or later."""
    assert surely_not_written(error) is surely
