"""How often Python looks for garbage in a process that runs for months."""

import gc

NEW_OBJECTS = 5_000  # a delivery or a decision makes some hundreds, nearly all of them gone without being looked for
# A ticket that leaves a worker's memory is some hundred objects that hold each other, and was there for long: only a
# look at the oldest finds it. That comes after some forty times as many new objects as above, or when a quarter of the
# oldest are new to them: some thousand tickets.
OLDER, OLDEST = 5, 5


def collect_rarely() -> None:
    """Leave alone what was there at the start, and look for the rest more rarely than every 700 new objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, OLDER, OLDEST)
