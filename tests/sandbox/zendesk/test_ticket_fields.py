"""The fields of tickets: those of the system and the account's own."""

from tests.sandbox.zendesk.conftest import Desk


async def test_the_accounts_own_fields_can_be_removed_and_those_of_the_system_cannot(desk: Desk) -> None:
    fields = (await desk.get("/api/v2/ticket_fields"))["ticket_fields"]
    assert [one["title"] for one in fields if one["removable"]] == ["Product"]
    assert {"subject", "status", "tickettype"} <= {one["type"] for one in fields if not one["removable"]}


async def test_they_come_by_the_page(desk: Desk) -> None:
    page = await desk.get("/api/v2/ticket_fields?page[size]=3")
    assert (len(page["ticket_fields"]), page["meta"]["has_more"]) == (3, True)


async def test_one_field_is_shown_and_an_unknown_one_is_not_there(desk: Desk) -> None:
    assert (await desk.get("/api/v2/ticket_fields/8447320467001"))["ticket_field"]["type"] == "tagger"
    assert (await desk.client.get("/api/v2/ticket_fields/7")).status_code == 404
