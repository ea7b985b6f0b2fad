"""An older service's hashes in a real Redis: every entry is looked at, and one that cannot be taken is named."""

from collections.abc import Mapping

import click
import pytest
from redis.asyncio import Redis

from ticketsync.cli.older_service import OlderService, read_older_service
from ticketsync.embedded import EmbeddedRedis
from ticketsync.redis_client import close_redis, connect_redis
from ticketsync.settings import RedisSettings

TICKETS, USERS = "older:tasks", "older:users"


def flat(entries: Mapping[str, str]) -> list[str]:
    return [text for entry in entries.items() for text in entry]


async def read(redis: Redis, tasks: Mapping[str, str], users: Mapping[str, str] | None = None) -> OlderService:
    await redis.hset(TICKETS, items=flat(tasks))
    if users is not None:
        await redis.hset(USERS, items=flat(users))
    return await read_older_service(redis, TICKETS, USERS if users is not None else "")


# --- what is taken


@pytest.mark.parametrize("key", ["35436", " 35436 ", "ticket:35436", "acme:zendesk-ticket:35436"])
@pytest.mark.parametrize(
    "value",
    [
        *("5001", ' "5001" ', "5001\n", "task:5001", '{"task_id": 5001}', '{"taskId": "5001", "subject": "Printer"}'),
        *('{"id": 5001}', '{"teamwork_task_id": "task:5001", "id": 9}'),
    ],
)
async def test_a_task_is_taken_in_each_form_in_which_people_keep_ids(redis: Redis, key: str, value: str) -> None:
    found = await read(redis, {key: value})
    assert [entry[1:] for entry in found.tasks] == [(35436, 5001)]
    assert found.problems == []


async def test_a_user_is_taken_by_id_and_by_e_mail(redis: Redis) -> None:
    users = {"7": "500002", "user:8": '{"user_id": 500003}', "ann@acme.example": '{"email": "ann@globex.example"}'}
    found = await read(redis, {"1": "2"}, users)
    assert {entry[1:] for entry in found.users} == {
        ("7", "500002"),
        ("8", "500003"),
        ("ann@acme.example", "ann@globex.example"),
    }


async def test_very_many_entries_are_all_read_in_the_order_of_tickets(redis: Redis) -> None:
    found = await read(redis, {str(number): str(number + 7) for number in range(1, 5001)})
    assert [entry[1:] for entry in found.tasks] == [(number, number + 7) for number in range(1, 5001)]


async def test_a_hash_that_is_not_wanted_is_not_read(redis: Redis) -> None:
    await redis.hset(USERS, "7", "8")
    found = await read_older_service(redis, "", USERS)
    assert (found.tasks, len(found.users)) == ([], 1)


# --- what is not


@pytest.mark.parametrize(
    "value", ["", "0", "-5", "5001.5", "none", "null", "true", "[5001]", "{}", "{" * 5000, "\u0665\u0660\u0660\u0661"]
)
async def test_a_value_that_names_no_task_is_told_by_its_field_and_never_quoted(redis: Redis, value: str) -> None:
    found = await read(redis, {"35436": value, "35437": "5002", "35438": '{"task_id": null, "subject": "Secret"}'})
    assert [entry.task_id for entry in found.tasks] == [5002]
    assert sorted(problem.partition(": ")[0] for problem in found.problems) == [
        f"{TICKETS}[35436]",
        f"{TICKETS}[35438]",
    ]
    assert all(": its value is neither a task's number nor JSON" in problem for problem in found.problems)
    assert not any("Secret" in problem for problem in found.problems)


@pytest.mark.parametrize("key", ["printer", "0", "12a", "a b:7", "1234567890123456789"])
async def test_a_field_that_names_no_ticket_is_told(redis: Redis, key: str) -> None:
    assert (await read(redis, {key: "5001"})).problems == [f"{TICKETS}[{key}]: its field is no ticket's number"]


async def test_bytes_that_are_no_text_are_one_bad_entry(redis: Redis, own_redis: EmbeddedRedis) -> None:
    """As pickled objects are; all others are still read."""
    await redis.hset(TICKETS, mapping={"1": b"\x80\x04K\x05.", "2": "5002"})
    tolerant = connect_redis(RedisSettings(host=own_redis.host, port=own_redis.port), encoding_errors="replace")
    try:
        found = await read_older_service(tolerant, TICKETS, "")
    finally:
        await close_redis(tolerant)
    assert ([entry.task_id for entry in found.tasks], len(found.problems)) == ([5002], 1)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("Ann Agent", "500002", "its field is neither a Zendesk user's number nor an e-mail"),
        ("7", "Ann", "its value is neither a Teamwork user's number nor an e-mail"),
    ],
)
async def test_a_user_that_cannot_be_meant_is_told(redis: Redis, key: str, value: str, says: str) -> None:
    (problem,) = (await read(redis, {"1": "2"}, {key: value})).problems
    assert problem.startswith(f"{USERS}[{key}]: {says}")


async def test_tickets_that_share_a_task_are_all_left_out(redis: Redis) -> None:
    found = await read(redis, {"1": "5001", "2": "5001", "3": "5003"})
    assert [entry.ticket_id for entry in found.tasks] == [3]
    assert found.problems == [
        f"{TICKETS}[{ticket}]: its task 5001 is that of several tickets: 1, 2" for ticket in ("1", "2")
    ]


async def test_a_ticket_with_two_tasks_is_left_out_and_one_named_twice_is_taken(redis: Redis) -> None:
    found = await read(redis, {"1": "5001", "ticket:1": "5002", "2": "5003", "ticket:2": "5003"})
    assert [entry[1:] for entry in found.tasks] == [(2, 5003)]
    assert len(found.problems) == 2
    assert found.problems[0].endswith("its ticket has several tasks: 5001, 5002")


# --- the hashes themselves


async def test_a_hash_that_is_not_there_is_told_with_those_that_are(redis: Redis) -> None:
    await redis.hset("zd:map", "1", "2")
    await redis.hset("ticketsync:acme:people", "1", "2")
    await redis.set("plain", "text")
    with pytest.raises(click.ClickException) as failed:
        await read_older_service(redis, "nowhere", "")
    assert failed.value.message == (
        "there is no hash nowhere in this Redis: there are zd:map; name one, or '' to leave it out"
    )


async def test_in_an_empty_redis_it_asks_for_another(redis: Redis) -> None:
    with pytest.raises(click.ClickException, match="it has no hashes; see --from-host, --from-port and --from-db"):
        await read_older_service(redis, "nowhere", "")


async def test_something_else_of_that_name_is_told(redis: Redis) -> None:
    await redis.set(TICKETS, "text")
    with pytest.raises(click.ClickException, match=f"{TICKETS} is no hash in this Redis, but a string"):
        await read_older_service(redis, TICKETS, "")
