"""`deploy/compose.yaml` as it is read: plain YAML, merge keys resolved, nothing interpolated."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy" / "compose.yaml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
IMAGE = "ticketsync:"
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith(IMAGE)}


def variables(text: str) -> dict[str, str]:
    """Those of an env file that have a value."""
    return dict(re.findall(r"^(\w+)=(.+)$", text, re.MULTILINE))
