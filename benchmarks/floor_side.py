"""The floor as a side of a pair: its worker's process, and when that began what."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from benchmarks.delay import PATIENCE, all_stored
from benchmarks.floor import Begun
from benchmarks.load import Load
from benchmarks.service import Service, until
from ticketsync.embedded import ChildProcess


@dataclass(frozen=True)
class FloorWorker:
    """`log` has a line for each ordinary activity that began."""

    process: ChildProcess
    log: Path

    @classmethod
    async def of(cls, service: Service, *arguments: str) -> Self:
        process = await service.program("benchmarks.floor_worker", *arguments)
        return cls(process, service.folder / f"{process.name}.log")

    async def delays(self, service: Service, load: Load) -> list[float]:
        """Milliseconds, one for each event, of which each is of another ticket; as `benchmarks.delay.delays`."""
        before = self.begun()
        sent = all_stored(await service.send(load.model_copy(update={"way": "floor"})))
        await until(lambda: self.begun() >= before + len(sent.events), "the floor has done all", PATIENCE)
        began = self.began_since(before)
        return [(began[one.ticket_id] - one.answered) * 1000 for one in sent.events]

    def begun(self) -> int:
        """How many have begun so far."""
        return self._lines().count("\n")

    def began_since(self, number: int) -> dict[int, float]:
        """When the activity of each ticket began (Unix time), without the first so many that ever began."""
        begun = [Begun.model_validate_json(line) for line in self._lines().splitlines()[number:]]
        return {one.ticket_id: one.at for one in begun}

    def _lines(self) -> str:
        return self.log.read_text()
