"""One delivery, followed through the worker: every line of a step or a read names it, and its trace goes on here.

The correlation id is Zendesk's invocation id, else the event's own id: `delivery` in each line.
"""

from typing import Any, NamedTuple

import structlog
from structlog.contextvars import bound_contextvars
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from ticketsync import tracing
from ticketsync.logs import is_debug
from ticketsync.sync.event import Cause
from ticketsync.sync.fold import EVENT_ID_SHOWN
from ticketsync.sync.requests import DecideRequest, ReadRequest, StepRequest
from ticketsync.sync.state import Decision, TicketState
from ticketsync.tracing import DELIVERY, DESK, TICKET, Attributes, Value

log = structlog.get_logger(__name__)


class Following(Interceptor):
    """Of a worker whose activities are steps and reads."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _Following(next)


class _Following(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        request = input.args[0] if input.args else None
        if not isinstance(request, StepRequest | ReadRequest):
            return await super().execute_activity(input)
        cause, info = request.cause, activity.info()
        known = {} if cause is None else {"delivery": cause.delivery}
        told = {**_told(request.desk, request.ticket_id, cause), "ticketsync.attempt": info.attempt}
        parent = cause.traceparent if cause is not None else None
        with (
            bound_contextvars(desk=request.desk, ticket=request.ticket_id, **known),
            tracing.span(info.activity_type, told, parent=parent),
        ):
            result = await super().execute_activity(input)
            if is_debug():
                log.debug("carried out", step=info.activity_type, attempt=info.attempt)
            return result


def _told(desk: str, ticket_id: int, cause: Cause | None) -> Attributes:
    where: dict[str, Value] = {DESK: desk, TICKET: ticket_id}
    return where if cause is None else {**where, DELIVERY: cause.delivery}


# --- the decision


class _Heard(NamedTuple):
    """One event of a decision: the delivery that told of it, what the rules made of it, and who goes on for it."""

    cause: Cause
    event_id: str
    code: str
    goes_on_as: Cause | None


def follow_decision(request: DecideRequest, decision: Decision, began_ns: int) -> None:
    """A line and a span for each delivery that was decided on: several may be carried out as the last of them."""
    if not (tracing.is_on() or is_debug()):
        return
    steps = " ".join(step.kind for step in decision.plan)
    after = _cause_after(request.state, decision)
    codes = {line.event_id: line.code for line in decision.lines}
    for event in request.events:
        shown = event.id[:EVENT_ID_SHOWN]
        heard = _Heard(event.cause, shown, codes.get(shown, ""), after if after != event.cause else None)
        if is_debug():
            _say(request.state, heard, steps)
        _trace(request.state, heard, steps, began_ns)


def _cause_after(state: TicketState, decision: Decision) -> Cause | None:
    changed = decision.changes.get("cause")
    return state.cause if changed is None else Cause.model_validate(changed)


def _say(state: TicketState, heard: _Heard, steps: str) -> None:
    more = {} if heard.goes_on_as is None else {"goes_on_as": heard.goes_on_as.delivery}
    log.debug(
        "decided",
        desk=state.desk,
        ticket=state.ticket_id,
        delivery=heard.cause.delivery,
        event_id=heard.event_id,
        outcome=heard.code,
        steps=steps,
        **more,
    )


def _trace(state: TicketState, heard: _Heard, steps: str, began_ns: int) -> None:
    if heard.cause.traceparent is None:
        return
    known = _told(state.desk, state.ticket_id, heard.cause)
    told = {**known, "ticketsync.outcome": heard.code, "ticketsync.steps": steps}
    other = heard.goes_on_as.traceparent if heard.goes_on_as is not None else None
    links = (other,) if other is not None else ()
    tracing.past("decide", heard.cause.traceparent, told, began_ns=began_ns, links=links)
