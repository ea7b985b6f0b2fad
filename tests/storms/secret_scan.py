"""Whether bytes hold something that they must not: a credential in any form that one is sent in, or a word."""

import base64
import json
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from google.protobuf.message import Message
from temporalio.api.failure.v1 import Failure

SEAM = 4  # of a group of base64, the first and the last depend on what stands beside


def forms(secret: str) -> set[bytes]:
    """The secret as text, quoted, as hexadecimal digits, and as a part of anything in base64."""
    raw = secret.encode()
    plain = {raw, quote(secret, safe="").encode(), json.dumps(secret)[1:-1].encode(), raw.hex().encode()}
    return plain | {form for shift in range(3) for form in _inside_base64(raw, shift)}


def _inside_base64(raw: bytes, shift: int) -> set[bytes]:
    """What every base64 of a text has in common in which the secret stands so many bytes after a multiple of three."""
    encoded = base64.b64encode(b"\x00" * shift + raw + b"\x00" * 3)
    certain = encoded[SEAM if shift else 0 : (shift + len(raw)) // 3 * SEAM]
    return {certain, certain.translate(bytes.maketrans(b"+/", b"-_"))}


def held_in(produced: bytes, secrets: Mapping[str, str]) -> set[str]:
    """The names of the secrets that are in it."""
    return {name for name, secret in secrets.items() if any(form in produced for form in forms(secret))}


def failures_in(message: Message) -> Iterator[Failure]:
    """Every failure in a message of Temporal's, however deep, with those that caused it."""
    if isinstance(message, Failure):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        for one in value if not isinstance(value, Message) else [value]:
            yield from failures_in(one)
