"""Payloads as Temporal stores them. What is encrypted is told apart here also where no key is set: there it is refused.

`encryption.py` encrypts. It is imported only where a key is set: its library takes 33 ms and 7 MB.
"""

from typing import Any, NoReturn

from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import EncodingPayloadConverter

# The names that Temporal's own samples use for payloads encrypted with AES-GCM.
ENCODING = "encoding"
ENCRYPTED = b"binary/encrypted"
KEY_ID = "encryption-key-id"


class UndecodableError(Exception):
    """A payload cannot be decrypted; the message names the key that it needs, and what to do."""


def lacking_key(payload: Payload) -> UndecodableError:
    """For a payload whose key is not set here."""
    name = repr(payload.metadata[KEY_ID].decode("ascii", "replace")) if KEY_ID in payload.metadata else "without a name"
    return UndecodableError(
        f"what Temporal stores is encrypted with key {name}, which is not set here: "
        "add it to TICKETSYNC_ENCRYPTION_KEYS"
    )


class _Locked(EncodingPayloadConverter):
    """Takes the place of what would decrypt."""

    @property
    def encoding(self) -> str:
        return ENCRYPTED.decode()

    def to_payload(self, value: Any) -> None:  # noqa: ARG002 - nothing is encrypted by a converter
        return None

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> NoReturn:  # noqa: ARG002
        raise lacking_key(payload)


class PlainPayloads(PydanticPayloadConverter):
    """Pydantic models as JSON. Says what is missing where a payload is encrypted."""

    def __init__(self) -> None:
        super().__init__()
        self._set_converters(*self.converters.values(), _Locked())
