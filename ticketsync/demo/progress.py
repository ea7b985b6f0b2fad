"""Progress for the person who waits: a spinner and ticked lines on a terminal, plain lines otherwise."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status


class Progress:
    """What is being done now (`doing`), and lines on what is done (`say`)."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None

    @property
    def on_terminal(self) -> bool:
        return self._console.is_terminal

    def say(self, line: str) -> None:
        # Lines hold addresses and ticket texts: no markup, no highlighting, no wrapping within an address.
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Show `what` until the block ends; on a terminal behind a spinner that goes away by itself."""
        if not self.on_terminal:
            self.say(f"{what} …")
            yield
            return
        with self._console.status(what) as self._status:
            yield
        self._status = None

    def now(self, what: str) -> None:
        """Change what the spinner says; off a terminal nothing."""
        if self._status is not None:
            self._status.update(what)
