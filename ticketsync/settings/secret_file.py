"""Reading the file of a secret: one that every user of the machine can read is none."""

import os
import stat
from pathlib import Path


def read_secret(path: Path) -> str:
    """Its text, without line breaks at its end. Raises ValueError, whose text goes on from the file's name."""
    try:
        with path.open(encoding="utf-8") as file:
            found, text = os.fstat(file.fileno()), file.read().strip()
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    except ValueError:
        raise ValueError("cannot be read: it is not text") from None
    if _is_open(found):
        mode = stat.S_IMODE(found.st_mode)
        raise ValueError(f"is open to every user of the machine (mode {mode:o}): chmod 600 it")
    if not text:
        raise ValueError("is empty")
    return text


def _is_open(found: os.stat_result) -> bool:
    """A pipe or a terminal is nobody else's, whatever its mode says."""
    return stat.S_ISREG(found.st_mode) and bool(found.st_mode & (stat.S_IROTH | stat.S_IWOTH))
