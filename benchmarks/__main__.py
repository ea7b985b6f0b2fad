"""`python -m benchmarks`."""

import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import click
import uvloop
from rich.console import Console

from benchmarks import cpu, growth, intake, recovery, thrift, whole_way
from benchmarks.figures import Answer
from benchmarks.guard import complaints, unknown
from benchmarks.machine import this_machine
from benchmarks.page import PAGE, recorded, write_page
from benchmarks.plan import Plan
from benchmarks.question import Question
from benchmarks.service import running_service
from benchmarks.table import table
from ticketsync.embedded import EmbeddedError

QUESTIONS = (intake.QUESTION, whole_way.QUESTION, thrift.QUESTION, growth.QUESTION, recovery.QUESTION, cpu.QUESTION)
LARGE = (growth.LARGE,)
QUICK = (intake.QUESTION, whole_way.QUESTION, thrift.QUESTION)  # the guarded ones


@click.command()
@click.option("--quick", is_flag=True, help="short; compares the guarded ratios with the record and writes nothing")
@click.option("--large", is_flag=True, help="only growth, to 10,000 open tickets: what takes too long for each run")
@click.option("--only", multiple=True, type=click.Choice([one.name for one in QUESTIONS]), help="this question alone")
@click.option("--write/--no-write", default=True, show_default=True, help="write docs/benchmarks.md (not with --quick)")
def main(quick: bool, large: bool, only: tuple[str, ...], write: bool) -> None:
    """Measure the service on this machine, print one table, and write docs/benchmarks.md.

    With --only and --large the page keeps what it says of the other questions.
    """
    if large and (quick or only):
        raise click.UsageError("--large is a question of its own: leave out --quick and --only")
    console, log = Console(width=max(Console().width, 150)), Console(stderr=True, highlight=False, soft_wrap=True)
    plan = Plan(quick=quick, say=lambda line: log.print(f"{datetime.now(UTC):%H:%M:%S} {line}"))
    asked = LARGE if large else QUICK if quick else QUESTIONS
    questions = [one for one in asked if not only or one.name in only]
    try:
        answers = uvloop.run(_answers(plan, questions))
    except (EmbeddedError, TimeoutError) as error:
        raise click.ClickException(str(error)) from None
    title = f"{len(questions)} of {len(QUESTIONS + LARGE)} questions, {sum(answer.seconds for answer in answers):.0f} s"
    console.print(table(title, [figure for answer in answers for figure in answer.figures]))
    if quick:
        sys.exit(_judged(console, answers))
    if write:
        write_page(QUESTIONS + LARGE, answers)


async def _answers(plan: Plan, questions: Sequence[Question]) -> list[Answer]:
    return [await _answer(plan, question) for question in questions]


async def _answer(plan: Plan, question: Question) -> Answer:
    at, began, load = datetime.now(UTC), time.monotonic(), os.getloadavg()[0]
    async with running_service(plan.say, question.dynamic_config) as service:
        figures = await question.measure(plan, service)
        machine = await this_machine(service.client, service.redis)
    return Answer(
        question=question.name,
        at=at,
        seconds=round(time.monotonic() - began, 1),
        load=round(load, 2),
        machine=machine,
        figures=tuple(figures),
    )


def _judged(console: Console, answers: Sequence[Answer]) -> int:
    """The exit code: 1 when a guarded figure is worse than recorded."""
    record = recorded()
    not_judged = unknown(answers, record)
    if not_judged:
        console.print(f"not judged, because docs/{PAGE.name} has no record (make bench): {', '.join(not_judged)}")
    worse = list(complaints(answers, record))
    for line in worse:
        console.print(line, style="bold red")
    return 1 if worse else 0


if __name__ == "__main__":
    main()
