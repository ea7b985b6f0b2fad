"""What a Zendesk call can fail with. One glance tells what passes by itself from what a person must change.

ZendeskError
├── Passing                     try again
│   ├── Unreachable             unreachable          no connection
│   ├── AnswerLost              answer_lost          no usable answer: 5xx, a timeout, a broken connection
│   ├── RateLimited             rate_limited         the account refused the call by its quota
│   └── NoTurn                  waiting_for_quota    our own quota gave no turn in time
└── Permanent                   a person must act
    ├── Unauthorized            credentials_refused
    ├── Forbidden               forbidden
    ├── NotFound                not_found
    ├── Refused                 refused              values that Zendesk does not take
    └── Unexpected              unexpected_answer    an answer that is not Zendesk's, or one that cannot be read
"""

from typing import ClassVar


class ZendeskError(Exception):
    """A failed call: `call` is its method and path, never its query or body; no ticket text, no credentials.

    status: the HTTP status, if there was an answer. retry_after: seconds until it is worth trying again, if known.
    field: the part of the answer that cannot be read, if that is what failed.
    """

    code: ClassVar[str]
    advice: ClassVar[str]

    def __init__(
        self,
        call: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        field: str | None = None,
        cause: str | None = None,
    ) -> None:
        self.call = call
        self.status = status
        self.retry_after = retry_after
        self.field = field
        super().__init__(self._message(cause))

    def _message(self, cause: str | None) -> str:
        answered = f" answered {self.status}" if self.status is not None else ""
        field = f", field {self.field}" if self.field else ""
        reason = f" ({cause})" if cause else ""
        return f"{self.code}: {self.call}{answered}{field}{reason}: {self.advice}"


class Passing(ZendeskError):
    """It may succeed later by itself."""


class Unreachable(Passing):
    code = "unreachable"
    advice = "if it lasts, check the address of the Zendesk account, the network and any proxy"


class AnswerLost(Passing):
    code = "answer_lost"
    advice = "Zendesk gave no usable answer"


class RateLimited(Passing):
    code = "rate_limited"
    advice = "the account's quota is used up, by us or by another client of it"


class NoTurn(Passing):
    code = "waiting_for_quota"
    advice = "nothing was sent; all calls of our own quota for this account are taken"


class Permanent(ZendeskError):
    """It will not succeed until a person changes something."""


class Unauthorized(Permanent):
    code = "credentials_refused"
    advice = "give the API token with the e-mail of an active user, or an OAuth token without e-mail"


class Forbidden(Permanent):
    code = "forbidden"
    advice = "the user of the token lacks the permission: the export and the webhooks need an admin"


class NotFound(Permanent):
    code = "not_found"
    advice = "it is deleted, or the user of the token cannot see it"


class Refused(Permanent):
    code = "refused"
    advice = "Zendesk does not take these values"


class Unexpected(Permanent):
    code = "unexpected_answer"
    advice = "check that the address is that of a Zendesk account"
