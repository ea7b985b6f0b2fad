"""Processor time is read as the kernel puts it down."""

import os
import time

import pytest

from benchmarks.processor import TICKS, Used, core_part

NO_PROCESS = 2**22 + 1  # beyond the highest that Linux gives
TAKEN = 0.2


def test_what_a_process_used_is_its_processor_time() -> None:
    before, begun = Used.by(os.getpid()), time.process_time()
    while time.process_time() < begun + TAKEN:
        pass
    assert Used.by(os.getpid()).since(before).total == pytest.approx(time.process_time() - begun, abs=3 / TICKS)


def test_time_that_nobody_tells_of_is_no_figure() -> None:
    with pytest.raises(RuntimeError, match="/proc of Linux only"):
        Used.by(NO_PROCESS)


def test_the_cores_part_is_that_of_all_runs_together() -> None:
    assert core_part([Used(total=1, core=0.5), Used(total=3, core=0.5)]) == 0.25
