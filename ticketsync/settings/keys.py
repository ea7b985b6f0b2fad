"""Encryption keys: each has an id, which is stored beside what it encrypts, and 256 bits, which never are."""

import re
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from secrets import token_bytes, token_hex
from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr, model_serializer, model_validator

from ticketsync.settings.values import MASK

KEY_BYTES = 32  # AES-256
_KEY = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63}):([A-Za-z0-9+/]{43}=)")


class EncryptionKey(BaseModel):
    """One key. As text it is `ID:KEY`, the key in base64; it is never dumped."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    id: str
    key: SecretStr

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        match = _KEY.fullmatch(value.strip())
        if match is None:
            raise ValueError('is not of the form ID:KEY: "ticketsync codec keygen" makes one')
        return {"id": match[1], "key": match[2]}

    @model_serializer
    def _masked(self) -> str:
        return f"{self.id}:{MASK}"

    @property
    def raw(self) -> bytes:
        return b64decode(self.key.get_secret_value())

    @property
    def text(self) -> str:
        """As files and variables hold it: a secret."""
        return f"{self.id}:{self.key.get_secret_value()}"


def new_key() -> EncryptionKey:
    """A key of chance, its id the day and four digits: `20260115-5f3a`."""
    key_id = f"{datetime.now(UTC):%Y%m%d}-{token_hex(2)}"
    return EncryptionKey(id=key_id, key=SecretStr(b64encode(token_bytes(KEY_BYTES)).decode()))


def with_ids_of_their_own(keys: tuple[EncryptionKey, ...]) -> tuple[EncryptionKey, ...]:
    """The keys; ValueError when an id stands for two of them."""
    if len({key.id for key in keys}) < len(keys):
        raise ValueError("two keys have the same id: give each its own")
    return keys
