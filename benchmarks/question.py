"""What every file that answers a question has: its `QUESTION`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from benchmarks.figures import Figure
from benchmarks.plan import Plan
from benchmarks.service import Service


@dataclass(frozen=True)
class Question:
    """`measure` has a service of its own, without server and worker yet, whose Temporal has this `dynamic_config`.

    `method` is Markdown for the page.
    """

    name: str
    title: str
    method: str
    measure: Callable[[Plan, Service], Awaitable[list[Figure]]]
    dynamic_config: Mapping[str, str] = field(default_factory=dict)
