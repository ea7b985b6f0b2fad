"""The terminal into which blocks of pages are typed: what fails there is seen."""

import os
import signal
from pathlib import Path

import pytest

from tests.docs.terminal import terminal

ENVIRON = {"PATH": os.defpath}


async def test_what_a_block_sets_is_there_for_the_next_and_nothing_else_is(tmp_path: Path) -> None:
    async with terminal(tmp_path, ENVIRON) as opened:
        await opened.type("export ONE=1")
        shown = await opened.type("env")
    names = {line.partition("=")[0] for line in shown.splitlines() if "=" in line}
    assert names - {"_", "OLDPWD", "SHLVL"} == {"ONE", "PATH", "PWD"}


async def test_a_command_that_fails_is_seen_though_others_follow(tmp_path: Path) -> None:
    async with terminal(tmp_path, ENVIRON) as opened:
        with pytest.raises(AssertionError, match="a command failed"):
            await opened.type("false\necho went on")
        assert "went on" not in opened.lines


async def test_a_block_is_typed_again_until_it_shows_the_text(tmp_path: Path) -> None:
    async with terminal(tmp_path, ENVIRON) as opened:
        await opened.type_until("echo x >>tries; grep -c x tries; [ $(grep -c x tries) = 3 ]", "3")
        assert (tmp_path / "tries").read_text() == "x\n" * 3


async def test_what_runs_on_ends_with_ctrl_c_and_what_does_not_stand_is_told(tmp_path: Path) -> None:
    async with terminal(tmp_path, ENVIRON) as opened:
        await opened.leave_running("echo stands; sleep 600", "stands")
        await opened.end(signal.SIGINT)
    async with terminal(tmp_path, ENVIRON) as opened:
        with pytest.raises(AssertionError, match="no such thing"):
            await opened.leave_running("echo no such thing; exit 1", "stands")
