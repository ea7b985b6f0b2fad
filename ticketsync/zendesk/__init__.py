"""Zendesk: webhooks in, REST calls out. Everything that leaves this package is normalised.

`verify` and `sign` for signatures, `parse_event` and `parse_older_form` for bodies, `ZendeskClient` for REST, and
`Webhooks` for what commands do with webhooks.
"""

from ticketsync.zendesk.client import ZendeskClient
from ticketsync.zendesk.errors import (
    AnswerLost,
    Forbidden,
    NotFound,
    NoTurn,
    Passing,
    Permanent,
    RateLimited,
    Refused,
    Unauthorized,
    Unexpected,
    Unreachable,
    ZendeskError,
)
from ticketsync.zendesk.events import NotAnEvent, ParsedDelivery, parse_event, parse_older_form
from ticketsync.zendesk.models import Agent, DeletedTicket, ExportPage
from ticketsync.zendesk.signature import TEST_SECRET, sign, timestamp_age, verify
from ticketsync.zendesk.webhooks import EndpointAnswer, Invocation, Webhook, Webhooks

__all__ = [
    "TEST_SECRET",
    "Agent",
    "AnswerLost",
    "DeletedTicket",
    "EndpointAnswer",
    "ExportPage",
    "Forbidden",
    "Invocation",
    "NoTurn",
    "NotAnEvent",
    "NotFound",
    "ParsedDelivery",
    "Passing",
    "Permanent",
    "RateLimited",
    "Refused",
    "Unauthorized",
    "Unexpected",
    "Unreachable",
    "Webhook",
    "Webhooks",
    "ZendeskClient",
    "ZendeskError",
    "parse_event",
    "parse_older_form",
    "sign",
    "timestamp_age",
    "verify",
]
