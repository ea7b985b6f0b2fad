"""Several processes of one command as one program: `ticketsync worker --processes N`.

Python runs one thread of a process at a time, so a worker makes use of little more than one core. These come and go
together. A signal reaches this process alone, as Ctrl-C in a terminal does, and is handed on, a second one too, which
ends them at once. When one of them ends by itself all others are stopped in order: whoever watches over this process
starts it again. Those whose parent was killed stop by themselves (`stopping.py`).
"""

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import wait
from types import FrameType

import structlog
from click.exceptions import Exit

from ticketsync.cli.stopping import SIGNALS

log = structlog.get_logger(__name__)


def run_processes(commands: Sequence[Sequence[str]]) -> None:
    """Run `ticketsync …` with each of these arguments, side by side, until a signal has ended them all.

    Raises Exit with 1 when one of them ended by itself.
    """
    together = _Together(commands)
    for number in SIGNALS:
        signal.signal(number, together.hand_on)
    if not together.run():
        raise Exit(1)


class _Together:
    def __init__(self, commands: Sequence[Sequence[str]]) -> None:
        context = get_context("spawn")  # a fork would copy the locks of threads that it does not have
        self._processes = [context.Process(target=_run, args=one) for one in enumerate(commands, start=1)]
        self._starting = True
        self._asked = False

    def run(self) -> bool:
        """Whether they ended because they were asked to, when none is left."""
        for process in self._processes:
            process.start()
        self._starting = False
        if self._asked:
            self._stop()
        ended = wait([process.sentinel for process in self._processes])
        asked = self._asked
        if not asked:
            self._say_who(ended)
            self._stop()
        for process in self._processes:
            process.join()
        return asked

    def _say_who(self, ended: Sequence[object]) -> None:
        codes = {}
        for number, process in enumerate(self._processes, start=1):
            if process.sentinel in ended:
                process.join()  # its code is known only then
                codes[number] = process.exitcode
        log.error("a process has ended by itself: all are stopped", exit_codes=codes)

    def hand_on(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
        if not self._starting:
            self._stop()

    def _stop(self) -> None:
        for process in self._processes:
            process.terminate()


def _run(number: int, arguments: Sequence[str]) -> None:
    from ticketsync.cli import main  # noqa: PLC0415 - the package of this module

    with suppress(PermissionError):  # whoever leads a session stays in its group
        os.setpgid(0, 0)  # a terminal's Ctrl-C is for our parent to hand on
    structlog.contextvars.bind_contextvars(process=number)
    main(list(arguments), prog_name="ticketsync")
