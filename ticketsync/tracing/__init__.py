"""Traces, where `traces_endpoint` asks for them: one from a delivery to the calls that it costs Teamwork.

Nothing of OpenTelemetry is imported before it is asked for; until then a span is one look at a variable.

A signal's trace context would end with the signal: its event waits in the ticket's inbox, and is decided on later,
perhaps with others. So it travels in the event itself (`Event.traceparent`, as W3C writes it), from there by the
decision into the ticket's state (`TicketState.cause`), and with each step to the activity that carries it out.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from typing import Literal, Protocol

Value = str | int | float | bool
Attributes = Mapping[str, Value]
Put = Callable[[Attributes], None]  # adds attributes to the span that is open
Kind = Literal["server", "client", "internal"]

DESK, TICKET, DELIVERY = "ticketsync.desk", "ticketsync.ticket", "ticketsync.delivery"
EXTRA = 'pip install "ticketsync[tracing]"'


class TracingUnavailableError(Exception):
    """Traces are asked for, and what makes them is not installed."""


class Tracer(Protocol):
    """What the part that knows OpenTelemetry can do: see `ticketsync.tracing.otel`."""

    def span(
        self, name: str, kind: Kind, parent: str | None, attributes: Attributes
    ) -> AbstractContextManager[Put]: ...

    def past(
        self, name: str, parent: str, attributes: Attributes, *, began_ns: int, links: tuple[str, ...]
    ) -> None: ...

    def traceparent(self) -> str | None: ...

    def stop(self) -> None: ...


def _put_nothing(_attributes: Attributes) -> None: ...


_NOTHING: AbstractContextManager[Put] = nullcontext(_put_nothing)
_tracer: Tracer | None = None


@contextmanager
def tracing(endpoint: str | None, service: str) -> Iterator[None]:
    """Send the traces of this process to a collector, by OTLP over HTTP; without an endpoint there are none.

    What is left at the end has two seconds to go. Raises TracingUnavailableError.
    """
    global _tracer  # noqa: PLW0603 - one per process, like its log
    if endpoint is None:
        yield
        return
    _tracer = tracer = _open(endpoint, service)
    try:
        yield
    finally:
        _tracer = None
        tracer.stop()


def _open(endpoint: str, service: str) -> Tracer:
    try:
        otel = import_module("ticketsync.tracing.otel")
    except ModuleNotFoundError as error:
        text = f"traces_endpoint is set, and {error.name} is not installed: run {EXTRA}, or leave the setting out"
        raise TracingUnavailableError(text) from None
    tracer: Tracer = otel.open_tracer(endpoint, service)
    return tracer


def is_on() -> bool:
    return _tracer is not None


def span(
    name: str, attributes: Attributes | None = None, *, kind: Kind = "internal", parent: str | None = None
) -> AbstractContextManager[Put]:
    """A span around a block: a child of `parent` (a traceparent), else of the one around it. An exception marks it."""
    return _NOTHING if _tracer is None else _tracer.span(name, kind, parent, attributes or {})


def past(name: str, parent: str, attributes: Attributes, *, began_ns: int, links: tuple[str, ...] = ()) -> None:
    """A span of what has just ended, in the trace of `parent`; `links` are traceparents of other traces."""
    if _tracer is not None:
        _tracer.past(name, parent, attributes, began_ns=began_ns, links=links)


def traceparent() -> str | None:
    """The span that is open, for whoever goes on elsewhere; None while there are no traces."""
    return None if _tracer is None else _tracer.traceparent()
