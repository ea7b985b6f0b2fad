"""One timer for everything that a workflow waits for: armed anew only when the nearest moment changes."""

import asyncio
from datetime import datetime

from temporalio import workflow


class Alarm:
    """Rings once at the moment it was last set to. A timer costs two events, so it is kept while it is right."""

    def __init__(self) -> None:
        self._at: datetime | None = None
        self._timer: asyncio.Task[None] | None = None

    @property
    def rang(self) -> bool:
        return self._timer is not None and self._timer.done()

    def set(self, at: datetime | None, what: str) -> None:
        if at == self._at and not self.rang:
            return
        self.stop()
        if at is not None:
            self._at = at
            self._timer = asyncio.create_task(workflow.sleep(at - workflow.now(), summary=what))

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._at = self._timer = None
