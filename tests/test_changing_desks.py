"""Desks with their clients, while they come, change and go: what is under way goes on with what it began with."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from ticketsync import desks as desks_module
from ticketsync.desks import Desks, open_desks
from ticketsync.sandbox.http import serve
from ticketsync.sandbox.teamwork import Switches, TeamworkSandbox
from ticketsync.settings import DeskSettings, Settings, TeamworkSettings, ZendeskSettings
from ticketsync.sync.policy import Policy
from ticketsync.teamwork import Unauthorized

KEY = "twp_sandbox"


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """A Teamwork to call."""
    async with serve(TeamworkSandbox(switches=Switches(calls_per_minute=10_000)).app) as served:
        yield served.url


def a_desk(name: str, url: str, *, key: str = KEY, calls: int = 3000, policy: Policy | None = None) -> DeskSettings:
    return DeskSettings(
        name=name,
        zendesk=ZendeskSettings(base_url="http://127.0.0.1:1", api_token=SecretStr("t")),
        teamwork=TeamworkSettings(base_url=url, api_token=SecretStr(key), project_id=987654, calls_per_minute=calls),
        policy=policy or Policy(),
    )


@pytest.fixture
async def desks(redis: Redis, url: str) -> AsyncIterator[Desks]:
    """One desk, `acme`."""
    async with open_desks(Settings(desks={"acme": a_desk("acme", url)}), redis) as desks:
        yield desks


async def test_a_desk_that_is_added_is_there_for_whoever_holds_the_desks(desks: Desks, url: str) -> None:
    held, settings = desks.settings, {"acme": desks.settings["acme"], "globex": a_desk("globex", url)}
    await desks.change(settings)
    assert (list(desks), list(held), len(desks)) == (["acme", "globex"], ["acme", "globex"], 2)
    assert (await desks["globex"].teamwork.me()).id == await desks["globex"].me()


async def test_a_desk_whose_settings_are_the_same_keeps_its_clients(desks: Desks, url: str) -> None:
    before = desks["acme"]
    await desks.change({"acme": a_desk("acme", url), "globex": a_desk("globex", url)})
    assert desks["acme"] is before


async def test_a_changed_policy_is_there_at_once(desks: Desks, url: str) -> None:
    await desks.change({"acme": a_desk("acme", url, policy=Policy(title="#{id}"))})
    assert (desks["acme"].settings.policy.title, desks.settings["acme"].policy.title) == ("#{id}", "#{id}")


async def test_a_new_key_is_used_from_the_next_call_on_and_calls_under_way_end_with_the_old_one(
    desks: Desks, url: str
) -> None:
    before = desks["acme"]
    await desks.change({"acme": a_desk("acme", url, key="wrong")})
    with pytest.raises(Unauthorized):
        await desks["acme"].teamwork.me()
    assert (await before.teamwork.me()).id == await before.me()


async def test_clients_that_are_not_used_any_more_are_closed_in_the_end(
    desks: Desks, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desks_module, "RETIRED_FOR", 0.0)
    before = desks["acme"]
    await desks.change({})
    assert (len(desks), desks.settings) == (0, {})
    await asyncio.gather(*desks._retired)
    assert desks._retired == {}
    with pytest.raises(RuntimeError, match="closed"):
        await before.teamwork.me()


async def test_those_that_wait_for_it_are_closed_with_the_rest(redis: Redis, url: str) -> None:
    async with open_desks(Settings(desks={"acme": a_desk("acme", url)}), redis) as desks:
        before = desks["acme"].teamwork._http
        await desks.change({"acme": a_desk("acme", url, key="other")})
        now = desks["acme"].teamwork._http
        assert not before.is_closed
    assert isinstance(before, httpx.AsyncClient)
    assert (before.is_closed, now.is_closed) == (True, True)


async def test_desks_of_a_site_share_its_smallest_quota_also_when_one_comes_or_goes(desks: Desks, url: str) -> None:
    def calls(desk: str) -> int:
        return int(desks[desk].teamwork._quota._member.rpartition("/")[2])

    await desks.change({"acme": a_desk("acme", url), "globex": a_desk("globex", url, calls=60)})
    assert (calls("acme"), calls("globex")) == (60, 60)
    assert desks["acme"].teamwork._quota is desks["globex"].teamwork._quota
    await desks.change({"acme": a_desk("acme", url)})
    assert calls("acme") == 3000
