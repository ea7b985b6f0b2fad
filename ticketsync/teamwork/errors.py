"""What a Teamwork call can fail with. One glance tells what passes by itself from what a person must change.

TeamworkError
├── Passing                     try again
│   ├── NotSent                 unreachable          no connection: surely nothing was sent
│   ├── AnswerLost              answer_lost          sent, but no usable answer: a write may have landed
│   ├── RateLimited             rate_limited         the site refused the call by its quota
│   └── NoTurn                  waiting_for_quota    our own quota gave no turn in time
└── Permanent                   a person must act
    ├── Unauthorized            credentials_refused
    ├── Forbidden               forbidden
    ├── NotFound                not_found
    ├── NotAMember              not_a_member         the assignee cannot be given this task
    ├── UnknownTaskList         tasklist_unknown     the task cannot be moved to this list
    ├── Refused                 refused              any other refusal
    └── Unexpected              unexpected_answer    an answer that is not Teamwork's, or that shows no effect
"""

from typing import ClassVar


class TeamworkError(Exception):
    """A failed call: `call` is its method and path, never its query or body; no ticket text, no credentials.

    sent: the write may have landed. status: the HTTP status, if there was an answer. retry_after: seconds until it is
    worth trying again, if known. field: the field of the request at fault, if known.
    """

    code: ClassVar[str]
    advice: ClassVar[str]
    may_have_landed: ClassVar[bool] = False

    def __init__(
        self,
        call: str,
        *,
        status: int | None = None,
        sent: bool | None = None,
        retry_after: float | None = None,
        field: str | None = None,
        cause: str | None = None,
    ) -> None:
        self.call = call
        self.status = status
        self.sent = self.may_have_landed if sent is None else sent
        self.retry_after = retry_after
        self.field = field
        super().__init__(self._message(cause))

    def _message(self, cause: str | None) -> str:
        answered = f" answered {self.status}" if self.status is not None else ""
        field = f", field {self.field}" if self.field else ""
        reason = f" ({cause})" if cause else ""
        return f"{self.code}: {self.call}{answered}{field}{reason}: {self.advice}"


class Passing(TeamworkError):
    """It may succeed later by itself."""


class NotSent(Passing):
    code = "unreachable"
    advice = "nothing was sent; if it lasts, check the address of the Teamwork site, the network and any proxy"


class AnswerLost(Passing):
    code = "answer_lost"
    advice = "Teamwork gave no answer; a change may have landed all the same"
    may_have_landed = True


class RateLimited(Passing):
    code = "rate_limited"
    advice = "the site's quota is used up; if this is common, lower calls_per_minute of the desk"


class NoTurn(Passing):
    code = "waiting_for_quota"
    advice = "nothing was sent; all calls of our own quota for this site are taken"


class Permanent(TeamworkError):
    """It will not succeed until a person changes something."""


class Unauthorized(Permanent):
    code = "credentials_refused"
    advice = "give the API key of an active user of this site"


class Forbidden(Permanent):
    code = "forbidden"
    advice = "the user of the API key lacks the permission, or the site's plan does not allow it"


class NotFound(Permanent):
    code = "not_found"
    advice = "it is deleted, or the user of the API key cannot see it"


class NotAMember(Permanent):
    code = "not_a_member"
    advice = "add the assignee to the Teamwork project, or map the agent to somebody else"


class UnknownTaskList(Permanent):
    code = "tasklist_unknown"
    advice = "correct the route: it has to name an open task list of the desk's project"


class Refused(Permanent):
    code = "refused"
    advice = "Teamwork does not take this change"


class Unexpected(Permanent):
    code = "unexpected_answer"
    advice = "check that the address is that of a Teamwork site"
