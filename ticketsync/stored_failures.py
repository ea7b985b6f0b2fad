"""Failures as Temporal stores and shows them: what went wrong and where, never what an unknown message might quote."""

from temporalio.api.failure.v1 import Failure
from temporalio.converter import DefaultFailureConverter, PayloadConverter

from ticketsync.logs import is_safe_to_say

ENCODED = "Encoded failure"  # what Temporal's SDKs write in its place


class StoredFailures(DefaultFailureConverter):
    """A rule that fails over a title says the title. Its place and its type are enough to mend it."""

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        """Called for each exception of a chain."""
        super().to_failure(exception, payload_converter, failure)
        if not is_safe_to_say(exception):
            failure.message = type(exception).__qualname__


class EncryptedFailures(StoredFailures):
    """Message and stack go into a payload, which the codec encrypts. Their type, a code or a class, stays plain."""

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        """Also what was read from Temporal and is told again: it may be of a time without encryption."""
        super().to_failure(exception, payload_converter, failure)
        link = failure
        _move(link, payload_converter)
        while link.HasField("cause"):
            link = link.cause
            _move(link, payload_converter)


def _move(failure: Failure, payload_converter: PayloadConverter) -> None:
    if not failure.HasField("encoded_attributes"):
        told = {"message": failure.message, "stack_trace": failure.stack_trace}
        failure.encoded_attributes.CopyFrom(payload_converter.to_payload(told))
    failure.message, failure.stack_trace = ENCODED, ""
