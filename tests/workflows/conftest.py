"""A desk with a running worker, shared by the tests of a file: each test takes a ticket of its own."""

from collections.abc import AsyncIterator

import pytest

from tests.support.stack import Stack, running_stack
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal


@pytest.fixture(scope="module")
async def stack(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis) -> AsyncIterator[Stack]:
    async with running_stack(temporal_server.address, redis_server.port) as stack:
        yield stack
