"""`python -m tests.storms.broken_worker`: the worker of a release whose rule for titles fails, and talks of it."""

from typing import Never
from unittest.mock import patch

from ticketsync.cli import main
from ticketsync.sync import desired
from ticketsync.sync.policy import Policy
from ticketsync.sync.snapshot import TicketSnapshot


def _fails(snapshot: TicketSnapshot, _policy: Policy) -> Never:
    raise ValueError(f"no title can be made of {snapshot.subject!r}")


if __name__ == "__main__":
    with patch.object(desired, "title", _fails):
        main(["worker"])
