"""Helm for the run. Without one the chart is not tested, and says so; TICKETSYNC_REQUIRE_SERVERS=1 has it built."""

from pathlib import Path

import pytest

from tests.chart.chart import Chart
from tests.conftest import SERVERS_REQUIRED
from tests.support.helm import find_helm
from ticketsync.embedded import Say
from ticketsync.embedded.choices import NotUsable


@pytest.fixture(scope="session")
async def helm(say: Say) -> Path:
    try:
        return await find_helm(say, may_build=SERVERS_REQUIRED)
    except NotUsable as reason:
        if SERVERS_REQUIRED:
            raise pytest.fail.Exception(f"TICKETSYNC_REQUIRE_SERVERS=1, but {reason}", pytrace=False) from None
        raise pytest.skip.Exception(f"NOT TESTED: {reason}") from None


@pytest.fixture(scope="session")
def chart(helm: Path, tmp_path_factory: pytest.TempPathFactory) -> Chart:
    """The chart, rendered once for each case of values."""
    return Chart(helm, tmp_path_factory.mktemp("helm"))
