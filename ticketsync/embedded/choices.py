"""The words in which one way to get a binary reports to the search that tries them in turn."""

from collections.abc import Callable

Say = Callable[[str], None]
"""Takes one line of progress for the person who waits."""


class NotUsable(Exception):
    """One way gives no binary, and why. `surprising`: something is there that cannot be used, which is worth a line."""

    def __init__(self, reason: str, *, surprising: bool = False) -> None:
        super().__init__(reason)
        self.surprising = surprising
