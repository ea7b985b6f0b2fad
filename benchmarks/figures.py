"""What is measured: a figure is the same thing measured several times, each time beside what it is compared with."""

from collections.abc import Sequence
from datetime import datetime
from statistics import median, quantiles
from typing import Literal

from pydantic import BaseModel, ConfigDict

WORSE = 0.25  # by so much a ratio may be worse than the recorded one


class Goal(BaseModel):
    """A limit of the median ratio, or of the median value in the figure's unit."""

    model_config = ConfigDict(frozen=True)

    of: Literal["ratio", "value"]
    limit: float


class Figure(BaseModel):
    """One row of the table. `ours` and `against` are the two sides of the same pairs; `against` may be left out.

    `beside` says in a word what the other side is, as the question's method explains it. `name` is how the recorded
    figure is found again. Only `guarded` ones can fail the quick run: tails vary too much.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    what: str
    unit: str
    better: Literal["more", "less"]
    ours: tuple[float, ...]
    against: tuple[float, ...] = ()
    beside: str = ""
    goals: tuple[Goal, ...] = ()
    guarded: bool = True

    @property
    def value(self) -> float:
        return median(self.ours)

    @property
    def compared_with(self) -> float | None:
        return median(self.against) if self.against else None

    @property
    def ratio(self) -> float | None:
        """The median of the pairs' ratios; None where nothing can be divided by."""
        if not self.against or not all(self.against):
            return None
        return median(ours / other for ours, other in zip(self.ours, self.against, strict=True))

    @property
    def is_met(self) -> bool | None:
        """Whether all goals are; None without one."""
        return all(map(self._meets, self.goals)) if self.goals else None

    def _meets(self, goal: Goal) -> bool:
        measured = self.value if goal.of == "value" else self.ratio
        if measured is None:
            return False
        return measured >= goal.limit if self.better == "more" else measured <= goal.limit

    def is_worse_than(self, recorded: "Figure") -> bool:
        """By more than a quarter, in the ratio; in the value where there is no ratio."""
        now, then = self.ratio, recorded.ratio
        if now is None or then is None:
            now, then = self.value, recorded.value
        return now < then * (1 - WORSE) if self.better == "more" else now > then * (1 + WORSE)


class Machine(BaseModel):
    """What it was measured on, and with."""

    model_config = ConfigDict(frozen=True)

    processor: str
    cores: int
    memory_gb: int
    system: str
    python: str
    sdk: str
    temporal: str
    redis: str


class Answer(BaseModel):
    """What one question came to. `load` is what the machine was busy with when it began: its load average."""

    model_config = ConfigDict(frozen=True)

    question: str
    at: datetime
    seconds: float
    load: float
    machine: Machine
    figures: tuple[Figure, ...]


def at_most(limit: float) -> Goal:
    """The value, in the figure's unit."""
    return Goal(of="value", limit=limit)


def ratio_of(limit: float) -> Goal:
    """At least or at most, as the figure is better with more or with less."""
    return Goal(of="ratio", limit=limit)


def percentile(values: Sequence[float], percent: int) -> float:
    if len(values) < 2:  # noqa: PLR2004
        return values[0]
    return quantiles(values, n=100, method="inclusive")[percent - 1]
