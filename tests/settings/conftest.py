from pathlib import Path

import pytest


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Where a test writes its config file."""
    return tmp_path / "ticketsync.toml"
