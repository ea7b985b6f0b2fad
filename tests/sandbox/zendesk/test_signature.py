"""The signature, against the published vectors (reference/zendesk-api §3)."""

import pytest

from ticketsync.sandbox.zendesk.signature import new_secret, sign

PUBLIC_TEST_SECRET = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="
FULL_EVENT = (
    '{"account_id":11223344,"detail":{"actor_id":"8447388090494","assignee_id":"8447388090777",'
    '"brand_id":"8447346621310","created_at":"2026-01-15T09:00:00Z","custom_status":"8447320465790",'
    '"description":"Checkout returns 500","external_id":null,"form_id":"8646151517822",'
    '"group_id":"8447320466430","id":"35436","is_public":true,"organization_id":"8447346622462",'
    '"priority":"NORMAL","requester_id":"8447388091001","status":"SOLVED","subject":"Checkout broken",'
    '"submitter_id":"8447388091001","tags":["checkout"],"type":"INCIDENT",'
    '"updated_at":"2026-01-15T10:00:00Z","via":{"channel":"mail"}},"event":{"current":"SOLVED",'
    '"previous":"OPEN","meta":{"sequence":{"id":"01KF0000000000000000000008","position":1}}},'
    '"id":"6f3c2a10-0000-4000-8000-000000000008","subject":"zen:ticket:35436",'
    '"time":"2026-01-15T10:00:00.1Z","type":"zen:event-type:ticket.status_changed",'
    '"zendesk_event_version":"2022-11-06"}'
)


@pytest.mark.parametrize(
    ("timestamp", "body", "signature"),
    [
        ("2021-03-25T05:09:27Z", '{"event":"ticket.updated","id":123}', "S/RDdU2ERmj7LHDDoWJ2onPYH+t7/f2+LTM4dL7UiLM="),
        ("2021-03-25T05:09:27Z", "{}", "OhyuASlMysBOYZdC/6lrc3gA+Lv49zMKyTnxzdRguy4="),
        ("2021-03-25T05:09:27Z", "", "wCdBvXaHttn0wRVIYctzZ9O6O0bnqWakJMEKZ9VoRWw="),
        ("2026-01-15T10:00:01Z", FULL_EVENT, "E+xuNFlHGnlAO7HiRX7YaVaFUhCCnzkhwyeYWZ0VouA="),
    ],
)
def test_the_published_vectors(timestamp: str, body: str, signature: str) -> None:
    assert sign(PUBLIC_TEST_SECRET, timestamp, body.encode()) == signature


def test_the_long_vector_is_the_whole_event() -> None:
    assert len(FULL_EVENT.encode()) == 890


def test_no_two_secrets_are_alike() -> None:
    assert new_secret() != new_secret()
