"""The ports that `dev` prefers: those asked for, else those of the last run in the same folder, else the usual ones."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

FILE = "ports.json"


class Ports(BaseModel):
    """Preferred ports; 0 is any. The Temporal UI prefers the port 1000 above Temporal's."""

    model_config = ConfigDict(frozen=True)

    server: int = Field(default=8080, ge=0, le=65535)
    temporal: int = Field(default=7233, ge=0, le=65535)
    redis: int = Field(default=6379, ge=0, le=65535)
    zendesk: int = Field(default=8090, ge=0, le=65535)
    teamwork: int = Field(default=8091, ge=0, le=65535)

    @classmethod
    def preferred(cls, asked: dict[str, int], folder: Path | None) -> Self:
        """`asked` by name; addresses that were written down stay good as long as nobody else takes their ports."""
        last = _last(folder / FILE) if folder else {}
        return cls.model_validate(last | asked)

    def keep(self, folder: Path) -> None:
        (folder / FILE).write_text(self.model_dump_json())


def _last(file: Path) -> dict[str, int]:
    try:
        return Ports.model_validate_json(file.read_bytes()).model_dump()
    except (OSError, ValidationError):  # they are only preferences
        return {}
