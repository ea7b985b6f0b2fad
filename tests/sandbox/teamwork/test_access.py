"""Who gets in, and what the others are told."""

import httpx

from tests.sandbox.teamwork.local_site import PLENTY, V3, LocalSite, running
from ticketsync.sandbox.teamwork import ANN_ID, SYNC_USER_ID, Switches, TeamworkSettings


async def _me(site: LocalSite, auth: httpx.Auth | None = None, **headers: str) -> httpx.Response:
    return await site.nobody.get(f"{V3}/me.json", auth=auth, headers=headers)


async def test_the_key_is_the_user_name_and_the_password_does_not_matter(site: LocalSite) -> None:
    for password in ("x", "", "anything"):
        answer = await _me(site, httpx.BasicAuth("twp_sandbox", password))
        assert answer.status_code == 200
        assert answer.json()["person"]["id"] == SYNC_USER_ID


async def test_each_key_is_a_person_of_its_own(site: LocalSite) -> None:
    assert (await site.ann.get(f"{V3}/me.json")).json()["person"]["email"] == "ann@sandbox.example"
    assert (await site.ben.get(f"{V3}/me.json")).json()["person"]["email"] == "ben@sandbox.example"


async def test_without_a_valid_key_the_answer_is_401_in_the_words_of_the_version(site: LocalSite) -> None:
    v3 = await _me(site, httpx.BasicAuth("wrong", "x"))
    assert v3.status_code == 401
    assert v3.json()["errors"][0]["code"] == "401"
    v1 = await site.nobody.get("/tasks/1.json")
    assert v1.status_code == 401
    assert v1.json()["STATUS"] == "Error"
    assert "MESSAGE" in v1.json()


async def test_broken_credentials_are_401(site: LocalSite) -> None:
    for value in ("Basic", "Basic ***", "Basic /////w==", "Digest x"):
        assert (await _me(site, Authorization=value)).status_code == 401


async def test_an_api_key_is_no_bearer_token(site: LocalSite) -> None:
    assert (await _me(site, Authorization="Bearer twp_sandbox")).status_code == 401


async def test_a_configured_oauth_token_acts_as_its_person_and_is_no_key() -> None:
    settings = TeamworkSettings(oauth_tokens={"oauth-1": "ann@sandbox.example"}, api_key="other")
    async with running(settings, Switches(calls_per_minute=PLENTY)) as site:
        answer = await _me(site, Authorization="Bearer oauth-1")
        assert answer.json()["person"]["id"] == ANN_ID
        assert (await _me(site, httpx.BasicAuth("oauth-1", "x"))).status_code == 401
        assert (await _me(site, httpx.BasicAuth("twp_sandbox", "x"))).status_code == 401
        assert (await site.sync.get(f"{V3}/me.json")).status_code == 200


async def test_the_key_of_a_deleted_person_stops_working(site: LocalSite) -> None:
    await site.nobody.delete(f"/sandbox/people/{ANN_ID}")
    assert (await site.ann.get(f"{V3}/me.json")).status_code == 401


async def test_routes_that_do_not_exist_are_400_and_wrong_methods_405(site: LocalSite) -> None:
    assert (await site.sync.get(f"{V3}/nothing.json")).status_code == 400
    assert (await site.sync.get("/nothing.json")).status_code == 400
    assert (await site.sync.put(f"{V3}/me.json")).status_code == 405
