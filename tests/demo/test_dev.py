"""`ticketsync dev`, run as people run it: in a pipe, in a terminal, with a folder that keeps it."""

import re
import signal
import socket
from pathlib import Path

from tests.demo.running import ANY_PORTS, PLAYS_WITHIN, Dev, dev_in_pipe, dev_in_terminal
from tests.support.wait import eventually
from ticketsync.demo.rules import RULES


async def test_the_demo_in_a_pipe_plays_its_day_checks_its_own_table_and_ends_with_0() -> None:
    """Also with the usual ports taken, as by an unrelated Redis and Temporal."""
    with socket.socket() as redis, socket.socket() as temporal:
        for taken, port in ((redis, 6379), (temporal, 7233)):
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            _take_port(taken, port)
        async with dev_in_pipe("--demo") as running:
            code = await running.ended(PLAYS_WITHIN)
            await running.shows("tickets and their tasks are as they must be")
    assert code == 0, running.text
    assert "Traceback" not in running.text
    assert "127.0.0.1:7233," not in running.text
    assert _stories(running) == set(RULES)


def _take_port(taken: socket.socket, port: int) -> None:
    try:
        taken.bind(("127.0.0.1", port))
        taken.listen()
    except OSError:  # somebody else has it, which is as good
        return


def _stories(running: Dev) -> set[str]:
    """The second column of the table; columns are two blanks apart."""
    rows = (re.split(r"\s{2,}", line) for line in running.text.splitlines() if re.match(r"\d+\s", line))
    return {cells[1] for cells in rows}


async def test_a_demo_that_comes_out_otherwise_ends_with_1_and_names_what_is_wrong() -> None:
    """A task renamed by hand, and one that somebody doubled."""
    async with dev_in_pipe("--demo", *ANY_PORTS) as running:
        await running.shows("playing a support day")
        await eventually(lambda: running.task_named("Where is my parcel?"), what="a task to rename")
        task = await running.task_named("Where is my parcel?")
        assert task is not None
        async with running.teamwork() as ann:
            await ann.patch(f"/projects/api/v3/tasks/{task['id']}.json", json={"task": {"name": "Lost parcel"}})
            double = {"task": {"name": "Again", "description": task["description"]}}
            await ann.post("/projects/api/v3/tasklists/1234/tasks.json", json=double)
        assert await running.ended(PLAYS_WITHIN) == 1
        await running.shows("the title is 'Lost parcel', must be 'Where is my parcel?'")
    wrong = [line for line in running.text.splitlines() if line.startswith("WRONG")]
    assert len(wrong) == 2
    assert all("(by a customer): " in line for line in wrong)
    assert "2 tasks were made, must be 1" in wrong[0]


async def test_the_demo_in_a_terminal_stays_up_with_addresses_to_look_at_until_ctrl_c() -> None:
    async with dev_in_terminal("--demo", *ANY_PORTS) as running:
        await running.shows("Ctrl-C stops it", PLAYS_WITHIN)
        assert f"All {len(RULES)} tickets and their tasks are as they must be" in running.text
        assert re.search(r"http://127\.0\.0\.1:\d+/namespaces/default/workflows/ticket-default-\d+ ", running.text)
        await _stops_cleanly(running, signal.SIGINT)


async def test_ctrl_c_while_it_starts_stops_it_too() -> None:
    async with dev_in_pipe(*ANY_PORTS) as running:
        await running.shows("starting worker")
        await _stops_cleanly(running, signal.SIGINT)


async def _stops_cleanly(running: Dev, number: signal.Signals) -> None:
    children = running.children()
    assert len(children) >= 2, "a Temporal server and a Redis"
    assert await running.stopped(number) == 0
    assert "Traceback" not in running.text
    await eventually(lambda: not [pid for pid in children if Path(f"/proc/{pid}").exists()], what="no process left")


async def test_what_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    """Also on other ports: the webhook follows the server."""
    arguments = ("--state", str(tmp_path), *ANY_PORTS)
    async with dev_in_terminal(*arguments) as running:
        await running.shows("Ctrl-C stops it")
        ticket_id = await running.create_ticket("Before the stop")
        await eventually(running.titles, what="the ticket has its task")
        await _stops_cleanly(running, signal.SIGTERM)
    async with dev_in_terminal(*arguments) as running:
        await running.shows("Ctrl-C stops it")
        await running.rename_ticket(ticket_id, "After the start")
        await eventually(lambda: running.task_named("After the start"), 30, what="the same task is renamed")
        assert await running.titles() == ["After the start"]
        await _refuses_a_second_one(tmp_path)
        await _stops_cleanly(running, signal.SIGTERM)


async def _refuses_a_second_one(folder: Path) -> None:
    async with dev_in_pipe("--state", str(folder), *ANY_PORTS) as second:
        assert await second.ended() == 1
        await second.shows("stop that one or choose another folder")
    assert "Traceback" not in second.text


async def test_a_ticket_changed_while_nobody_listened_is_told_after_the_start(tmp_path: Path) -> None:
    """Zendesk's events that were on their way at the stop are sent when the server is there again."""
    arguments = ("--state", str(tmp_path), *ANY_PORTS)
    async with dev_in_terminal(*arguments) as running:
        await running.shows("Ctrl-C stops it")
        async with running.zendesk() as zendesk:
            await zendesk.post("/sandbox/delivery-rules", json={"kind": "delay", "seconds": 20})
        await running.create_ticket("Told late")
        assert await running.titles() == []
        await _stops_cleanly(running, signal.SIGTERM)
    async with dev_in_terminal(*arguments) as running:
        await running.shows("Ctrl-C stops it")
        await eventually(lambda: running.task_named("Told late"), 90, what="the ticket has its task")


async def test_a_folder_that_cannot_be_used_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with dev_in_pipe("--state", str(tmp_path / "file" / "folder"), *ANY_PORTS) as running:
        assert await running.ended() == 1
        await running.shows("choose another folder")
    assert running.text.count("\n") == 1
