"""The calls about webhooks, against the sandbox, and odd answers that it does not give."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.zendesk.conftest import API_TOKEN, Account
from ticketsync.sandbox.zendesk.settings import Limits
from ticketsync.zendesk import (
    AnswerLost,
    Forbidden,
    NotFound,
    RateLimited,
    Refused,
    Unexpected,
    Webhooks,
    ZendeskClient,
    ZendeskError,
)
from ticketsync.zendesk.webhook_drift import wanted_webhook

WANTED = wanted_webhook("acme", "https://x.example/webhooks/zendesk/acme", ["created", "merged"])
NEVER = "http://127.0.0.1:9/"


@pytest.fixture
def webhooks(account: Account) -> Webhooks:
    return Webhooks(account.client)


async def test_a_created_webhook_is_read_back_as_it_was_wanted(webhooks: Webhooks) -> None:
    made = await webhooks.create(WANTED.fields)
    assert await webhooks.all() == [made]
    assert (made.name, made.endpoint, made.status) == (WANTED.name, WANTED.endpoint, "active")
    assert (made.subscriptions, made.description) == (WANTED.subscriptions, WANTED.description)


async def test_only_the_given_fields_are_changed(webhooks: Webhooks) -> None:
    made = await webhooks.create(WANTED.fields)
    await webhooks.change(made.id, {"status": "inactive"})
    (changed,) = await webhooks.all()
    assert (changed.status, changed.endpoint, changed.description) == ("inactive", made.endpoint, made.description)


async def test_a_deleted_webhook_is_gone(webhooks: Webhooks) -> None:
    made = await webhooks.create(WANTED.fields)
    await webhooks.delete(made.id)
    assert await webhooks.all() == []
    with pytest.raises(NotFound):
        await webhooks.delete(made.id)


async def test_the_webhooks_of_all_pages_are_found(webhooks: Webhooks, account: Account) -> None:
    account.sandbox._account.tuning.limits = Limits(webhooks=1000)
    for number in range(101):
        await webhooks.create(WANTED.fields | {"name": f"number {number}"})
    assert len({one.id for one in await webhooks.all()}) == 101


async def test_the_secret_is_that_which_signs(webhooks: Webhooks, account: Account) -> None:
    made = await webhooks.create(WANTED.fields)
    answer = await account.call("GET", f"/api/v2/webhooks/{made.id}/signing_secret")
    assert await webhooks.secret(made.id) == answer["signing_secret"]["secret"]


async def test_the_log_is_read_the_newest_first(webhooks: Webhooks, account: Account) -> None:
    made = await webhooks.create(WANTED.fields | {"endpoint": NEVER})
    for _ in range(2):
        await account.new_ticket()
    await account.call("GET", "/sandbox/idle?wait=10")
    rows = await webhooks.newest_invocations(made.id)
    assert [(row.status, row.status_code) for row in rows] == [("terminated", None)] * 2
    assert rows[0].at >= rows[1].at
    assert abs(rows[0].at - datetime.now(UTC)) < timedelta(seconds=30)


async def test_a_test_call_tells_what_the_endpoint_answered(webhooks: Webhooks, account: Account) -> None:
    made = await webhooks.create(WANTED.fields | {"endpoint": f"{account.url}/nowhere"})
    answer = await webhooks.test(made.id, '{"a": 1}')
    assert answer.status_code == 404
    assert "InvalidEndpoint" in answer.payload
    await webhooks.change(made.id, {"endpoint": NEVER})
    assert (await webhooks.test(made.id, "")).status_code == 502


async def test_values_that_zendesk_does_not_take_are_refused_with_its_code(webhooks: Webhooks) -> None:
    with pytest.raises(Refused, match=r"POST /api/v2/webhooks answered 400 \(InvalidValue\)"):
        await webhooks.create(WANTED.fields | {"endpoint": "ftp://x.example"})


async def test_who_is_no_admin_is_forbidden(account: Account) -> None:
    async with ZendeskClient(base_url=account.url, email="ann@sandbox.example", api_token=API_TOKEN) as client:
        with pytest.raises(Forbidden):
            await Webhooks(client).all()


async def test_the_limit_of_the_webhook_family_is_a_429(webhooks: Webhooks, account: Account) -> None:
    account.sandbox._account.tuning.limits = Limits(webhooks=1)
    await webhooks.all()
    with pytest.raises(RateLimited):
        await webhooks.all()


# --- odd answers


def answered(answer: httpx.Response | Callable[[httpx.Request], httpx.Response]) -> Webhooks:
    handler = answer if callable(answer) else lambda _: answer
    http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    return Webhooks(ZendeskClient(base_url="https://acme.zendesk.com", email="a@b.c", api_token="token", http=http))


def json_answer(content: Any, status: int = 200) -> Webhooks:
    return answered(httpx.Response(status, json=content))


async def test_what_is_no_webhook_is_left_out() -> None:
    rows = [
        None,
        {},
        {"id": 5},
        {"id": "01", "subscriptions": ["a", 7], "name": None},
        {"id": "02", "subscriptions": "a"},
    ]
    found = await json_answer({"webhooks": rows, "meta": {"has_more": False}}).all()
    assert [(one.id, one.name, one.subscriptions) for one in found] == [
        ("01", "", frozenset({"a"})),
        ("02", "", frozenset()),
    ]


async def test_an_account_that_says_more_for_ever_is_not_asked_for_ever() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"webhooks": [], "meta": {"has_more": True, "after_cursor": "x"}})

    assert await answered(answer).all() == []
    assert len(asked) == 20


@pytest.mark.parametrize("meta", [None, {}, {"has_more": True}, {"has_more": "yes", "after_cursor": "x"}])
async def test_a_list_without_a_way_on_ends(meta: Any) -> None:
    assert await json_answer({"webhooks": [], "meta": meta}).all() == []


async def test_log_rows_that_cannot_be_read_are_left_out() -> None:
    good = {"id": "01", "status": "success", "latest_completed_at": "2026-01-15T10:00:00Z", "status_code": "202"}
    rows = [None, {}, {"id": "02"}, {"id": "03", "latest_completed_at": "soon"}, good]
    (row,) = await json_answer({"invocations": rows}).newest_invocations("01")
    assert (row.id, row.status_code, row.at) == ("01", None, datetime(2026, 1, 15, 10, tzinfo=UTC))


async def test_a_test_call_may_take_longer_than_other_calls() -> None:
    """Zendesk gives the endpoint twelve seconds before it answers (reference/zendesk-api §2)."""
    waits: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        waits.append(request.extensions["timeout"]["read"])
        return httpx.Response(200, json={"response": {}, "webhooks": []})

    await answered(answer).all()
    await answered(answer).test("01", "")
    assert waits[0] < 12 < waits[1]


@pytest.mark.parametrize("response", [{"status_code": "200", "payload": None}, {}])
async def test_a_test_answer_that_cannot_be_read_is_no_answer(response: dict[str, Any]) -> None:
    answer = await json_answer({"response": response}).test("01", "")
    assert (answer.status_code, answer.payload) == (None, "")


@pytest.mark.parametrize(
    ("call", "content"),
    [
        (lambda webhooks: webhooks.all(), {"webhooks": {}}),
        (lambda webhooks: webhooks.secret("01"), {"signing_secret": "hush"}),
        (lambda webhooks: webhooks.secret("01"), {"signing_secret": {"secret": ""}}),
        (lambda webhooks: webhooks.newest_invocations("01"), {}),
        (lambda webhooks: webhooks.test("01", ""), {"response": None}),
    ],
)
async def test_an_answer_of_another_shape_is_unexpected(call: Any, content: Any) -> None:
    with pytest.raises(Unexpected) as failed:
        await call(json_answer(content))
    assert failed.value.field is not None
    assert "hush" not in str(failed.value)


async def test_an_account_without_webhooks_is_unexpected_and_not_just_not_found() -> None:
    with pytest.raises(Unexpected, match="GET /api/v2/webhooks answered 404"):
        await json_answer({"error": "InvalidEndpoint"}, 404).all()


@pytest.mark.parametrize(
    "content", ["no JSON", "[]", '{"errors": []}', '{"errors": [{"code": "x y"}]}', '{"errors": [{"code": 7}]}']
)
async def test_a_refusal_repeats_nothing_that_is_no_code(content: str) -> None:
    with pytest.raises(Refused) as refused:
        await answered(httpx.Response(422, text=content)).change("01", {})
    assert str(refused.value) == "refused: PATCH /api/v2/webhooks/01 answered 422: Zendesk does not take these values"


@pytest.mark.parametrize(("status", "kind"), [(500, AnswerLost), (200, Unexpected), (302, Unexpected)])
async def test_another_status_than_the_documented_one_is_an_error(status: int, kind: type[ZendeskError]) -> None:
    with pytest.raises(kind):
        await json_answer({}, status).delete("01")
