"""How much of what is gone a process still holds, when tickets come and go for months."""

import subprocess
import sys

KEPT, COME, AT_MOST = 1_000, 20_000, 3_000
CHURN = f"""
from collections import deque

from ticketsync.garbage import collect_rarely

held = most = 0


class Ticket:
    def __init__(self):
        global held
        held += 1
        self.parts = [[self] for _ in range(100)]  # as a workflow's do, they hold each other

    def __del__(self):
        global held
        held -= 1


collect_rarely()
kept = deque(maxlen={KEPT})
for _ in range({COME}):
    kept.append(Ticket())
    most = max(most, held)
print(most - {KEPT})
"""


def test_tickets_that_left_the_memory_do_not_pile_up() -> None:
    """With thresholds of 20,000, 50 and 100 it was 13,000, of some 30 KiB each."""
    command = [sys.executable, "-c", CHURN]
    told = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - written above
    assert int(told.stdout) < AT_MOST
