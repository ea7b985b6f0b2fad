"""What is encrypted, what is read, and what is refused. The whole with a real Temporal: `test_keeping_secret.py`."""

import base64
import dataclasses
import os
import subprocess
import sys
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError

from tests.support.tickets import Ticket
from ticketsync.settings import EncryptionKey, new_key
from ticketsync.stored_payloads import ENCODING, ENCRYPTED, KEY_ID, UndecodableError
from ticketsync.sync.event import Event
from ticketsync.temporal import data_converter

OLD, NEW = new_key(), new_key()
WORD = "Xylographer"


async def encrypted(value: Any, *keys: EncryptionKey) -> Payload:
    (payload,) = await data_converter(keys).encode([value])
    return payload


async def read(payload: Payload, *keys: EncryptionKey, hint: type | None = None) -> Any:
    (value,) = await data_converter(keys).decode([payload], [hint] if hint else None)
    return value


# --- payloads


async def test_nothing_of_a_value_is_readable_but_that_it_is_encrypted_and_with_which_key() -> None:
    payload = await encrypted({"subject": WORD}, OLD)
    assert WORD.encode() in (await encrypted({"subject": WORD})).SerializeToString()
    assert WORD.encode() not in payload.SerializeToString()
    assert dict(payload.metadata) == {ENCODING: ENCRYPTED, KEY_ID: OLD.id.encode()}


@pytest.mark.parametrize("value", [None, b"", b"\x00bytes", "", {"deep": [1, "ü"]}, 3.5])
async def test_what_was_encrypted_comes_back_as_it_was(value: Any) -> None:
    assert await read(await encrypted(value, OLD), OLD) == value


async def test_models_come_back_as_themselves() -> None:
    event = Ticket(subject=WORD).created()
    assert await read(await encrypted(event, OLD), OLD, hint=Event) == event


async def test_the_same_value_is_never_encrypted_to_the_same_bytes() -> None:
    assert len({(await encrypted(WORD, OLD)).data for _ in range(50)}) == 50


async def test_the_first_key_encrypts_and_all_decrypt() -> None:
    before, after = await encrypted(WORD, OLD), await encrypted(WORD, NEW, OLD)
    assert after.metadata[KEY_ID] == NEW.id.encode()
    assert [await read(payload, NEW, OLD) for payload in (before, after)] == [WORD, WORD]


async def test_what_was_stored_without_encryption_is_still_read() -> None:
    assert await read(await encrypted(WORD), OLD) == WORD


async def test_its_form_is_that_of_temporals_own_samples() -> None:
    """So that their codec servers can read it too: a nonce of 12 bytes, then what AES-GCM makes of the payload."""
    payload = await encrypted(WORD, OLD)
    key = base64.b64decode(OLD.key.get_secret_value())
    inside = Payload.FromString(AESGCM(key).decrypt(payload.data[:12], payload.data[12:], None))
    assert inside == await encrypted(WORD)


# --- refused


@pytest.mark.parametrize("keys", [(), (NEW,)])
async def test_without_its_key_it_is_not_read_and_the_error_names_the_key(keys: tuple[EncryptionKey, ...]) -> None:
    with pytest.raises(UndecodableError, match=f"encrypted with key '{OLD.id}', which is not set here: add it to"):
        await read(await encrypted(WORD, OLD), *keys)


async def test_another_key_of_the_same_id_is_told_apart() -> None:
    other = NEW.model_copy(update={"id": OLD.id})
    with pytest.raises(UndecodableError, match=f"cannot be decrypted with key '{OLD.id}': either it was changed, or"):
        await read(await encrypted(WORD, OLD), other)


@pytest.mark.parametrize("position", [0, 11, 12, -17, -1])
async def test_what_somebody_changed_is_refused(position: int) -> None:
    payload = await encrypted(WORD, OLD)
    data = bytearray(payload.data)
    data[position] ^= 1
    with pytest.raises(UndecodableError, match="either it was changed"):
        await read(Payload(metadata=payload.metadata, data=bytes(data)), OLD)


@pytest.mark.parametrize("data", [b"", b"short", b"x" * 12, b"x" * 28])
async def test_what_was_never_encrypted_but_says_so_is_refused(data: bytes) -> None:
    payload = Payload(metadata={ENCODING: ENCRYPTED, KEY_ID: OLD.id.encode()}, data=data)
    with pytest.raises(UndecodableError):
        await read(payload, OLD)


@pytest.mark.parametrize("name", [None, b"\xff\xfe"])
async def test_a_key_without_a_usable_name_is_an_error_like_any_other(name: bytes | None) -> None:
    payload = Payload(metadata={ENCODING: ENCRYPTED} | ({KEY_ID: name} if name else {}), data=b"x" * 40)
    with pytest.raises(UndecodableError, match="is not set here"):
        await read(payload, OLD)


# --- failures


async def stored(error: BaseException, converter: DataConverter) -> Failure:
    failure = Failure()
    await converter.encode_failure(error, failure)
    return failure


def fail() -> None:
    try:
        int(WORD)
    except ValueError as cause:
        raise ApplicationError(f"code {WORD}", {"field": WORD}, type="TeamworkRefused") from cause


def raised() -> ApplicationError:
    with pytest.raises(ApplicationError) as info:
        fail()
    return info.value


async def test_of_a_failure_only_its_type_stays_plain() -> None:
    plain = (await stored(raised(), data_converter())).SerializeToString()
    failure = await stored(raised(), data_converter([OLD]))
    assert plain.count(WORD.encode()) >= 2
    assert b"test_encryption.py" in plain
    told = failure.SerializeToString()
    assert WORD.encode() not in told
    assert b"test_encryption.py" not in told
    assert failure.application_failure_info.type == "TeamworkRefused"
    assert (failure.message, failure.cause.message) == ("Encoded failure", "Encoded failure")


async def test_a_failure_comes_back_with_message_details_and_cause() -> None:
    failure = await stored(raised(), data_converter([OLD]))
    error = await data_converter([NEW, OLD]).decode_failure(failure)
    assert isinstance(error, ApplicationError)
    assert (error.message, error.details, error.type) == (f"code {WORD}", ({"field": WORD},), "TeamworkRefused")
    assert isinstance(error.__cause__, ApplicationError)
    assert error.__cause__.message == "ValueError"  # what a foreign exception says is not stored at all
    assert error.failure is not None
    assert "test_encryption.py" in error.failure.stack_trace


@pytest.mark.parametrize("keys", [(), (OLD,)])
async def test_a_failure_that_was_read_and_is_told_again_is_encrypted_whole(keys: tuple[EncryptionKey, ...]) -> None:
    """As a workflow does that fails with what its activity said; also of one of before encryption was switched on."""
    read = await data_converter([OLD]).decode_failure(await stored(raised(), data_converter(keys)))
    again = await stored(read, data_converter([NEW, OLD]))
    assert WORD.encode() not in again.SerializeToString()
    assert b"test_encryption.py" not in again.SerializeToString()
    assert OLD.id.encode() not in again.SerializeToString()
    error = await data_converter([NEW]).decode_failure(again)
    assert isinstance(error, ApplicationError)
    assert (error.message, error.details) == (f"code {WORD}", ({"field": WORD},))


# --- off


def test_off_it_is_not_even_loaded() -> None:
    code = (
        "import sys; from ticketsync.temporal import data_converter; converter = data_converter(); "
        "assert converter.payload_codec is None; assert 'cryptography' not in sys.modules; "
        "assert 'ticketsync.encryption' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], env=dict(os.environ), check=True)  # noqa: S603


async def test_off_payloads_and_failures_are_stored_as_ever() -> None:
    payload = await encrypted({"subject": WORD})
    assert (dict(payload.metadata), payload.data) == ({ENCODING: b"json/plain"}, b'{"subject":"Xylographer"}')
    failure = await stored(raised(), data_converter())
    assert (failure.message, failure.HasField("encoded_attributes")) == (f"code {WORD}", False)


def test_a_converter_can_be_copied_as_the_sdk_does() -> None:
    converter = data_converter([OLD])
    assert dataclasses.replace(converter).payload_codec is converter.payload_codec


def test_a_key_shows_nothing_of_itself() -> None:
    key = EncryptionKey(id="k", key=SecretStr(OLD.key.get_secret_value()))
    assert OLD.key.get_secret_value() not in f"{key} {key!r} {key.model_dump()} {key.model_dump_json()}"
