"""Failures as Temporal stores and shows them: what went wrong and where, never what an unknown message might quote."""

from temporalio.api.failure.v1 import Failure
from temporalio.converter import DefaultFailureConverter, PayloadConverter

from ticketsync.logs import is_safe_to_say


class StoredFailures(DefaultFailureConverter):
    """A rule that fails over a title says the title. Its place and its type are enough to mend it."""

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        """Called for each exception of a chain."""
        super().to_failure(exception, payload_converter, failure)
        if not is_safe_to_say(exception):
            failure.message = type(exception).__qualname__
