"""What `make storm` asks for, by the environment: `STORM_SEED` (a number) and `STORM_LONG` (anything)."""

import os
import random
from dataclasses import dataclass

import pytest

from ticketsync.embedded import Say

USUAL_SEED = 20_260


@dataclass(frozen=True)
class Asked:
    """`long`: as long as it needs to be thorough; else bounded, for `make test`."""

    seed: int
    long: bool


@pytest.fixture(scope="session")
def storm(say: Say) -> Asked:
    """A long storm has a seed of its own unless one is given, and says it."""
    long = bool(os.environ.get("STORM_LONG"))
    given = os.environ.get("STORM_SEED")
    seed = int(given) if given else random.SystemRandom().randrange(10**6) if long else USUAL_SEED
    say(f"storm with seed {seed}: make storm SEED={seed} repeats it")
    return Asked(seed, long)
