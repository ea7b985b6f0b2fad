import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.support.binaries import executable
from tests.support.wait import eventually
from ticketsync.embedded import ChildProcess, ServerFailed


async def _never() -> bool:
    return False


async def test_it_runs_in_a_session_of_its_own_so_that_ctrl_c_does_not_reach_it() -> None:
    async with ChildProcess("sleeper", ["sleep", "60"]) as process:
        assert process.pid is not None
        assert os.getsid(process.pid) == process.pid != os.getsid(0)


async def test_stop_lets_it_end_in_order(tmp_path: Path) -> None:
    last_words = tmp_path / "last words"
    server = executable(
        tmp_path / "server", f"trap 'echo bye > \"{last_words}\"; exit 0' TERM\necho up\nsleep 60 & wait"
    )
    process = ChildProcess("server", [server])
    await process.start()
    await eventually(lambda: "up" in process.output(), what="the server is up")
    await process.stop()
    assert last_words.read_text() == "bye\n"
    assert not process.running


async def test_stop_kills_what_does_not_listen(tmp_path: Path) -> None:
    deaf = executable(tmp_path / "deaf", "trap '' TERM\necho up\nwhile :; do sleep 60; done")
    process = ChildProcess("deaf", [deaf])
    await process.start()
    await eventually(lambda: "up" in process.output(), what="the server is up")
    await process.stop(grace=0.1)
    assert await process.wait() == -signal.SIGKILL


async def test_one_that_ends_while_starting_is_an_error_with_the_end_of_its_log(tmp_path: Path) -> None:
    log = tmp_path / "broken.log"
    async with ChildProcess("broken", ["sh", "-c", "echo no disk; exit 3"], log=log) as process:
        with pytest.raises(ServerFailed) as failure:
            await process.wait_ready(_never, within=10)
    assert str(failure.value) == f"broken ended with code 3 while starting. The end of its log ({log}):\n  no disk"


async def test_a_panic_is_told_without_its_stack() -> None:
    words = "port is taken\npanic: no listener\n\ngoroutine 1 [running]:\nmain.main()\n" + "  main.go:1\n" * 300
    async with ChildProcess("go", ["sh", "-c", f"printf '{words}'; exit 2"]) as process:
        with pytest.raises(ServerFailed) as failure:
            await process.wait_ready(_never, within=10)
    assert str(failure.value).splitlines()[1:] == ["  port is taken", "  panic: no listener", "  "]


async def test_one_that_never_answers_is_an_error_after_the_deadline() -> None:
    async with ChildProcess("mute", ["sh", "-c", "echo thinking; sleep 60"]) as process:
        await eventually(lambda: "thinking" in process.output(), what="it runs")
        with pytest.raises(ServerFailed, match=r"mute does not answer after 0\.1 s\. .*\n  thinking"):
            await process.wait_ready(_never, within=0.1)


async def test_a_missing_command_is_named() -> None:
    async with ChildProcess("ghost", ["/nowhere/ghost"]) as process:
        with pytest.raises(ServerFailed, match="cannot run /nowhere/ghost: No such file or directory"):
            await process.wait_ready(_never, within=10)


async def test_reading_the_log_does_not_disturb_what_the_child_writes() -> None:
    async with ChildProcess("writer", ["sh", "-c", "echo one; echo two; sleep 60"]) as process:
        await eventually(lambda: process.output() == "one\ntwo\n", what="both lines are there")


async def test_a_log_file_is_appended_to(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "twice.log"
    for word in ("one", "two"):
        async with ChildProcess("writer", ["echo", word], log=log) as process:
            await process.wait()
    assert log.read_text() == "one\ntwo\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
async def test_it_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = executable(tmp_path / "child", f"echo $$ > '{tmp_path}/pid'; exec sleep 60")
    code = (
        "import asyncio, sys; from ticketsync.embedded import ChildProcess\n"
        f"async def main(): await ChildProcess('child', ['{script}']).start(); await asyncio.sleep(60)\n"
        "asyncio.run(main())"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    pid = int(await eventually(lambda: _text(tmp_path / "pid"), what="the child runs"))
    parent.kill()
    await parent.wait()
    await eventually(lambda: _is_gone(pid), what="the child is gone")


async def test_ending_one_that_has_ended_does_nothing() -> None:
    began = time.monotonic()
    process = ChildProcess("short", ["true"])
    await process.start()
    await process.wait()
    await process.stop()
    await process.kill()
    assert time.monotonic() - began < 5


def _text(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


def _is_gone(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] == "Z"  # dead, whoever is to read its exit code
    except (FileNotFoundError, ProcessLookupError):
        return True
