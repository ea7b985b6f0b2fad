"""Zendesk's circuit breaker, one per webhook: who answers mostly errors is left alone for a while (reference §2)."""

from collections import deque

WINDOW_SECONDS = 300.0
PAUSE_SECONDS = 5.0
FEWEST_REQUESTS = 100
ERROR_SHARE = 0.7
MOST_ERRORS = 1000


class CircuitBreaker:
    """Opens at 70 % errors among at least 100 requests of five minutes, or above 1,000 errors in them. After 5 s one
    request is let through as a probe: its success closes the breaker, its failure opens it for 5 s more.
    """

    def __init__(self) -> None:
        self._outcomes: deque[tuple[float, bool]] = deque()
        self._errors = 0
        self._opened_at: float | None = None
        self._probing = False

    def lets_through(self, now: float) -> bool:
        """Whether a request may go out at this moment, in seconds of any clock; if that was put back, it may."""
        if self._opened_at is None:
            return True
        if 0 <= now - self._opened_at < PAUSE_SECONDS or self._probing:
            return False
        self._probing = True
        return True

    def note(self, now: float, *, succeeded: bool) -> None:
        """What became of a request that was let through."""
        if self._probing:
            self._end_probe(now, succeeded=succeeded)
            return
        self._outcomes.append((now, succeeded))
        self._errors += not succeeded
        self._forget_before(now - WINDOW_SECONDS)
        if self._opened_at is None and self._too_many_errors():
            self._opened_at = now

    def _end_probe(self, now: float, *, succeeded: bool) -> None:
        self._probing = False
        self._opened_at = None if succeeded else now
        if succeeded:
            self._outcomes.clear()
            self._errors = 0

    def _forget_before(self, moment: float) -> None:
        while self._outcomes and self._outcomes[0][0] < moment:
            _, succeeded = self._outcomes.popleft()
            self._errors -= not succeeded

    def _too_many_errors(self) -> bool:
        requests = len(self._outcomes)
        mostly = requests >= FEWEST_REQUESTS and self._errors >= ERROR_SHARE * requests
        return mostly or self._errors > MOST_ERRORS
