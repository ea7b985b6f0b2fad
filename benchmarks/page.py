"""`docs/benchmarks.md`: written by the full run, read again by the quick one.

The raw figures at its end are the record; the tables above it are made of them.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import TypeAdapter

from benchmarks.figures import Answer, Figure
from benchmarks.question import Question
from benchmarks.table import HEADS, row

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
ANSWERS = TypeAdapter(tuple[Answer, ...])
FENCE = "```"
HEAD = """\
# How fast, how cheap, how far

Written by `make bench`; the next run writes it anew. Every comparison was measured side by side in one run, the two
sides in turn; what stands here are medians of at least five such pairs. A ratio is the median of the pairs' ratios, and
says more than the values: those are this machine's, on which load generator, Temporal, Redis, both sandboxes, server
and worker share all cores. `make bench-quick` measures the guarded ratios in three minutes and fails when one is 25 %
worse than here.
"""


def recorded(page: Path = PAGE) -> tuple[Answer, ...]:
    """The answers that the page holds; none when there is no page. Raises ValueError for one without raw figures."""
    if not page.exists():
        return ()
    _, fence, rest = page.read_text(encoding="utf-8").rpartition(f"{FENCE}json\n")
    if not fence:
        raise ValueError(f"{page.name} has no raw figures: remove it, or run `make bench`")
    return ANSWERS.validate_json(rest.partition(f"\n{FENCE}")[0])


def write_page(questions: Sequence[Question], answers: Iterable[Answer], page: Path = PAGE) -> None:
    """The page with these answers, and with the recorded ones of all other questions."""
    known = {answer.question: answer for answer in (*recorded(page), *answers)}
    page.write_text(rendered(questions, known), encoding="utf-8")


def rendered(questions: Sequence[Question], answers: Mapping[str, Answer]) -> str:
    told = [question for question in questions if question.name in answers]
    sections = [_section(question, answers[question.name]) for question in told]
    return "\n".join([HEAD, *sections, _machine(told, answers), _raw([answers[question.name] for question in told])])


def _section(question: Question, answer: Answer) -> str:
    rows = [_row(HEADS), _row("---" for _ in HEADS), *(_row(row(figure)) for figure in answer.figures)]
    return "\n".join(
        [f"## {question.title}\n", *rows, "", f"### {question.title}: how it is measured\n", question.method, ""]
    )


def _machine(told: Sequence[Question], answers: Mapping[str, Answer]) -> str:
    heads = ("question", "measured (UTC)", "took", "load before", "cores", "memory", "processor", "system", "versions")
    rows = [_row(heads), _row("---" for _ in heads)]
    rows += [_row(_measured_on(question, answers[question.name])) for question in told]
    return "\n".join(["## Machine\n", *rows, ""])


def _measured_on(question: Question, answer: Answer) -> tuple[str, ...]:
    machine = answer.machine
    versions = f"Python {machine.python}, SDK {machine.sdk}, Temporal {machine.temporal}, Redis {machine.redis}"
    moment, load = f"{answer.at:%Y-%m-%d %H:%M}", f"{answer.load:.2f}"
    memory = f"{machine.memory_gb} GB"
    took = f"{answer.seconds:.0f} s"
    return (
        *(question.title, moment, took, load),
        *(str(machine.cores), memory, machine.processor, machine.system, versions),
    )


def _raw(answers: Sequence[Answer]) -> str:
    lines = ",\n".join(map(_answer, answers))
    return (
        f"## Raw figures\n\nEach list has one number for each pair, in order.\n\n{FENCE}json\n[\n{lines}\n]\n{FENCE}\n"
    )


def _answer(answer: Answer) -> str:
    """One line for each figure, so that a change of one is a change of one line."""
    head = answer.model_dump_json(exclude={"figures"}).removesuffix("}")
    return f'{head},"figures":[\n' + ",\n".join(map(_figure, answer.figures)) + "\n]}"


def _figure(figure: Figure) -> str:
    content = figure.model_dump(mode="json", exclude_defaults=True)
    for side in ("ours", "against"):
        if side in content:
            content[side] = [float(f"{value:.5g}") for value in content[side]]
    return json.dumps(content, ensure_ascii=False)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
