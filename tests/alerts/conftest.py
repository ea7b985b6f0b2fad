"""Everything that can go wrong, brought about once and watched; and promtool, to ask what the rules say to it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.alerts.causes import CAUSES, ordinary_traffic
from tests.alerts.scrapes import Watched
from tests.alerts.service import watched_service
from tests.conftest import SERVERS_REQUIRED
from tests.support.promtool import NotUsable, Promtool, find_promtool
from ticketsync.embedded import Say
from ticketsync.metrics import census, keep

WELL = "nothing"
RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "ticketsync.rules.yml"


@pytest.fixture
async def promtool(say: Say, tmp_path: Path) -> Promtool:
    try:
        return Promtool(await find_promtool(say), tmp_path)
    except NotUsable as error:
        if SERVERS_REQUIRED:
            raise pytest.fail.Exception(f"no promtool: {error}", pytrace=False) from None
        raise pytest.skip.Exception(f"NOT TESTED: no promtool: {error}") from None


@pytest.fixture(scope="session")
async def watched(say: Say, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, Watched]]:
    """By the alert whose cause it is; `nothing` is an ordinary day."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keep, "LOOK_EVERY", 0.2)
        patch.setattr(keep, "CENSUS_EVERY", 0.5)
        patch.setattr(census, "PAUSE", 0.0)
        async with watched_service(tmp_path_factory.mktemp("watched"), say) as service:
            seen = {WELL: await service.watch(ordinary_traffic, desk=0)}
            for alert, cause in CAUSES.items():
                seen[alert] = await service.watch(cause.acts, desk=cause.desk, minutes=cause.minutes)
            yield seen
