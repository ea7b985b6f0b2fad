"""One served site for the whole folder, as new before each test."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.sandbox.teamwork.local_site import LocalSite, running


@pytest_asyncio.fixture(scope="session")
async def served_site() -> AsyncIterator[LocalSite]:
    async with running() as site:
        yield site


@pytest.fixture
async def site(served_site: LocalSite) -> LocalSite:
    served_site.clock.start_over()
    assert (await served_site.nobody.post("/sandbox/reset")).status_code == 204
    return served_site
