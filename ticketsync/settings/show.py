"""Settings for people to read: the shape of `Settings`, without any secret."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from ticketsync.settings.models import Settings
from ticketsync.settings.values import MASK, format_duration, without_passwords


def masked(settings: Settings) -> dict[str, Any]:
    """The settings as JSON-ready values: secrets that are set read `********`, durations `24h`, URLs lose passwords."""
    return {name: _shown(value) for name, value in settings.model_dump().items()}


def _shown(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(item) for item in value]
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, timedelta):
        return format_duration(value)
    return without_passwords(str(value)) if isinstance(value, str | Path) else value
