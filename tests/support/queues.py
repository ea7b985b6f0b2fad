"""In which order a queue of Temporal's is served."""

from collections.abc import Sequence
from typing import TypeVar

# The server keeps a queue in four parts, each in an order of its own: here it is one, to see the order.
IN_ONE_PART = {"matching.numTaskqueueReadPartitions": "1", "matching.numTaskqueueWritePartitions": "1"}

Place = TypeVar("Place", int, float)


def ahead_of(some: Sequence[Place], others: Sequence[Place]) -> int:
    """How many of the others went before the last of some."""
    return sum(other < max(some) for other in others)
