"""A signed webhook, sent with curl to `ticketsync server`, ends on the task; the worker is another process."""

from typing import Any

import pytest

from tests.cli.conftest import ANN_PERSON, Service
from tests.cli.curl import Answer, send_webhook
from tests.cli.programs import STARTS_WITHIN
from tests.support.wait import eventually
from tests.zendesk.bodies import FULL_VECTOR

TICKET_ID = 35436
# The complete body of reference/zendesk-api §1.6, byte by byte.
CREATED = (
    b'{"account_id": 11223344, "detail": {"actor_id": "8447388091001", "assignee_id": null, "brand_id": '
    b'"8447346621310", "created_at": "2026-01-15T09:00:00Z", "custom_status": "8447320465790", "description": '
    b'"Checkout returns 500", "external_id": null, "form_id": "8646151517822", "group_id": "8447320466430", "id": '
    b'"35436", "is_public": true, "organization_id": "8447346622462", "priority": null, "requester_id": '
    b'"8447388091001", "status": "NEW", "subject": "Checkout broken", "submitter_id": "8447388091001", "tags": '
    b'["checkout"], "type": "INCIDENT", "updated_at": "2026-01-15T09:00:00Z", "via": {"channel": "mail"}}, "event": '
    b'{"meta": {"sequence": {"id": "01KF0000000000000000000001", "position": 1}}}, "id": '
    b'"6f3c2a10-0000-4000-8000-000000000001", "subject": "zen:ticket:35436", "time": '
    b'"2026-01-15T09:00:00.412938114Z", "type": "zen:event-type:ticket.created", "zendesk_event_version": '
    b'"2022-11-06"}'
)
STORED = {"status": "stored", "workflow_id": f"ticket-default-{TICKET_ID}"}


@pytest.fixture
def secret(service: Service) -> str:
    return service.environ["ZENDESK_WEBHOOK_SECRET"]


async def tasks(service: Service) -> list[dict[str, Any]]:
    """All tasks that Teamwork ever had with the ticket's marker."""
    answer = (await service.teamwork.get("/sandbox/tasks")).raise_for_status().json()
    return [task for task in answer["tasks"] if f"[ticketsync:default/{TICKET_ID}]" in (task["description"] or "")]


async def until(service: Service, **fields: object) -> None:
    """Wait for the ticket's one task to have these values."""

    async def reached() -> bool:
        found = await tasks(service)
        assert len(found) <= 1
        return bool(found) and fields.items() <= found[0].items()

    await eventually(reached, STARTS_WITHIN, what=f"the task has {fields}")


async def test_what_curl_sends_ends_on_the_task(service: Service, secret: str) -> None:
    """A ticket is created, and solved by Ann. It is older than the desk: its task is looked for, for 22 s, and made."""
    assert await send_webhook(service.webhook, CREATED, secret) == Answer(202, STORED)
    await until(service, name="Checkout broken", status="new", assigneeUserIds=[])
    assert await send_webhook(service.webhook, FULL_VECTOR, secret) == Answer(202, STORED)
    await until(service, name="Checkout broken", status="completed", assigneeUserIds=[ANN_PERSON])


async def test_what_is_signed_with_another_secret_ends_nowhere(service: Service, secret: str) -> None:
    other = CREATED.replace(b"35436", b"35437")
    answer = await send_webhook(service.webhook, other, secret[:-1])
    assert (answer.status, answer.body["error"]) == (401, "wrong_signature")
    shown = await service.run("tickets", "show", "35437")
    assert (shown.code, shown.out) == (1, "")
    assert "no event of it has come" in shown.err
