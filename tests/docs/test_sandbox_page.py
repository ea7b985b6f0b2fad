"""The examples of `docs/sandbox.md` and `docs/first-desk.md` work in the sandbox, and nothing of it is left out."""

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, get_args

import httpx
import pytest
from fastapi import FastAPI

from tests.docs.pages import PAGES, Page, codes_in
from tests.docs.shell import commands
from ticketsync.sandbox.faults import Fault, FaultKind, FaultMatch
from ticketsync.sandbox.http import serve
from ticketsync.sandbox.teamwork import TeamworkSandbox, TeamworkSettings
from ticketsync.sandbox.zendesk import ZendeskSandbox, ZendeskSettings
from ticketsync.sandbox.zendesk.invocation import DeliveryRule
from ticketsync.sandbox.zendesk.seed import seeded_state

PAGE = PAGES["docs/sandbox.md"]
ZENDESK, TEAMWORK = "http://127.0.0.1:8090", "http://127.0.0.1:8091"
ACCOUNT, SITE = ZendeskSettings(), TeamworkSettings()
AS_SANDBOX_SAYS = {
    "ZENDESK_BASE_URL": ZENDESK,
    "ZENDESK_EMAIL": ACCOUNT.email,
    "ZENDESK_API_TOKEN": ACCOUNT.api_token,
    "TEAMWORK_BASE_URL": TEAMWORK,
    "TEAMWORK_API_TOKEN": SITE.api_key,
}


@pytest.fixture
async def addresses() -> AsyncIterator[Mapping[str, str]]:
    """The addresses that pages name → those of fresh sandboxes, where one task is there as if a worker had made it."""
    async with (
        ZendeskSandbox() as zendesk,
        TeamworkSandbox() as teamwork,
        serve(zendesk.app) as zendesk_served,
        serve(teamwork.app) as teamwork_served,
        httpx.AsyncClient(base_url=teamwork_served.url) as http,
    ):
        made = await http.post("/sandbox/tasks/import", json={"count": 1, "tasklist_id": SITE.tasklist_id})
        assert made.json() == {"ids": [30000001]}
        yield {ZENDESK: zendesk_served.url, TEAMWORK: teamwork_served.url}


async def played(words: list[str], addresses: Mapping[str, str]) -> httpx.Response:
    """What the sandbox answers to a curl command. Options that these pages do not use are a KeyError."""
    call: dict[str, Any] = {"headers": {}, "method": None}
    rest = iter(words[1:])
    for word in rest:
        match word:
            case "-u":
                user, _, password = next(rest).partition(":")
                call["auth"] = (user, password)
            case "-X":
                call["method"] = next(rest)
            case "--json":
                call["json"] = json.loads(next(rest))
            case url if url.startswith("http"):
                call["url"] = url
            case _:
                raise KeyError(word)
    call["method"] = call["method"] or ("POST" if "json" in call else "GET")
    for told, real in addresses.items():
        call["url"] = call["url"].replace(told, real)
    async with httpx.AsyncClient() as http:
        return await http.request(**call)


def _curls(page: Page) -> Iterator[list[str]]:
    return (words for words in commands(page, AS_SANDBOX_SAYS) if words[0] == "curl")


async def _refused(page: Page, addresses: Mapping[str, str]) -> list[str]:
    answers = [(words, await played(words, addresses)) for words in _curls(page)]
    assert answers
    return [f"{' '.join(words)}: {answer.status_code}" for words, answer in answers if answer.is_error]


async def test_every_example_of_the_page_works(addresses: Mapping[str, str]) -> None:
    assert await _refused(PAGE, addresses) == []


async def test_the_rehearsal_of_the_first_desk_works(addresses: Mapping[str, str]) -> None:
    assert await _refused(PAGES["docs/first-desk.md"].section("Rehearse it in the sandbox"), addresses) == []


async def test_the_webhook_of_the_first_desk_can_be_made(addresses: Mapping[str, str]) -> None:
    real = {**addresses, "https://acme.zendesk.com": addresses[ZENDESK]}
    create, read = _curls(PAGES["docs/first-desk.md"].section("Create the webhook"))
    made = await played(create, real)
    webhook_id = made.raise_for_status().json()["webhook"]["id"]
    answer = await played([word.replace("WEBHOOK-ID", webhook_id) for word in read], real)
    assert answer.raise_for_status().json()["signing_secret"]["secret"]


# --- nothing is left out


CONTROL_PATH = re.compile(r"(?<![\w.])/sandbox/[\w\-/{} ]*[\w}]")


def _control_paths(app: Any) -> set[str]:
    """What is served under `/sandbox/`, N for each number."""
    while not isinstance(app, FastAPI):  # behind its middlewares
        app = app.app
    return {re.sub(r"\{[^}]*\}", "N", path) for path in app.openapi()["paths"] if path.startswith("/sandbox/")}


def test_every_control_route_is_told_and_no_other() -> None:
    text = re.sub(r"\$(zendesk|teamwork)", " ", PAGE.text)
    told = {re.sub(r"\{[^}]*\}|\b\d+\b", "N", path) for path in CONTROL_PATH.findall(text)}
    assert told == _control_paths(ZendeskSandbox().app) | _control_paths(TeamworkSandbox().app)


def test_every_kind_of_fault_and_its_fields_are_told() -> None:
    kinds, fields = (table[1:] for table in PAGE.section("Faults").tables)
    assert [codes_in(row[0])[0] for row in kinds] == list(get_args(FaultKind))
    told = {code for row in fields for code in codes_in(row[0])}
    assert told | {"kind"} == set(Fault.model_fields)
    assert {"method", "path"} == set(FaultMatch.model_fields) <= set(PAGE.section("Faults").codes)


def test_every_kind_of_delivery_rule_and_its_fields_are_told() -> None:
    section = PAGE.section("Disturb deliveries")
    kinds = get_args(DeliveryRule.model_fields["kind"].annotation)
    assert sorted(codes_in(cell)[0] for cell in section.column("`kind`")) == sorted(kinds)
    assert set(section.codes) >= set(DeliveryRule.model_fields)


def test_credentials_and_people_are_those_of_a_fresh_sandbox() -> None:
    told = PAGE.section("Where, and who").text
    users = seeded_state(ACCOUNT, datetime.now(UTC)).users.values()
    people = TeamworkSandbox().site.state.people.values()
    ours = [ACCOUNT.email, ACCOUNT.api_token, ACCOUNT.oauth_token, SITE.api_key, SITE.ann_key, SITE.ben_key]
    numbers = [ACCOUNT.account_id, SITE.project_id, SITE.tasklist_id]
    wanted = [*ours, *numbers, *(user.id for user in users), *(person.id for person in people)]
    assert [word for word in wanted if str(word) not in told] == []
