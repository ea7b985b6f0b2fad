"""`make audit`: it fails for a known vulnerability, and never because nobody could be asked."""

import asyncio
import socket
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request

from ticketsync.sandbox.http import serve

ROOT = Path(__file__).parents[1]
FIXED = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.1"}]}
AFFECTED = {"package": {"name": "click", "ecosystem": "PyPI"}, "ranges": [FIXED]}
HOLE = {"id": "PYSEC-2026-1", "summary": "a hole", "affected": [AFFECTED]}


async def audit(url: str) -> tuple[int, str]:
    """The exit code, and what was printed, within half a minute."""
    command = [sys.executable, str(ROOT / "tools" / "audit.py"), url]
    program = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
    async with asyncio.timeout(30):
        out, err = await program.communicate()
    assert err == b""
    return program.returncode or 0, out.decode()


def osv(vulnerable: str, asked: list[str]) -> FastAPI:
    """Knows a hole of one package. `asked` gets the names that it was asked for."""
    app = FastAPI()

    @app.post("/v1/query")
    async def query(request: Request) -> dict[str, Any]:
        name = (await request.json())["package"]["name"]
        asked.append(name)
        return {"vulns": [HOLE]} if name == vulnerable else {}

    return app


async def test_a_locked_package_with_a_known_vulnerability_fails() -> None:
    async with serve(osv("click", [])) as served:
        code, out = await audit(f"{served.url}/v1/query")
    assert code == 1
    assert "PYSEC-2026-1, fixed in 99.1\n" in out
    assert out.startswith("click ")


async def test_without_any_it_passes_and_every_lock_was_looked_at() -> None:
    asked: list[str] = []
    async with serve(osv("nothing", asked)) as served:
        code, out = await audit(f"{served.url}/v1/query")
    assert (code, out) == (0, f"{len(set(asked))} locked packages: no known vulnerabilities\n")
    assert {"temporalio", "cryptography", "fastapi", "pytest"} <= set(asked)
    assert len(asked) == len(set(asked)) > 80


@contextmanager
def silent() -> Iterator[str]:
    """Somebody who takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1/query"


async def test_where_nobody_answers_it_says_so_aloud_and_passes(unused_tcp_port: int) -> None:
    with silent() as url:
        for nobody in (f"http://127.0.0.1:{unused_tcp_port}/v1/query", "http://no-such-host.invalid/v1/query", url):
            code, out = await audit(nobody)
            assert code == 0
            assert out.startswith(f"SKIPPED: the dependency audit, because {nobody} could not be asked (")


@pytest.mark.parametrize("answer", [{"vulns": "nonsense"}, "nonsense"])
async def test_an_answer_that_is_none_does_not_fail_it(answer: Any) -> None:
    app = FastAPI()
    app.post("/v1/query")(lambda: answer)
    async with serve(app) as served:
        code, out = await audit(f"{served.url}/v1/query")
    assert code == 0
    assert out.startswith("SKIPPED: ")


def test_the_whole_check_runs_it() -> None:
    assert "make audit\n" in (ROOT / ".ci" / "run").read_text()
