"""A title that names a custom field, through the whole stack: no event tells the field, so the ticket is read."""

from tests.support.stack import QUICK, running_stack
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal

PRODUCT = 8447320467001  # the sandbox's custom field
POLICY = QUICK.model_copy(update={"title": f"[{{ticket_field_{PRODUCT}}}] {{subject}}"})


async def test_the_task_is_called_by_the_field_and_follows_it(
    temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis
) -> None:
    async with running_stack(temporal_server.address, redis_server.port, policy=POLICY) as stack:
        told = {"subject": "Checkout broken", "comment": {"body": "500"}, "custom_fields": _set("web")}
        made = await stack.zendesk_http.post("/api/v2/tickets", json={"ticket": told})
        ticket = Ticket(made.json()["ticket"]["id"])
        task_id = await stack.with_task(ticket)
        assert await stack.shows(task_id, name="[web] Checkout broken")
        path = f"/api/v2/tickets/{ticket.id}"
        (await stack.zendesk_http.put(path, json={"ticket": {"custom_fields": _set("app")}})).raise_for_status()
        await stack.signal(ticket.changed("custom_field_changed"))
        await eventually(lambda: stack.shows(task_id, name="[app] Checkout broken"), what="the task is renamed")


def _set(value: str) -> list[dict[str, object]]:
    return [{"id": PRODUCT, "value": value}]
