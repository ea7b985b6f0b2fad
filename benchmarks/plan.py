"""How much is measured: pairs one after the other, the two sides in turn, in a short and in a full run."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
Say = Callable[[str], None]
Side = Callable[[], Awaitable[T]]

PAIRS = 5


@dataclass(frozen=True)
class Plan:
    """`quick` measures the same in a short time. `say` takes one line of progress."""

    quick: bool
    say: Say

    def either(self, quick: T, full: T) -> T:
        return quick if self.quick else full

    async def pairs(self, *sides: Side[T], rounds: int = PAIRS) -> list[tuple[T, ...]]:
        """Each side once in every round, the other way round in every second one; a first round warms up only."""
        results = [await self._round(sides, backwards=number % 2 == 1) for number in range(1 + rounds)]
        return results[1:]

    async def _round(self, sides: tuple[Side[T], ...], *, backwards: bool) -> tuple[T, ...]:
        results = [await side() for side in (reversed(sides) if backwards else sides)]
        return tuple(reversed(results) if backwards else results)
