"""Encryption through the whole service, with a Temporal server that keeps its data in files.

What is searched for in the files is found there without encryption: else the search would prove nothing.
"""

import asyncio
import base64
import json
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.protobuf import json_format
from pydantic import SecretStr
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.common import RawValue

from tests.conftest import SEARCH_ATTRIBUTES
from tests.storms.secret_scan import failures_in
from tests.support.stack import QUICK, Stack, connected, running_stack, working
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from ticketsync import embedded, names
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal, Say, find_temporal
from ticketsync.sandbox.faults import Fault, FaultMatch
from ticketsync.sandbox.http import serve
from ticketsync.server import create_app
from ticketsync.settings import EncryptionKey, new_key
from ticketsync.stored_payloads import ENCRYPTED, KEY_ID, UndecodableError
from ticketsync.tickets import read_ticket

OLD, NEW = new_key(), new_key()
WORD = b"Xylographer"
# Of the subject; of what only activities and the memo say; of what failures say.
WORDS = (WORD, b"linked_at", b"does not take this change")
BLOCKED_SOON = QUICK.model_copy(update={"blocked_retry": timedelta(seconds=1)})
# What the SDK writes down of a local activity, which no codec sees: names, numbers, times.
NOTES_OF_THE_SDK = frozenset(
    {"seq", "attempt", "activity_id", "activity_type", "complete_time", "backoff"}
    | {"original_schedule_time", "activation_index"}
)
API_TOKEN = "token-of-the-codec"


@dataclass
class Kept:
    """A Temporal server with its files, and a ticket with a task and a failure behind it."""

    temporal: EmbeddedTemporal
    stack: Stack
    folder: Path
    ticket: Ticket


@asynccontextmanager
async def kept_with(
    keys: Sequence[EncryptionKey], folder: Path, say: Say, redis_server: EmbeddedRedis
) -> AsyncIterator[Kept]:
    async with (
        embedded.temporal_server(
            say=say, state_dir=folder, port=0, ui=True, search_attributes=SEARCH_ATTRIBUTES
        ) as temporal,
        running_stack(temporal.address, redis_server.port, policy=BLOCKED_SOON, keys=keys) as stack,
    ):
        ticket = Ticket(subject=f"{WORD.decode()} on fire")
        await _live(stack, ticket)
        yield Kept(temporal, stack, folder, ticket)


async def _live(stack: Stack, ticket: Ticket) -> None:
    """A task that is made, a signal that nobody can read, and a renaming that Teamwork refuses once."""
    await stack.with_task(ticket)
    unreadable = json.dumps({"kind": 5, "subject": WORD.decode()}).encode()
    payload = Payload(metadata={"encoding": b"json/plain"}, data=unreadable)
    await stack.put_in_zendesk(ticket)
    await stack.ticket(ticket.id).signal(names.ZENDESK_EVENT, RawValue(payload))
    stack.teamwork.faults.add(Fault(kind="error", status=422, times=1, match=FaultMatch(method="PUT|PATCH")))
    await stack.signal(ticket.renamed(f"{WORD.decode()} in the cellar"))

    async def renamed() -> bool:
        status = await stack.status(ticket.id)
        return status.get("sync_state") == "in_step" and status["task"]["title"] == ticket.snapshot.subject

    await eventually(renamed, what="the task is renamed")


def found_in(folder: Path) -> set[bytes]:
    """The words that can be read in the files of the database and of the log."""
    texts = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert sum(map(len, texts)) > 100_000
    return {word for word in WORDS if any(word in text for text in texts)}


# --- the files


async def test_without_encryption_the_files_of_temporal_can_be_read(
    say: Say, redis_server: EmbeddedRedis, tmp_path: Path
) -> None:
    async with kept_with((), tmp_path, say, redis_server):
        pass
    assert found_in(tmp_path) == set(WORDS)


@pytest.fixture(scope="module")
async def kept(say: Say, redis_server: EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Kept]:
    async with kept_with([OLD], tmp_path_factory.mktemp("encrypted"), say, redis_server) as kept:
        yield kept


async def test_with_encryption_no_text_of_a_ticket_is_in_the_files_of_temporal(kept: Kept) -> None:
    """Neither of payloads and memo nor of failures; that there are such, and that they can be read with the key."""
    assert found_in(kept.folder) == set()
    history = await kept.stack.ticket(kept.ticket.id).fetch_history()
    failures = [failure for event in history.events for failure in failures_in(event)]
    ours = [failure for failure in failures if failure.HasField("application_failure_info")]
    assert {failure.message for failure in ours} == {"Encoded failure"}
    status = await kept.stack.status(kept.ticket.id)
    assert status["snapshot"]["subject"] == kept.ticket.snapshot.subject
    assert "could not be read" in json.dumps(status["journal"])
    facts = await kept.stack.desk_workflow.describe()
    assert await facts.static_summary() == f"desk {kept.stack.desk}"


async def test_whoever_lacks_the_key_is_told_which(kept: Kept) -> None:
    for keys in ((), (NEW,)):
        client = await connected(kept.temporal.address, keys)
        with pytest.raises(UndecodableError, match=OLD.id):
            await read_ticket(client, kept.stack.desk, kept.ticket.id)


# --- the Temporal UI


async def as_the_ui_sees_it(kept: Kept) -> list[dict[str, Any]]:
    """All payloads of the ticket's history, from the address that the UI's pages ask."""
    path = f"/api/v1/namespaces/default/workflows/{names.ticket_workflow_id(kept.stack.desk, kept.ticket.id)}/history"
    async with httpx.AsyncClient(base_url=kept.temporal.ui_url or "") as ui:
        answer = await ui.get(path)
    payloads: list[dict[str, Any]] = list(_payloads_in(answer.raise_for_status().json()))
    return payloads


def _payloads_in(value: Any) -> Iterator[dict[str, Any]]:
    """As the UI finds them: what stands under `payloads` and `encodedAttributes`, however deep."""
    if isinstance(value, list):
        for item in value:
            yield from _payloads_in(item)
    elif isinstance(value, dict):
        yield from value.get("payloads", ())
        yield from [value["encodedAttributes"]] if "encodedAttributes" in value else ()
        yield from _payloads_in([inner for key, inner in value.items() if key not in ("payloads", "encodedAttributes")])


@asynccontextmanager
async def codec_of(kept: Kept) -> AsyncIterator[httpx.AsyncClient]:
    more = {"api_token": SecretStr(API_TOKEN), "temporal_ui": kept.temporal.ui_url}
    app = create_app(kept.stack.settings.model_copy(update=more), lambda: kept.stack.client)
    async with serve(app) as served, httpx.AsyncClient(base_url=f"{served.url}/codec/") as codec:
        yield codec


async def test_the_ui_shows_plain_text_through_the_codec_endpoint_with_the_token_and_not_without(kept: Kept) -> None:
    shown = await as_the_ui_sees_it(kept)
    plain = [payload for payload in shown if base64.b64decode(payload["metadata"]["encoding"]) != ENCRYPTED]
    assert len(shown) > 10 + len(plain)
    assert {frozenset(json.loads(base64.b64decode(payload["data"]))) for payload in plain} == {NOTES_OF_THE_SDK}
    of_a_page = {"Origin": kept.temporal.ui_url or "", "X-Namespace": "default"}
    async with codec_of(kept) as codec:
        refused = await codec.post("decode", json={"payloads": shown}, headers=of_a_page)
        answer = await codec.post("decode", json={"payloads": shown}, headers=of_a_page, auth=("me", API_TOKEN))
    assert refused.status_code == 401
    assert WORD not in refused.content
    assert answer.headers["Access-Control-Allow-Origin"] == kept.temporal.ui_url
    texts = [base64.b64decode(payload["data"]) for payload in answer.json()["payloads"] if payload.get("data")]
    assert len(answer.json()["payloads"]) == len(shown)
    assert any(WORD in text for text in texts)
    assert any(b"does not take this change" in text for text in texts)


async def test_temporals_own_command_line_shows_plain_text_through_it_with_the_token_and_not_without(
    kept: Kept,
) -> None:
    async with codec_of(kept) as codec:
        endpoint = str(codec.base_url).rstrip("/")
        assert WORD.decode() in await _shown(kept, "--codec-endpoint", endpoint, "--codec-auth", f"Bearer {API_TOKEN}")
        assert WORD.decode() not in await _shown(kept, "--codec-endpoint", endpoint, "--codec-auth", "Bearer wrong")


async def _shown(kept: Kept, *arguments: str) -> str:
    """What `temporal workflow show` prints of the ticket, payloads as JSON where they can be read."""
    binary, workflow_id = await find_temporal(print), names.ticket_workflow_id(kept.stack.desk, kept.ticket.id)
    command = ("workflow", "show", "--workflow-id", workflow_id, "--output", "json", "--address", kept.temporal.address)
    program = await asyncio.create_subprocess_exec(binary, *command, *arguments, stdout=PIPE, stderr=PIPE)
    out, err = await program.communicate()
    return _with_data(out.decode()) + err.decode()


def _with_data(printed: str) -> str:
    """The output, and what its base64 has inside."""
    try:
        history = json.loads(printed)
    except ValueError:
        return printed
    inside = [base64.b64decode(payload.get("data", "")).decode(errors="replace") for payload in _payloads_in(history)]
    return "\n".join([printed, *inside])


# --- off, on, rotated


async def with_keys(stack: Stack, *keys: EncryptionKey) -> Stack:
    """The same stack for processes that have these keys."""
    settings = stack.settings.model_copy(update={"encryption_keys": keys})
    client = await connected(stack.client.service_client.config.target_host, keys)
    return replace(stack, settings=settings, client=client)


async def test_encryption_is_switched_on_and_its_key_rotated_under_open_tickets(
    temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis
) -> None:
    """What a server encrypts with a key that no worker has yet waits for a worker that has it."""
    async with running_stack(temporal_server.address, redis_server.port, work=False) as off:
        on, rotated = await with_keys(off, OLD), await with_keys(off, NEW, OLD)
        first, second = Ticket(subject="First"), Ticket(subject="Second")
        async with working(off):
            tasks = {first: await off.with_task(first)}
        await off.signal(first.renamed("told while no server had a key"))
        async with working(on):
            await _renamed(on, tasks[first], first)
            tasks[second] = await on.with_task(second)
            await rotated.signal(second.renamed("told by a server that was rotated before the workers"))
            await eventually(lambda: _is_stuck(on, second), what="the worker fails to read it")
            assert not await on.shows(tasks[second], name=second.snapshot.subject)
        async with working(rotated):
            await _renamed(rotated, tasks[second], second)
            await rotated.signal(first.renamed("told after the rotation"))
            await _renamed(rotated, tasks[first], first)
            assert (await rotated.desk_state())["tasklist_id"] is not None
        keys = await _keys_in(rotated.client, names.ticket_workflow_id(off.desk, first.id))
    assert keys == [None, OLD.id, NEW.id]


async def _renamed(stack: Stack, task_id: int, ticket: Ticket) -> None:
    await eventually(lambda: stack.shows(task_id, name=ticket.snapshot.subject), what=f"task {task_id} is renamed")


async def _is_stuck(stack: Stack, ticket: Ticket) -> bool:
    raw = (await stack.ticket(ticket.id).describe()).raw_description
    return raw.HasField("pending_workflow_task") and raw.pending_workflow_task.attempt > 1


async def _keys_in(client: Client, workflow_id: str) -> list[str | None]:
    """The keys of the ticket's payloads, each once, in the order of its history; None for no encryption."""
    history = await client.get_workflow_handle(workflow_id).fetch_history()
    events = [json_format.MessageToDict(event) for event in history.events]
    found = dict.fromkeys(payload["metadata"].get(KEY_ID) for payload in _payloads_in(events))
    return [base64.b64decode(key).decode() if key else None for key in found]
