"""The client against the sandbox, over real HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.zendesk.conftest import API_TOKEN, EMAIL, OAUTH_TOKEN, Account
from ticketsync.sandbox.zendesk.seed import ADMIN_ID, ANN_ID, BEN_ID, CLEO_ID, CUSTOMER_ID
from ticketsync.sync.templates import DESCRIPTION_FIELDS
from ticketsync.zendesk import (
    AnswerLost,
    Forbidden,
    NotFound,
    RateLimited,
    Unauthorized,
    Unreachable,
    ZendeskClient,
    ZendeskError,
)
from ticketsync.zendesk.errors import Refused

PRODUCT = 8447320467001  # the sandbox's custom field
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


async def test_read_is_the_ticket_as_of_zendesks_own_clock(account: Account) -> None:
    ticket_id = await account.new_ticket(assignee_id=ANN_ID, priority="high", type="incident", tags=["vip"])
    account.sandbox.clock.shift_to(3600)
    event = await account.client.ticket(ticket_id)
    assert (event.kind, event.source, event.ticket_id, event.hint) == ("read", "read", ticket_id, None)
    assert event.snapshot is not None
    assert (event.snapshot.subject, event.snapshot.status) == ("Checkout broken", "open")
    assert (event.snapshot.assignee_id, event.snapshot.tags) == (ANN_ID, ("vip",))
    assert (event.snapshot.priority, event.snapshot.type, event.snapshot.via) == ("high", "incident", "api")
    assert event.snapshot.custom_status_id is not None
    assert event.snapshot.form_id is not None
    assert event.as_of is not None
    assert timedelta(seconds=3590) < event.as_of - datetime.now(UTC) < timedelta(seconds=3610)
    assert event.settled


async def test_read_within_the_second_of_the_change_is_not_settled(account: Account) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    account.sandbox.clock.shift_to(-3600)
    await account.import_tickets({"id": 5, "updated_at": (now + timedelta(hours=1)).isoformat()})
    assert not (await account.client.ticket(5)).settled


async def test_two_reads_have_ids_of_their_own(account: Account) -> None:
    ticket_id = await account.new_ticket()
    first, second = await account.client.ticket(ticket_id), await account.client.ticket(ticket_id)
    assert first.id.startswith(f"read-{ticket_id}-")
    assert first.id != second.id


async def test_many_tickets_are_read_in_one_call_without_those_that_are_not_there(account: Account) -> None:
    kept, gone = await account.new_ticket(priority="high"), await account.new_ticket()
    await account.call("DELETE", f"/api/v2/tickets/{gone}")
    before = len(account.sandbox.faults.calls)
    found = await account.client.tickets([kept, gone, 99])
    assert len(account.sandbox.faults.calls) == before + 1
    (event,) = found.values()
    assert (event.ticket_id, event.kind, event.source) == (kept, "read", "read")
    assert event.snapshot is not None
    assert event.snapshot.priority == "high"
    assert event.as_of is not None
    assert event.snapshot == (await account.client.ticket(kept)).snapshot


async def test_a_ticket_in_words_has_every_field_of_a_description(account: Account) -> None:
    ticket_id = await account.new_ticket(
        comment={"body": "Nothing works.\nHelp!"},
        assignee_id=ANN_ID,
        priority="high",
        tags=["vip", "checkout"],
        custom_fields=[{"id": PRODUCT, "value": "web"}],
    )
    texts = await account.client.ticket_texts(ticket_id)
    assert texts.keys() == {*DESCRIPTION_FIELDS, f"ticket_field_{PRODUCT}"}
    assert texts[f"ticket_field_{PRODUCT}"] == "web"
    assert (texts["id"], texts["subject"], texts["description"]) == (
        str(ticket_id),
        "Checkout broken",
        "Nothing works.\nHelp!",
    )
    assert (texts["assignee_id"], texts["priority"], texts["tags"]) == (str(ANN_ID), "high", "checkout, vip")
    assert (texts["external_id"], texts["organization_id"]) == ("", "")
    assert texts["ticket_form_id"].isdigit()
    assert texts["created_at"].endswith("Z")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("web", "web"),
        (["web", "app"], "web, app"),
        (True, "true"),
        (False, "false"),
        (7, "7"),
        (1.5, "1.5"),
    ],
)
async def test_a_custom_field_in_words(account: Account, value: object, text: str) -> None:
    ticket_id = await account.new_ticket(custom_fields=[{"id": PRODUCT, "value": value}])
    assert (await account.client.ticket_texts(ticket_id))[f"ticket_field_{PRODUCT}"] == text


async def test_reads_and_rows_hold_the_custom_fields_that_are_asked_for_and_no_other(account: Account) -> None:
    ticket_id = await account.new_ticket(custom_fields=[{"id": PRODUCT, "value": "x" * 200}])
    account.sandbox.clock.shift_to(3600)
    wanted = {PRODUCT: "x" * 100, 7: ""}
    async with ZendeskClient(
        base_url=account.url, email=EMAIL, api_token=API_TOKEN, custom_fields=(7, PRODUCT)
    ) as client:
        (row,) = (await client.export_page(start_time=LONG_AGO)).events
        events = (await client.ticket(ticket_id), (await client.tickets([ticket_id]))[ticket_id], row)
    assert [event.snapshot and event.snapshot.custom_fields for event in events] == [wanted] * 3
    without = await account.client.ticket(ticket_id)
    assert without.snapshot is not None
    assert without.snapshot.custom_fields is None
    assert "custom_fields" not in without.model_dump_json()


async def test_the_custom_fields_of_the_account_by_their_numbers(account: Account) -> None:
    assert await account.client.custom_fields() == {PRODUCT: "Product"}


async def test_a_note_is_a_private_comment_and_changes_nothing_else(account: Account) -> None:
    ticket_id = await account.new_ticket(subject="Checkout broken", status="open")
    before = (await account.call("GET", f"/api/v2/tickets/{ticket_id}"))["ticket"]
    account.sandbox.clock.shift_to(account.sandbox.clock.offset_seconds + 2)
    read = await account.client.add_note(ticket_id, "its task is blocked")
    comments = (await account.call("GET", f"/api/v2/tickets/{ticket_id}/comments"))["comments"]
    assert [(one["body"], one["public"]) for one in comments[1:]] == [("its task is blocked", False)]
    after = (await account.call("GET", f"/api/v2/tickets/{ticket_id}"))["ticket"]
    assert {name for name in after if after[name] != before[name]} <= {"updated_at", "generated_timestamp"}
    assert read is not None
    assert read.snapshot is not None
    assert f"{read.snapshot.updated_at:%Y-%m-%dT%H:%M:%SZ}" == after["updated_at"] > before["updated_at"]


@pytest.mark.parametrize(("status", "error"), [("closed", Refused), (None, NotFound)])
async def test_a_note_that_cannot_be_written_says_why(
    account: Account, status: str | None, error: type[ZendeskError]
) -> None:
    ticket_id = 4711 if status is None else await account.new_ticket(status=status)
    with pytest.raises(error):
        await account.client.add_note(ticket_id, "its task is blocked")


async def test_a_deleted_ticket_has_no_words(account: Account) -> None:
    ticket_id = await account.new_ticket()
    await account.call("DELETE", f"/api/v2/tickets/{ticket_id}")
    with pytest.raises(NotFound):
        await account.client.ticket_texts(ticket_id)


async def test_deleted_ticket_is_not_found_but_in_the_list(account: Account) -> None:
    ticket_id = await account.new_ticket()
    await account.call("DELETE", f"/api/v2/tickets/{ticket_id}")
    with pytest.raises(NotFound, match=f"not_found: GET /api/v2/tickets/{ticket_id} answered 404"):
        await account.client.ticket(ticket_id)
    (deleted,) = await account.client.deleted_tickets(since=LONG_AGO)
    assert deleted.id == ticket_id
    assert abs(deleted.deleted_at - datetime.now(UTC)) < timedelta(seconds=10)


async def test_deleted_tickets_are_those_since_a_moment(account: Account) -> None:
    times = {number: f"2026-01-{number:02}T09:00:00Z" for number in (10, 11, 12)}
    await account.import_tickets(*({"id": key, "updated_at": at, "deleted": True} for key, at in times.items()))
    found = await account.client.deleted_tickets(since=datetime(2026, 1, 11, 9, tzinfo=UTC))
    assert [one.id for one in found] == [12, 11]


async def test_deleted_tickets_of_several_pages_are_all_found(account: Account) -> None:
    ids = range(1000, 1120)
    await account.import_tickets(*({"id": key, "updated_at": "2026-01-15T09:00:00Z", "deleted": True} for key in ids))
    assert {one.id for one in await account.client.deleted_tickets(since=LONG_AGO)} == set(ids)
    pages = account.sandbox.faults.matching_calls(path="deleted_tickets")
    assert len(pages) >= 2


async def test_me_is_the_user_of_the_token(account: Account) -> None:
    me = await account.client.me()
    assert (me.id, me.email, me.role, me.active, me.is_staff) == (ADMIN_ID, EMAIL, "admin", True, True)


async def test_token_without_email_is_a_bearer_token(account: Account) -> None:
    async with ZendeskClient(base_url=account.url, email=None, api_token=OAUTH_TOKEN) as client:
        assert (await client.me()).id == ADMIN_ID


@pytest.mark.parametrize(("email", "token"), [(EMAIL, "wrong"), (None, API_TOKEN), ("nobody@x.example", API_TOKEN)])
async def test_wrong_credentials_are_unauthorized(account: Account, email: str | None, token: str) -> None:
    async with ZendeskClient(base_url=account.url, email=email, api_token=token) as client:
        with pytest.raises(Unauthorized) as refused:
            await client.me()
    assert token not in str(refused.value)


async def test_agents_are_all_agents_and_admins_but_no_customers(account: Account) -> None:
    agents = await account.client.agents()
    assert {agent.id for agent in agents} == {ADMIN_ID, ANN_ID, BEN_ID, CLEO_ID}
    assert all(agent.is_staff for agent in agents)


async def test_agents_of_several_pages_are_all_found_by_cursor(account: Account) -> None:
    for number in range(100):
        user = {"name": f"Agent {number}", "email": f"agent{number}@sandbox.example", "role": "agent"}
        await account.call("POST", "/api/v2/users", {"user": user})
    agents = await account.client.agents()
    assert len(agents) == len({agent.id for agent in agents}) == 104


async def test_user_is_found_by_id_and_by_email(account: Account) -> None:
    ann = await account.client.user(ANN_ID)
    assert (ann.name, ann.email) == ("Ann Agent", "ann@sandbox.example")
    assert await account.client.find_user(" ANN@Sandbox.example ") == ann
    customer = await account.client.find_user("carla@customer.example")
    assert customer is not None
    assert (customer.id, customer.is_staff) == (CUSTOMER_ID, False)
    assert await account.client.find_user("nobody@sandbox.example") is None


async def test_unknown_user_is_not_found(account: Account) -> None:
    with pytest.raises(NotFound):
        await account.client.user(1)


def row(number: int, **fields: Any) -> dict[str, Any]:
    at = f"2026-01-15T09:{number // 60:02}:{number % 60:02}Z"
    return {"id": 100 + number, "subject": f"Ticket {number}", "created_at": at, "updated_at": at} | fields


async def test_export_gives_rows_from_a_start_time_and_then_after_its_cursor(account: Account) -> None:
    await account.import_tickets(*(row(number) for number in range(1100)))
    first = await account.client.export_page(start_time=LONG_AGO)
    assert (len(first.events), first.end_of_stream, first.left_out) == (1000, False, 0)
    second = await account.client.export_page(cursor=first.cursor)
    assert (len(second.events), second.end_of_stream) == (100, True)
    assert [event.ticket_id for event in (*first.events, *second.events)] == list(range(100, 1200))
    empty = await account.client.export_page(cursor=second.cursor)
    assert (empty.events, empty.cursor, empty.end_of_stream) == ((), second.cursor, True)


async def test_export_row_is_true_as_of_when_it_was_generated(account: Account) -> None:
    generated = datetime(2026, 1, 15, 9, 0, 7, tzinfo=UTC)
    await account.import_tickets(row(5, generated_timestamp=int(generated.timestamp()), assignee_id=ANN_ID))
    (event,) = (await account.client.export_page(start_time=LONG_AGO)).events
    assert (event.kind, event.source, event.hint, event.scrubbed) == ("row", "export", None, False)
    assert (event.id, event.as_of) == ("row-105-20260115T090007Z-20260115T090005Z", generated)
    assert event.settled
    assert event.snapshot is not None
    assert (event.snapshot.subject, event.snapshot.assignee_id) == ("Ticket 5", ANN_ID)


async def test_export_shows_deleted_tickets_and_marks_those_whose_text_was_erased(account: Account) -> None:
    await account.import_tickets(row(5, deleted=True), row(6, deleted=True), row(7, subject="SCRUBBED"))
    await account.call("DELETE", "/api/v2/deleted_tickets/106")
    account.sandbox.clock.shift_to(120)
    events = {event.ticket_id: event for event in (await account.client.export_page(start_time=LONG_AGO)).events}
    status = {key: event.snapshot.status for key, event in events.items() if event.snapshot is not None}
    assert status == {105: "deleted", 106: "deleted", 107: "new"}
    assert {key: event.scrubbed for key, event in events.items()} == {105: False, 106: True, 107: False}


async def test_export_needs_an_admin(account: Account) -> None:
    async with ZendeskClient(base_url=account.url, email="ann@sandbox.example", api_token=API_TOKEN) as client:
        with pytest.raises(Forbidden):
            await client.export_page(start_time=LONG_AGO)


@pytest.mark.parametrize("both", [{}, {"cursor": "a", "start_time": LONG_AGO}])
async def test_export_wants_a_cursor_or_a_start_time(account: Account, both: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="either"):
        await account.client.export_page(**both)


async def test_used_up_quota_is_rate_limited_for_as_long_as_zendesk_says(account: Account) -> None:
    await account.call("POST", "/sandbox/faults", {"kind": "rate_limited", "seconds": 17, "times": 1})
    with pytest.raises(RateLimited) as limited:
        await account.client.me()
    assert (limited.value.status, limited.value.retry_after) == (429, 17)
    assert (await account.client.me()).id == ADMIN_ID


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"kind": "error", "status": 500}, 500),
        ({"kind": "error", "status": 503}, 503),
        ({"kind": "lost_answer"}, None),
    ],
)
async def test_server_errors_and_lost_answers_pass(account: Account, fault: dict[str, Any], status: int | None) -> None:
    await account.call("POST", "/sandbox/faults", fault | {"times": 1})
    with pytest.raises(AnswerLost) as lost:
        await account.client.me()
    assert (lost.value.status, lost.value.code) == (status, "answer_lost")


async def test_no_connection_is_unreachable(unused_tcp_port: int) -> None:
    async with ZendeskClient(base_url=f"http://127.0.0.1:{unused_tcp_port}", email=None, api_token="t") as client:
        with pytest.raises(Unreachable, match=r"unreachable: GET /api/v2/users/me \(ConnectError\)") as failed:
            await client.me()
    assert failed.value.__cause__ is None
