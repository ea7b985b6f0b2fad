"""The vectors of reference/zendesk-api §3, and what must not verify."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.zendesk.bodies import FULL_VECTOR
from ticketsync.settings import PUBLIC_TEST_SECRET
from ticketsync.zendesk import TEST_SECRET, sign, timestamp_age, verify

TIMESTAMP = "2021-03-25T05:09:27Z"
VECTORS = [
    (TIMESTAMP, b'{"event":"ticket.updated","id":123}', "S/RDdU2ERmj7LHDDoWJ2onPYH+t7/f2+LTM4dL7UiLM="),
    (TIMESTAMP, b"{}", "OhyuASlMysBOYZdC/6lrc3gA+Lv49zMKyTnxzdRguy4="),
    (TIMESTAMP, b"", "wCdBvXaHttn0wRVIYctzZ9O6O0bnqWakJMEKZ9VoRWw="),
    ("2026-01-15T10:00:01Z", FULL_VECTOR, "E+xuNFlHGnlAO7HiRX7YaVaFUhCCnzkhwyeYWZ0VouA="),
]


def test_full_vector_has_890_bytes() -> None:
    assert len(FULL_VECTOR) == 890


@pytest.mark.parametrize(("timestamp", "raw_body", "signature"), VECTORS)
def test_published_vectors_verify_and_are_what_sign_makes(timestamp: str, raw_body: bytes, signature: str) -> None:
    assert verify(raw_body, timestamp, signature, [TEST_SECRET])
    assert sign(raw_body, timestamp, TEST_SECRET) == signature


@pytest.mark.parametrize("secrets", [["a", TEST_SECRET], [TEST_SECRET, "a"], ["a", "b", TEST_SECRET]])
def test_any_of_several_secrets_verifies_while_rotating(secrets: list[str]) -> None:
    assert verify(b"{}", TIMESTAMP, VECTORS[1][2], secrets)


def test_all_secrets_are_tried_even_after_one_has_matched() -> None:
    rest = iter([TEST_SECRET, "a", "b"])
    assert verify(b"{}", TIMESTAMP, VECTORS[1][2], rest)
    assert next(rest, None) is None


@pytest.mark.parametrize(
    ("raw_body", "timestamp", "signature", "secrets"),
    [
        (b"{} ", TIMESTAMP, VECTORS[1][2], [TEST_SECRET]),
        (b"{}", "2021-03-25T05:09:28Z", VECTORS[1][2], [TEST_SECRET]),
        (b"{}", TIMESTAMP, VECTORS[1][2].lower(), [TEST_SECRET]),
        (b"{}", TIMESTAMP, "", [TEST_SECRET]),
        (b"{}", TIMESTAMP, "\xe9\udc80\ud800", [TEST_SECRET]),
        (b"{}", "\xe9\udc80\ud800", VECTORS[1][2], [TEST_SECRET]),
        (b"{}", TIMESTAMP, VECTORS[1][2], ["another"]),
        (b"{}", TIMESTAMP, VECTORS[1][2], []),
    ],
)
def test_changed_body_timestamp_signature_or_secret_is_refused(
    raw_body: bytes, timestamp: str, signature: str, secrets: list[str]
) -> None:
    assert not verify(raw_body, timestamp, signature, secrets)


@pytest.mark.parametrize(
    ("timestamp", "age"),
    [
        ("2026-01-15T10:00:00Z", timedelta(seconds=60)),
        ("2026-01-15T10:02:00Z", -timedelta(seconds=60)),
        ("2026-01-15T12:00:00+02:00", timedelta(seconds=60)),
        ("yesterday", None),
        ("", None),
        ("1" * 5000, None),
    ],
)
def test_age_of_a_signature_is_told_by_its_timestamp(timestamp: str, age: timedelta | None) -> None:
    assert timestamp_age(timestamp, datetime(2026, 1, 15, 10, 1, tzinfo=UTC)) == age


def test_settings_refuse_the_very_secret_that_zendesk_tests_with() -> None:
    assert PUBLIC_TEST_SECRET == TEST_SECRET
