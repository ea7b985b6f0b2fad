"""What Temporal stores, encrypted: AES-256-GCM, with a nonce of chance for each payload.

An encrypted payload has the whole plain one inside, its metadata included; outside it says only that it is encrypted,
and the id of its key. One without encryption is read as it is, so that open tickets go on when encryption is switched
on. The form is that of Temporal's own samples: the nonce of 12 bytes, then ciphertext and tag.
"""

import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from ticketsync.settings.keys import EncryptionKey
from ticketsync.stored_payloads import ENCODING, ENCRYPTED, KEY_ID, UndecodableError, lacking_key

NONCE_BYTES = 12  # the length GCM is made for; by chance it is safe for 2**32 payloads of one key


class EncryptionCodec(PayloadCodec):
    """The first key encrypts, all of them decrypt."""

    def __init__(self, keys: Sequence[EncryptionKey]) -> None:
        self._ciphers = {key.id.encode(): AESGCM(key.raw) for key in keys}
        self._first_id = keys[0].id.encode()
        self._first = self._ciphers[self._first_id]

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._encrypted(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Raises UndecodableError."""
        return [self._decrypted(payload) for payload in payloads]

    def _encrypted(self, payload: Payload) -> Payload:
        nonce = os.urandom(NONCE_BYTES)
        return Payload(
            metadata={ENCODING: ENCRYPTED, KEY_ID: self._first_id},
            data=nonce + self._first.encrypt(nonce, payload.SerializeToString(), None),
        )

    def _decrypted(self, payload: Payload) -> Payload:
        if payload.metadata.get(ENCODING) != ENCRYPTED:
            return payload
        cipher = self._ciphers.get(payload.metadata.get(KEY_ID, b""))
        if cipher is None:
            raise lacking_key(payload)
        try:
            plain = cipher.decrypt(payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:], None)
            return Payload.FromString(plain)
        except (InvalidTag, DecodeError, ValueError):
            raise UndecodableError(
                f"what Temporal stores cannot be decrypted with key {payload.metadata[KEY_ID].decode()!r}: "
                "either it was changed, or another key has that id in TICKETSYNC_ENCRYPTION_KEYS"
            ) from None
