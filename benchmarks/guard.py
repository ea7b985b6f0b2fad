"""Whether a run is worse than what was recorded."""

from collections.abc import Iterable, Iterator

from benchmarks.figures import WORSE, Answer, Figure
from benchmarks.table import number


def complaints(now: Iterable[Answer], then: Iterable[Answer]) -> Iterator[str]:
    """One line for each guarded figure that is worse than the recorded one by more than a quarter."""
    known = _by_name(then)
    for figure in _by_name(now).values():
        record = known.get(figure.name)
        if record is not None and figure.guarded and figure.is_worse_than(record):
            yield f"{figure.what}: {_shown(figure)}, recorded {_shown(record)}: more than {WORSE:.0%} worse"


def unknown(now: Iterable[Answer], then: Iterable[Answer]) -> list[str]:
    """The names of what is guarded and was never recorded."""
    known = _by_name(then)
    return [figure.name for figure in _by_name(now).values() if figure.guarded and figure.name not in known]


def _by_name(answers: Iterable[Answer]) -> dict[str, Figure]:
    return {figure.name: figure for answer in answers for figure in answer.figures}


def _shown(figure: Figure) -> str:
    return f"{number(figure.value)} {figure.unit}" if figure.ratio is None else f"ratio {figure.ratio:.2f}"
